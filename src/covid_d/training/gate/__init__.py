"""The input gate: its pictures, its fit and the limits it refuses by."""
