"""Ranks the leaves of an agent's memory by what they say about a task.

Pure: everything is read through a `View` (see `view`). The work is bounded whatever the size of the memory: the most telling
terms of the prompt are looked at, each list only as far as its best entries, and of a large memory only the best pages.

A leaf (see `index.leaves`) has the score of

1. its best chunk, and a little of the others: the weights of the prompt's terms there, rare and telling ones weighing more; a term that
   only has a word of like meaning there counts for a part, and how often a term occurs adds nothing;
2. times a power of the share of the prompt that the whole leaf holds;
3. plus shares of its file's BM25, of the terms in what the file says it is about (name, title, description, tags) and in its heading;
4. over a power of its size, so that a long leaf must earn its place.

In a journal a turn is scored with its neighbours: an answer often stands below what names the thing. It counts more when it
leads with a name that the prompt names, when its file is of a date that the prompt names, and when the prompt asks when and it
holds a time word. What each part is worth is printed by `tests/bench/trimming.py --ablation`.

How sure it is that anything is about the task (`Evidence`) is judged apart from the order, see `confidence`.
"""

from __future__ import annotations

from memory_budget.index.records import file_of, heading_of
from memory_budget.select import heading_terms
from memory_budget.select.confidence import TINY, Evidence
from memory_budget.select.everyday import EVERYDAY
from memory_budget.select.query import Query
from memory_budget.select.recipe import RECIPE, Recipe
from memory_budget.select.scoring import Leaf, Scorer, Term, handed_out, idf
from memory_budget.text.thesaurus import MOST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from memory_budget.index.records import Row
    from memory_budget.select.view import View

#: Postings of a list that are always read: lists up to this are not sorted by what they are worth.
_LEAST = 64
#: What a term counts as evidence that stands only in what the note says it is about.
LABEL_PART = 0.5
#: What it counts that the prompt has two words in a row as a name of the note has them, and how often.
NAMED = 3.2
MOST_NAMED = 2
#: The best chunks whose mean mass is looked at: at most so many, and at most this share of the memory.
OTHERS = 20
OTHERS_SHARE = 1 / 12
#: Files that hold a term up to which `_file_masses` reads them. Of one in more of them (a memory of thousands of files) each file
#: is taken to hold the share that holds it, and a word of like meaning in more of them says nothing.
FILES_READ = 1000
#: Chunks of a memory that is one file up to which its headings are looked at, as names of notes are in others.
LONE = 500
#: The bits of a file's posting that say how often the term stands in its text.
IN_TEXT = 0x7FFF << 16
#: How telling a word is that is counted when a person is told why.
TELLING = 1.0


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


def rank(view: View, query: Query, recipe: Recipe = RECIPE, now_day: int = 0, least: float = 0.0) -> Ranking:
    """Rank what has to do with the query; of a large memory, what is in the pages that hold most of it. Nothing is ranked where
    the confidence is under `least`."""
    entries, total_weight = _entries(view, query, recipe)
    if not entries:
        return Ranking([], Evidence(0.0, total_weight, 0, 0))
    _find_holders(view, query, entries, recipe)
    mass = _chunk_sums([(entry.telling, entry.held) for entry in entries if entry.telling])
    by_file = _file_masses(view, entries)
    name_bonus = NAMED * min(sum([view.counts(pair)[1] > 0 for pair in query.pairs]), MOST_NAMED)
    evidence = Evidence(_most(view, entries, mass) + name_bonus, total_weight, 0, 0, view.chunk_count)
    evidence.file = max(evidence.mass, max(by_file.values(), default=0.0) + name_bonus)
    evidence.known = sum([entry.telling for entry in entries if entry.weight])
    evidence.strange = sum(
        [entry.telling for entry in entries if not entry.weight and entry.term in query.proper]
    )
    others = _others(mass, view.chunk_count)
    evidence.everyday = sum([entry.telling for entry in entries if entry.term in EVERYDAY])
    evidence.others = others + name_bonus
    page = view.chunk_count < (LONE if view.file_count == 1 else TINY)
    if evidence.confidence < least:
        known = evidence.known
        evidence.add(heading_terms.most(entries) if page else 0.0)
        if evidence.confidence < least:
            return Ranking([], evidence)
        evidence.known = known
    chunk_weights = _chunk_sums([(entry.weight, entry.held) for entry in entries])
    chunks = view.rows() if view.chunk_count <= recipe.whole else _best_chunks(view, chunk_weights, recipe)
    numbers = set(map(file_of, chunks))
    files = view.files(numbers)
    if len(files) < len(numbers):
        chunks = [chunk for chunk in chunks if chunk[1] in files]
    scorer = Scorer(view, query, recipe, now_day, entries, chunk_weights, chunks, files)
    evidence.mass = evidence.file = 0.0
    evidence.others = others
    _find_evidence(evidence, mass, by_file, entries, chunks, scorer)
    if page:
        evidence.add(heading_terms.titled(_heading_lines(view, chunks), entries))
    sure = evidence.confidence >= least
    leaves = heading_terms.lift(scorer.leaves(), view.headings(), entries, recipe) if sure else []
    return Ranking(leaves, evidence, chunk_weights)


