"""The reading list: what to read next, and marks on many cases at once."""
