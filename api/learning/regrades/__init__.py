"""Re-grading many submissions as one thing that can be looked at, applied, cancelled and undone."""
