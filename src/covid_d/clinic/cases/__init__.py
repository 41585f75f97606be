"""Cases: intake, answers, readings, follow-up, worklist."""
