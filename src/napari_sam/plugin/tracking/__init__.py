"""Tracking in the dock, and the review of doubtful divisions and links."""
