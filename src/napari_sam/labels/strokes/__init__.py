"""Strokes: labels are split, merged, enlarged and cut by a line that is drawn over them."""
