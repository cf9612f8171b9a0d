"""Pixels of a mask: cleaning, refining, depth inside a mask, pixels that several masks claim."""
