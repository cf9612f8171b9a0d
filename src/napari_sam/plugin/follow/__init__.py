"""Follow: one object through slices or frames."""
