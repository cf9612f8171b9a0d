"""Everything: automatic segmentation and the review of its objects."""
