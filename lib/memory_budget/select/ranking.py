"""Ranks the chunks of an agent's memory by what they say about a task.

Pure: everything is read through a `View` (see `selection`). The work is bounded whatever the size of the
memory: the rarest terms of the prompt are read first, each list only as far as its best entries, and of a large memory
only the best pages are looked at.

Relevance is judged by section (everything under one heading below the title; in a text without headings,
each paragraph), because a section is written, and needed, as a whole. A section's score:

1. the weights of the prompt's terms that occur in it, rare ones weighing more; a term that only has a word of like
   meaning there counts for a part. How often a term occurs adds nothing;
2. plus a share of the same for the sections around it, where text goes on without headings of its own (paragraphs,
   turns of a conversation): an answer often stands below what names the thing;
3. times a power of the share of the prompt's terms found in it or next to it;
4. plus a share of its file's BM25.

A chunk has its section's score, more of it the more of the prompt single chunks of the section hold, times a factor when
it leads with a name that the prompt names, when its file is of a date that the prompt names, and when the prompt asks
when and it holds a time word. What each part is worth is printed by `tests/bench/trimming.py --ablation`.
"""

from __future__ import annotations

from _operator import sub
from math import log

from memory_budget.index.records import file_of, id_of, lead_of
from memory_budget.index.records import section_of as section_in
from memory_budget.text import dates, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.index.records import Chunk, File
    from memory_budget.select.view import View

    #: What a score is made of: the score; the weight of the prompt's terms in single chunks of its section; the score of the
    #: section with its neighbours; that of its file; the share of the prompt found there; the factor for names, dates, time words.
    Parts = tuple[float, float, float, float, float, float]
    #: A candidate: its worth (score per token of its section, by which candidates are taken), negated so that the best
    #: sorts first; path, line, chunk, parts.
    Row = tuple[float, str, int, Chunk, Parts]
    #: A section: its worth, negated; path, parts, chunks.
    Judged = tuple[float, str, Parts, list[Chunk]]


class Recipe:
    """The numbers of the ranking, chosen by `tests/bench/trimming.py` on public data.

    `size_floor`: tokens below which a section or chunk is not favoured for being short. `relevance_floor`: share
    of the best score below which a chunk is not relevant. The last eight bound the work: terms of a prompt, synonyms and
    posting entries read for them; `whole`: chunks of a memory that is looked at whole; of a larger one at most `best`
    chunks in `pages` pages are, those that hold most of the `seeds` chunks with most of the prompt, and synonyms and
    postings are divided by `narrow`.
    """

    __slots__ = (
        "best", "coverage", "date_factor", "expansion", "far_section", "file_share", "lead_factor", "likeness",
        "month_factor", "narrow", "near_section", "own_share", "pages", "postings", "query_terms", "relevance_floor", "seeds",
        "size_floor", "synonyms", "weak_weight", "when_factor", "whole",
    )  # fmt: skip

    def __init__(self, **changes: float) -> None:
        self.near_section = 0.5
        self.far_section = 0.25
        self.coverage = 0.5
        self.file_share = 0.5
        self.expansion = 1.0
        self.likeness = 0.35
        self.weak_weight = 0.1
        self.own_share = 0.5
        self.lead_factor = 2.5
        self.date_factor = 3.0
        self.month_factor = 2.0
        self.when_factor = 1.4
        self.size_floor = 55.0
        self.relevance_floor = 0.094
        self.query_terms = 48.0
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
NO_PARTS = (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)

#: Words that say what to do with the answer and not what it is about; they count for little. As index terms, for a start
#: need not make them anew.
WEAK_TERMS = frozenset(
    (
        "accord across ask aspect convers describ differ discuss ensur exampl explain give happen help "
        "item know list make mani mention much need order overview provid sai said show summar summari "
        "sure talk tell think throughout variou want"
    ).split(" ")
)

_K1 = 1.5
_B = 0.75
_TIMED = 2048
_APART = 3  # how far apart two sections are that the ranking takes for separate, see `chunks.SECTION_STEP`
#: Postings of a list that are always read: lists up to this are not sorted by what they are worth.
_LEAST = 64


