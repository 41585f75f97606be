"""What came after the film: laboratory results, course, and what counts as reference standard."""
