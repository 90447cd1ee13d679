"""Ranks the chunks of an agent's memory by what they say about a task.

Pure: everything is read through a `View` (see `selection`). The work is bounded whatever the size of the
memory: the rarest terms of the prompt are read first, each list only as far as its best entries, and only the
best chunks are looked at closer.

A chunk's score, each part of it measured (the bench command prints the table):

1. BM25 over the index terms, with the prompt's synonyms at a part of their weight;
2. plus a share of its neighbours' scores: an answer often stands below the paragraph that names the thing;
3. plus a share of its file's BM25;
4. times a power of the share of the prompt's terms found in it or next to it;
5. times a factor for a chunk that leads with a name the prompt names, for files of a date the prompt
   names, and for time words when the prompt asks when.
"""

from __future__ import annotations

from math import log

from memory_budget import dates, terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.selection import Chunk, File, View


class Recipe:
    """The numbers of the ranking. Their values were chosen by `tests/bench/trimming.py` on public data."""

    __slots__ = (
        "b",
        "chunk_share",
        "coverage",
        "date_factor",
        "expansion",
        "far_neighbour",
        "file_share",
        "floor_tokens",
        "k1",
        "lead_factor",
        "length_power",
        "month_factor",
        "near_neighbour",
        "postings",
        "query_terms",
        "relevance_floor",
        "section_near",
        "section_power",
        "section_share",
        "seeds",
        "when_factor",
    )

    def __init__(self, **changes: float) -> None:
        self.k1 = 1.5
        self.b = 0.75
        self.near_neighbour = 0.5
        self.far_neighbour = 0.25
        self.file_share = 0.3
        self.expansion = 0.5
        self.coverage = 0.5
        self.lead_factor = 2.0
        self.date_factor = 3.0
        self.month_factor = 2.0
        self.when_factor = 1.4
        self.floor_tokens = 120.0
        self.relevance_floor = 0.2
        self.length_power = 1.0
        self.section_share = 1.0
        self.section_near = 0.5
        self.section_power = 1.0
        self.chunk_share = 0.3
        self.query_terms = 64
        self.postings = 20_000
        self.seeds = 1500
        for name, value in changes.items():
            setattr(self, name, value)


RECIPE = Recipe()

_SHIFT = 36  # bits of a packed score below its flags
_SCALE = 4096.0
_SCORE = (1 << _SHIFT) - 1


class Query:
    """What a prompt asks for: its index terms with weights, and the names, dates and questions in it."""

    __slots__ = ("asks_when", "dates", "terms", "words")

    def __init__(self, prompt: str, description: str = "") -> None:
        text = f"{prompt}\n{description}" if description and description not in prompt else prompt
        counts: dict[str, int] = {}
        for term in terms.terms(text):
            counts[term] = counts.get(term, 0) + 1
        self.terms = {term: 1.0 + 0.5 * log(count) for term, count in counts.items()}
        self.words = frozenset(dates.words(text))
        self.asks_when = not self.words.isdisjoint(dates.ASKS_WHEN)
        self.dates = dates.mentioned(text)


class Ranked:
    """One candidate: its chunk, its file, its score, and what the score is made of (for `explain`)."""

    __slots__ = ("chunk", "coverage", "factor", "file", "file_score", "own", "score", "with_neighbours")

    def __init__(
        self,
        chunk: Chunk,
        file: File,
        own: float,
        with_neighbours: float,
        file_score: float,
        coverage: float,
        factor: float,
        score: float,
    ) -> None:
        self.chunk = chunk
        self.file = file
        self.own = own
        self.with_neighbours = with_neighbours
        self.file_score = file_score
        self.coverage = coverage
        self.factor = factor
        self.score = score


