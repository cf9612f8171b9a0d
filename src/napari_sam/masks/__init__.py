"""What the decoder answered: masks of objects, one plane each."""
