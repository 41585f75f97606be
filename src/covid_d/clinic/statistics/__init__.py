"""What all cases together say: counts, performance, drift."""