class _Scorer:
    """Adds up BM25 over posting lists. A chunk's total and the set of terms it holds share one integer."""

    def __init__(self, recipe: Recipe, mean_length: float) -> None:
        self.packed: dict[int, int] = {}
        self._saturation: dict[int, float] = {}
        self._k1 = recipe.k1
        self._fixed = recipe.k1 * (1.0 - recipe.b)
        self._slope = recipe.k1 * recipe.b / max(mean_length, 1.0)

    def add(self, lists: list[tuple[memoryview, memoryview]], weight: float, flag: int, limit: int) -> int:
        """Adds the term's part to each chunk of its lists; returns how many entries were read."""
        packed = self.packed
        get = packed.get
        saturation = self._saturation
        read = 0
        weight *= _SCALE
        for ids, payloads in lists:
            if len(ids) > limit:
                ids, payloads = ids[:limit], payloads[:limit]
            read += len(ids)
            for key, payload in zip(ids.tolist(), payloads.tolist(), strict=True):
                part = saturation.get(payload)
                if part is None:
                    frequency = payload >> 16
                    part = saturation[payload] = (
                        frequency
                        * (self._k1 + 1.0)
                        / (frequency + self._fixed + self._slope * (payload & 0xFFFF))
                    )
                value = get(key, 0)
                packed[key] = (value if value & flag else value + flag) + int(weight * part)
        return read


