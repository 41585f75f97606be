"""Epidemiological notification: the unit's cases in the columns that the ministry asks for."""
