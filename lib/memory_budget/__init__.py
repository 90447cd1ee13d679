"""Gives every Claude Code agent the part of a project's memory that its task needs, within a token budget."""

__version__ = "0.2.0"
