"""Ranks the chunks of an agent's memory by what they say about a task.

Pure: everything is read through a `View` (see `selection`). The work is bounded whatever the size of the
memory: the rarest terms of the prompt are read first, each list only as far as its best entries, and only the
best chunks are looked at closer.

Relevance is judged by section (everything under one heading below the title; in a text without headings,
each paragraph), because a section is written, and needed, as a whole. A section's score:

1. the weights of the prompt's terms that occur in it, rare ones weighing more; a term that only has a word of like
   meaning there counts for a part. How often a term occurs adds nothing;
2. plus a share of the same for the sections around it: an answer often stands below what names the thing;
3. times a power of the share of the prompt's terms found in it or next to it;
4. plus a share of its file's BM25.

A chunk has its section's score, more of it the more of the prompt it holds itself, times a factor when it leads
with a name that the prompt names, when its file is of a date that the prompt names, and when the prompt asks
when and it holds a time word. What each part is worth is printed by `tests/bench/trimming.py --ablation`.
"""

from __future__ import annotations

from _operator import mul
from math import log

from memory_budget import dates, terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.selection import View
    from memory_budget.units import Chunk, File

    Lists = list[tuple[memoryview, memoryview]]
    #: A chunk as far as its score asks: id, file, section, tokens of the section, tokens, lead, line.
    Sketch = tuple[int, int, int, int, int, str, int]
    #: score, own, section, file score, coverage, factor
    Parts = tuple[float, float, float, float, float, float]


class Recipe:
    """The numbers of the ranking, chosen by `tests/bench/trimming.py` on public data.

    `size_floor`: tokens below which a section or chunk is not favoured for being short. `relevance_floor`: share
    of the best score below which a chunk is not relevant. The last five bound the work: terms of a
    prompt, synonyms and posting entries read for them, chunks looked at, files looked at as a whole.
    """

    __slots__ = (
        "coverage", "date_factor", "expansion", "far_section", "file_share", "lead_factor", "likeness",
        "month_factor", "near_section", "own_share", "postings", "query_terms", "relevance_floor", "seeds",
        "size_floor", "synonyms", "weak_weight", "when_factor", "whole_files",
    )  # fmt: skip

    def __init__(self, **changes: float) -> None:
        self.near_section = 0.5
        self.far_section = 0.25
        self.coverage = 0.5
        self.file_share = 0.5
        self.expansion = 0.7
        self.likeness = 0.45
        self.weak_weight = 0.2
        self.own_share = 0.3
        self.lead_factor = 2.0
        self.date_factor = 3.0
        self.month_factor = 2.0
        self.when_factor = 1.4
        self.size_floor = 80.0
        self.relevance_floor = 0.125
        self.query_terms = 48.0
        self.synonyms = 160.0
        self.postings = 20_000.0
        self.seeds = 6000.0
        self.whole_files = 40.0
        for name, value in changes.items():
            setattr(self, name, value)


RECIPE = Recipe()
NO_PARTS = (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)

#: Words that say what to do with the answer and not what it is about; they count for little.
WEAK_TERMS = frozenset(
    terms.terms(
        "list order mention mentioned conversation conversations tell give explain help many much happen happened "
        "say said discuss discussed talk talked ask asked want need show describe provide make sure please different "
        "various aspect item example across throughout according know think ensure summarize summary overview"
    )
)

# A chunk's running total is one integer: its score (times _SCALE) in the low bits, above it one byte per term with
# how well the chunk holds it (255: the term itself).
_SHIFT = 36
_SCALE = 4096.0
_SCORE = (1 << _SHIFT) - 1
_K1 = 1.5
_B = 0.75
_FILES_READ = 4096


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
    """One candidate: its chunk and file, its score, and what the score is made of (for `explain`).

    `own`: weight of the prompt's terms in the chunk itself; `section`: the section's score with its
    neighbours; `file_score`; `coverage`: share of the prompt found there; `factor`: names, dates, time words.
    `worth`: score per token of the section, by which candidates are taken.
    """

    __slots__ = ("chunk", "coverage", "factor", "file", "file_score", "own", "score", "section", "worth")

    def __init__(self, chunk: Chunk, file: File, worth: float = 0.0, parts: Parts = NO_PARTS) -> None:
        self.chunk = chunk
        self.file = file
        self.worth = worth
        self.score, self.own, self.section, self.file_score, self.coverage, self.factor = parts


class Candidates:
    """What has to do with a query, best first, not yet looked at closer.

    `rows`: (-worth, path, line, chunk id, tokens, what the score is made of).
    """

    __slots__ = ("_view", "rows")

    def __init__(self, view: View, rows: list[tuple[float, str, int, int, int, Parts]]) -> None:
        self._view = view
        self.rows = rows

    @property
    def best(self) -> float:
        """The worth of the best, 0 without any."""
        return -self.rows[0][0] if self.rows else 0.0

    def ranked(self, count: int) -> list[Ranked]:
        """The first `count` with their chunks."""
        rows = self.rows[:count]
        chunks = self._view.chunks([row[3] for row in rows])
        files = self._view.files({chunk.file for chunk in chunks.values()})
        found = []
        for worth, _, _, key, _, parts in rows:
            chunk = chunks.get(key)
            if chunk is not None:
                found.append(Ranked(chunk, files[chunk.file], -worth, parts))
        return found


