"""Tests, and what they share: `conftest.py` (fixtures), `factories.py` (rows), `services.py` (servers)."""
