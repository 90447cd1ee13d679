"""The jobs that look after memory. Each module is one kind of work; `run` puts them together.

A job reads the index and writes proposals; only `proposals.apply` changes memory, through the journal.
"""
