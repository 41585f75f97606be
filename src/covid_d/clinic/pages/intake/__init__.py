"""Intake: routes, form, template, script and style side by side."""
