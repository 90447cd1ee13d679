"""An agent's start: what it gets."""
