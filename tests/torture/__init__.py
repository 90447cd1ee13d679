"""What must hold whatever is killed, full or busy: `python3 -m tests.torture` runs all of it and prints the counts.

kills    a process that records runs or starts an agent is killed at each of its steps on disk
disk     the same with a disk that is full, or cannot be written, from each step on
load     many agents of several sessions at once, with edits, rebuilds and jobs beside them

Each has a function `run(size)` that returns lines of counts and raises AssertionError; the unit tests run a small part.
"""
