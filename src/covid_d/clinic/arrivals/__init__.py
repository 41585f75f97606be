"""Films from the hospital's network become cases; readings of them go back."""
