"""Prompted masks: the mask of each object that has clicks, boxes or a mask to correct."""
