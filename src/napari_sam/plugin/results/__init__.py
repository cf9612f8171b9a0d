"""Results: measurements, tracks and files made from labels."""
