"""Cuts Markdown into the units that are kept or left out as a whole.

A chunk is a paragraph, a list, a table or a fenced block, with the headings above it. Blank lines
separate chunks, except inside a fence, inside a list's items, and after a one-line lead-in
(`For example:`), which stays with the block it introduces. A fence is never cut. Lists, tables and
paragraphs too long to earn their place as a whole are cut between items, rows or lines.

The text of a chunk neither starts nor ends with a line break, so blocks printed with a blank line
between them cost exactly the sum of their tokens.
"""

from __future__ import annotations

from memory_budget.text.words import digest, terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LIST_LIMIT = 1600  # characters (about 400 tokens) above which a list is cut between its top-level items
TEXT_LIMIT = 4800  # characters (about 1,200 tokens) above which a paragraph or table is cut between its lines
_LEAD_IN_LIMIT = 200  # characters of a line that ends with ":" and goes with the block below it
_NAME_LIMIT = 40  # characters of a name that a chunk leads with
#: How much higher a section that stands for itself is numbered than the one before it. The ranking looks two sections
#: to either side of one; there it finds none.
SECTION_STEP = 3
#: Headings that name a speaker: what stands below is a turn of a conversation, and its neighbours are about the same.
_SPEAKERS = frozenset("user assistant human ai system agent bot claude me you q a question answer".split(" "))
#: What stands between a chunk's text and a rule above or below it.
RULED = "\n\n"
_RULE_SIGNS = frozenset("-*_")
#: What a line starts with that opens neither heading nor fence nor rule nor an item further in, and what a line ends with
#: that is no rule: all visible ASCII but these signs.
_PLAIN_START = frozenset(map(chr, range(33, 127))) - frozenset("#`~=*_")
_PLAIN_END = frozenset(map(chr, range(33, 127))) - frozenset("-=*_")


class RawChunk:
    """One chunk as cut from a file.

    `headings` are the heading lines above it as printed, outermost first, each with the line it
    stands on (`heading_lines`), which tells two sections of the same name apart. `kind` is text,
    list, table or code, `lead` the lower-cased name the chunk leads with (`Caroline: ...`,
    `**Caroline** ...`) or "", `line` the chunk's first line in the file, from 1.
    """

    __slots__ = ("heading_lines", "headings", "kind", "lead", "line", "section", "text")

    def __init__(
        self,
        text: str,
        headings: tuple[str, ...],
        heading_lines: tuple[int, ...],
        kind: str,
        lead: str,
        line: int,
    ) -> None:
        self.text = text
        self.headings = headings
        self.heading_lines = heading_lines
        self.kind = kind
        self.lead = lead
        self.line = line
        self.section = 0

    def __repr__(self) -> str:
        return f"RawChunk({self.text!r}, {self.headings!r}, {self.kind!r}, {self.lead!r}, line {self.line})"


def front_matter(text: str) -> tuple[dict[str, str], int]:
    """The `key: value` pairs between `---` lines at the head of a text, and the offset where its body starts.

    A value is kept as written, without quotes; the items of a list below its key are joined by ", ".
    Text without front matter, or whose front matter has no end, gives ({}, 0), or the offset past a
    byte order mark.
    """
    start = 1 if text[:1] == "\ufeff" else 0
    first = text.find("\n", start)
    if first < 0 or text[start:first].rstrip() != "---":
        return {}, start
    found: dict[str, str] = {}
    key = ""
    offset = first + 1
    while offset < len(text):
        end = text.find("\n", offset)
        end = len(text) if end < 0 else end
        line = text[offset:end]
        bare = line.strip()
        offset = min(end + 1, len(text))
        if bare in ("---", "...") and not line[:1].isspace():
            return found, offset
        name, colon, value = bare.partition(":")
        if bare.startswith(("- ", "-\t")) and key:
            item = _unquoted(bare[2:])
            found[key] = f"{found[key]}, {item}" if found[key] else item
        elif colon and name and not bare.startswith("#") and not line[:1].isspace():
            key = name.strip()
            found[key] = _unquoted(value)
    return {}, start


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return value


def split(text: str, first_line: int = 1) -> list[RawChunk]:
    """The chunks of a Markdown body in the order of the file; `first_line` is the number of its first line."""
    return _Splitter(first_line).run(text)


def folded_hash(text: str) -> int:
    """64-bit hash of the text with every run of white space as one space: equal for exact duplicates. A rule above or
    below it is no part of what it says."""
    if RULED in text and (text[:1] in _RULE_SIGNS or text[-1:] in _RULE_SIGNS):
        above, _, said = text.partition(RULED)
        if _is_rule(above):
            text = said
        said, _, below = text.rpartition(RULED)
        if said and _is_rule(below):
            text = said
    text = text.replace("\n", " ")
    if "  " in text or not text.isprintable() or text[:1] == " " or text[-1:] == " ":
        text = " ".join(text.split())
    return int.from_bytes(digest(text), "big")


