"""Check a data set: nothing missing, altered, mislabelled or straddling splits."""
