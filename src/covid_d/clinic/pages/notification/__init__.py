"""Notification: route and template side by side."""