def _is_rule(line: str) -> bool:
    """Whether a line is nothing but three or more of a rule's signs."""
    return line[:1] in _RULE_SIGNS and len(line) > 2 and not line.strip(line[0] + " ")


class _Splitter:
    """The state of one pass over the lines of a text."""

    def __init__(self, first_line: int) -> None:
        self.first_line = first_line
        self.found: list[RawChunk] = []
        self.path: list[tuple[int, str, int]] = []  # (level, heading line, line number)
        self.headings: tuple[str, ...] = ()
        self.heading_lines: tuple[int, ...] = ()
        self.bare_heading = False  # the last heading has nothing under it yet
        self.block: list[str] = []
        self.start = 0
        self.kind = "text"
        self.waiting = False  # a blank line was seen, but the block may go on
        self.rule = ""  # the last line was this rule
        self.set_apart = False  # what follows a rule in this section, up to the next one

    def run(self, text: str) -> list[RawChunk]:
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        fence = ""
        for number, line in enumerate(text.split("\n"), self.first_line):
            if fence:
                self.block.append(line)
                if fence in line:
                    bare = line.strip()
                    if bare[:3] == fence[:3] and not bare.strip(fence[0]):
                        fence = ""
                continue
            if not line:
                self.waiting = self.block != []
                continue
            # Most lines go on with the block that the line above stands in, whatever they say.
            if line[0] in _PLAIN_START and line[-1] in _PLAIN_END and self.block and not self.waiting:
                self.block.append(line)
                continue
            bare = line.strip()
            if not bare:
                self.waiting = self.block != []
                continue
            first = bare[0]
            if self.waiting and not self._goes_on(line, bare):
                self._close()
            if first == "#" and self._heading(line, bare, number):
                continue
            if first in "-=*_" and bare[-1] == first and self._rule(bare, number):
                continue
            if first in "`~" and (bare[:3] == "```" or bare[:3] == "~~~"):
                fence = bare[: len(bare) - len(bare.lstrip(first))]
                if first == "`" and "`" in bare[len(fence) :]:
                    fence = ""  # inline code at the start of a line
                elif not self.block:
                    self.kind = "code"
            if self.waiting:
                self.block.append("")
                self.waiting = False
            if not self.block:
                self.start = number
                if not fence:
                    self.kind = "list" if _is_item(bare) else "table" if first == "|" else "text"
            self.block.append(line)
        self._close()
        self._keep_bare_heading()
        _number_sections(self.found)
        return self.found

    def _goes_on(self, line: str, bare: str) -> bool:
        """Whether the block before a blank line takes in what follows it."""
        if self.kind == "list":
            return line[:2] in ("  ", "\t") or (line[:1] == " " and not _is_item(bare))
        if len(self.block) == 1 and self.kind == "text":
            lead = self.block[0].rstrip(" *_")
            if (
                lead[-1:] == ":"
                and len(lead) <= _LEAD_IN_LIMIT
                and (bare[:3] in ("```", "~~~") or bare[0] == "|" or _is_item(bare))
            ):
                self.kind = "code" if bare[0] in "`~" else "table" if bare[0] == "|" else "list"
                return True
        return False

    def _heading(self, line: str, bare: str, number: int) -> bool:
        level = len(bare) - len(bare.lstrip("#"))
        if level > 6 or bare[level : level + 1] not in ("", " ", "\t") or line[:4] == "    ":
            return False
        self._close()
        self._open_section(level, bare, number)
        return True

    def _open_section(self, level: int, heading: str, number: int) -> None:
        if self.set_apart:
            self._take_rule()
        self.rule = ""
        self.set_apart = False
        if self.path and level <= self.path[-1][0]:
            self._keep_bare_heading()
        while self.path and self.path[-1][0] >= level:
            self.path.pop()
        self.path.append((level, heading, number))
        self.headings = tuple([entry[1] for entry in self.path])
        self.heading_lines = tuple([entry[2] for entry in self.path])
        self.bare_heading = True

    def _keep_bare_heading(self) -> None:
        """A section without text is kept as a chunk of its own, or its heading would never be sent."""
        if self.bare_heading:
            self.bare_heading = False
            level_line = self.path[-1]
            self.found.append(
                RawChunk(
                    level_line[1], self.headings[:-1], self.heading_lines[:-1], "text", "", level_line[2]
                )
            )

    def _rule(self, bare: str, number: int) -> bool:
        """Takes a line of `---`, `===`, `***` or `___`: a heading's underline, or a rule.

        Rules inside a section set a passage apart (a letter, a sample) and are kept with the block above them, or below
        the heading with the first block. One that only parts two sections is dropped.
        """
        mark = bare[0]
        if len(bare) < 3 or bare.strip(mark + " ") or (mark == "=" and " " in bare):
            return False
        if mark in "-=" and len(self.block) == 1 and not self.waiting and self.kind == "text":
            heading = self.block.pop().strip()
            level = 1 if mark == "=" else 2
            self._open_section(level, "#" * level + " " + heading, self.start)
            return True
        if mark == "=":
            return False
        self._close()
        self.rule = bare
        return True

    def _take_rule(self) -> str:
        """Puts the rule of the last line below the chunk above it. Returns it when it stands first in its section."""
        rule, self.rule = self.rule, ""
        if rule:
            self.set_apart = not self.set_apart
            if self.found and self.found[-1].heading_lines == self.heading_lines:
                self.found[-1].text += RULED + rule
                return ""
        return rule

    def _close(self) -> None:
        """Ends the block and keeps it as one chunk, or as several when it is too long."""
        self.waiting = False
        block = self.block
        if not block:
            return
        self.block = []
        self.bare_heading = False
        rule = self._take_rule()
        text = "\n".join(block)
        start = self.start
        if rule and self.headings:
            text = rule + RULED + text
            block = [rule, "", *block]
            start = max(1, start - 2)
        pieces: Iterator[tuple[int, str]] | tuple[tuple[int, str], ...] = ((0, text),)
        if len(text) > LIST_LIMIT and self.kind == "list":
            pieces = _pieces(block, LIST_LIMIT, items=True)
        elif len(text) > TEXT_LIMIT and self.kind != "code":
            pieces = _pieces(block, TEXT_LIMIT, items=False)
        for offset, piece in pieces:
            piece = piece.strip("\n")
            lead = _lead(piece) if self.kind == "text" else ""
            self.found.append(
                RawChunk(piece, self.headings, self.heading_lines, self.kind, lead, start + offset)
            )


