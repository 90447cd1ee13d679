"""Files, processes, JSON, what every hook does, and where things lie."""
