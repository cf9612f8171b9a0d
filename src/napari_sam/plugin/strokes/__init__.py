"""Strokes: labels that are there are split, merged, enlarged and cut by a drawn line."""
