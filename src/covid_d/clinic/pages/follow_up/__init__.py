"""Follow up: routes, form, template, script and style side by side."""
