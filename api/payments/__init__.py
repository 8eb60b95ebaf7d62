"""Plans and money. In phase 1 everybody has the plan FREE."""
