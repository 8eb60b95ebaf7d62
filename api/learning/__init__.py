"""The learning namespace: curriculum, progress, submissions."""
