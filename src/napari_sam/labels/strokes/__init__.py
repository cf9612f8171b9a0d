"""Strokes: labels split, merged, enlarged and cut by a line drawn across."""
