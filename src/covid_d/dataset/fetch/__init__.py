"""Bring published collections here, or tell how to get them from their owners."""
