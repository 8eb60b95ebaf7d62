"""What is stored, and every rule about it; Litestar is a thin skin on it."""
