"""The front matter of a Markdown file: the part of YAML that people write there, read line by line without a YAML library.

    ---
    name: never-squash          # a comment
    tags: [git, "pull requests",
      changelog]
    description: >-
      Squash merging breaks
      the changelog generator
    metadata:
      type: feedback
    ---

gives `name`, `tags` ("git, pull requests, changelog"), `description` (one line) and `metadata.type`. Lines between two
`---` that are not all `key: value` are text between two rules, and no front matter.
"""

from __future__ import annotations

#: Lines and characters that are looked at for the closing `---`.
MOST_LINES, MOST_CHARACTERS = 400, 64_000
_LONGEST_KEY = 60


class FrontMatter:
    """`fields`: values by key as written, lists joined by ", "; `body`: the offset where the text after it starts;
    `lines`: the line of each key, from 1; `problems`: (line, what could not be read)."""

    __slots__ = ("body", "fields", "lines", "problems")

    def __init__(self, body: int) -> None:
        self.fields: dict[str, str] = {}
        self.lines: dict[str, int] = {}
        self.problems: list[tuple[int, str]] = []
        self.body = body

    def get(self, key: str) -> str:
        """The value of a key in any case, "" where there is none."""
        if key in self.fields:
            return self.fields[key]
        return next((value for name, value in self.fields.items() if name.lower() == key), "")

    def line(self, key: str) -> int:
        """The line of a key (in any case), 1 where there is none."""
        return next((number for name, number in self.lines.items() if name.lower() == key), 1)


def read_front_matter(text: str, *, lenient: bool = False) -> FrontMatter:
    """The front matter of a text. `body` is 0, or 1 past a byte order mark, where there is none.

    `lenient`: lines that are no front matter are passed by, for a file that must have some (an agent's).
    """
    start = 1 if text[:1] == "\ufeff" else 0
    none = FrontMatter(start)
    first = text.find("\n", start)
    if first < 0 or text[start:first].rstrip() != "---":
        return none
    lines: list[str] = []
    offset = first + 1
    closed = False
    while offset < len(text) and len(lines) < MOST_LINES and offset < MOST_CHARACTERS:
        end = text.find("\n", offset)
        end = len(text) if end < 0 else end
        line = text[offset:end].rstrip()
        offset = min(end + 1, len(text))
        if line in ("---", "..."):
            closed = True
            break
        lines.append(line)
    if not closed:
        if lines and _key(lines[0]):
            none.problems.append((1, "front matter without a closing `---` line: it is read as text"))
        return none
    matter = _Reader(lines, lenient).run()
    if matter is None:
        return none
    matter.body = offset
    return matter


