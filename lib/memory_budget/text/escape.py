"""Keeps memory text from posing as the frame of a block, and says how a path and a file's line are printed there."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

TAG = "project-memory"
FILE_TAG = "memory-file"
LEFT_OUT_TAG = "memory-left-out"

#: Tags that mean something to the reader of a prompt; in memory text they are shown, not meant.
_RESERVED = (
    TAG,
    FILE_TAG,
    LEFT_OUT_TAG,
    "system-reminder",
    "system",
    "task-notification",
    "function_calls",
    "function_results",
    "invoke name=",
    "antml:",
    "user-prompt-submit-hook",
    "command-",
    "local-command-",
    "bash-",
    "teammate-message",
    "tool_use",
    "tool_result",
)


def neutral(text: str) -> str:
    """Memory text that cannot be taken for a tag of the frame or of the client: such a `<` becomes `&lt;`.

    Case, blanks, invisible characters and full-width forms make no difference to a reader, so they make none here; nor
    does a `<` at the very end, whose name could stand in the text printed next. Applied when a file is indexed, so that
    what is counted is what is printed. Applying it twice changes nothing.
    """
    found = [
        at for sign in ("<" if text.isascii() else _OPENING) if sign in text for at in _places(text, sign)
    ]
    if not found:
        return text
    parts = []
    last = 0
    for at in sorted(found):
        if _names_reserved(text, at + 1):
            parts.append(text[last:at])
            parts.append("&lt;")
            last = at + 1
    parts.append(text[last:])
    return "".join(parts)


#: `<`, and the signs that are read as one.
_OPENING = "<\uff1c\ufe64"
#: Between a `<` and the name of a tag.
_BEFORE_NAME = frozenset("/\\!? \uff0f")
_LONGEST_NAME = max(map(len, _RESERVED))


def _places(text: str, sign: str) -> Iterator[int]:
    at = text.find(sign)
    while at >= 0:
        yield at
        at = text.find(sign, at + 1)


def _names_reserved(text: str, at: int) -> bool:
    """Whether a reserved name, or nothing at all, follows what may stand before a name."""
    size = len(text)
    while at < size and (text[at] in _BEFORE_NAME or not text[at].isprintable()):
        at += 1
    if at == size:
        return True
    name = text[at : at + _LONGEST_NAME]
    if not name.isascii() or not name.isprintable():
        from unicodedata import normalize

        name = "".join([sign for sign in text[at : at + 3 * _LONGEST_NAME] if sign.isprintable()])
        name = normalize("NFKC", name).casefold()
    return name.lower().startswith(_RESERVED)


def shown_path(path: str) -> str:
    """A path as the block names it: from `.claude/memory`, or from `./` and `~/`; it stays on its line and in its tag."""
    path = path.removeprefix(".claude/memory/") if path.startswith((".claude/memory/", "~/")) else "./" + path
    if path.isprintable() and "<" not in path and ">" not in path:
        return path
    return "".join(c if c.isprintable() and c not in "<>" else "?" for c in path)


def file_line(path: str) -> str:
    """The line above a file's chunks."""
    return f"<{FILE_TAG} {shown_path(path)}>\n"
