"""The usage log on disk."""
