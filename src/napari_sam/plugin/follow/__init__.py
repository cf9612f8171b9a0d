"""Follow: an object through slices or frames."""