def rank(view: View, query: Query, recipe: Recipe = RECIPE, now_day: int = 0) -> Candidates:
    """The chunks that have to do with the query; of a large memory, those that hold most of it and what stands next
    to the best of them."""
    entries = _weighted_terms(view, query, recipe)
    if not entries:
        return Candidates(view, [])
    totals = _totals(view, query, entries, recipe)
    rows = view.sketches() if view.chunk_count <= recipe.seeds else _best_rows(view, totals, recipe)
    timed = _timed(view) if query.asks_when else frozenset()
    found = _scored(view, query, recipe, now_day, rows, totals, entries, timed)
    found.sort()
    return Candidates(view, found)


def _best_rows(view: View, totals: dict[int, int], recipe: Recipe) -> list[Sketch]:
    """Of a large memory: the chunks that hold most of the prompt, what stands next to the best of them, and all of the
    files that hold most of these (a section is needed whole, and parts of it may hold no word of the prompt)."""
    score = _SCORE
    packed = [(-(total & score), key) for key, total in totals.items()]
    packed.sort()
    seeds = [key for _, key in packed[: int(recipe.seeds / 4)]]
    near = set(seeds)
    for key in seeds[: int(recipe.seeds / 12)]:
        near.update((key - 2, key - 1, key + 1, key + 2))
    rows = {row[0]: row for row in view.sketches(ids=sorted([key for key in near if key >= 0]))}
    held: dict[int, int] = {}
    for key in seeds:
        row = rows.get(key)
        if row is not None:
            held[row[1]] = held.get(row[1], 0) + (totals[key] & score)
    best = sorted(held, key=lambda file: (-held[file], file))[: int(recipe.whole_files)]
    for row in view.sketches(files=best):
        rows[row[0]] = row
    return [rows[key] for key in sorted(rows)]


def _weighted_terms(view: View, query: Query, recipe: Recipe) -> list[tuple[str, float, Lists]]:
    """(term, weight, posting lists) of the prompt's terms that occur in the memory, the weightiest first."""
    view.load(query.terms)
    entries: list[tuple[str, float, Lists]] = []
    for term, times in query.terms.items():
        lists = view.postings(term)
        count = view.counts(term)[0]
        if count:
            weight = times * _idf(view.chunk_count, count)
            entries.append((term, weight * recipe.weak_weight if term in WEAK_TERMS else weight, lists))
    entries.sort(key=lambda entry: (-entry[1], entry[0]))
    return entries[: int(recipe.query_terms)]


def _idf(total: int, count: int) -> float:
    return log(1.0 + (max(total - count, 0) + 0.5) / (count + 0.5))


