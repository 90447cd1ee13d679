"""Statements: what a summary keeps or leaves out as a whole, and the facts in each.

A statement is a sentence, a list item, a table row, a shell command or a block of other code. A fact is a pair of its
kind and its text:

    "We chose 17 shards, see `a/b.py`"   ("decision", <the whole line>), ("path", "a/b.py"), ("figure", "17")
    "- run `make build V=3`"             ("command", "make build V=3"), ("figure", "3")
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.text import markdown
from memory_budget.text.words import terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    #: Text, kind, opening line of the fence around it, and the lines it needs before it (number in the chunk, line).
    Piece = tuple[str, str, str, tuple[tuple[int, str], ...]]

_DECISION = re.compile(
    r"\b(decid\w+|decision\w*|chose|chosen|agreed|adopt\w*|reject\w*|instead of|rather than|because|root cause|caused? by"
    r"|due to|reason|fix(?:ed|es)?|solution|solved|resolv\w+|workaround|lesson\w*|learn(?:ed|t|ing|ings)|must|never|always"
    r"|avoid|do not|don't|required?|warning|important|breaking|deprecated|outcome|result(?:ed|s)?|conclusion|trade-?off"
    r"|approved|status|next steps?|todo|blocked|open question)\b",
    re.I,
)
_FIGURE = re.compile(r"(?<![\w/.-])[$€£~]?\d[\d,.:]*\d?(?:\s?(?:%|(?:[kKMGT]i?B|ms|min|[smhdxKM])\b))?")
_PATH = re.compile(
    r"(?<![\w/:.])(?:~?/|\.{1,2}/)?(?:[\w.@{}<>*-]+/)+[\w.@{}<>*-]*[\w}>*]"
    r"|\b[\w-]+\.(?:py|md|sql|ya?ml|json|sh|tsx?|jsx?|toml|csv|ini|cfg|txt|html|css|go|rs|java|ipynb|tf|lock|log|env)\b"
)
_CODE_SPAN = re.compile(r"`([^`\n]+)`")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]*`]*\s+(?=[\"'(\[*`]*[A-Z0-9À-Þ])|(?<=[。！？])")
_ITEM = re.compile(r"^(\s*)(?:[-*+]|\d{1,9}[.)])\s+")
#: Languages of fenced blocks that hold shell commands.
_SHELL = frozenset(("sh", "bash", "shell", "zsh", "console", "terminal", "powershell", "cmd"))
#: The row under a table's head: `|---|:-:|`.
_RULE_ROW = re.compile(r"^[\s|:-]+$")


class Statement(NamedTuple):
    """One statement of a note.

    `headings`: (line number, heading line) from the outermost in; `block`: number of the chunk it is in; `kind`:
    "sentence", "line", "item", "row", "command" or "code"; `fence`: the opening line of the fenced block around it, "" for
    none; `lead`: lines that have to come before it (a table's head, the items it is nested under), as (line number in the
    chunk, line); `facts` and index terms (`words`) in it.
    """

    text: str
    headings: tuple[tuple[int, str], ...]
    block: int
    kind: str
    fence: str
    lead: tuple[tuple[int, str], ...]
    facts: frozenset[tuple[str, str]]
    words: frozenset[str]

    @property
    def keyed_lead(self) -> tuple[tuple[int, str], ...]:
        """The lines of `lead` under numbers that no heading line has."""
        return tuple((-(self.block + 1) * 100_000 - number, line) for number, line in self.lead)


def facts_of(text: str, *, command: bool = False) -> set[tuple[str, str]]:
    """The commands, paths and figures in a text, and the text itself where it tells a decision.

    `command`: the text as a whole is a shell command.
    """
    facts: set[tuple[str, str]] = set()
    bare = _ITEM.sub("", text)
    for path in _PATH.findall(bare):
        if _is_path(path, bare):
            facts.add(("path", path))
    for figure in _FIGURE.findall(bare):
        facts.add(("figure", figure.strip(" .,:")))
    if command:
        facts.add(("command", bare.strip()))
    for span in _CODE_SPAN.findall(bare):
        if " " in span.strip() and span[:1].isalpha() and span[:1].islower():
            facts.add(("command", span.strip()))
    if _DECISION.search(bare):
        facts.add(("decision", " ".join(bare.split())))
    return facts


def _is_path(path: str, text: str) -> bool:
    """Tell a path from `and/or`, a date or a fraction."""
    if "//" in path or path.replace("/", "").replace(".", "").replace("-", "").isdigit():
        return False
    return "." in path or path[0] in "/~" or any(sign in path for sign in "_*{<@") or f"`{path}" in text


def statements_of(body: str) -> list[Statement]:
    """The statements of a note (without its front matter), in its order."""
    statements: list[Statement] = []
    for block, raw in enumerate(markdown.split_chunks(body)):
        headings = tuple(zip(raw.heading_lines, raw.headings, strict=True))
        for text, kind, fence, lead in _chunk_pieces(raw):
            facts = facts_of(text, command=kind == "command")
            statements.append(
                Statement(text, headings, block, kind, fence, lead, frozenset(facts), frozenset(terms(text)))
            )
    return statements


def _chunk_pieces(raw: markdown.RawChunk) -> Iterable[Piece]:
    """The pieces of a chunk in its order."""
    lines = raw.text.split("\n")
    plain: list[str] = []
    at = 0
    above: list[tuple[int, int, str]] = []  # (indent, number, line) of the items around a line
    table: tuple[tuple[int, str], ...] = ()
    while at < len(lines):
        line = lines[at]
        bare = line.strip()
        if bare[:3] in ("```", "~~~"):
            yield from _sentence_pieces(plain)
            plain = []
            end = at + 1
            while end < len(lines) and not (
                lines[end].strip()[:3] == bare[:3] and not lines[end].strip().strip(bare[0])
            ):
                end += 1
            yield from _fenced_pieces(lines[at:end], bare)
            at = end + 1
            continue
        item = _ITEM.match(line)
        if item or (above and line[:1].isspace() and bare):
            yield from _sentence_pieces(plain)
            plain = []
            indent = len(item[1]) if item else len(line) - len(line.lstrip())
            above = [entry for entry in above if entry[0] < indent]
            yield line.rstrip(), "item", "", tuple((number, text) for _, number, text in above)
            if item:
                above.append((indent, at, line.rstrip()))
        elif bare.startswith("|"):
            yield from _sentence_pieces(plain)
            plain = []
            if at + 1 < len(lines) and _RULE_ROW.match(lines[at + 1]) and not table:
                table = ((at, line.rstrip()), (at + 1, lines[at + 1].rstrip()))
                at += 2
                continue
            yield line.rstrip(), "row", "", table
        else:
            if not bare:
                above, table = [], ()
            plain.append(bare)
        at += 1
    yield from _sentence_pieces(plain)


def _sentence_pieces(lines: list[str]) -> Iterable[Piece]:
    """Sentences of running text; a labelled line is a piece of its own."""
    running = ""
    for line in [*lines, ""]:
        ends = not line or line.startswith(("**", ">", "#")) or _is_labelled(line)
        if ends and running:
            for sentence in _SENTENCE.split(running):
                if sentence.strip():
                    yield sentence.strip(), "sentence", "", ()
            running = ""
        if line and _is_labelled(line):
            yield line, "line", "", ()
        elif line:
            running = f"{running} {line}" if running else line


def _is_labelled(line: str) -> bool:
    """Whether a line starts with a label: `**Status**: done`, `PATTERN: ...`."""
    head, colon, _ = line[:60].partition(":")
    return bool(colon) and (head.isupper() or head.startswith("**") or head.endswith("**"))


def _fenced_pieces(lines: list[str], opening: str) -> Iterable[Piece]:
    """Commands of a shell block, one by one; another block is one piece. `lines` start with the `opening` line."""
    language = opening.lstrip("`~").strip().split(" ")[0].lower()
    content = lines[1:]
    if language in _SHELL or (not language and any(line.startswith("$ ") for line in content)):
        joined = ""
        for line in content:
            joined = f"{joined}\n{line}" if joined else line
            if line.rstrip().endswith("\\"):
                continue
            if joined.strip() and not joined.lstrip().startswith("#"):
                yield joined.rstrip(), "command", opening, ()
            joined = ""
        if joined.strip():
            yield joined.rstrip(), "command", opening, ()
    elif any(line.strip() for line in content):
        yield "\n".join(content).strip("\n"), "code", opening, ()
