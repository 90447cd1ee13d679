"""Gives leaves their scores, see `ranking`."""

from __future__ import annotations

from itertools import repeat
from math import log

from memory_budget.index.records import id_of, make_chunks
from memory_budget.text.time_words import TIME_TERMS, date_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memory_budget.index.records import Chunk, File, Row
    from memory_budget.select.query import Query
    from memory_budget.select.recipe import Recipe
    from memory_budget.select.view import View

_K1 = 1.5
_B = 0.75
_TIMED = 2048
#: The file that names an agent's notes, and the folders in which the client keeps agents' own notes.
INDEX_FILE = "MEMORY.md"
AGENTS_FOLDERS = "/agent-memory"


def handed_out(path: str) -> bool:
    """Whether a file is an agent's own `MEMORY.md`, which the client hands to that agent itself. Anywhere else, what is left of one
    without the lines that name notes is text like any other."""
    return path.rpartition("/")[2] == INDEX_FILE and AGENTS_FOLDERS in path


def idf(total: int, count: int) -> float:
    """How rare something is that `count` of `total` hold."""
    return log(1.0 + (max(total - count, 0) + 0.5) / (count + 0.5))


class Leaf:
    """A leaf with a score.

    `file`: the id of its file; `worth`: its score for its size, by which leaves are taken; `parts`: what the score is made of, see
    `PARTS`; `rows`: its chunks as plain tuples, of which `chunks` makes chunks, for most leaves are never asked for them.
    """

    __slots__ = ("_chunks", "file", "line", "parts", "path", "rows", "tokens", "worth")

    def __init__(
        self, worth: float, path: str, rows: Sequence[Row], tokens: int = 0, parts: tuple[float, ...] = ()
    ) -> None:
        self.worth = worth
        self.path = path
        self.rows = rows
        self.file = rows[0][1]
        self.line = rows[0][6]
        self.tokens = tokens
        self.parts = parts
        self._chunks: list[Chunk] = []

    @property
    def chunks(self) -> list[Chunk]:
        if not self._chunks:
            self._chunks = make_chunks(self.rows)
        return self._chunks

    @property
    def is_turn(self) -> bool:
        """Whether it is a turn of a journal."""
        return not self.rows[0][3]

    def add(self, heading: float, recipe: Recipe) -> None:
        """Add to the score what the heading is worth."""
        text, coverage, file, label, _, factor = self.parts
        size: float = max(self.tokens / recipe.size_floor, 1.0) ** recipe.size_power
        self.worth += heading * factor / size
        self.parts = (text, coverage, file, label, heading, factor)


#: Names of `Leaf.parts`.
PARTS = ("text", "coverage", "file", "label", "heading", "factor")


class Term:
    """A term of the prompt that occurs in the memory, with its weight and its rarity.

    `lists`: the chunks that hold words of like meaning and then the term itself, each list with how well it does for
    the term (1.0: the term itself), the best last. `held`: the same by chunk. `alike`: those words, each with how well it does.
    """

    __slots__ = ("alike", "held", "lists", "rarity", "telling", "term", "weight")

    def __init__(self, term: str, weight: float, rarity: float, telling: float) -> None:
        self.term = term
        self.weight = weight
        self.rarity = rarity
        self.telling = telling
        self.alike: list[tuple[float, str]] = []
        self.lists: list[tuple[float, list[int]]] = []
        self.held: dict[int, float] = {}


class _FileShare:
    """What all leaves of a file have in common: its path, the scores of all of it and of what it says it is about, both as they are and
    as they count, and its factor."""

    __slots__ = ("body", "body_part", "factor", "label", "label_part", "path")

    def __init__(self, path: str, body: float, label: float, factor: float, recipe: Recipe) -> None:
        self.path = path
        self.body = body
        self.label = label
        self.body_part = recipe.file_share * body
        self.label_part = recipe.label_share * label
        self.factor = factor


