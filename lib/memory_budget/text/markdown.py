"""Cuts Markdown into the units that are kept or left out as a whole.

A chunk is a paragraph, a list, a table or a fenced block, with the headings above it. Blank lines
separate chunks, except inside a fence, inside a list's items, and after a one-line lead-in
(`For example:`), which stays with the block it introduces. A block of more than about 600 tokens is
cut into parts that can be read by themselves (`text.cut`), so no input makes a chunk that no budget can hold.

A `<details>` block is read as a section, its `<summary>` as the heading. A code fence that is never closed
ends at the next heading.

The text of a chunk neither starts nor ends with a line break, so blocks printed with a blank line
between them cost exactly the sum of their tokens.
"""

from __future__ import annotations

from memory_budget.text.cut import is_item, is_lead_in, parts_of, size_of, too_long
from memory_budget.text.fences import Fences, fence_opened
from memory_budget.text.folding import RULED
from memory_budget.text.words import terms

#: Size of a heading line above which it is read as text.
_HEADING_LIMIT = 600
#: Lines and characters of a text that an underline (`---`, `===`) makes a heading of.
_UNDERLINED_LINES, _UNDERLINED_LENGTH = 3, 200
#: What a `<summary>` counts as: further in than any heading.
_SUMMARY_LEVEL = 7
_NAME_LIMIT = 40  # characters of a name that a chunk leads with
#: How much higher a section that stands for itself is numbered than the one before it. The ranking looks two sections
#: to either side of one; there it finds none.
SECTION_STEP = 3
#: Headings that name a speaker: the text below is a turn of a conversation, and its neighbours are about the same.
_SPEAKERS = frozenset("user assistant human ai system agent bot claude me you q a question answer".split(" "))
#: Languages of fences whose text may hold fences itself.
_NESTING = frozenset(("md", "markdown", "mdx"))
#: First signs of lines that open no heading, fence, rule or nested item, and last signs of lines that are no rule: all visible
#: ASCII but these.
_PLAIN_START = frozenset(map(chr, range(33, 127))) - frozenset("#`~=*_<")
_PLAIN_END = frozenset(map(chr, range(33, 127))) - frozenset("-=*_")


class RawChunk:
    """One chunk as cut from a file.

    `headings` are the heading lines above it as printed, outermost first, each with the line it
    stands on (`heading_lines`), which tells two sections of the same name apart. `kind` is text,
    list, table or code, `lead` the lower-cased name the chunk leads with (`Caroline: ...`,
    `**Caroline** ...`) or "", `line` the chunk's first line in the file, from 1.
    """

    __slots__ = ("goes_on", "heading_lines", "headings", "kind", "lead", "line", "section", "text")

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
        #: Whether it is a later part of a block that was too long for one chunk.
        self.goes_on = False

    def __repr__(self) -> str:
        return f"RawChunk({self.text!r}, {self.headings!r}, {self.kind!r}, {self.lead!r}, line {self.line})"


def split_chunks(
    text: str, first_line: int = 1, problems: list[tuple[int, str]] | None = None
) -> list[RawChunk]:
    """The chunks of a Markdown body in the order of the file; `first_line` is the number of its first line. `problems` gets
    (line, what is wrong) of what could not be read as it was meant."""
    splitter = _Splitter(first_line)
    chunks = splitter.run(text)
    if problems is not None:
        problems += splitter.problems
    return chunks


