"""The clinic's pages: a thin face over its services."""
