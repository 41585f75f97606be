"""Arrivals: routes, templates and style side by side."""
