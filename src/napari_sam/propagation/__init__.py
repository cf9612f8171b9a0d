"""Propagation: from the known masks of objects to masks on all planes of a stack."""
