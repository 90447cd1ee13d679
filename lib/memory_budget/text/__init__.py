"""Words, dates, Markdown and tokens."""
