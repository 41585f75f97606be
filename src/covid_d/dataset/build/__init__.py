"""From published collections to a data set on disk: rows, exclusions, groups, splits, files."""
