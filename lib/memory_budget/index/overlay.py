"""Files that changed after the index was brought up to date, parsed on the spot for one agent's start.

An agent that starts right after an edit gets the edited text. What an unchanged chunk costs is known from the index
(by its text); the rest is counted by an upper bound, so that no tokenizer stands in the agent's way. The index itself is
brought up to date by a background process.
"""

from __future__ import annotations

import os

from memory_budget import chunks as markdown
from memory_budget import rendering, terms
from memory_budget.index.reader import OVERLAY_BASE, IndexedFile, ordinal
from memory_budget.project import read_bytes
from memory_budget.sources import fence, locate, within
from memory_budget.tokens import upper_bound
from memory_budget.units import Chunk, Heading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from memory_budget.index.reader import Group, IndexReader, MemoryView, Posting
    from memory_budget.project import Project
    from memory_budget.sources import Found, Sources

#: Bytes of changed files that are parsed while an agent waits; what is beyond waits for the index.
PARSE_LIMIT = 200_000
#: Files whose time of change is looked at while an agent waits, last changed first.
STAT_LIMIT = 600


class Changes:
    """What differs on disk: `found` new or changed files in view, `masked` ids of files gone or changed, and whether
    the index needs an update (`stale`)."""

    __slots__ = ("found", "masked", "stale")

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.masked: set[int] = set()
        self.stale = False


def changes(project: Project, reader: IndexReader, groups: Sequence[Group], sources: Callable[[], Sources]) -> Changes:
    """Compare the files an agent may get with what the index knows: one stat call a folder and file.

    Folders tell what came and went; files are looked at one by one up to `STAT_LIMIT`, the last changed first.
    """
    result = Changes()
    marks = ",".join("?" * len(groups))
    ids = [group.id for group in groups]
    folders: list[str] = []
    for path, mtime_ns in reader.db.execute(
        f"SELECT path, mtime_ns FROM folders WHERE grp=0 OR grp IN ({marks})", ids
    ):
        try:
            same = os.stat(locate(project, path)).st_mtime_ns == mtime_ns
        except OSError:
            same = False
        if not same:
            folders.append(path)
    missing: set[str] = set()
    for number, path, size, mtime_ns in reader.db.execute(
        f"SELECT id, path, size, mtime_ns FROM files WHERE grp IN ({marks}) ORDER BY mtime_ns DESC LIMIT {STAT_LIMIT}",
        ids,
    ):
        try:
            status = os.stat(locate(project, path))
        except OSError:
            result.masked.add(number)
            missing.add(path)
            continue
        if status.st_size != size or status.st_mtime_ns != mtime_ns:
            result.masked.add(number)
            missing.add(path)
    result.stale = bool(folders or missing)
    if result.stale:
        _look_again(project, reader, groups, sources(), folders, missing, result)
    return result


def _look_again(
    project: Project,
    reader: IndexReader,
    groups: Sequence[Group],
    sources: Sources,
    folders: Iterable[str],
    paths: set[str],
    result: Changes,
) -> None:
    """Find the changed files and those that are new in changed folders, as far as this agent may have them."""
    from memory_budget.sources import Found, Scan, _walk

    owners = {(group.scope, group.owner, group.category, group.native) for group in groups}
    known = {path for (path,) in reader.db.execute("SELECT path FROM folders")}
    candidates = dict.fromkeys(paths)
    for folder in folders:
        try:
            with os.scandir(locate(project, folder)) as entries:
                listed = [(entry.name, entry.is_dir()) for entry in entries]
        except OSError:
            continue
        for name, is_folder in sorted(listed):
            path = folder + "/" + name
            if is_folder:
                if path not in known:
                    below = Scan()
                    _walk(project, sources, path, fence(project, path), below, set())
                    candidates.update(dict.fromkeys(found.path for found in below.files))
            elif name.lower().endswith(".md"):
                candidates.setdefault(path)
    for path in sorted(candidates):
        place = sources.place(path)
        if place is None or (place.scope != "global" and place.key not in owners):
            continue
        row = reader.db.execute("SELECT id, size, mtime_ns FROM files WHERE path=?", (path,)).fetchone()
        try:
            real = os.path.realpath(locate(project, path))
            status = os.stat(real)
        except OSError:
            continue
        if not within(real, fence(project, path)):
            continue
        if row is not None and (row[1], row[2]) == (status.st_size, status.st_mtime_ns) and row[0] not in result.masked:
            continue
        if row is not None:
            result.masked.add(row[0])
        result.found.append(Found(path, real, place, status.st_size, status.st_mtime_ns))


