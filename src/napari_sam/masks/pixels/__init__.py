"""Pixels of a mask: cleaning, holes, depth inside the outline, pixels claimed by several masks."""
