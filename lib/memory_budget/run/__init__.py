"""An agent while it runs and at its end."""
