"""Automatic masks: proposals of a tile, their windows and crops, overlaps, whole objects."""
