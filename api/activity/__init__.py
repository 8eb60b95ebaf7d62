"""What people did, for feeds and for counting."""
