"""The index of a project's memory: one SQLite file in the project's cache.

`schema` opens and makes it, `build` brings it up to date with the files (background, exact token counts), `reader`
serves one agent's view of it to the selection (hot path, read only, no lock taken).
"""
