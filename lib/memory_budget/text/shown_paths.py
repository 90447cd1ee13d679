"""A memory file's path as the block shows it, and the line above the file's chunks."""

from __future__ import annotations

from memory_budget.text.frame import FILE_TAG

#: Brackets that stand around a title, in names of files too; around the name of a tag they are a tag's.
_TITLES = "«»《》"


def shown_path(path: str) -> str:
    """A path as the block names it: from `.claude/memory`, or from `./` and `~/`; it stays on its line and in its tag."""
    path = path.removeprefix(".claude/memory/") if path.startswith((".claude/memory/", "~/")) else "./" + path
    unfit = "<>"
    if not path.isascii():
        from memory_budget.text.escape import neutral
        from memory_budget.text.look_alikes import FILLERS, LOOK_ALIKES

        angles = LOOK_ALIKES["<"] + LOOK_ALIKES[">"]
        if neutral(path) == path:  # then letters and titles that look like brackets are what they are
            angles = "".join([sign for sign in angles if not sign.isalpha() and sign not in _TITLES])
        unfit += angles + FILLERS
    elif path.isprintable() and "<" not in path and ">" not in path:
        return path
    return "".join([sign if sign.isprintable() and sign not in unfit else "?" for sign in path])


def file_line(path: str) -> str:
    """The line above a file's chunks."""
    return f"<{FILE_TAG} {shown_path(path)}>\n"
