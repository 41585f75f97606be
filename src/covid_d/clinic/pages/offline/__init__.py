"""On one's own device: routes and template side by side; the page itself is ``covid_d.offline``."""