def _totals(
    view: View, query: Query, entries: list[tuple[str, float, Lists]], recipe: Recipe
) -> dict[int, int]:
    """Chunk id -> score and how well it holds each term, in one integer."""
    totals: dict[int, int] = {}
    left = int(recipe.postings)
    likes_of = _likes(view, query, entries, recipe)
    for position, (term, weight, lists) in enumerate(entries):
        limit = max(64, left // max(1, min(4, len(entries) - position)))
        held: dict[int, int] = {}
        idf = _idf(view.chunk_count, view.counts(term)[0])
        found: list[tuple[float, Lists]] = []
        for likeness, other in likes_of.get(term, ()):
            other_lists = view.postings(other)
            count = view.counts(other)[0]
            if count:
                part = recipe.expansion * likeness * min(1.0, _idf(view.chunk_count, count) / idf)
                found.append((part, other_lists))
        found.sort(key=lambda item: item[0])
        found.append((1.0, lists))
        for part, some in found:  # the best comes last and stands
            level = max(1, round(part * 255))
            value = int(weight * part * _SCALE) + (level << (_SHIFT + 8 * position))
            for ids, _ in some:
                held.update(dict.fromkeys(ids[:limit].tolist(), value))
        left -= len(held)
        if totals:
            get = totals.get
            for key, value in held.items():
                totals[key] = get(key, 0) + value
        else:
            totals = held
    return totals


def _likes(
    view: View, query: Query, entries: list[tuple[str, float, Lists]], recipe: Recipe
) -> dict[str, list[tuple[float, str]]]:
    """The words of like meaning of each term, the best first, with their posting lists loaded all at once."""
    found: dict[str, list[tuple[float, str]]] = {}
    left = int(recipe.synonyms) if recipe.expansion else 0
    for term, _, _ in entries:
        likes = [
            (likeness, other)
            for other, likeness in (view.synonyms(term) if left > 0 else ())
            if likeness >= recipe.likeness and other not in query.terms
        ]
        likes.sort(reverse=True)
        found[term] = likes[:left]
        left -= len(found[term])
    view.load([other for likes in found.values() for _, other in likes])
    return found


def _file_scores(view: View, entries: list[tuple[str, float, Lists]]) -> dict[int, float]:
    """BM25 of whole files."""
    scores: dict[int, float] = {}
    get = scores.get
    fixed = _K1 * (1.0 - _B)
    slope = _K1 * _B / max(view.mean_file_terms, 1.0)
    for term, chunk_weight, _ in entries:
        count, file_count = view.counts(term)
        if not file_count:
            continue
        file_lists = view.file_postings(term)
        rarity = _idf(view.file_count, file_count) / _idf(view.chunk_count, count)
        weight = chunk_weight * rarity * (_K1 + 1.0)
        for ids, payloads in file_lists:
            for key, payload in zip(ids[:_FILES_READ].tolist(), payloads[:_FILES_READ].tolist(), strict=True):
                times = payload >> 16
                scores[key] = get(key, 0.0) + weight * times / (times + fixed + slope * (payload & 0xFFFF))
    return scores


class _Sections:
    """Scores of sections from what their chunks hold. A row has one byte per term of the prompt."""

    def __init__(
        self, totals: dict[int, int], sketches: list[Sketch], weights: list[float], recipe: Recipe
    ) -> None:
        self._weights = [weight / 255.0 for weight in weights]
        self._whole = sum(weights)
        self._recipe = recipe
        self._weighed: dict[int, float] = {}
        self._scores: dict[int, tuple[float, float]] = {}
        size = len(weights)
        rows: dict[int, bytes] = {}
        get = totals.get
        for sketch in sketches:
            total = get(sketch[0])
            if total:
                row = (total >> _SHIFT).to_bytes(size, "little")
                section = sketch[2]
                known = rows.get(section)
                rows[section] = row if known is None else bytes(map(max, known, row))
        self._rows = rows

    def _weigh(self, section: int) -> float:
        weighed = self._weighed.get(section)
        if weighed is None:
            row = self._rows.get(section)
            weighed = self._weighed[section] = 0.0 if row is None else sum(map(mul, row, self._weights))
        return weighed

    def score(self, section: int) -> tuple[float, float]:
        """(score with neighbours and coverage, coverage)."""
        known = self._scores.get(section)
        if known is not None:
            return known
        weigh = self._weigh
        recipe = self._recipe
        total = weigh(section) + recipe.near_section * (weigh(section - 1) + weigh(section + 1))
        total += recipe.far_section * (weigh(section - 2) + weigh(section + 2))
        rows = [row for row in map(self._rows.get, (section - 1, section, section + 1)) if row is not None]
        if not rows:
            covered = 0.0
        elif len(rows) == 1:
            covered = sum(map(mul, rows[0], self._weights))
        else:
            covered = sum(map(mul, map(max, *rows), self._weights))
        coverage = covered / self._whole
        known = self._scores[section] = (total * coverage**recipe.coverage, coverage)
        return known


def _scored(
    view: View,
    query: Query,
    recipe: Recipe,
    now_day: int,
    sketches: list[Sketch],
    totals: dict[int, int],
    entries: list[tuple[str, float, Lists]],
    timed: frozenset[int],
) -> list[tuple[float, str, int, int, int, Parts]]:
    """Every sketch with a score, in no order."""
    weights = [entry[1] for entry in entries]
    sections = _Sections(totals, sketches, weights, recipe)
    file_scores = _file_scores(view, entries)
    files = view.files({sketch[1] for sketch in sketches})
    # Of a file: path, factor for its date, what else is known of it, its share of the score.
    of_file = {
        number: (
            file.path,
            _date_factor(file, query, recipe),
            prior(file, now_day),
            file_scores.get(number, 0.0),
        )
        for number, file in files.items()
    }
    own_share = recipe.own_share / (sum(weights) * _SCALE)
    file_share, floor = recipe.file_share, recipe.size_floor
    mask = _SCORE
    leads: dict[str, bool] = {"": False}
    section_of = sections.score
    get = totals.get
    found = []
    for key, file, number, section_tokens, tokens, lead, line in sketches:
        section, coverage = section_of(number)
        if not coverage:
            continue
        path, factor, known, file_score = of_file[file]
        if lead:
            named = leads.get(lead)
            if named is None:
                named = leads[lead] = query.words.issuperset(dates.words(lead))
            if named:
                factor *= recipe.lead_factor
        if timed and key in timed:
            factor *= recipe.when_factor
        own = get(key, 0) & mask
        score = (section + file_share * file_score) * (1.0 + own_share * own) * factor * known
        worth = score / (section_tokens if section_tokens > floor else floor)
        parts = (score, own / _SCALE, section, file_score, coverage, factor)
        found.append((-worth, path, line, key, tokens, parts))
    return found


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