class Scorer:
    """Gives the leaves of some chunks their scores."""

    def __init__(
        self,
        view: View,
        query: Query,
        recipe: Recipe,
        now_day: int,
        entries: list[Term],
        chunk_weights: dict[int, float],
        chunks: list[Row],
        files: Mapping[int, File],
    ) -> None:
        self.view = view
        self.query = query
        self.recipe = recipe
        self.now_day = now_day
        self.entries = entries
        self.chunk_weights = chunk_weights
        self.files = files
        #: Turns of a journal have the numbers of their sections, so that a neighbour's is one more or one less, and
        #: other leaves negative ones.
        self.turns = {chunk[2] for chunk in chunks if not chunk[3]}
        numbers = [-chunk[3] or chunk[2] for chunk in chunks]
        self.members: dict[int, list[Row]] = {}
        last = 0
        for number, chunk in zip(numbers, chunks, strict=True):
            if number != last:
                last = number
                members = self.members.setdefault(number, [])
            members.append(chunk)
        self.weighed: dict[int, float] = {}
        self.covered: dict[int, float] = {}
        self._weigh(dict(zip(map(id_of, chunks), numbers, strict=True)))
        self.whole = sum([entry.weight for entry in entries]) or 1.0
        #: Per file, the terms that stand in what it says it is about.
        self.labelled: dict[int, list[Term]] = {}
        #: Per file, how many pairs of words the prompt has in common with its names.
        self.named: dict[int, int] = {}
        self.timed = _timed(view) if query.asks_when and self.turns else frozenset()
        self.bodies, self.labels = self._file_scores()

    def _weigh(self, leaf_of: Mapping[int, int]) -> None:
        """Add up the weights of the terms that each leaf holds (`weighed`), and each turn with its neighbours (`covered`)."""
        weighed, covered, turns = self.weighed, self.covered, self.turns
        get_weighed, get_covered, find = weighed.get, covered.get, leaf_of.get
        for entry in self.entries:
            weight = entry.weight
            if not weight:
                continue
            best: dict[int, float] = {}
            for part, ids in entry.lists:
                for leaf in map(find, ids, repeat(0)):
                    best[leaf] = part
            best.pop(0, None)  # chunks that are not looked at
            for leaf, part in best.items():
                weighed[leaf] = get_weighed(leaf, 0.0) + weight * part
            if not turns:
                continue
            near = {turn: best[turn] for turn in best.keys() & turns}
            for turn, part in list(near.items()):
                if near.get(turn - 1, 0.0) < part:
                    near[turn - 1] = part
                if near.get(turn + 1, 0.0) < part:
                    near[turn + 1] = part
            for turn, part in near.items():
                covered[turn] = get_covered(turn, 0.0) + weight * part

    def leaves(self) -> list[Leaf]:
        """All leaves with a score, best first."""
        turns, covered, get_weighed, get_weight = (
            self.turns,
            self.covered,
            self.weighed.get,
            self.chunk_weights.get,
        )
        whole, recipe = self.whole, self.recipe
        of_files = {number: self._of_file(number, file) for number, file in self.files.items()}
        leaves = []
        for number, chunks in self.members.items():
            file = of_files[chunks[0][1]]
            if number in turns:
                if number in covered:
                    leaves.append(self._turn(number, chunks, file.body, file.factor))
                continue
            held = get_weighed(number, 0.0)
            if not held and not file.label:
                continue
            tokens = 0
            best = 0.0
            for chunk in chunks:
                tokens += chunk[4]
                weight = get_weight(chunk[0], 0.0)
                if weight > best:
                    best = weight
            coverage = held / whole
            text = best + recipe.leaf_share * (held - best)
            worth = (text * coverage**recipe.coverage + file.body_part + file.label_part) * file.factor
            if tokens > recipe.size_floor:
                worth /= (tokens / recipe.size_floor) ** recipe.size_power
            parts = (text, coverage, file.body, file.label, 0.0, file.factor)
            leaves.append(Leaf(worth, file.path, chunks, tokens, parts))
        leaves.sort(key=lambda leaf: (-leaf.worth, leaf.path, leaf.line))
        return leaves

    def _of_file(self, number: int, file: File) -> _FileShare:
        """What each leaf of a file has of it."""
        recipe = self.recipe
        index_share = recipe.index_share if handed_out(file.path) else 1.0
        factor = _date_factor(file, self.query, recipe) * prior(file, self.now_day) * index_share
        return _FileShare(file.path, self.bodies[number], self.labels[number], factor, recipe)

    def _turn(self, turn: int, chunks: list[Row], body: float, factor: float) -> Leaf:
        """A turn of a conversation or a paragraph of a journal, with its neighbours."""
        recipe = self.recipe
        get = self.weighed.get
        near = (
            get(turn, 0.0)
            + recipe.near_turn * (get(turn - 1, 0.0) + get(turn + 1, 0.0))
            + recipe.far_turn * (get(turn - 2, 0.0) + get(turn + 2, 0.0))
        )
        coverage = self.covered[turn] / self.whole
        tokens = sum([chunk[4] for chunk in chunks])
        passage = self._passage(chunks, tokens) / self.whole
        score = (near * coverage**recipe.turn_coverage + recipe.turn_file_share * body) * (
            1.0 + recipe.own_share * passage
        )
        factor *= self._own_factor(chunks)
        parts = (near, coverage, body, 0.0, 0.0, factor)
        size = max(tokens / recipe.size_floor, 1.0)
        return Leaf(score * factor / size, self.files[chunks[0][1]].path, chunks, tokens, parts)

    def _passage(self, chunks: list[Row], tokens: int) -> float:
        """How much of the prompt single chunks of a turn hold: the mean of its best chunk's and its average chunk's weight."""
        weights = [self.chunk_weights.get(chunk[0], 0.0) for chunk in chunks]
        mean = sum([weight * chunk[4] for weight, chunk in zip(weights, chunks, strict=True)]) / max(
            tokens, 1
        )
        return (max(weights) + mean) / 2

    def _own_factor(self, chunks: list[Row]) -> float:
        """More for a turn that leads with a name that the query names, or tells a time where the query asks for one."""
        factor = 1.0
        if any(chunk[5] and _names(chunk[5], self.query) for chunk in chunks):
            factor *= self.recipe.lead_factor
        if self.timed and not self.timed.isdisjoint(map(id_of, chunks)):
            factor *= self.recipe.when_factor
        return factor

    def _file_scores(self) -> tuple[dict[int, float], dict[int, float]]:
        """Of each file: BM25 of all of it, and the weight of the prompt's terms in what it says it is about."""
        view = self.view
        bodies = dict.fromkeys(self.files, 0.0)
        labels = dict.fromkeys(self.files, 0.0)
        fixed = _K1 * (1.0 - _B)
        slope = _K1 * _B / max(view.mean_file_terms, 1.0)
        for entry in self.entries:
            file_count = view.counts(entry.term)[1]
            if not file_count:
                continue
            asked = entry.weight / entry.rarity if entry.rarity else 1.0
            weight = asked * idf(view.file_count, file_count) * (_K1 + 1.0)
            labelled = []
            for ids, payloads in view.file_postings(entry.term):
                for key, payload in zip(ids, payloads, strict=True):
                    if key in bodies:
                        times = payload >> 16 & 0x7FFF
                        bodies[key] += weight * times / (times + fixed + slope * (payload & 0xFFFF))
                        if payload >> 31:
                            labelled.append(key)
            if labelled:
                weight = asked * idf(view.file_count, len(labelled))
                for key in labelled:
                    labels[key] += weight
                    self.labelled.setdefault(key, []).append(entry)
        for pair in self.query.pairs:
            labelled_files = [key for ids, _ in view.file_postings(pair) for key in ids if key in labels]
            for key in labelled_files:
                labels[key] += idf(view.file_count, len(labelled_files))
                self.named[key] = self.named.get(key, 0) + 1
        return bodies, labels


