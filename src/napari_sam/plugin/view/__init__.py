"""View: camera, displayed planes and the visible region."""
