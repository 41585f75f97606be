"""Figures of many clinics: signed aggregates leave one, and are merged into a national report."""
