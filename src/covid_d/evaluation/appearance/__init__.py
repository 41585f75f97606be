"""What an answer of appearance is worth: figures of the four categories, and outside evidence."""