class Query:
    """What a prompt asks for: its index terms with weights, and the names, dates and questions in it."""

    __slots__ = ("asks_when", "dates", "terms", "words")

    def __init__(self, prompt: str, description: str = "") -> None:
        text = f"{prompt}\n{description}" if description and description not in prompt else prompt
        counts: dict[str, int] = {}
        for term in words.terms(text):
            counts[term] = counts.get(term, 0) + 1
        self.terms = {term: 1.0 + 0.5 * log(count) for term, count in counts.items()}
        self.words = frozenset(dates.words(text))
        self.asks_when = not self.words.isdisjoint(dates.ASKS_WHEN)
        self.dates = dates.mentioned(text)


class _Term:
    """A term of the prompt that occurs in the memory, with its weight and its rarity.

    `lists`: the chunks that hold words of like meaning and then the term itself, each list with how well it does for
    the term (1.0: the term itself), the best last. `held`: the same by chunk.
    """

    __slots__ = ("held", "lists", "rarity", "term", "weight")

    def __init__(self, term: str, weight: float, rarity: float) -> None:
        self.term = term
        self.weight = weight
        self.rarity = rarity
        self.lists: list[tuple[float, list[int]]] = []
        self.held: dict[int, float] = {}


def rank(
    view: View, query: Query, recipe: Recipe = RECIPE, now_day: int = 0, more: int | None = None
) -> list[Row]:
    """The chunks that have to do with the query, best first; of a large memory, those of the pages that hold most of it.

    `more`: how many of those below the relevance floor are asked for, at least; None for all.
    """
    entries = _weighted_terms(view, query, recipe)
    if not entries:
        return []
    _find(view, query, entries, recipe)
    own: dict[int, float] = {}
    get = own.get
    for entry in entries:
        weight = entry.weight
        for key, part in entry.held.items():
            own[key] = get(key, 0.0) + weight * part
    chunks = view.chunks() if view.chunk_count <= recipe.whole else _best_chunks(view, own, recipe)
    sections = _sections(chunks, entries, recipe)
    timed = _timed(view) if query.asks_when else frozenset()
    found = _scored(view, query, recipe, now_day, chunks, own, entries, sections, timed, more)
    found.sort()
    return found


def _best_chunks(view: View, own: dict[int, float], recipe: Recipe) -> list[Chunk]:
    """Of a large memory: the pages that hold most of the prompt for their size (a section is needed whole, and parts of it
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


def _weighted_terms(view: View, query: Query, recipe: Recipe) -> list[_Term]:
    """The prompt's terms that occur in the memory, the weightiest first."""
    view.load(query.terms)
    entries = []
    for term, times in query.terms.items():
        count = view.counts(term)[0]
        if count:
            rarity = _idf(view.chunk_count, count)
            weight = times * rarity * (recipe.weak_weight if term in WEAK_TERMS else 1.0)
            entries.append(_Term(term, weight, rarity))
    entries.sort(key=lambda entry: (-entry.weight, entry.term))
    return entries[: int(recipe.query_terms)]


def _idf(total: int, count: int) -> float:
    return log(1.0 + (max(total - count, 0) + 0.5) / (count + 0.5))


