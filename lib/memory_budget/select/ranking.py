"""Ranks the leaves of an agent's memory by what they say about a task.

Pure: everything is read through a `View` (see `view`). The work is bounded whatever the size of the memory: the most telling
terms of the prompt are looked at, each list only as far as its best entries, and of a large memory only the best pages.

A leaf (see `leaves`) has the score of

1. its best chunk: the weights of the prompt's terms in it, rare and telling ones weighing more; a term that only has a word of
   like meaning there counts for a part, and how often a term occurs adds nothing;
2. times a power of the share of the prompt that the whole leaf holds;
3. plus shares of its file's BM25 and of the terms in what the file says it is about (name, title, description, tags);
4. over a power of its size, so that a long leaf must earn its place.

In a journal a turn is scored with its neighbours: an answer often stands below what names the thing. It counts more when it
leads with a name that the prompt names, when its file is of a date that the prompt names, and when the prompt asks when and it
holds a time word. What each part is worth is printed by `tests/bench/trimming.py --ablation`.

How sure it is that anything is about the task (`Evidence`) is judged apart from the order, see `confidence`.
"""

from __future__ import annotations

from math import log

from memory_budget.index.records import file_of, id_of
from memory_budget.select.confidence import Evidence
from memory_budget.select.leaves import NOTE, Leaves
from memory_budget.select.query import WEAK_TERMS, Query
from memory_budget.text import dates
from memory_budget.text.telling import MOST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from memory_budget.index.records import Chunk, File
    from memory_budget.select.view import View


class Recipe:
    """The numbers of the ranking, chosen by `tests/bench/trimming.py` and `python3 -m tests.bench tax` on public data.

    `size_floor`: tokens below which a leaf is not favoured for being short. The last nine bound the work: terms of
    a prompt, synonyms and posting entries read for them; `whole`: chunks of a memory that is looked at whole; of a larger one at
    most `best` chunks in `pages` pages are, those that hold most of the `seeds` chunks with most of the prompt, and synonyms and
    postings are divided by `narrow`.
    """

    __slots__ = (
        "best", "coverage", "date_factor", "expansion", "far_turn", "file_share", "index_share", "label_share", "lead_factor",
        "likeness", "month_factor", "narrow", "near_turn", "note", "own_share", "pages", "postings", "query_terms", "seeds",
        "size_floor", "size_power", "synonyms", "telling", "turn_coverage", "turn_file_share", "weak_weight", "when_factor", "whole",
    )  # fmt: skip

    def __init__(self, **changes: float) -> None:
        self.coverage = 0.35
        self.file_share = 0.5
        self.label_share = 0.5
        self.size_power = 0.35
        self.size_floor = 55.0
        self.note = float(NOTE)
        self.index_share = 0.25
        self.telling = 0.25
        self.weak_weight = 0.1
        self.expansion = 1.0
        self.likeness = 0.35
        self.near_turn = 0.5
        self.far_turn = 0.25
        self.own_share = 0.5
        self.turn_file_share = 0.5
        self.turn_coverage = 0.5
        self.lead_factor = 2.5
        self.date_factor = 3.0
        self.month_factor = 2.0
        self.when_factor = 1.4
        self.query_terms = 24.0
        self.synonyms = 160.0
        self.postings = 20_000.0
        self.whole = 6500.0
        self.best = 1200.0
        self.seeds = 150.0
        self.pages = 48.0
        self.narrow = 4.0
        for name, value in changes.items():
            setattr(self, name, value)


RECIPE = Recipe()

_K1 = 1.5
_B = 0.75
_TIMED = 2048
#: Postings of a list that are always read: lists up to this are not sorted by what they are worth.
_LEAST = 64
#: What a term counts as evidence that stands only in what the note says it is about.
LABEL_PART = 0.5
#: What it counts that the prompt has two words in a row as a name of the note has them, and how often.
NAMED = 3.2
MOST_NAMED = 2
#: How telling a word is that is counted when a person is told why.
TELLING = 1.0
#: The file that names an agent's notes; it is not one.
INDEX_FILE = "MEMORY.md"


class Leaf:
    """A leaf with a score.

    `worth`: its score for its size, by which leaves are taken; `parts`: what the score is made of, see `PARTS`.
    """

    __slots__ = ("chunks", "line", "parts", "path", "tokens", "worth")

    def __init__(
        self,
        worth: float,
        path: str,
        chunks: list[Chunk],
        tokens: int = 0,
        parts: tuple[float, ...] = (),
    ) -> None:
        self.worth = worth
        self.path = path
        self.chunks = chunks
        self.line = chunks[0][6]
        self.tokens = tokens
        self.parts = parts