def rank(view: View, query: Query, recipe: Recipe = RECIPE) -> list[Ranked]:
    """The chunks that have to do with the query, best first by score (length not yet weighed in)."""
    entries = _weighted_terms(view, query, recipe)
    if not entries:
        return []
    scorer = _Scorer(recipe, view.mean_chunk_terms)
    files = _Scorer(recipe, view.mean_file_terms)
    left = recipe.postings
    cover: list[float] = []
    for position, (term, weight, idf, lists) in enumerate(entries):
        flag = 1 << (_SHIFT + position)
        cover.append(idf)
        limit = max(64, left // (len(lists) * max(1, min(4, len(entries) - position))))
        left -= scorer.add(lists, weight * idf, flag, limit)
        for other, similarity in view.synonyms(term) if recipe.expansion else ():
            if other not in query.terms:
                other_lists = view.postings(other)
                count = sum([len(ids) for ids, _ in other_lists])
                if count:
                    other_idf = _idf(view.chunk_count, count)
                    part = weight * recipe.expansion * similarity * min(other_idf, idf)
                    left -= scorer.add(other_lists, part, flag, limit)
        if recipe.file_share:
            file_lists = view.file_postings(term)
            count = sum([len(ids) for ids, _ in file_lists])
            if count:
                files.add(file_lists, weight * _idf(view.file_count, count), flag, 4096)
    packed = scorer.packed
    if len(packed) > recipe.seeds:
        seeds = sorted(packed, key=lambda key: (packed[key] & _SCORE, -key), reverse=True)[
            : int(recipe.seeds)
        ]
    else:
        seeds = list(packed)
    near, far = recipe.near_neighbour, recipe.far_neighbour
    keys = set(seeds)
    if near:
        for key in seeds:
            keys.update((key - 1, key + 1))
        if far:
            for key in seeds:
                keys.update((key - 2, key + 2))
    keys.discard(-1)
    keys.discard(-2)
    chunks = view.chunks(sorted(key for key in keys if key >= 0))
    file_rows = view.files({chunk.file for chunk in chunks.values()})
    timed = _timed(view) if query.asks_when and recipe.when_factor != 1.0 else frozenset()
    return _scored(packed, files.packed, chunks, file_rows, cover, query, recipe, timed)


def _scored(
    packed: dict[int, int],
    file_packed: dict[int, int],
    chunks: dict[int, Chunk],
    files: dict[int, File],
    cover: list[float],
    query: Query,
    recipe: Recipe,
    timed: frozenset[int],
) -> list[Ranked]:
    get = packed.get
    near, far, power = recipe.near_neighbour, recipe.far_neighbour, recipe.coverage
    whole = sum(cover)
    shares: dict[int, float] = {}
    factors: dict[int, float] = {}
    leads: dict[str, bool] = {"": False}
    found = []
    masks: dict[int, int] = {}
    sections: dict[int, float] = {}
    if recipe.section_share:
        for key, chunk in chunks.items():
            here = get(key, 0)
            if here:
                number = chunk.section
                masks[number] = masks.get(number, 0) | here >> _SHIFT
    for key, chunk in chunks.items():
        here, before, after = get(key, 0), get(key - 1, 0), get(key + 1, 0)
        own = (here & _SCORE) / _SCALE
        total = own + near * ((before & _SCORE) + (after & _SCORE)) / _SCALE
        if far:
            total += far * ((get(key - 2, 0) & _SCORE) + (get(key + 2, 0) & _SCORE)) / _SCALE
        file = files[chunk.file]
        file_score = (file_packed.get(chunk.file, 0) & _SCORE) / _SCALE
        mask = (here | before | after) >> _SHIFT
        share = shares.get(mask)
        if share is None:
            share = shares[mask] = (
                sum([part for i, part in enumerate(cover) if mask >> i & 1]) / whole
            ) ** power
        factor = factors.get(chunk.file)
        if factor is None:
            factor = factors[chunk.file] = _date_factor(file, query, recipe)
        if chunk.lead:
            named = leads.get(chunk.lead)
            if named is None:
                named = leads[chunk.lead] = query.words.issuperset(dates.words(chunk.lead))
            if named:
                factor *= recipe.lead_factor
        if key in timed:
            factor *= recipe.when_factor
        score = (total + recipe.file_share * file_score) * share * factor
        if recipe.section_share:
            section = sections.get(chunk.section)
            if section is None:
                section = sections[chunk.section] = _section(chunk.section, masks, cover, whole, recipe)
            size = max(chunk.section_tokens, recipe.floor_tokens)
            mine = max(chunk.tokens, recipe.floor_tokens)
            score = (
                recipe.chunk_share * score
                + recipe.section_share
                * (section + recipe.file_share * file_score)
                * factor
                * (mine / size) ** recipe.section_power
            )
        if score > 0.0:
            found.append(Ranked(chunk, file, own, total, file_score, share, factor, score))
    found.sort(key=lambda ranked: (-ranked.score, ranked.file.path, ranked.chunk.line))
    return found


def _section(number: int, masks: dict[int, int], cover: list[float], whole: float, recipe: Recipe) -> float:
    """A section's score: the weight of the terms that occur in it and, for a part, in its neighbours."""

    def weight(mask: int) -> float:
        return sum([part for i, part in enumerate(cover) if mask >> i & 1], 0.0)

    here, before, after = masks.get(number, 0), masks.get(number - 1, 0), masks.get(number + 1, 0)
    total = weight(here) + recipe.section_near * (weight(before) + weight(after))
    total += recipe.section_near / 2 * (weight(masks.get(number - 2, 0)) + weight(masks.get(number + 2, 0)))
    share: float = (weight(here | before | after) / whole) ** recipe.coverage
    return total * share


def _weighted_terms(
    view: View, query: Query, recipe: Recipe
) -> list[tuple[str, float, float, list[tuple[memoryview, memoryview]]]]:
    """(term, weight in the prompt, idf, posting lists) of the prompt's terms that occur, rarest first."""
    entries = []
    for term, weight in query.terms.items():
        lists = view.postings(term)
        count = sum([len(ids) for ids, _ in lists])
        if count:
            entries.append((term, weight, _idf(view.chunk_count, count), lists))
    entries.sort(key=lambda entry: (-entry[1] * entry[2], entry[0]))
    return entries[: int(recipe.query_terms)]


def _idf(total: int, count: int) -> float:
    return (
        log(1.0 + (total - count + 0.5) / (count + 0.5)) if count < total else log(1.0 + 0.5 / (count + 0.5))
    )


def _timed(view: View) -> frozenset[int]:
    """Chunks that hold a time word."""
    found: set[int] = set()
    for term in dates.TIME_TERMS:
        for ids, _ in view.postings(term):
            found.update(ids[:2048].tolist())
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
