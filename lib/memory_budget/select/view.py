"""What the selection asks of the index: a protocol, so that tests can give it memory without a database."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Protocol

    from memory_budget.index.records import Chunk, File, Heading, Row

    class View(Protocol):
        """What one agent may see of the index."""

        @property
        def chunk_count(self) -> int: ...
        @property
        def file_count(self) -> int: ...
        @property
        def mean_chunk_terms(self) -> float: ...
        @property
        def mean_file_terms(self) -> float: ...
        @property
        def scoped_tokens(self) -> int: ...

        def load(self, terms: Iterable[str]) -> None:
            """Fetch what these terms need, all at once."""

        def counts(self, term: str) -> list[int]:
            """How many chunks and how many files hold the term, however many `holders` returns."""

        def holders(self, term: str, limit: int) -> list[list[int]]:
            """Per group: at most `limit` chunks that hold the term, best first when there are many."""

        def file_postings(self, term: str) -> list[tuple[list[int], list[int]]]:
            """Per group: the files that hold the term, and `tf << 16 | length in terms` of each; the highest bit is set
            where it stands in what the note says it is about."""

        def pages(self, ids: Iterable[int]) -> Mapping[int, tuple[int, int]]:
            """The page that each of these chunks is kept in, with how many chunks it holds."""

        def rows(self, *, pages: Collection[int] | None = None) -> list[Row]:
            """The chunks of these pages, or all of them, as plain tuples."""

        def files(self, ids: Iterable[int]) -> Mapping[int, File]: ...

        def headings(self) -> Mapping[int, Heading]:
            """The heading lines above the chunks that were read, by id; there may be more."""

        def latest(self, limit: int) -> list[Chunk]:
            """Chunks of the newest and most used files."""

        def pinned(self) -> list[Chunk]:
            """Chunks of files with `always: true`."""

        def texts(self, chunks: Collection[Chunk]) -> Mapping[int, bytes]:
            """What the chunks say in UTF-8, by id."""

        def telling(self, terms: Collection[str]) -> Mapping[str, float]:
            """How telling these terms are in general, see `text.thesaurus`; those that tell most are missing."""

        def synonyms(self, term: str) -> list[tuple[str, float]]:
            """Index terms of like meaning with their similarity, 0 to 1."""