#: Names of `Leaf.parts`.
PARTS = ("best chunk", "coverage", "file", "label", "factor")


class _Term:
    """A term of the prompt that occurs in the memory, with its weight and its rarity.

    `lists`: the chunks that hold words of like meaning and then the term itself, each list with how well it does for
    the term (1.0: the term itself), the best last. `held`: the same by chunk.
    """

    __slots__ = ("held", "lists", "rarity", "telling", "term", "weight")

    def __init__(self, term: str, weight: float, rarity: float, telling: float) -> None:
        self.term = term
        self.weight = weight
        self.rarity = rarity
        self.telling = telling
        self.lists: list[tuple[float, list[int]]] = []
        self.held: dict[int, float] = {}


class Ranking:
    """The leaves that have to do with a query, best first, and how sure it is that they have; `held`: the weight of the query's
    terms in single chunks, by id."""

    __slots__ = ("evidence", "held", "leaves")

    def __init__(
        self, leaves: list[Leaf], evidence: Evidence, held: Mapping[int, float] | None = None
    ) -> None:
        self.leaves = leaves
        self.evidence = evidence
        self.held = held or {}


def rank(view: View, query: Query, recipe: Recipe = RECIPE, now_day: int = 0) -> Ranking:
    """Rank what has to do with the query; of a large memory, what is in the pages that hold most of it."""
    entries, wanted = _entries(view, query, recipe)
    if not entries:
        return Ranking([], Evidence(0.0, wanted, 0, 0))
    _find_holders(view, query, entries, recipe)
    own: dict[int, float] = {}
    mass: dict[int, float] = {}
    get_own, get_mass = own.get, mass.get
    for entry in entries:
        weight, telling = entry.weight, entry.telling
        for key, part in entry.held.items():
            own[key] = get_own(key, 0.0) + weight * part
            mass[key] = get_mass(key, 0.0) + telling * part
    chunks = view.chunks() if view.chunk_count <= recipe.whole else _best_chunks(view, own, recipe)
    files = view.files(set(map(file_of, chunks)))
    chunks = [chunk for chunk in chunks if chunk[1] in files]
    scorer = _Scorer(view, query, recipe, now_day, entries, own, chunks, files)
    leaves = scorer.leaves()
    evidence = Evidence(0.0, wanted, 0, 0, view.chunk_count)
    _find_evidence(evidence, mass, entries, chunks, scorer)
    return Ranking(leaves, evidence, own)


def _find_evidence(
    evidence: Evidence,
    mass: Mapping[int, float],
    entries: list[_Term],
    chunks: list[Chunk],
    scorer: _Scorer,
) -> None:
    """What the chunk that holds most of the prompt holds of it, what its file says it is about included."""
    best_of: dict[int, int] = {}
    for chunk in chunks:
        number = chunk[0]
        if mass.get(number, 0.0) > mass.get(best_of.get(chunk[1], 0), 0.0) or chunk[1] not in best_of:
            best_of[chunk[1]] = number
    telling = [
        entry for entry in entries if entry.telling >= TELLING and entry.term not in scorer.query.parts
    ]
    evidence.asked = len(telling)
    for file in sorted(best_of):
        number = best_of[file]
        labelled = scorer.labelled.get(file, [])
        found = mass.get(number, 0.0) + sum(
            [LABEL_PART * entry.telling * (1.0 - entry.held.get(number, 0.0)) for entry in labelled]
        )
        found += NAMED * min(scorer.named.get(file, 0), MOST_NAMED)
        if scorer.files[file].path.endswith(INDEX_FILE):
            found *= scorer.recipe.index_share
        if found > evidence.mass:
            evidence.mass = found
            evidence.held = sum([entry.held.get(number) == 1.0 or entry in labelled for entry in telling])


def _best_chunks(view: View, own: dict[int, float], recipe: Recipe) -> list[Chunk]:
    """Of a large memory: the pages that hold most of the prompt for their size (a leaf is needed whole, and parts of it
    may hold no word of the prompt)."""
    seeds = sorted(sorted(own), key=own.__getitem__, reverse=True)[: int(recipe.seeds)]
    held: dict[tuple[int, int], float] = {}
    for key, page in view.pages(seeds).items():
        held[page] = held.get(page, 0.0) + own[key] ** 2
    left = int(recipe.best)
    best: list[int] = []
    for number, size in sorted(held, key=lambda page: (-held[page] / page[1] ** 0.5, page)):
        if size <= left and len(best) < recipe.pages:
            left -= size
            best.append(number)
    return view.chunks(pages=best)


