"""What is said about a solution beyond its verdict."""
