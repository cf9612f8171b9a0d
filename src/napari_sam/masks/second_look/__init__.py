"""Second looks: small objects decoded enlarged, large objects decoded zoomed out."""
