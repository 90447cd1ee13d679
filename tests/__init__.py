"""The tests; `python3 -m tests` runs them all (see `tests/__main__.py`)."""