class Overlay:
    """Changed files as the selection sees them. `tokens`: what they add to the memory in scope;
    `bytes`: of the files that were read."""

    def __init__(self, view: MemoryView, found: Changes, native: str = "") -> None:
        self.masked = found.masked
        self.tokens = 0
        self._view = view
        self._native = native
        self._chunks: dict[int, Chunk] = {}
        self._texts: dict[int, str] = {}
        self._files: dict[int, IndexedFile] = {}
        self._headings: dict[int, Heading] = {}
        self._chunk_lists: dict[str, list[tuple[int, int]]] = {}
        self._file_lists: dict[str, list[tuple[int, int]]] = {}
        self._next = OVERLAY_BASE
        self.bytes = 0
        for file in found.found:
            if self.bytes + file.size <= PARSE_LIMIT:
                self.bytes += file.size
                self._read(file)

    def _read(self, found: Found) -> None:
        try:
            data = read_bytes(found.real, PARSE_LIMIT)
        except OSError:
            return
        if b"\0" in data[:8192]:
            return
        text = data.decode("utf-8", "replace").replace("\r\n", "\n")
        matter, body_at = markdown.front_matter(text)
        number = self._next
        self._next += 1
        group = next(
            (g for g in self._view.group_by_id.values()
             if (g.scope, g.owner, g.category, g.native) == found.place.key), None
        )  # fmt: skip
        known = self._known_costs(found.path)
        counts: dict[str, int] = {}
        first = self._next
        length = tokens = 0
        headings: dict[tuple[int, str], int] = {}
        sections: dict[int, list[Chunk]] = {}
        native = bool(self._native) and found.place.native == self._native and found.path.endswith("/MEMORY.md")
        for raw in markdown.split(text[body_at:], 1 + text.count("\n", 0, body_at)):
            own = []
            for key in zip(raw.heading_lines, raw.headings, strict=True):
                if key not in headings:
                    headings[key] = self._next
                    shown = rendering.neutral(key[1])
                    self._headings[self._next] = Heading(self._next, shown, upper_bound(shown + "\n\n"))
                    self._next += 1
                own.append(headings[key])
            shown = rendering.neutral(raw.text)
            hash_ = markdown.folded_hash(shown)
            hash_ -= (hash_ >> 63) << 64
            cost = known.get(shown)
            if cost is None:
                cost = upper_bound(shown + "\n\n")
            found_terms = terms.terms(shown)
            all_terms = found_terms + markdown.heading_terms(raw.headings)
            tokens += cost
            length += len(found_terms)
            if native and raw.line <= 200:
                continue
            chunk = Chunk(
                self._next, number, found.place.scope, cost, len(found_terms), tuple(own), raw.kind, raw.lead,
                hash_, 0, raw.line, first + raw.section,
            )  # fmt: skip
            sections.setdefault(raw.section, []).append(chunk)
            self._chunks[self._next] = chunk
            self._texts[self._next] = shown
            own_counts: dict[str, int] = {}
            for term in all_terms:
                own_counts[term] = own_counts.get(term, 0) + 1
            for term, frequency in own_counts.items():
                self._chunk_lists.setdefault(term, []).append(
                    (self._next, min(frequency, 65535) << 16 | min(len(found_terms), 65535))
                )
                counts[term] = counts.get(term, 0) + frequency
            self._next += 1
        for section in sections.values():
            size = sum(chunk.tokens for chunk in section)
            for chunk in section:
                chunk.section_tokens = size
        for term in terms.terms(found.path):
            counts[term] = counts.get(term, 0) + 1
        for term, frequency in counts.items():
            self._file_lists.setdefault(term, []).append((number, min(frequency, 65535) << 16 | min(length, 65535)))
        self.tokens += tokens
        entry = IndexedFile(
            number, found.path, found.place.scope, group.id if group else 0, tokens,
            upper_bound(rendering.file_line(found.path)), 0, ordinal(found.mtime_ns), 0, 0, -1.0,
            matter.get("always", "").lower() in ("true", "yes", "on", "1"), length,
        )  # fmt: skip
        entry.expires, entry.first, entry.last, entry.native = 0, first, self._next - 1, False
        self._files[number] = entry
        self._next += 3

    def _known_costs(self, path: str) -> dict[str, int]:
        """What the chunks cost that the index has of this file, by their text."""
        return dict(
            self._view.db.execute(
                "SELECT t.text, c.tokens FROM files f JOIN chunks c ON c.id BETWEEN f.first AND f.last "
                "JOIN texts t ON t.id = c.id WHERE f.path=?",
                (path,),
            )
        )

    def postings(self, term: str) -> tuple[Posting, Posting] | None:
        own = self._file_lists.get(term)
        if own is None:
            return None
        return _columns(self._chunk_lists.get(term, [])), _columns(own)

    def chunk(self, number: int) -> Chunk | None:
        return self._chunks.get(number)

    def file(self, number: int) -> IndexedFile | None:
        return self._files.get(number)

    def heading(self, number: int) -> Heading:
        return self._headings[number]

    def text(self, number: int) -> str:
        return self._texts[number]

    def all_chunks(self) -> Iterator[int]:
        return iter(self._chunks)

    def pinned(self) -> Iterator[int]:
        return (number for number, chunk in self._chunks.items() if self._files[chunk.file].always)


def _columns(pairs: list[tuple[int, int]]) -> Posting:
    from array import array

    return memoryview(array("I", [pair[0] for pair in pairs])), memoryview(array("I", [pair[1] for pair in pairs]))


