"""Prompted masks: objects with clicks, boxes or a mask to correct, a mask for each."""