class _Splitter:
    """The state of one pass over the lines of a text."""

    def __init__(self, first_line: int) -> None:
        self.first_line = first_line
        self.chunks: list[RawChunk] = []
        self.problems: list[tuple[int, str]] = []
        self.path: list[tuple[int, str, int]] = []  # (level, heading line, line number)
        self.headings: tuple[str, ...] = ()
        self.heading_lines: tuple[int, ...] = ()
        self.bare_heading = False  # the last heading has nothing under it yet
        self.block: list[str] = []
        self.start = 0
        self.kind = "text"
        self.after_blank = False  # a blank line was seen, but the block may go on
        self.rule = ""  # the last line was this rule
        self.set_apart = False  # what follows a rule in this section, up to the next one
        self.lines: list[str] = []
        self.fences = Fences(self.lines)

    def run(self, text: str) -> list[RawChunk]:
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = self.lines = text.split("\n")
        self.fences = Fences(lines)
        fence_end = -1
        for at, line in enumerate(lines):
            if at <= fence_end:
                self.block.append(line)
                continue
            if not line:
                self.after_blank = self.block != []
                continue
            # Most lines belong to the block of the line above, whatever they say.
            if line[0] in _PLAIN_START and line[-1] in _PLAIN_END and self.block and not self.after_blank:
                self.block.append(line)
                continue
            bare = line.strip()
            if not bare:
                self.after_blank = self.block != []
                continue
            fence_end = self._take(line, bare, at)
        self._close()
        self._keep_bare_heading()
        _number_sections(self.chunks)
        return self.chunks

    def _take(self, line: str, bare: str, at: int) -> int:
        """Take in a line that may open something. Returns the last line of the fence it opens, -1 for none."""
        number = at + self.first_line
        first = bare[0]
        if self.after_blank and not self._goes_on(line, bare):
            self._close()
        if first == "#" and self._heading(line, bare, number):
            return -1
        if first in "-=*_" and bare[-1] == first and self._rule(bare, number):
            return -1
        if first == "<":
            bare = line = self._details(line, bare, at)
            if not bare:
                return -1
        marks = fence_opened(bare) if first in "`~" else ""
        if self.after_blank:
            self.block.append("")
            self.after_blank = False
        if not self.block:
            self.start = number
            self.kind = "code" if marks else "list" if is_item(bare) else "table" if first == "|" else "text"
        self.block.append(line)
        return self._fence_end(at, marks, bare) if marks else -1

    def _fence_end(self, at: int, marks: str, bare: str) -> int:
        """The last line of the fence that opens at a line. One that is never closed, or only by the end of a later fence
        below a heading, ends at that heading."""
        end = self.fences.closer(at, marks)
        closed = end >= 0
        if not closed:
            end = len(self.lines) - 1
        elif bare[len(marks) :].strip().lower() in _NESTING:
            return end
        heading = -1
        for below in range(at + 1, end + 1):
            line = self.lines[below]
            if line[:1] == "#":
                level = len(line) - len(line.lstrip("#"))
                if heading < 0 and level < 7 and line[level : level + 1] == " ":
                    heading = below if level > 1 or not self.lines[below - 1].strip() else -1
                    if heading >= 0 and not closed:
                        break
            elif closed and line.startswith(marks) and below < end:
                if heading >= 0:
                    closed = False
                break
        if closed or (heading < 0 and end == at):
            return end
        self.problems.append(
            (at + self.first_line, "a code fence that is never closed: it ends at the next heading")
        )
        return heading - 1 if heading >= 0 else end

    def _details(self, line: str, bare: str, at: int) -> str:
        """Take in the tags of a `<details>` block; returns what else the line says."""
        lowered = bare.lower()
        if not lowered.startswith(("<details", "</details", "<summary")):
            return line
        self._close()
        tag_end = bare.find(">") + 1
        if lowered.startswith("<summary"):
            end = lowered.find("</summary>")
            if tag_end and end > 0 and bare[tag_end:end].strip():
                heading = bare[: end + len("</summary>")]
                if size_of(heading) <= _HEADING_LIMIT:
                    self._open_section(_SUMMARY_LEVEL, heading, at + self.first_line)
                    return bare[end + len("</summary>") :].strip()
            return line
        if lowered.startswith("</") and self.path and self.path[-1][0] == _SUMMARY_LEVEL:
            self._keep_bare_heading()
            self.path.pop()
            self._show_path()
        rest = bare[tag_end:].strip() if tag_end else ""
        return self._details(rest, rest, at) if rest else ""

    def _goes_on(self, line: str, bare: str) -> bool:
        """Whether the block before a blank line takes in what follows it."""
        if self.kind == "list":
            return line[:2] in ("  ", "\t") or (line[:1] == " " and not is_item(bare))
        opens = bare[:3] in ("```", "~~~") or bare[0] == "|" or is_item(bare)
        if opens and len(self.block) == 1 and self.kind == "text" and is_lead_in(self.block[0]):
            self.kind = "code" if bare[0] in "`~" else "table" if bare[0] == "|" else "list"
            return True
        return False

    def _heading(self, line: str, bare: str, number: int) -> bool:
        level = len(bare) - len(bare.lstrip("#"))
        if level > 6 or bare[level : level + 1] not in ("", " ", "\t") or line[:4] == "    ":
            return False
        if len(bare) > _HEADING_LIMIT // 7 and size_of(bare) > _HEADING_LIMIT:
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
        self._show_path()
        self.bare_heading = True

    def _show_path(self) -> None:
        self.headings = tuple([entry[1] for entry in self.path])
        self.heading_lines = tuple([entry[2] for entry in self.path])

    def _keep_bare_heading(self) -> None:
        """A section without text is kept as a chunk of its own, or its heading would never be sent."""
        if self.bare_heading:
            self.bare_heading = False
            level_line = self.path[-1]
            self.chunks.append(
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
        if mark in "-=" and self._is_underlined():
            heading = " ".join([line.strip() for line in self.block])
            self.block = []
            level = 1 if mark == "=" else 2
            self._open_section(level, "#" * level + " " + heading, self.start)
            return True
        if mark == "=":
            return False
        self._close()
        self.rule = bare
        return True

    def _is_underlined(self) -> bool:
        """Whether the block above an underline is a heading: a short text, and no list or table."""
        return (
            0 < len(self.block) <= _UNDERLINED_LINES
            and not self.after_blank
            and self.kind == "text"
            and (
                len(self.block) == 1
                or not any(is_item(line.strip() or " ") or "|" in line for line in self.block)
            )
            and sum(map(len, self.block)) <= _UNDERLINED_LENGTH
        )

    def _take_rule(self) -> str:
        """Puts the rule of the last line below the chunk above it. Returns it when it is first in its section."""
        rule, self.rule = self.rule, ""
        if rule:
            self.set_apart = not self.set_apart
            if self.chunks and self.chunks[-1].heading_lines == self.heading_lines:
                self.chunks[-1].text += RULED + rule
                return ""
        return rule

    def _close(self) -> None:
        """Ends the block and keeps it as one chunk, or as several when it is too long."""
        self.after_blank = False
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
        pieces = parts_of(block) if too_long(text) else ((0, text),)
        goes_on = False
        for offset, piece in pieces:
            piece = piece.strip("\n")
            lead = _lead(piece) if self.kind == "text" else ""
            chunk = RawChunk(piece, self.headings, self.heading_lines, self.kind, lead, start + offset)
            chunk.goes_on, goes_on = goes_on, True
            self.chunks.append(chunk)


def _number_sections(chunks: list[RawChunk]) -> None:
    """Sets `section`: chunks under one top-level heading (below the title, where the file has one) share a number.

    A block under no such heading is a section of its own. Numbers rise by one between paragraphs of a text
    without headings and between turns of a conversation (under a speaker's name, or a heading that comes again in the
    file), and by `SECTION_STEP` to and from a section with a heading of its own: that one is about something else.
    """
    titles = {chunk.heading_lines[0] for chunk in chunks if chunk.heading_lines}
    depth = 1 if len(titles) == 1 else 0
    names_by_line = {
        chunk.heading_lines[depth]: chunk.headings[depth].strip("# :").lower()
        for chunk in chunks
        if len(chunk.heading_lines) > depth
    }
    times: dict[str, int] = {}
    for name in names_by_line.values():
        times[name] = times.get(name, 0) + 1
    number = 0
    last = 0
    alone = False
    for chunk in chunks:
        line = chunk.heading_lines[depth] if len(chunk.heading_lines) > depth else 0
        if (not line or line != last) and not chunk.goes_on:
            has_own_heading = (
                line != 0 and times[names_by_line[line]] == 1 and names_by_line[line] not in _SPEAKERS
            )
            number += SECTION_STEP if has_own_heading or alone else 1
            last, alone = line, has_own_heading
        chunk.section = number


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
    return terms(" ".join(naming_headings(headings)))


def naming_headings(headings: tuple[str, ...]) -> tuple[str, ...]:
    """The headings above a chunk that say what it is about: the two innermost, `<summary>` tags removed."""
    return tuple(
        [
            heading.partition(">")[2].rpartition("<")[0] if heading[:1] == "<" else heading
            for heading in headings[-2:]
        ]
    )
