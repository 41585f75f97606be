"""What comes in by the hundred, from tables: films with cases, laboratory results."""
