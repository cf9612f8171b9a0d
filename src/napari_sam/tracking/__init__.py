"""Tracking: objects of a movie linked through time, with divisions and gaps."""