def _number_sections(found: list[RawChunk]) -> None:
    """Sets `section`: chunks under one top-level heading (below the title, where the file has one) share a number.

    A chunk that stands under no such heading is a section of its own. Numbers rise by one between paragraphs of a text
    without headings and between turns of a conversation (under a speaker's name, or a heading that comes again in the
    file), and by `SECTION_STEP` to and from a section with a heading of its own: that one is about something else.
    """
    titles = {chunk.heading_lines[0] for chunk in found if chunk.heading_lines}
    depth = 1 if len(titles) == 1 else 0
    named = {
        chunk.heading_lines[depth]: chunk.headings[depth].strip("# :").lower()
        for chunk in found
        if len(chunk.heading_lines) > depth
    }
    times: dict[str, int] = {}
    for name in named.values():
        times[name] = times.get(name, 0) + 1
    number = 0
    last = 0
    alone = False
    for chunk in found:
        line = chunk.heading_lines[depth] if len(chunk.heading_lines) > depth else 0
        if not line or line != last:
            own = line != 0 and times[named[line]] == 1 and named[line] not in _SPEAKERS
            number += SECTION_STEP if own or alone else 1
            last, alone = line, own
        chunk.section = number


def _is_item(bare: str) -> bool:
    """Whether a stripped line starts a list item."""
    first = bare[0]
    if first in "-*+":
        return bare[1:2] in (" ", "\t")
    if first.isdigit():
        digits = bare[:10].lstrip("0123456789")
        return digits[:2] in (". ", ") ")
    return False


def _pieces(block: list[str], limit: int, *, items: bool) -> Iterator[tuple[int, str]]:
    """Runs of lines of about `limit` characters, with the offset of their first; no cut inside a fence."""
    start = 0
    size = 0
    fence = ""
    margin = min(
        (len(line) - len(line.lstrip()) for line in block if _is_item(line.strip() or " ")), default=0
    )
    for i, line in enumerate(block):
        bare = line.strip()
        if size + len(line) > limit and i > start and not fence and bare:
            starts_item = len(line) - len(line.lstrip()) <= margin and _is_item(bare)
            if starts_item or not items:
                yield start, "\n".join(block[start:i])
                start = i
                size = 0
        size += len(line) + 1
        if fence:
            if bare[:3] == fence[:3] and len(bare) >= len(fence) and not bare.strip(fence[0]):
                fence = ""
        elif bare[:3] in ("```", "~~~"):
            fence = bare[: len(bare) - len(bare.lstrip(bare[0]))]
            if fence[0] == "`" and "`" in bare[len(fence) :]:
                fence = ""
    yield start, "\n".join(block[start:])


def _lead(text: str) -> str:
    """The name that a chunk leads with, lower-cased: `Caroline: ...`, `**Caroline** ...`, else ""."""
    if text[:2] == "**":
        name = text[2 : text.find("**", 2)] if "**" in text[2 : _NAME_LIMIT + 4] else ""
        name = name.rstrip(":")
    else:
        name, colon, after = text[:_NAME_LIMIT].partition(":")
        if not colon or after[:1] not in (" ", "\n", ""):
            return ""
    if not name[:1].isupper() or name.count(" ") > 2 or "\n" in name:
        return ""
    return name.lower()


def heading_terms(headings: tuple[str, ...]) -> list[str]:
    """Index terms that a chunk has from the headings above it."""
    return terms(" ".join(naming(headings)))


def naming(headings: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the headings above a chunk that say what it is about: the two innermost."""
    return headings[-2:]
