"""Packed volumes: objects that fill a volume without background, as neurites in tissue do."""
