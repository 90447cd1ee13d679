"""The posting lists of a large index that is made anew, by numpy: as `posting_lists` makes them, in a quarter of the time.

Terms come as numbers (`vocabulary`), in the order of the text. Of a group that is complete they are sorted, and
what stands together then is a posting. Much more than fits in memory is laid aside in a file, and sorted in parts, each from
one term to another. When too many terms are known, what open groups hold is laid aside sorted, and numbers begin anew.
"""

from __future__ import annotations

from array import array
from heapq import merge
from itertools import chain, islice, pairwise, repeat
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from memory_budget.index import postings
from memory_budget.index.vocabulary import SIZE, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from sqlite3 import Connection
    from typing import TypeVar

    from numpy.typing import NDArray

    Numbers = NDArray[np.uint32]
    Keys = NDArray[np.uint64]
    Places = NDArray[np.intp]
    Number = TypeVar("Number", np.uint32, np.uint64)

#: Occurrences of terms held in memory before they are laid aside (about 1 MB), and sorted at once (about 10 MB).
HELD = 200_000
PART = 100_000
#: Terms past which numbers begin anew: about 25 MB.
KNOWN = 150_000
#: Bytes of terms read at once.
_BLOCK = 1 << 16
_MOST = 65535
_NOTHING = bytearray()


class _Extent(NamedTuple):
    """Where occurrences are laid aside: bytes from the start of the file, how many, and their first text and the one after
    their last."""

    offset: int
    size: int
    first: int
    after: int


class _Epoch(NamedTuple):
    """What a group holds by numbers that are out of use: how often each of its terms occurs, in their order, where these are
    laid aside (bytes from the start of the file, how many), and its occurrences in runs of sorted keys (the same, keys)."""

    counts: Places
    terms: tuple[int, int]
    runs: list[tuple[int, int]]


class _Group:
    """What is held of a group. Its texts are chunks and, behind those of a file, the file's path, which has number 0."""

    __slots__ = (
        "aside",
        "epochs",
        "file_lengths",
        "file_numbers",
        "files",
        "first",
        "lengths",
        "numbers",
        "occurrences",
        "sizes",
    )

    def __init__(self) -> None:
        self.occurrences = bytearray()  # numbers of terms, text by text
        self.sizes = array("I")  # how many of them each text has
        self.numbers = array("I")  # of chunks
        self.lengths = array("I")
        self.files = array("I")  # the file of each text, from 0
        self.file_numbers = array("I")
        self.file_lengths = array("I")
        self.aside: list[_Extent] = []
        self.epochs: list[_Epoch] = []
        self.first = 0  # the first text whose occurrences are held in memory


