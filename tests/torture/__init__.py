"""What must hold whatever is killed, full, busy, damaged or hostile: `python3 -m tests.torture` runs all of it and prints the counts.

kills     a process that records runs or starts an agent is killed at each of its steps on disk
disk      the same with a disk that is full, or cannot be written, from each step on
verbs     every verb of the command line on a disk that is full, nearly full, or cannot be written
damage    a damaged index, in ten ways
weapons   hostile profiles files, and prompts of five million characters
links     links in the places where the plugin writes
frame     memory disguised as the frame, or as somebody's turn
terminal  names and texts that would command a terminal, with every verb
large     one line of many megabytes, files past the limit, notes of nothing but headings
rebuilds  a rebuild of the index killed at any moment, and saves while notes are moved
upgrade   two versions of the plugin in one project, in turn and at once (`--old REV|DIR`)
load      many agents of several sessions at once, with edits, rebuilds and jobs beside them

Each has a function `run(size)` that returns lines of counts and raises AssertionError; the unit tests run a small part.
"""
