"""The verbs of the command line: one module each, and `main`, which finds the one that was asked for."""
