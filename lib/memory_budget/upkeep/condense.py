"""Condenses a note to a share of its tokens by leaving statements out: nothing in the summary is new.

Chosen are the statements that add most per token to what is chosen already: decisions (with reasons, causes, lessons),
commands, paths and figures, then words that are rare in the project's memory; greedy, until the budget is full. They
are printed in the note's order under its headings. Paths left over are named in one line at the end.

Measured on the 27 distinct notes of a public project's memory (78,289 tokens, documentation style with a third of it code):
to 24.2 % of the tokens (no note over 25 %), keeping 85 % of the statements that tell decisions, 63 % of the distinct
commands, 78 % of the distinct paths and 60 % of the distinct figures; the first quarter of each note keeps 23, 33, 26
and 38 %. 0.15 s a note. What is lost is mostly prose, and code that is no command.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.base import front_matter
from memory_budget.text import clean
from memory_budget.upkeep.statements import Statement, statements_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: What a new fact of each kind is worth, and what a new word is worth that is in one file only.
_WEIGHT = {"decision": 3.0, "command": 2.0, "path": 1.5, "figure": 1.0}
_WORD_WEIGHT = 0.35
#: Front matter that still holds of a summary.
_CARRIED = ("date", "updated", "created", "tags", "confidence", "expires", "title", "name", "description")


class Summary(NamedTuple):
    """A condensed note: `text` with its front matter; tokens of the note and of the summary; `coverage`: by kind of
    fact, how many of the note's distinct ones are in the summary, as (in the summary, in the note)."""

    text: str
    tokens_before: int
    tokens_after: int
    coverage: dict[str, tuple[int, int]]


def condense_note(
    text: str,
    ratio: float,
    count: Callable[[str], int],
    rarity: Callable[[Iterable[str]], dict[str, float]] | None = None,
    *,
    source: str = "",
    matter: Sequence[tuple[str, str]] = (),
) -> Summary:
    """Condense a note to at most `ratio` of its tokens (front matter apart). Pure.

    `count` counts tokens; `rarity` gives index terms a weight from 0 (in every file) to 1 (in one); `source`: path of the
    full text; `matter`: front matter to add where the note has no date of its own.
    """
    present = front_matter.read_front_matter(text)
    body = clean.clean_note(text[present.body :])[0]
    before = count(body)
    statements = statements_of(body)
    weights = rarity({word for statement in statements for word in statement.words}) if rarity else {}
    budget = int(before * ratio)
    note = f"Condensed from {source}, where the full text lies." if source else ""
    note_cost = count(note + "\n\n") if note else 0
    chosen = _choose_statements(statements, budget - note_cost, count, weights)
    unnamed_paths = _left_paths(statements, chosen)
    spent = count(_summary_text(statements, chosen, note, ""))
    while spent > budget and chosen:
        chosen.discard(max(chosen))  # tokens of parts do not add up exactly: drop the last ones
        spent = count(_summary_text(statements, chosen, note, ""))
    tail = ""
    for path in unnamed_paths:
        longer = f"{tail}, `{path}`" if tail else f"Also named: `{path}`"
        if spent + count("\n" + longer + ".\n") > budget:
            break
        tail = longer
    printed = _summary_text(statements, chosen, note, tail + "." if tail else "")
    facts = {fact for number in chosen for fact in statements[number].facts}
    facts |= {("path", path) for path in unnamed_paths if f"`{path}`" in tail}
    all_facts = {fact for statement in statements for fact in statement.facts}
    coverage = {
        kind: (sum(fact[0] == kind for fact in facts), sum(fact[0] == kind for fact in all_facts))
        for kind in _WEIGHT
    }
    head = {key: value for key, value in present.fields.items() if key in _CARRIED}
    if not any(key in head for key in ("date", "updated", "created")):
        head.update(matter)
    front = "".join(f"{key}: {value}\n" for key, value in head.items())
    full = (f"---\n{front}---\n\n" if front else "") + printed
    return Summary(full, before, count(printed), coverage)


