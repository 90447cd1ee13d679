"""Benchmarks: run and read, never asserted by the tests. `python3 -m tests.bench` prints the speed table."""
