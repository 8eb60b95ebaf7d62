"""Live status: what happens to a run, told as it happens to whoever watches its submission."""
