"""Decode: pixels of TIFF pages and pictures, as the tags of the file say."""
