"""The fault matrix: what a submission comes to when a part of the platform fails at the worst moment."""
