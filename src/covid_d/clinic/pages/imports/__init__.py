"""Imports: routes, templates, script and style side by side."""
