"""Reads one memory file, for the index and for a start that finds it freshly edited: its text without comments, data and
secrets, the facts it states of itself, its label, and what is wrong with it.
"""

from __future__ import annotations

from itertools import islice

from memory_budget.base import front_matter
from memory_budget.index.facts import Facts, read_facts
from memory_budget.index.labels import note_label
from memory_budget.text import clean, markdown, secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from memory_budget.text.markdown import RawChunk

#: Kinds of problems, as `health` groups them.
BINARY, NOT_UTF8, SECRET, MATTER, MARKDOWN = "binary", "not UTF-8", "secret", "front matter", "Markdown"
_BINARY_HEAD = 8192
#: Problems of one file that are kept.
_MOST_PROBLEMS = 50
#: Characters of a note's description that are sent.
_TITLE_LIMIT = 400
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


class NoteProblem:
    """Something in a file that could not be used as it is: its kind, its line from 1 (0 for the whole file), and why."""

    __slots__ = ("kind", "line", "text")

    def __init__(self, kind: str, line: int, text: str) -> None:
        self.kind = kind
        self.line = line
        self.text = text

    def sentence(self) -> str:
        """As a person reads it: `line 5: a code fence that is never closed`."""
        return f"line {self.line}: {self.text}" if self.line else self.text


class Note:
    """`body`: the text after the front matter without comments, data and secrets, its first line being `first_line` of the
    file; `title`: a heading for a body that has none, "" where it has one; `label`: what the note is about, for the search
    (`labels`); `head`: the front matter as text, whose tokens count as the file's."""

    __slots__ = ("body", "facts", "first_line", "head", "label", "problems", "title")

    def __init__(self, body: str, first_line: int, facts: Facts) -> None:
        self.body = body
        self.first_line = first_line
        self.facts = facts
        self.title = ""
        self.label = ""
        self.head = ""
        self.problems: list[NoteProblem] = []

    def chunks(self) -> list[RawChunk]:
        """The body in chunks, with `title`, where there is one, as the heading of all. Adds to `problems`."""
        faults: list[tuple[int, str]] = []
        body, first = self.body, self.first_line
        if self.title:
            body, first = f"# {self.title}\n\n{body}", first - 2
        raws = markdown.split_chunks(body, first, faults)
        self.problems += [NoteProblem(MARKDOWN, line, text) for line, text in faults]
        return raws


def read_note(path: str, data: bytes, side: dict[str, object], description: str = "") -> Note:
    """The note in a file's bytes. `side`: the content of its side file; `description`: what an index of notes says of it."""
    text, fault = decode_note(data)
    if text is None:
        note = Note("", 1, Facts())
        note.problems.append(NoteProblem(BINARY, 0, fault))
        return note
    matter = front_matter.read_front_matter(text)
    raw_body = text[matter.body :]
    body, faults = clean.clean_note(raw_body)
    body, leaks = secrets.mask_secrets(body)
    first_line = 1 + text.count("\n", 0, matter.body)
    note = Note(body, first_line, read_facts(path, matter, body, side))
    note.head = text[: matter.body].lstrip("\ufeff")
    if fault:
        note.problems.append(NoteProblem(NOT_UTF8, 0, fault))
    note.problems += [
        NoteProblem(MATTER, line, why) for line, why in (*matter.problems, *note.facts.problems)
    ]
    note.problems += [NoteProblem(MARKDOWN, line + first_line, why) for line, why in faults]
    note.problems += [
        NoteProblem(SECRET, leak.line + first_line - 1, _leak_message(leak.kind)) for leak in leaks
    ]
    _read_names(note, path, matter, description)
    return note


def _leak_message(kind: str) -> str:
    return f"looks like {kind}; it is masked in what agents are sent"


def _read_names(note: Note, path: str, matter: front_matter.FrontMatter, index_text: str) -> None:
    """Set the note's label, and the title that is sent where its text has no heading.

    `index_text`: what an index of notes says of it.
    """
    stem = path.rpartition("/")[2][:-3]
    name, title, description = (matter.get(key) for key in ("name", "title", "description"))
    tags = "" if matter.get("tags") else note.facts.tags
    note.label = secrets.mask_secrets(note_label(path, matter, tags, note.body, index_text))[0]
    if not _has_heading(note.body):
        candidate = description or title or (name if _letters_only(name) != _letters_only(stem) else "")
        candidate = secrets.mask_secrets(" ".join(candidate.split()))[0]
        note.title = candidate if len(candidate) <= _TITLE_LIMIT else candidate[: _TITLE_LIMIT - 3] + "..."


def _letters_only(text: str) -> str:
    return "".join(sign.lower() for sign in text if sign.isalnum())


def _has_heading(body: str) -> bool:
    """Whether a text has a heading. Code is not told apart: a line in it that looks like one only leaves out the title."""
    if body.lstrip()[:1] == "#" or "\n#" in body:
        return True
    return "\n===" in body or "\n---" in body


def decode_note(data: bytes) -> tuple[str | None, str]:
    """A file's text with line ends as LF, and what is wrong with its encoding; None for a file that holds no text."""
    fault = ""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.decode(encoding, "replace")
            break
    else:
        if b"\0" in data[:_BINARY_HEAD]:
            zeros = data[:_BINARY_HEAD].count(0) * 5 > len(data[:_BINARY_HEAD]) * 2
            return None, "binary: holds NUL bytes" + (
                " (it may be UTF-16 without its mark: save it as UTF-8)" if zeros else ""
            )
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            fault = f"not UTF-8 from line {line} on: save it as UTF-8; unreadable bytes are shown as U+FFFD"
            text = data.decode("utf-8", "replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return (text.replace("\0", "\ufffd") if "\0" in text else text), fault


def to_stored(problems: Iterable[NoteProblem]) -> str:
    """Problems as the index keeps them, `kind|line|text`, one a line: `Markdown|5|a code fence that is never closed`."""
    return "\n".join(
        f"{problem.kind}|{problem.line}|{problem.text}" for problem in islice(problems, _MOST_PROBLEMS)
    )


def from_stored(text: str) -> list[NoteProblem]:
    """The problems that `to_stored` wrote; lines of another form are skipped."""
    problems = []
    for line in text.split("\n"):
        kind, _, rest = line.partition("|")
        number, bar, message = rest.partition("|")
        if bar and number.isdecimal():
            problems.append(NoteProblem(kind, int(number), message))
    return problems
