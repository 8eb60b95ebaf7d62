"""The history of the tables, one for SQLite and PostgreSQL; `commands.py` is the door for programs."""