def _choose_statements(
    statements: Sequence[Statement], budget: int, count: Callable[[str], int], weights: dict[str, float]
) -> set[int]:
    """Numbers of the statements whose new facts are worth most per token; greedy, until no other one fits."""
    costs = [count(statement.text + "\n") + 1 for statement in statements]
    chosen: set[int] = set()
    facts: set[tuple[str, str]] = set()
    words: set[str] = set()
    printed: set[tuple[int, str]] = set()
    fences: set[int] = set()
    spent = 0
    waiting = [number for number, cost in enumerate(costs) if cost <= budget]
    first_of: dict[tuple[int, str] | None, int] = {}
    for number, statement in enumerate(statements):
        first_of.setdefault(statement.headings[-1] if statement.headings else None, number)
    while waiting:
        best, best_value, best_cost = -1, 0.0, 0
        for number in waiting:
            statement = statements[number]
            cost = costs[number] + sum(
                count(line + "\n")
                for key, line in (*statement.headings, *statement.keyed_lead)
                if (key, line) not in printed
            )
            if statement.fence and statement.block not in fences:
                cost += 6
            if spent + cost > budget:
                continue
            worth = sum(_WEIGHT[fact[0]] for fact in statement.facts if fact not in facts)
            worth += _WORD_WEIGHT * sum(weights.get(word, 0.5) for word in statement.words - words)
            if first_of[statement.headings[-1] if statement.headings else None] == number:
                worth *= 1.15
            if statement.kind == "code":
                worth *= 0.4
            value = worth / max(cost, 8)
            if value > best_value:
                best, best_value, best_cost = number, value, cost
        if best < 0:
            break
        statement = statements[best]
        waiting.remove(best)
        chosen.add(best)
        facts |= statement.facts
        words |= statement.words
        printed.update((*statement.headings, *statement.keyed_lead))
        if statement.fence:
            fences.add(statement.block)
        spent += best_cost
    return chosen


def _left_paths(statements: Sequence[Statement], chosen: set[int]) -> list[str]:
    """Paths that no chosen statement names, the most frequent first."""
    covered = {fact for number in chosen for fact in statements[number].facts}
    counts: dict[str, int] = defaultdict(int)
    for statement in statements:
        for fact in statement.facts - covered:
            if fact[0] == "path":
                counts[fact[1]] += 1
    return sorted(counts, key=lambda path: (-counts[path], len(path), path))


def _summary_text(statements: Sequence[Statement], chosen: set[int], note: str, tail: str) -> str:
    """The summary: `note` (where the full text is), the chosen statements under their headings, and `tail`."""
    parts: list[str] = [note] if note else []
    printed: set[tuple[int, str]] = set()
    texts: set[str] = set()
    block = -1
    fence = ""
    for number in sorted(chosen):
        statement = statements[number]
        if fence and (statement.block != block or statement.fence != fence):
            parts[-1] += "\n" + fence[:3]
            fence = ""
        for heading in statement.headings:
            if heading not in printed:
                printed.add(heading)
                parts.append(heading[1])
                block = -1
        lines = []
        for key in statement.keyed_lead:
            if key not in printed and key[1].strip() not in texts:
                lines.append(key[1])
            printed.add(key)
        lines.append(statement.text)
        texts.add(statement.text.strip())
        if statement.fence:
            if not fence:
                parts.append(statement.fence)
                fence = statement.fence
            parts[-1] += "\n" + "\n".join(lines)
        elif statement.block == block and statement.kind in ("sentence", "line"):
            dense = parts[-1].endswith(("。", "！", "？")) and not statement.text[:1].isascii()
            joint = "" if dense else " "
            parts[-1] += (joint if statement.kind == "sentence" else "\n") + statement.text
        elif statement.block == block:
            parts[-1] += "\n" + "\n".join(lines)
        else:
            parts.append("\n".join(lines))
        block = statement.block
    if fence:
        parts[-1] += "\n" + fence[:3]
    if tail:
        parts.append(tail)
    return "\n\n".join(parts) + "\n" if parts else ""
