"""What the commands do; `codezest.py` says how they are called."""
