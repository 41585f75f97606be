"""The de-identified collection that feeds the next training."""
