"""Behind the wall: what runs foreign code. Standard library only, imports nothing of ours but itself."""