def _find(view: View, query: Query, entries: list[_Term], recipe: Recipe) -> None:
    """Find which chunks hold each term or a word of like meaning."""
    left = int(recipe.postings / _narrow(view, recipe))
    likes_of = _likes(view, query, entries, recipe)
    for position, entry in enumerate(entries):
        limit = max(_LEAST, left // max(1, min(4, len(entries) - position)))
        found: list[tuple[float, str]] = []
        for likeness, other in likes_of.get(entry.term, ()):
            count = view.counts(other)[0]
            if count:
                rarity = min(1.0, _idf(view.chunk_count, count) / entry.rarity)
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
                likes.append((-entry.weight * likeness, entry.term, likeness, other))
    likes.sort()
    found: dict[str, list[tuple[float, str]]] = {}
    for _, term, likeness, other in likes[:limit]:
        found.setdefault(term, []).append((likeness, other))
    view.load([other for some in found.values() for _, other in some])
    return found


def _narrow(view: View, recipe: Recipe) -> float:
    return recipe.narrow if view.chunk_count > recipe.whole else 1.0


def _file_scores(view: View, entries: list[_Term], files: set[int]) -> dict[int, float]:
    """BM25 of whole files, of those in `files`."""
    scores = dict.fromkeys(files, 0.0)
    fixed = _K1 * (1.0 - _B)
    slope = _K1 * _B / max(view.mean_file_terms, 1.0)
    for entry in entries:
        file_count = view.counts(entry.term)[1]
        if not file_count:
            continue
        weight = entry.weight / entry.rarity * _idf(view.file_count, file_count) * (_K1 + 1.0)
        for ids, payloads in view.file_postings(entry.term):
            for key, payload in zip(ids, payloads, strict=True):
                if key in files:
                    times = payload >> 16
                    scores[key] += weight * times / (times + fixed + slope * (payload & 0xFFFF))
    return scores


def _sections(chunks: list[Chunk], entries: list[_Term], recipe: Recipe) -> dict[int, tuple[float, float]]:
    """Section -> (score with its neighbours and coverage, coverage), where any of the prompt stands in or next to it."""
    numbers = list(map(section_in, chunks))
    section_of = dict(zip(map(id_of, chunks), numbers, strict=True)).get
    # Those with others around them: none where all sections have headings, which is usual.
    joined = _joined(sorted(set(numbers)))
    weighed: dict[int, float] = {}
    covered: dict[int, float] = {}
    get_weighed, get_covered = weighed.get, covered.get
    for entry in entries:
        weight = entry.weight
        best: dict[int, float] = {}
        for part, ids in entry.lists:
            best.update(dict.fromkeys(map(section_of, ids), part))  # type: ignore[arg-type]
        best.pop(None, None)  # type: ignore[call-overload]
        for section, part in best.items():
            weighed[section] = get_weighed(section, 0.0) + weight * part
        if not joined:
            continue
        near = {section: best[section] for section in best.keys() & joined}
        for section, part in list(near.items()):
            if near.get(section - 1, 0.0) < part:
                near[section - 1] = part
            if near.get(section + 1, 0.0) < part:
                near[section + 1] = part
        for section, part in near.items():
            covered[section] = get_covered(section, 0.0) + weight * part
    whole = sum([entry.weight for entry in entries])
    found = {}
    for section, total in weighed.items():
        if section not in joined:
            coverage = total / whole
            found[section] = (total * coverage**recipe.coverage, coverage)
    for section, found_there in covered.items():
        total = (
            get_weighed(section, 0.0)
            + recipe.near_section * (get_weighed(section - 1, 0.0) + get_weighed(section + 1, 0.0))
            + recipe.far_section * (get_weighed(section - 2, 0.0) + get_weighed(section + 2, 0.0))
        )
        coverage = found_there / whole
        found[section] = (total * coverage**recipe.coverage, coverage)
    return found


def _joined(numbers: list[int]) -> set[int]:
    """Of sections by number, those with another at most two away."""
    found: set[int] = set()
    if min(map(sub, numbers[1:], numbers), default=_APART) < _APART:
        for step in (1, 2):
            after = {number + step for number in numbers}.intersection(numbers)
            found |= after
            found.update([number - step for number in after])
    return found


def _scored(
    view: View,
    query: Query,
    recipe: Recipe,
    now_day: int,
    chunks: list[Chunk],
    own: dict[int, float],
    entries: list[_Term],
    sections: dict[int, tuple[float, float]],
    timed: frozenset[int],
    more: int | None,
) -> list[Row]:
    """The chunks with a score, in no order; with `more`, those above the floor and at least so many of the others."""
    numbers = set(map(file_of, chunks))
    file_scores = _file_scores(view, entries, numbers)
    # Of a file: path, factor for its date, what else is known of it, its share of the score.
    of_file = {
        number: (
            file.path,
            _date_factor(file, query, recipe),
            prior(file, now_day),
            file_scores[number],
        )
        for number, file in view.files(numbers).items()
    }
    own_share = recipe.own_share / sum([entry.weight for entry in entries])
    file_share, floor = recipe.file_share, recipe.size_floor
    members: dict[int, list[Chunk]] = {}
    last = -1
    for chunk in chunks:
        if chunk[2] != last:
            last = chunk[2]
            inside = members.setdefault(last, [])
        inside.append(chunk)
    judged: list[Judged] = []
    for number, inside in members.items():
        if number not in sections:
            continue
        section, coverage = sections[number]
        path, factor, known, file_score = of_file[inside[0][1]]
        section_tokens = inside[0][3]
        passage = _passage(inside, own)
        score = (section + file_share * file_score) * (1.0 + own_share * passage) * factor * known
        worth = score / (section_tokens if section_tokens > floor else floor)
        judged.append((-worth, path, (score, passage, section, file_score, coverage, factor), inside))
    factors = _factors(chunks, query, timed, recipe)
    raised = _raised(judged, factors) if factors else []
    end: tuple[float, str, int] = (1.0, "", 0)  # behind all
    if more is not None and judged:
        best = min([section[0] for section in judged] + [row[0] for row in raised])
        judged, end = _foremost(judged, factors, recipe.relevance_floor * best, more)
    found = [
        (negated, path, chunk[6], chunk, parts)
        for negated, path, parts, inside in judged
        for chunk in inside
        if chunk[0] not in factors
    ]
    found += [row for row in raised if row[:3] < end]
    return found


def _factors(chunks: list[Chunk], query: Query, timed: frozenset[int], recipe: Recipe) -> dict[int, float]:
    """Chunks that are worth more than their section, by id: they lead with a name that the query names, or tell a time."""
    factors = {}
    named = _named(set(map(lead_of, chunks)), query)
    if named and recipe.lead_factor != 1.0:
        factors = {chunk[0]: recipe.lead_factor for chunk in chunks if chunk[5] in named}
    if timed and recipe.when_factor != 1.0:
        for key in timed.intersection(map(id_of, chunks)):
            factors[key] = factors.get(key, 1.0) * recipe.when_factor
    return factors


def _named(leads: set[str], query: Query) -> set[str]:
    """Of the names that chunks lead with, those that the query names."""
    known = query.words
    found = set()
    for lead in leads:
        first = lead.partition(" ")[0]
        if first.isalnum() and first not in known:
            continue  # which is so for most, and seen at a tenth of the cost
        if lead and known.issuperset(dates.words(lead)):
            found.add(lead)
    return found


def _raised(judged: list[Judged], factors: dict[int, float]) -> list[Row]:
    """The rows of the chunks that have a factor of their own."""
    found: list[Row] = []
    for negated, path, parts, inside in judged:
        for chunk in inside:
            if chunk[0] in factors:
                factor = factors[chunk[0]]
                score, passage, section, file_score, coverage, dated = parts
                own = (score * factor, passage, section, file_score, coverage, dated * factor)
                found.append((negated * factor, path, chunk[6], chunk, own))
    return found


def _foremost(
    judged: list[Judged], factors: dict[int, float], floor: float, more: int
) -> tuple[list[Judged], tuple[float, str, int]]:
    """The sections above the floor and the next ones, with at least `more` chunks but for those with factors; and the place
    in the order of rows that the first of the others has."""
    judged.sort(key=_order)
    count = 0
    for number, section in enumerate(judged):
        if section[0] > floor:
            if count >= more:
                return judged[:number], _order(section)
            count += len([chunk for chunk in section[3] if chunk[0] not in factors])
    return judged, (1.0, "", 0)


def _order(section: Judged) -> tuple[float, str, int]:
    """As the rows of its chunks are sorted; they stand together in the file."""
    return section[0], section[1], section[3][0][6]


def _passage(chunks: list[Chunk], own: dict[int, float]) -> float:
    """How much of the prompt single chunks of a section hold: the mean of its best chunk's and its average chunk's weight.

    By section, for a section is needed as a whole: the best passage says that it is the one, the average that the rest is
    about the same.
    """
    best = held = 0.0
    for chunk in chunks:
        if chunk[0] in own:
            weight = own[chunk[0]]
            held += weight * chunk[4]
            if weight > best:
                best = weight
    return (best + held / chunks[0][3]) / 2 if held else best / 2


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