def _heading_lines(view: View, chunks: list[Row]) -> list[str]:
    """The heading lines right above these chunks, without their marks."""
    headings = view.headings()
    return [headings[number].text for number in {heading_of(row) for row in chunks} if number]


def _chunk_sums(terms: list[tuple[float, dict[int, float]]]) -> dict[int, float]:
    """What each chunk holds of all terms together: `terms` has the weight of each, and how much of it each chunk holds."""
    sums: dict[int, float] = {}
    for weight, held in terms:
        for number, part in held.items():
            if number in sums:
                sums[number] += weight * part
            else:
                sums[number] = weight * part
    return sums


def _most(view: View, entries: list[Term], mass: Mapping[int, float]) -> float:
    """A bound of the mass that any chunk can have, from posting lists alone: no more than this is in it and in its label."""
    largest = max(mass.values(), default=0.0)
    for entry in entries:
        if any(max(payloads) >> 31 for _, payloads in view.file_postings(entry.term) if payloads):
            largest += LABEL_PART * entry.telling
    return largest


def _others(mass: Mapping[int, float], chunks: int) -> float:
    """The mean mass of the best chunks, of so many as `OTHERS` and the size of the memory say."""
    count = max(1, min(OTHERS, int(chunks * OTHERS_SHARE)))
    return sum(sorted(mass.values(), reverse=True)[:count]) / count


def _file_masses(view: View, entries: list[Term]) -> dict[int, float]:
    """Of each file that holds terms of the prompt, or words of like meaning: how much all of those tell, wherever in it."""
    masses: dict[int, float] = {}
    get = masses.get
    everywhere = 0.0
    for entry in entries:
        telling = entry.telling
        if not telling:
            continue
        holding = view.counts(entry.term)[1]
        if holding > FILES_READ:
            everywhere += telling * min(holding / max(view.file_count, 1), 1.0)
            continue
        best: dict[int, float] = {}
        for part, term in entry.alike:
            if view.counts(term)[1] <= FILES_READ:
                for ids, _ in view.file_postings(term):
                    for key in ids:
                        best[key] = part
        for ids, payloads in view.file_postings(entry.term):
            for key, payload in zip(ids, payloads, strict=True):
                if payload & IN_TEXT:
                    best[key] = 1.0
                elif best.get(key, 0.0) < LABEL_PART:
                    best[key] = LABEL_PART
        for key, part in best.items():
            masses[key] = get(key, 0.0) + telling * part
    return {key: mass + everywhere for key, mass in masses.items()} if everywhere else masses


def _find_evidence(
    evidence: Evidence,
    mass: Mapping[int, float],
    by_file: Mapping[int, float],
    entries: list[Term],
    chunks: list[Row],
    scorer: Scorer,
) -> None:
    """What the chunk that holds most of the prompt holds of it, what its file says it is about included, and what the file that
    holds most of it does."""
    best_of: dict[int, tuple[float, int]] = {}
    for row in chunks:
        number, file = row[0], row[1]
        held = mass.get(number, 0.0)
        if file not in best_of or held > best_of[file][0]:
            best_of[file] = held, number
    telling = [
        entry for entry in entries if entry.telling >= TELLING and entry.term not in scorer.query.parts
    ]
    evidence.asked = len(telling)
    bonus = 0.0
    for file in sorted(best_of):
        held, number = best_of[file]
        labelled = scorer.labelled.get(file, [])
        chunk_mass = held + sum(
            [LABEL_PART * entry.telling * (1.0 - entry.held.get(number, 0.0)) for entry in labelled]
        )
        # A file that is most of memory holds words by chance: what stands elsewhere in it counts by how much else there is.
        elsewhere = 1.0 - min(scorer.files[file].tokens / (scorer.view.scoped_tokens or 1), 1.0) ** 2
        in_file = chunk_mass + max(by_file.get(file, 0.0) - chunk_mass, 0.0) * elsewhere
        name_bonus = NAMED * min(scorer.named.get(file, 0), MOST_NAMED)
        share = scorer.recipe.index_share if handed_out(scorer.files[file].path) else 1.0
        named_mass = (chunk_mass + name_bonus) * share
        evidence.file = max(evidence.file, (in_file + name_bonus) * share)
        if named_mass > evidence.mass:
            evidence.mass = named_mass
            bonus = name_bonus * share
            evidence.held = sum([entry.held.get(number) == 1.0 or entry in labelled for entry in telling])
    # Of what a note is named after it says all, whatever other chunks hold of it.
    evidence.named = bonus > 0.0
    evidence.others += bonus


