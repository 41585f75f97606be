"""A clinic's own table of likelihood ratios: fitted, tried on later cases, signed, watched."""
