"""The audit trail: who did what and when, chained so that an altered row is found."""
