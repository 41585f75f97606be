"""What is in a data set: counts, contact sheets, and what tells its classes beside lungs."""