def _names(lead: str, query: Query) -> bool:
    """Whether a query names the name that a turn leads with."""
    first = lead.partition(" ")[0]
    if first.isalnum() and first not in query.words:
        return False  # which is so for most, and seen at a tenth of the cost
    return query.words.issuperset(date_words(lead))


def prior(file: File, now_day: int) -> float:
    """A factor near 1 for what is known of a file: its scope, use, confidence and age."""
    factor = 1.0 if file.scope == "global" else 1.05
    if file.uses:
        factor *= 1.0 + min(0.15, 0.05 * log(1.0 + file.uses))
    if file.confidence >= 0.0:
        factor *= 0.9 + 0.2 * file.confidence
    if now_day and file.date:
        factor *= 1.0 + 0.05 * 0.5 ** (max(0, now_day - file.date) / 90.0)
    return factor


def _timed(view: View) -> frozenset[int]:
    """Chunks that hold a time word."""
    timed_chunks: set[int] = set()
    for term in TIME_TERMS:
        for ids in view.holders(term, _TIMED):
            timed_chunks.update(ids)
    return frozenset(timed_chunks)


def _date_factor(file: File, query: Query, recipe: Recipe) -> float:
    """How well the file's date fits those the prompt names."""
    best = 1.0
    if file.date:
        for mention in query.dates:
            fit = mention.fits(file.date)
            if fit == 2:
                best = max(best, recipe.date_factor)
            elif fit == 1:
                best = max(best, recipe.month_factor)
    return best
