"""Clicks: tools, gestures, keys and hover on the canvas."""
