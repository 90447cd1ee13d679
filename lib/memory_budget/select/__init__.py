"""How hard a task is, what is sent for it, and the block the agent reads."""