class _Reader:
    """One pass over the lines between the two rules."""

    def __init__(self, lines: list[str], lenient: bool) -> None:
        self.lines = lines
        self.lenient = lenient
        self.at = 0
        self.key = ""  # what a line further in belongs to
        self.parent = ""  # the key above nested ones
        self.matter = FrontMatter(0)

    def run(self) -> FrontMatter | None:
        """What the lines say; None where one of them is no front matter."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            bare = line.strip()
            if bare and bare[0] != "#" and not self._line(line, bare) and not self.lenient:
                return None
        return self.matter if self.lenient or self._is_front_matter() else None

    def _line(self, line: str, bare: str) -> bool:
        """Take in one line. False where it is no front matter."""
        if bare == "-" or bare[:2] in ("- ", "-\t"):
            if self.key:
                self._join(self.key, _scalar(bare[1:])[0], ", ")
            return self.key != ""
        name = _key(bare)
        if line[0] in " \t":
            if name and self.parent:
                self.key = f"{self.parent}.{name}"
                self._take(self.key, bare[len(name) + 1 :])
            elif self.key or self.parent:
                self._join(self.key or self.parent, _scalar(bare)[0], " ")
            return self.key != ""
        if not name:
            return False
        quotes = 2 if bare[0] in "\"'" else 0
        value = bare[len(name) + quotes :].partition(":")[2].strip()
        self.key = name
        self.parent = "" if value and value[0] != "#" else name
        self._take(name, value)
        return True

    def _take(self, key: str, value: str) -> None:
        """Keep the value that starts on the line just read."""
        number = self.at + 1
        value = value.strip()
        self.matter.lines.setdefault(key, number)
        if value[:1] in (">", "|") and not value.split("#")[0].strip(">|+-0123456789 "):
            self._put(key, self._block(" " if value[0] == ">" else "\n"))
        elif value[:1] == "[":
            self._put(key, self._list(value, number))
        else:
            text, is_complete = _scalar(value)
            if not is_complete:
                text = self._quoted(value, number)
            self._put(key, text)

    def _put(self, key: str, value: str) -> None:
        self.matter.fields[key] = value

    def _join(self, key: str, value: str, between: str) -> None:
        before = self.matter.fields.get(key, "")
        self.matter.fields[key] = f"{before}{between}{value}" if before else value

    def _block(self, between: str) -> str:
        """A folded (`>`) or literal (`|`) text: the lines further in."""
        block_lines = []
        while self.at < len(self.lines) and (not self.lines[self.at] or self.lines[self.at][0] in " \t"):
            block_lines.append(self.lines[self.at].strip())
            self.at += 1
        return between.join(line for line in block_lines if line)

    def _list(self, value: str, number: int) -> str:
        """`[a, "b, c", d]`, on one line or several."""
        while not _closed(value):
            if self.at == len(self.lines) or (
                _key(self.lines[self.at]) and self.lines[self.at][0] not in " \t"
            ):
                self.matter.problems.append((number, "a list that opens with `[` and is never closed"))
                return ", ".join(_items(value[1:]))
            value += " " + self.lines[self.at].strip()
            self.at += 1
        return ", ".join(_items(value[1 : value.rindex("]")]))

    def _quoted(self, value: str, number: int) -> str:
        """A quoted text that goes on in the next lines."""
        while self.at < len(self.lines):
            if self.lines[self.at][:1] not in (" ", "\t", ""):
                break
            value += " " + self.lines[self.at].strip()
            self.at += 1
            text, is_complete = _scalar(value)
            if is_complete:
                return text
        self.matter.problems.append((number, "a quote that is never closed"))
        return value[1:]

    def _is_front_matter(self) -> bool:
        """Whether this is data: `Note: retry it.` alone between two rules is a sentence."""
        fields = self.matter.fields
        if len(fields) != 1:
            return bool(fields) or not any(self.lines)
        ((key, value),) = fields.items()
        return not (key[:1].isupper() and value[-1:] in ".!?" and " " in value)


def _key(line: str) -> str:
    """The key that a line starts with, "" for none: `a: b`, `a:`, `"a": b`; `http://x` has none."""
    line = line.strip()
    if line[:1] in ('"', "'"):
        end = line.find(line[0], 1)
        return line[1:end] if end > 1 and line[end + 1 : end + 2] == ":" else ""
    name, colon, after = line.partition(":")
    if not colon or (after and after[0] not in " \t") or not name or len(name) > _LONGEST_KEY:
        return ""
    if not (name[0].isalpha() or name[0] == "_") or name.count(" ") > 2:
        return ""
    return name.rstrip() if all(sign.isalnum() or sign in "_-. /$" for sign in name) else ""


def _scalar(value: str) -> tuple[str, bool]:
    """A plain or quoted value without its comment; False where its quote is not closed."""
    value = value.strip()
    if value[:1] in ('"', "'"):
        end = _quote_end(value)
        if end < 0:
            return value, False
        inner = value[1:end]
        return (inner.replace("''", "'") if value[0] == "'" else _unescaped(inner)), True
    if value[:1] == "#":
        return "", True
    comment = value.find(" #")
    if comment < 0:
        comment = value.find("\t#")
    return (value[:comment].rstrip() if comment >= 0 else value), True


def _quote_end(value: str) -> int:
    """Where the quote that a value opens with is closed, -1 for nowhere."""
    quote = value[0]
    at = 1
    while at < len(value):
        if quote == '"' and value[at] == "\\":
            at += 2
            continue
        if value[at] == quote:
            if quote == "'" and value[at + 1 : at + 2] == "'":
                at += 2
                continue
            return at
        at += 1
    return -1


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return text.replace('\\"', '"').replace("\\n", " ").replace("\\t", " ").replace("\\\\", "\\")


def _closed(value: str) -> bool:
    """Whether a `[` list has its `]`, quotes counted as text."""
    depth = 0
    at = 0
    while at < len(value):
        sign = value[at]
        if sign in "\"'" and (at == 0 or value[at - 1] in "[, \t"):
            end = _quote_end(value[at:])
            if end < 0:
                return False
            at += end
        elif sign == "[":
            depth += 1
        elif sign == "]":
            depth -= 1
            if depth == 0:
                return True
        at += 1
    return False


def _items(text: str) -> list[str]:
    """The items of a list between its brackets."""
    items = []
    at = start = 0
    while at <= len(text):
        if at == len(text) or text[at] == ",":
            items.append(_scalar(text[start:at])[0].strip("[] "))
            start = at + 1
        elif text[at] in "\"'" and not text[start:at].strip():
            end = _quote_end(text[at:])
            at += max(end, 0)
        at += 1
    return [item for item in items if item]