def _entries(view: View, query: Query, recipe: Recipe) -> tuple[list[_Term], float]:
    """The most telling terms of the prompt that occur in the memory, the weightiest first, and how much all of the most
    telling ones tell, whether they occur or not."""
    view.load([*query.terms, *query.pairs])
    known = {term for term in query.terms if view.counts(term)[0] or view.counts(term)[1]}
    values = query.telling(view.telling(query.terms), known)
    most = sorted(values, key=lambda term: (-values[term], term))[: int(recipe.query_terms)]
    entries = []
    for term in most:
        count = view.counts(term)[0]
        if term in known:
            rarity = _idf(view.chunk_count, count)
            weight = query.terms[term] * rarity * (max(values[term], 0.05) / MOST) ** recipe.telling
            if term in WEAK_TERMS:
                weight *= recipe.weak_weight
            entries.append(_Term(term, weight, rarity, values[term]))
        else:
            entries.append(_Term(term, 0.0, 0.0, values[term]))
    entries.sort(key=lambda entry: (-entry.weight, entry.term))
    return entries, sum([values[term] for term in most])


def _idf(total: int, count: int) -> float:
    return log(1.0 + (max(total - count, 0) + 0.5) / (count + 0.5))


def _find_holders(view: View, query: Query, entries: list[_Term], recipe: Recipe) -> None:
    """Find which chunks hold each term or a word of like meaning."""
    left = int(recipe.postings / _narrow(view, recipe))
    likes_of = _likes(view, query, entries, recipe)
    for position, entry in enumerate(entries):
        limit = max(_LEAST, left // max(1, min(4, len(entries) - position)))
        found: list[tuple[float, str]] = []
        for likeness, other in likes_of.get(entry.term, ()):
            count = view.counts(other)[0]
            if count:
                rarity = min(1.0, _idf(view.chunk_count, count) / (entry.rarity or MOST))
                found.append((recipe.expansion * likeness * rarity * rarity, other))
        found.sort()
        found.append((1.0, entry.term))
        held = entry.held
        for part, term in found:
            for ids in view.holders(term, limit if part == 1.0 else max(_LEAST, limit // 4)):
                entry.lists.append((part, ids))
                held.update(dict.fromkeys(ids, part))  # the best comes last and stands
        left -= len(held)


def _likes(
    view: View, query: Query, entries: list[_Term], recipe: Recipe
) -> dict[str, list[tuple[float, str]]]:
    """The words of like meaning of each term, the best of all terms together, with their posting lists loaded at once."""
    limit = int(recipe.synonyms / _narrow(view, recipe)) if recipe.expansion else 0
    least = recipe.likeness
    asked = query.terms
    likes = []
    for entry in entries if limit else ():
        for other, likeness in view.synonyms(entry.term):
            if likeness >= least and other not in asked:
                likes.append((-(entry.weight or entry.telling) * likeness, entry.term, likeness, other))
    likes.sort()
    found: dict[str, list[tuple[float, str]]] = {}
    for _, term, likeness, other in likes[:limit]:
        found.setdefault(term, []).append((likeness, other))
    view.load([other for some in found.values() for _, other in some])
    return found


def _narrow(view: View, recipe: Recipe) -> float:
    return recipe.narrow if view.chunk_count > recipe.whole else 1.0


class _Scorer:
    """Gives the leaves of some chunks their scores."""

    def __init__(
        self,
        view: View,
        query: Query,
        recipe: Recipe,
        now_day: int,
        entries: list[_Term],
        own: dict[int, float],
        chunks: list[Chunk],
        files: Mapping[int, File],
    ) -> None:
        self.view = view
        self.query = query
        self.recipe = recipe
        self.now_day = now_day
        self.entries = entries
        self.own = own
        self.files = files
        leaves = Leaves(chunks, files, int(recipe.note))
        self.turns = leaves.turns
        self.members: dict[int, list[Chunk]] = {}
        for number, chunk in zip(leaves.of_chunk, chunks, strict=True):
            self.members.setdefault(number, []).append(chunk)
        self.weighed: dict[int, float] = {}
        self.covered: dict[int, float] = {}
        self._weigh(dict(zip(map(id_of, chunks), leaves.of_chunk, strict=True)))
        self.whole = sum([entry.weight for entry in entries]) or 1.0
        #: Per file, the terms that stand in what it says it is about.
        self.labelled: dict[int, list[_Term]] = {}
        #: Per file, how many pairs of words the prompt has in common with its names.
        self.named: dict[int, int] = {}
        self.timed = _timed(view) if query.asks_when and self.turns else frozenset()

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
                best.update(dict.fromkeys(map(find, ids), part))  # type: ignore[arg-type]
            best.pop(None, None)  # type: ignore[call-overload]
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
        bodies, labels = self._file_scores()
        factors = {
            number: _date_factor(file, self.query, self.recipe)
            * prior(file, self.now_day)
            * (self.recipe.index_share if file.path.endswith(INDEX_FILE) else 1.0)
            for number, file in self.files.items()
        }
        found = []
        for number, chunks in self.members.items():
            file = chunks[0][1]
            if number in self.turns:
                if number not in self.covered:
                    continue
                leaf = self._turn(number, chunks, bodies[file], factors[file])
            elif number in self.weighed or labels[file]:
                leaf = self._leaf(number, chunks, bodies[file], labels[file], factors[file])
            else:
                continue
            found.append(leaf)
        found.sort(key=lambda leaf: (-leaf.worth, leaf.path, leaf.line))
        return found

    def _leaf(self, number: int, chunks: list[Chunk], body: float, label: float, factor: float) -> Leaf:
        """The text under one heading, or a short note."""
        recipe = self.recipe
        get = self.own.get
        best = max([get(chunk[0], 0.0) for chunk in chunks])
        coverage = self.weighed.get(number, 0.0) / self.whole
        score = best * coverage**recipe.coverage + recipe.file_share * body + recipe.label_share * label
        tokens = sum([chunk[4] for chunk in chunks])
        size = max(tokens / recipe.size_floor, 1.0) ** recipe.size_power
        parts = (best, coverage, body, label, factor)
        return Leaf(score * factor / size, self.files[chunks[0][1]].path, chunks, tokens, parts)

    def _turn(self, turn: int, chunks: list[Chunk], body: float, factor: float) -> Leaf:
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
        parts = (near, coverage, body, 0.0, factor)
        size = max(tokens / recipe.size_floor, 1.0)
        return Leaf(score * factor / size, self.files[chunks[0][1]].path, chunks, tokens, parts)

    def _passage(self, chunks: list[Chunk], tokens: int) -> float:
        """How much of the prompt single chunks of a turn hold: the mean of its best chunk's and its average chunk's weight."""
        own = [self.own.get(chunk[0], 0.0) for chunk in chunks]
        mean = sum([weight * chunk[4] for weight, chunk in zip(own, chunks, strict=True)]) / max(tokens, 1)
        return (max(own) + mean) / 2

    def _own_factor(self, chunks: list[Chunk]) -> float:
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
            weight = asked * _idf(view.file_count, file_count) * (_K1 + 1.0)
            labelled = []
            for ids, payloads in view.file_postings(entry.term):
                for key, payload in zip(ids, payloads, strict=True):
                    if key in bodies:
                        times = payload >> 16 & 0x7FFF
                        bodies[key] += weight * times / (times + fixed + slope * (payload & 0xFFFF))
                        if payload >> 31:
                            labelled.append(key)
            if labelled:
                weight = asked * _idf(view.file_count, len(labelled))
                for key in labelled:
                    labels[key] += weight
                    self.labelled.setdefault(key, []).append(entry)
        for pair in self.query.pairs:
            found = [key for ids, _ in view.file_postings(pair) for key in ids if key in labels]
            for key in found:
                labels[key] += _idf(view.file_count, len(found))
                self.named[key] = self.named.get(key, 0) + 1
        return bodies, labels


def _names(lead: str, query: Query) -> bool:
    """Whether a query names the name that a turn leads with."""
    first = lead.partition(" ")[0]
    if first.isalnum() and first not in query.words:
        return False  # which is so for most, and seen at a tenth of the cost
    return query.words.issuperset(dates.words(lead))


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
    found: set[int] = set()
    for term in dates.TIME_TERMS:
        for ids in view.holders(term, _TIMED):
            found.update(ids)
    return frozenset(found)


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