class BulkLists:
    """Takes what `PostingLists` takes, for an index in which nothing stands yet, with numbers for terms. `folder`: for what
    is laid aside. `words` makes the terms it takes; after `relieve` it may be another one."""

    def __init__(self, db: Connection, folder: str) -> None:
        self.words = Vocabulary()
        self._db = db
        self._groups: dict[int, _Group] = {}
        self._held = 0
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - it has no name, and goes with this object

    def add_chunks(self, group: int, first: int, found: Sequence[bytes], names: Sequence[bytes]) -> None:
        """Chunks numbered from `first` with the terms of their texts, repeats kept, and of the headings above them."""
        self._add(group, range(first, first + len(found)), found, names)

    def _add(
        self, group: int, numbers: Sequence[int], found: Sequence[bytes], names: Sequence[bytes]
    ) -> _Group:
        own = self._groups.get(group)
        if own is None:
            own = self._groups[group] = _Group()
        before = len(own.occurrences)
        own.occurrences += b"".join(chain.from_iterable(zip(found, names, strict=True)))
        self._held += (len(own.occurrences) - before) // SIZE
        lengths = [len(text) // SIZE for text in found]
        own.lengths.extend([min(length, _MOST) for length in lengths])
        own.sizes.extend([length + len(text) // SIZE for length, text in zip(lengths, names, strict=True)])
        own.numbers.extend(numbers)
        own.files.extend(repeat(len(own.file_numbers), len(lengths)))
        return own

    def add_file(self, group: int, number: int, length: int, path: str) -> None:
        """The file of the chunks added last: its terms are theirs and those of its path."""
        own = self._add(group, (0,), (b"",), (self.words.of(path),))
        own.file_numbers.append(number)
        own.file_lengths.append(min(length, _MOST))

    def relieve(self) -> None:
        """Lay aside what is held when that is much. To be called every megabyte of text or so."""
        if len(self.words.terms) > KNOWN:
            for own in self._groups.values():
                self._close(own)
            self.words = Vocabulary()
            self._held = 0
        if self._held <= HELD:
            return
        for own in self._groups.values():
            if own.occurrences:
                offset = self._lay(own.occurrences)
                own.aside.append(_Extent(offset, len(own.occurrences) // SIZE, own.first, len(own.sizes)))
                own.first = len(own.sizes)
                own.occurrences.clear()
        self._held = 0

    def complete(self, group: int) -> None:
        """No more files of this group will come."""
        own = self._groups.pop(group, None)
        if own is not None:
            self._held -= len(own.occurrences) // SIZE
            self._write(group, own)
            if not any(other.aside or other.epochs for other in self._groups.values()):
                self._file.truncate(0)

    def finish(self) -> None:
        """Write what is not written yet."""
        for group in sorted(self._groups):
            self.complete(group)
        self._file.close()

    def _write(self, group: int, own: _Group) -> None:
        """The lists of a group, in the order of its terms."""
        if own.epochs:
            self._close(own)
            self._write_epochs(group, own)
            return
        terms, counts, ranks = self._ranked(own)
        bounds = _bounds(counts)
        if len(bounds) == 2:
            parts = iter([[_keys(own, ranks, *run) for run in self._occurrences(own)]])
        else:
            parts = self._parts(own, ranks, bounds)
        self._write_parts(group, own, bounds, iter(terms), parts)

    def _write_parts(
        self,
        group: int,
        own: _Group,
        bounds: Sequence[int],
        terms: Iterator[str],
        parts: Iterator[list[Keys]],
    ) -> None:
        """The lists of a group from each bound to the next: `parts` are their keys, `terms` all terms in order."""
        for (low, high), part in zip(pairwise(bounds), parts, strict=True):
            keys = np.concatenate(part)
            keys.sort()
            keys -= np.uint64(low << 32)
            self._write_part(group, own, list(islice(terms, high - low)), keys)

    def _ranked(self, own: _Group) -> tuple[list[str], Places, Numbers]:
        """The terms of a group in order, how often they occur, and for each number the rank."""
        known = self.words.terms
        counts = np.zeros(len(known), np.intp)
        for occurrences, _, _ in self._occurrences(own):
            counts += np.bincount(occurrences, minlength=len(known))
        numbers = sorted(np.flatnonzero(counts).tolist(), key=known.__getitem__)
        ranks = np.empty(len(known), np.uint32)
        ranks[numbers] = np.arange(len(numbers))
        return [known[number] for number in numbers], counts[numbers], ranks

    def _close(self, own: _Group) -> None:
        """Lay aside what a group holds by the numbers in use."""
        if not own.aside and not own.occurrences:
            return
        terms, counts, ranks = self._ranked(own)
        runs = [(self._lay(keys.tobytes()), len(keys)) for keys in self._runs(own, ranks)]
        said = "\n".join(terms).encode()
        own.epochs.append(_Epoch(counts, (self._lay(said), len(said)), runs))
        own.occurrences.clear()
        own.aside.clear()
        own.first = len(own.sizes)

    def _lay(self, data: bytes | bytearray) -> int:
        """Lay bytes aside. Returns where."""
        offset = self._file.seek(0, 2)
        self._file.write(data)
        return offset

    def _runs(self, own: _Group, ranks: Numbers) -> Iterator[Keys]:
        """All occurrences of a group as sorted keys, many at a time."""
        for run in self._occurrences(own):
            keys = _keys(own, ranks, *run)
            keys.sort()
            yield keys

    def _write_epochs(self, group: int, own: _Group) -> None:
        """The lists of a group with terms by numbers of several vocabularies, each in the same order."""
        places = [array("I") for _ in own.epochs]
        size = 0
        for at, fresh, _ in self._merged(own):
            size += fresh
            places[at].append(size - 1)
        ranks = [np.frombuffer(place, np.uint32) for place in places]
        counts = np.zeros(size, np.intp)
        for epoch, above in zip(own.epochs, ranks, strict=True):
            counts[above] += epoch.counts
        bounds = _bounds(counts)
        terms = (term for _, fresh, term in self._merged(own) if fresh)
        self._write_parts(group, own, bounds, terms, self._parts_of_epochs(own, ranks, bounds))

    def _parts_of_epochs(
        self, own: _Group, ranks: Sequence[Numbers], bounds: Sequence[int]
    ) -> Iterator[list[Keys]]:
        """What `_parts` gives, of epochs whose terms have these ranks among all."""
        runs = []
        for epoch, above in zip(own.epochs, ranks, strict=True):
            within = np.searchsorted(above, bounds)
            for offset, length in epoch.runs:
                runs.append((offset, _cuts(self._read(offset, length, np.uint64), within), above))
        for at in range(len(bounds) - 1):
            part = []
            for offset, cuts, above in runs:
                keys = self._slice(offset, cuts, at)
                rank = above[keys >> np.uint64(32)].astype(np.uint64)
                part.append(rank << np.uint64(32) | keys & np.uint64(0xFFFFFFFF))
            yield part

    def _slice(self, offset: int, cuts: Sequence[int], at: int) -> Keys:
        """The keys of a run laid aside from one cut to the next."""
        return self._read(offset + 8 * cuts[at], cuts[at + 1] - cuts[at], np.uint64)

    def _merged(self, own: _Group) -> Iterator[tuple[int, bool, str]]:
        """The terms of all epochs in order: which epoch, whether it is the first that has this term, the term."""
        last = ""
        for term, at in merge(*[self._said(epoch, at) for at, epoch in enumerate(own.epochs)]):
            yield at, term != last, term
            last = term

    def _said(self, epoch: _Epoch, at: int) -> Iterator[tuple[str, int]]:
        """The terms of an epoch, with its place."""
        offset, size = epoch.terms
        rest = b""
        for start in range(offset, offset + size, _BLOCK):
            self._file.seek(start)
            *lines, rest = (rest + self._file.read(min(_BLOCK, offset + size - start))).split(b"\n")
            for line in lines:
                yield line.decode(), at
        yield rest.decode(), at

    def _occurrences(self, own: _Group) -> Iterator[tuple[Numbers, int, int]]:
        """All occurrences of a group, many at a time, and the texts they are of."""
        waiting: list[_Extent] = []
        size = 0
        for extent in own.aside:
            waiting.append(extent)
            size += extent.size
            if size >= PART:
                yield self._laid(waiting)
                waiting, size = [], 0
        if waiting:
            yield self._laid(waiting)
        if own.occurrences:
            yield np.frombuffer(own.occurrences, np.uint32), own.first, len(own.sizes)

    def _laid(self, extents: Sequence[_Extent]) -> tuple[Numbers, int, int]:
        """What neighbouring extents hold."""
        parts = [self._read(extent.offset, extent.size, np.uint32) for extent in extents]
        return np.concatenate(parts), extents[0].first, extents[-1].after

    def _read(self, offset: int, size: int, kind: type[Number]) -> NDArray[Number]:
        """So many numbers from so many bytes behind the start of the file."""
        self._file.seek(offset)
        return np.frombuffer(self._file.read(size * np.dtype(kind).itemsize), kind)

    def _parts(self, own: _Group, ranks: Numbers, bounds: Sequence[int]) -> Iterator[list[Keys]]:
        """The keys of a group from each bound to the next. Every run of occurrences is sorted by itself and laid aside, for
        each part to take its own from it: the time grows with the occurrences, not with their square."""
        start = self._file.seek(0, 2)
        runs = []
        for keys in self._runs(own, ranks):
            runs.append((self._lay(keys.tobytes()), _cuts(keys, bounds)))
        for at in range(len(bounds) - 1):
            yield [self._slice(offset, cuts, at) for offset, cuts in runs]
        self._file.truncate(start)

    def _write_part(self, group: int, own: _Group, terms: Sequence[str], keys: Keys) -> None:
        starts = _changes(keys)
        times = np.diff(starts, append=len(keys))
        first = keys[starts]
        ranks, texts = (first >> np.uint64(32)).astype(np.intp), first.astype(np.uint32)
        files = np.frombuffer(own.files, np.uint32)[texts]
        of_files = _changes(ranks.astype(np.uint64) << np.uint64(32) | files)
        numbers = np.frombuffer(own.numbers, np.uint32)[texts]
        of_chunks = np.flatnonzero(numbers)
        chunk_lists = _Packed(
            len(terms),
            ranks[of_chunks],
            numbers[of_chunks],
            _payloads(times[of_chunks], np.frombuffer(own.lengths, np.uint32)[texts[of_chunks]]),
            ranked=True,
        )
        named = files[of_files]
        file_lists = _Packed(
            len(terms),
            ranks[of_files],
            np.frombuffer(own.file_numbers, np.uint32)[named],
            _payloads(np.add.reduceat(times, of_files), np.frombuffer(own.file_lengths, np.uint32)[named]),
            ranked=False,
        )
        self._db.executemany(
            "INSERT INTO postings VALUES(?,?,?,?,?,?,?,?)",
            zip(
                repeat(group),
                terms,
                chunk_lists.counts,
                file_lists.counts,
                chunk_lists.heads,
                file_lists.heads,
                chunk_lists.rests,
                file_lists.rests,
                strict=False,
            ),
        )


def _bounds(counts: Places) -> list[int]:
    """Ranks of terms, from 0 to the end, with about `PART` occurrences between one and the next."""
    bounds = [0]
    totals = np.cumsum(counts)
    while bounds[-1] < len(counts):
        low = bounds[-1]
        before = totals[low - 1] if low else 0
        bounds.append(max(low + 1, int(np.searchsorted(totals, before + PART, "right"))))
    return bounds


def _keys(own: _Group, ranks: Numbers, occurrences: Numbers, first: int, after: int) -> Keys:
    """Occurrences of terms in texts from `first` to the one before `after`, as rank << 32 | text."""
    sizes = np.frombuffer(own.sizes, np.uint32)[first:after]
    keys = ranks[occurrences].astype(np.uint64)
    keys <<= np.uint64(32)
    keys |= np.repeat(np.arange(first, after, dtype=np.uint32), sizes)
    return keys


def _cuts(keys: Keys, ranks: Sequence[int] | Places) -> list[int]:
    """Where the keys of each of these ranks begin, in sorted keys."""
    cuts: list[int] = np.searchsorted(keys, np.array(ranks, np.uint64) << np.uint64(32)).tolist()
    return cuts


def _changes(keys: Keys) -> Places:
    """Where another key begins."""
    return np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))


def _payloads(times: Places, lengths: Numbers) -> Numbers:
    """See `postings`."""
    payloads: Numbers = np.minimum(times, _MOST).astype(np.uint32) << np.uint32(16) | lengths
    return payloads


class _Packed:
    """Lists as `postings.pack` makes them, one for each term: how many postings, the head, and the rest."""

    def __init__(self, terms: int, ranks: Places, numbers: Numbers, payloads: Numbers, ranked: bool) -> None:
        counts = np.bincount(ranks, minlength=terms)
        ends = np.cumsum(counts)
        starts = ends - counts
        rests = dict[int, bytearray]()
        for term in np.flatnonzero(counts > (postings.UNSORTED if ranked else postings.HEAD)).tolist():
            part = slice(starts[term], ends[term])
            own, worth = numbers[part], _impacts(payloads[part])
            order = np.argsort(-worth, kind="stable")
            head, rest = order[: postings.HEAD], order[postings.HEAD :]
            if not ranked:
                head.sort()
            rest.sort()
            numbers[part], payloads[part] = own[order], payloads[part][order]
            if len(rest):
                cut = slice(starts[term] + postings.HEAD, ends[term])
                rests[term] = bytearray(numbers[cut].tobytes() + payloads[cut].tobytes())
        # Numbers and payloads list by list: n numbers, n payloads.
        heads = np.minimum(counts, postings.HEAD)
        if rests:
            kept = np.arange(len(ranks)) - starts[ranks] < postings.HEAD
            ranks, numbers, payloads = ranks[kept], numbers[kept], payloads[kept]
            ends = np.cumsum(heads)
            starts = ends - heads
        places = np.arange(len(ranks))
        laid = np.empty(2 * len(ranks), np.uint32)
        laid[places + starts[ranks]] = numbers
        laid[places + ends[ranks]] = payloads
        whole = bytearray(laid)
        cuts = map(slice, (8 * starts).tolist(), (8 * ends).tolist())
        self.counts: list[int] = counts.tolist()
        self.heads: list[bytearray] = list(map(whole.__getitem__, cuts))
        self.rests = [_NOTHING] * terms
        for term, blob in rests.items():
            self.rests[term] = blob


def _impacts(payloads: Numbers) -> NDArray[np.float64]:
    """`postings.impact` of many."""
    times = (payloads >> np.uint32(16)).astype(np.float64)
    lengths = (payloads & np.uint32(_MOST)).astype(np.float64)
    impacts: NDArray[np.float64] = times / (times + 1.5 * (0.25 + 0.75 * lengths / 100.0))
    return impacts
