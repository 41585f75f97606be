"""The REST API: a thin face over the clinic's services, for programs with a token."""
