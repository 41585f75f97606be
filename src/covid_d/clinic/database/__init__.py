"""The clinic's database: tables, engine and migrations. Knows nothing of the web."""