def _best_chunks(view: View, chunk_weights: dict[int, float], recipe: Recipe) -> list[Row]:
    """Of a large memory: the pages that hold most of the prompt for their size (a leaf is needed whole, and parts of it
    may hold no word of the prompt)."""
    seeds = sorted(sorted(chunk_weights), key=chunk_weights.__getitem__, reverse=True)[: int(recipe.seeds)]
    held: dict[tuple[int, int], float] = {}
    for key, page in view.pages(seeds).items():
        held[page] = held.get(page, 0.0) + chunk_weights[key] ** 2
    remaining = int(recipe.best)
    best: list[int] = []
    for number, size in sorted(held, key=lambda page: (-held[page] / page[1] ** 0.5, page)):
        if size <= remaining and len(best) < recipe.pages:
            remaining -= size
            best.append(number)
    return view.rows(pages=best)


def _entries(view: View, query: Query, recipe: Recipe) -> tuple[list[Term], float]:
    """The most telling terms of the prompt, and those of the agent's name that occur in the memory, the weightiest first, and how
    much all of the prompt's tell, whether they occur or not."""
    view.load([*query.terms, *query.pairs, *query.agent])
    held_terms = {term for term in query.terms if view.counts(term)[0] or view.counts(term)[1]}
    general = view.telling([*query.terms, *query.agent])
    values = query.telling(general, held_terms)
    most = sorted(values, key=lambda term: (-values[term], term))[: int(recipe.query_terms)]
    entries = []
    for term in most:
        count = view.counts(term)[0]
        if term in held_terms:
            rarity = idf(view.chunk_count, count)
            weight = query.terms[term] * rarity * (max(values[term], 0.05) / MOST) ** recipe.telling
            if term in query.weak:
                weight *= recipe.weak_weight
            entries.append(Term(term, weight, rarity, values[term]))
        else:
            entries.append(Term(term, 0.0, 0.0, values[term]))
    if held_terms:
        for term in query.agent:
            count = view.counts(term)[0]
            if count:
                rarity = idf(view.chunk_count, count)
                says = (general.get(term, MOST) / MOST) ** 2
                entries.append(Term(term, recipe.agent * rarity * says, rarity, 0.0))
    entries.sort(key=lambda entry: (-entry.weight, entry.term))
    return entries, sum([values[term] for term in most])


def _find_holders(view: View, query: Query, entries: list[Term], recipe: Recipe) -> None:
    """Find which chunks hold each term or a word of like meaning."""
    remaining = int(recipe.postings / _narrow(view, recipe))
    likes_of = _likes(view, query, entries, recipe)
    for position, entry in enumerate(entries):
        limit = max(_LEAST, remaining // max(1, min(4, len(entries) - position)))
        weighted_terms: list[tuple[float, str]] = []
        for likeness, other in likes_of.get(entry.term, ()):
            count = view.counts(other)[0]
            if count:
                rarity = min(1.0, idf(view.chunk_count, count) / (entry.rarity or MOST))
                weighted_terms.append((recipe.expansion * likeness * rarity * rarity, other))
        weighted_terms.sort()
        entry.alike = weighted_terms[:]
        weighted_terms.append((1.0, entry.term))
        held = entry.held
        for part, term in weighted_terms:
            for ids in view.holders(term, limit if part == 1.0 else max(_LEAST, limit // 4)):
                entry.lists.append((part, ids))
                for number in ids:
                    held[number] = part  # the best comes last and stands
        remaining -= len(held)


def _likes(
    view: View, query: Query, entries: list[Term], recipe: Recipe
) -> dict[str, list[tuple[float, str]]]:
    """The words of like meaning of each term, the best of all terms together, with their posting lists loaded at once."""
    limit = int(recipe.synonyms / _narrow(view, recipe)) if recipe.expansion else 0
    least = recipe.likeness
    asked = query.terms
    likes = []
    for entry in entries if limit else ():
        for other, likeness in view.synonyms(entry.term) if entry.telling else ():
            if likeness >= least and other not in asked:
                likes.append((-(entry.weight or entry.telling) * likeness, entry.term, likeness, other))
    likes.sort()
    likes_by_term: dict[str, list[tuple[float, str]]] = {}
    for _, term, likeness, other in likes[:limit]:
        likes_by_term.setdefault(term, []).append((likeness, other))
    view.load([other for others in likes_by_term.values() for _, other in others])
    return likes_by_term


def _narrow(view: View, recipe: Recipe) -> float:
    return recipe.narrow if view.chunk_count > recipe.whole else 1.0
