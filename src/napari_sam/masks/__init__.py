"""Masks: answers of the decoder, drawn as the pixels of objects, a plane each."""
