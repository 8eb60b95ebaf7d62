"""Benchmarks: what grading costs, as ratios to bare processes measured in the same run; `make bench` prints them."""
