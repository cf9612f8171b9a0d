"""Automatic masks: from the proposals of a tile to objects without overlaps, across tiles."""
