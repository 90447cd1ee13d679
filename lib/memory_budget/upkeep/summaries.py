"""Summaries: old notes in `recent` are condensed to about a quarter of their tokens and move on to `intermediate`.

Extractive: every sentence, list item, table row and command of a summary stands in the note, in the note's order, under
its headings. What is kept is chosen by what it says that nothing chosen before says: decisions (with reasons, causes,
lessons), commands, paths and figures, then words that are rare in the project's memory; per token, until the budget is
full. Paths left over are named in one line at the end. The full text moves to the archive, and the summary says where.

Measured on the 27 distinct notes of a public project's memory (78,289 tokens, documentation style with a third of it code):
to 24.2 % of the tokens (no note over 25 %), keeping 85 % of the statements that tell decisions, 63 % of the distinct
commands, 78 % of the distinct paths and 60 % of the distinct figures; the first quarter of each note keeps 23, 33, 26
and 38 %.
0.15 s a note. What is lost is mostly prose, and code that is no command.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import orjson

from memory_budget.base import front_matter
from memory_budget.base.files import digest, read_bytes
from memory_budget.index import schema
from memory_budget.index.facts import side_path
from memory_budget.text import clean, markdown
from memory_budget.text.words import terms
from memory_budget.upkeep import journal, proposals
from memory_budget.upkeep.journal import NotApplied, Step
from memory_budget.upkeep.memory_files import read_text, side_facts
from memory_budget.upkeep.proposals import SUMMARIES, Proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from memory_budget.base.project import Project
    from memory_budget.index.parse import TokenCounter
    from memory_budget.upkeep.memory_files import Note

#: A note of fewer tokens is moved on as it is.
LEAST_TOKENS = 160

_DECISION = re.compile(
    r"\b(decid\w+|decision\w*|chose|chosen|agreed|adopt\w*|reject\w*|instead of|rather than|because|root cause|caused? by"
    r"|due to|reason|fix(?:ed|es)?|solution|solved|resolv\w+|workaround|lesson\w*|learn(?:ed|t|ing|ings)|must|never|always"
    r"|avoid|do not|don't|required?|warning|important|breaking|deprecated|outcome|result(?:ed|s)?|conclusion|trade-?off"
    r"|approved|status|next steps?|todo|blocked|open question)\b",
    re.I,
)
_FIGURE = re.compile(r"(?<![\w/.-])[$€£~]?\d[\d,.:]*\d?(?:\s?(?:%|(?:[kKMGT]i?B|ms|min|[smhdxKM])\b))?")
_PATH = re.compile(
    r"(?<![\w/:.])(?:~?/|\.{1,2}/)?(?:[\w.@{}<>*-]+/)+[\w.@{}<>*-]*[\w}>*]"
    r"|\b[\w-]+\.(?:py|md|sql|ya?ml|json|sh|tsx?|jsx?|toml|csv|ini|cfg|txt|html|css|go|rs|java|ipynb|tf|lock|log|env)\b"
)
_CODE_SPAN = re.compile(r"`([^`\n]+)`")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]*`]*\s+(?=[\"'(\[*`]*[A-Z0-9À-Þ])|(?<=[。！？])")
_ITEM = re.compile(r"^(\s*)(?:[-*+]|\d{1,9}[.)])\s+")
_SHELL = frozenset(("sh", "bash", "shell", "zsh", "console", "terminal", "powershell", "cmd"))
_RULE_ROW = re.compile(r"^[\s|:-]+$")

_WEIGHT = {"decision": 3.0, "command": 2.0, "path": 1.5, "figure": 1.0}
_WORD_WEIGHT = 0.35


class Rules(NamedTuple):
    """`days`: a note older than so many is condensed; `ratio`: to this share of its tokens."""

    days: int
    ratio: float


class Summary(NamedTuple):
    """`text` with its front matter; tokens of the note and of the summary; `kept`: by kind of fact, how many of the
    note's distinct ones stand in it, as (kept, all)."""

    text: str
    tokens_before: int
    tokens_after: int
    kept: dict[str, tuple[int, int]]


class _Unit(NamedTuple):
    """Something that is kept or left out as a whole.

    `lead`: lines it needs before it (a table's head, the items it hangs under, by their number); `fence`: the opening
    line of the fenced block it stands in.
    """

    text: str
    headings: tuple[tuple[int, str], ...]
    block: int
    kind: str
    fence: str
    lead: tuple[tuple[int, str], ...]
    facts: frozenset[tuple[str, str]]
    words: frozenset[str]


def facts_of(text: str, *, command: bool = False) -> set[tuple[str, str]]:
    """The commands, paths and figures in a text, and the text itself where it tells a decision."""
    found: set[tuple[str, str]] = set()
    bare = _ITEM.sub("", text)
    for path in _PATH.findall(bare):
        if _is_path(path, bare):
            found.add(("path", path))
    for figure in _FIGURE.findall(bare):
        found.add(("figure", figure.strip(" .,:")))
    if command:
        found.add(("command", bare.strip()))
    for span in _CODE_SPAN.findall(bare):
        if " " in span.strip() and span[:1].isalpha() and span[:1].islower():
            found.add(("command", span.strip()))
    if _DECISION.search(bare):
        found.add(("decision", " ".join(bare.split())))
    return found


def _is_path(path: str, text: str) -> bool:
    """Whether what looks like a path is one, and no `and/or`, date or fraction."""
    if "//" in path or path.replace("/", "").replace(".", "").replace("-", "").isdigit():
        return False
    return "." in path or path[0] in "/~" or any(sign in path for sign in "_*{<@") or f"`{path}" in text


def summarise(
    text: str,
    ratio: float,
    count: Callable[[str], int],
    rarity: Callable[[Iterable[str]], dict[str, float]] | None = None,
    *,
    source: str = "",
    matter: Sequence[tuple[str, str]] = (),
) -> Summary:
    """Condense a note to at most `ratio` of its tokens (front matter apart). Pure.

    `rarity` gives words (index terms) their weight from 0 to 1; `source`: where the full text lies.
    """
    own = front_matter.read(text)
    body = clean.cleaned(text[own.body :])[0]
    before = count(body)
    units = _units(body)
    weights = rarity({word for unit in units for word in unit.words}) if rarity else {}
    budget = int(before * ratio)
    note = f"Condensed from {source}, where the full text lies." if source else ""
    note_cost = count(note + "\n\n") if note else 0
    chosen = _choose(units, budget - note_cost, count, weights)
    left = _left_paths(units, chosen)
    spent = count(_print(units, chosen, note, ""))
    while spent > budget and chosen:
        chosen.discard(max(chosen))  # the pieces' costs do not add up to the token; the last ones give way
        spent = count(_print(units, chosen, note, ""))
    tail = ""
    for path in left:
        longer = f"{tail}, `{path}`" if tail else f"Also named: `{path}`"
        if spent + count("\n" + longer + ".\n") > budget:
            break
        tail = longer
    printed = _print(units, chosen, note, tail + "." if tail else "")
    kept_text = set().union(*(units[number].facts for number in chosen)) if chosen else set()
    kept_text |= {("path", path) for path in left if f"`{path}`" in tail}
    every = set().union(*(unit.facts for unit in units)) if units else set()
    kept = {
        kind: (sum(fact[0] == kind for fact in kept_text), sum(fact[0] == kind for fact in every))
        for kind in _WEIGHT
    }
    head = {key: value for key, value in own.fields.items() if key in _CARRIED}
    if not any(key in head for key in ("date", "updated", "created")):
        head.update(matter)
    front = "".join(f"{key}: {value}\n" for key, value in head.items())
    full = (f"---\n{front}---\n\n" if front else "") + printed
    return Summary(full, before, count(printed), kept)


#: Front matter that still holds of a summary.
_CARRIED = ("date", "updated", "created", "tags", "confidence", "expires", "title", "name", "description")


def _units(body: str) -> list[_Unit]:
    found: list[_Unit] = []
    for block, raw in enumerate(markdown.split(body)):
        headings = tuple(zip(raw.heading_lines, raw.headings, strict=True))
        for text, kind, fence, lead in _pieces(raw):
            facts = facts_of(text, command=kind == "command")
            found.append(
                _Unit(text, headings, block, kind, fence, lead, frozenset(facts), frozenset(terms(text)))
            )
    return found


def _pieces(raw: markdown.RawChunk) -> Iterable[tuple[str, str, str, tuple[tuple[int, str], ...]]]:
    """The pieces of a chunk as (text, kind, opening line of its fence, lines it hangs under)."""
    lines = raw.text.split("\n")
    plain: list[str] = []
    at = 0
    above: list[tuple[int, int, str]] = []  # (indent, number, line) of the items a line hangs under
    table: tuple[tuple[int, str], ...] = ()
    while at < len(lines):
        line = lines[at]
        bare = line.strip()
        if bare[:3] in ("```", "~~~"):
            yield from _sentences(plain)
            plain = []
            end = at + 1
            while end < len(lines) and not (
                lines[end].strip()[:3] == bare[:3] and not lines[end].strip().strip(bare[0])
            ):
                end += 1
            yield from _fenced(lines[at:end], bare)
            at = end + 1
            continue
        item = _ITEM.match(line)
        if item or (above and line[:1].isspace() and bare):
            yield from _sentences(plain)
            plain = []
            indent = len(item[1]) if item else len(line) - len(line.lstrip())
            above = [entry for entry in above if entry[0] < indent]
            yield line.rstrip(), "item", "", tuple((number, text) for _, number, text in above)
            if item:
                above.append((indent, at, line.rstrip()))
        elif bare.startswith("|"):
            yield from _sentences(plain)
            plain = []
            if at + 1 < len(lines) and _RULE_ROW.match(lines[at + 1]) and not table:
                table = ((at, line.rstrip()), (at + 1, lines[at + 1].rstrip()))
                at += 2
                continue
            yield line.rstrip(), "row", "", table
        else:
            if not bare:
                above, table = [], ()
            plain.append(bare)
        at += 1
    yield from _sentences(plain)


def _sentences(lines: list[str]) -> Iterable[tuple[str, str, str, tuple[tuple[int, str], ...]]]:
    """Sentences of running lines; a line that is short or leads with a name in bold stands for itself."""
    held = ""
    for line in [*lines, ""]:
        ends = not line or line.startswith(("**", ">", "#")) or _is_short_line(line)
        if ends and held:
            for sentence in _SENTENCE.split(held):
                if sentence.strip():
                    yield sentence.strip(), "sentence", "", ()
            held = ""
        if line and _is_short_line(line):
            yield line, "line", "", ()
        elif line:
            held = f"{held} {line}" if held else line


def _is_short_line(line: str) -> bool:
    """A line that is no part of a running text: `**Status**: done`, `PATTERN: ...`."""
    head, colon, _ = line[:60].partition(":")
    return bool(colon) and (head.isupper() or head.startswith("**") or head.endswith("**"))


def _fenced(lines: list[str], opening: str) -> Iterable[tuple[str, str, str, tuple[tuple[int, str], ...]]]:
    language = opening.lstrip("`~").strip().split(" ")[0].lower()
    content = lines[1:]
    if language in _SHELL or (not language and any(line.startswith("$ ") for line in content)):
        joined = ""
        for line in content:
            joined = f"{joined}\n{line}" if joined else line
            if line.rstrip().endswith("\\"):
                continue
            if joined.strip() and not joined.lstrip().startswith("#"):
                yield joined.rstrip(), "command", opening, ()
            joined = ""
        if joined.strip():
            yield joined.rstrip(), "command", opening, ()
    elif any(line.strip() for line in content):
        yield "\n".join(content).strip("\n"), "code", opening, ()


def _choose(
    units: Sequence[_Unit], budget: int, count: Callable[[str], int], weights: dict[str, float]
) -> set[int]:
    """Numbers of the units whose new facts are worth most per token; greedy, best first, until nothing more fits."""
    costs = [count(unit.text + "\n") + 1 for unit in units]
    chosen: set[int] = set()
    facts: set[tuple[str, str]] = set()
    words: set[str] = set()
    printed: set[tuple[int, str]] = set()
    fences: set[int] = set()
    spent = 0
    waiting = [number for number, cost in enumerate(costs) if cost <= budget]
    first_of: dict[tuple[int, str] | None, int] = {}
    for number, unit in enumerate(units):
        first_of.setdefault(unit.headings[-1] if unit.headings else None, number)
    while waiting:
        best, best_value, best_cost = -1, 0.0, 0
        for number in waiting:
            unit = units[number]
            cost = costs[number] + sum(
                count(line + "\n")
                for key, line in (*unit.headings, *_keyed(unit))
                if (key, line) not in printed
            )
            if unit.fence and unit.block not in fences:
                cost += 6
            if spent + cost > budget:
                continue
            worth = sum(_WEIGHT[fact[0]] for fact in unit.facts if fact not in facts)
            worth += _WORD_WEIGHT * sum(weights.get(word, 0.5) for word in unit.words - words)
            if first_of[unit.headings[-1] if unit.headings else None] == number:
                worth *= 1.15
            if unit.kind == "code":
                worth *= 0.4
            value = worth / max(cost, 8)
            if value > best_value:
                best, best_value, best_cost = number, value, cost
        if best < 0:
            break
        unit = units[best]
        waiting.remove(best)
        chosen.add(best)
        facts |= unit.facts
        words |= unit.words
        printed.update((*unit.headings, *_keyed(unit)))
        if unit.fence:
            fences.add(unit.block)
        spent += best_cost
    return chosen


def _keyed(unit: _Unit) -> tuple[tuple[int, str], ...]:
    """The lines a unit hangs under, with keys no heading has."""
    return tuple((-(unit.block + 1) * 100_000 - number, line) for number, line in unit.lead)


def _left_paths(units: Sequence[_Unit], chosen: set[int]) -> list[str]:
    """Paths that no chosen unit names, most often named first."""
    covered = {fact for number in chosen for fact in units[number].facts}
    counts: dict[str, int] = defaultdict(int)
    for unit in units:
        for fact in unit.facts - covered:
            if fact[0] == "path":
                counts[fact[1]] += 1
    return sorted(counts, key=lambda path: (-counts[path], len(path), path))


def _print(units: Sequence[_Unit], chosen: set[int], note: str, tail: str) -> str:
    """The chosen units in the order of the note, under their headings."""
    parts: list[str] = [note] if note else []
    printed: set[tuple[int, str]] = set()
    texts: set[str] = set()
    block = -1
    fence = ""
    for number in sorted(chosen):
        unit = units[number]
        if fence and (unit.block != block or unit.fence != fence):
            parts[-1] += "\n" + fence[:3]
            fence = ""
        for heading in unit.headings:
            if heading not in printed:
                printed.add(heading)
                parts.append(heading[1])
                block = -1
        lines = []
        for key in _keyed(unit):
            if key not in printed and key[1].strip() not in texts:
                lines.append(key[1])
            printed.add(key)
        lines.append(unit.text)
        texts.add(unit.text.strip())
        if unit.fence:
            if not fence:
                parts.append(unit.fence)
                fence = unit.fence
            parts[-1] += "\n" + "\n".join(lines)
        elif unit.block == block and unit.kind in ("sentence", "line"):
            dense = parts[-1].endswith(("。", "！", "？")) and not unit.text[:1].isascii()
            joint = "" if dense else " "
            parts[-1] += (joint if unit.kind == "sentence" else "\n") + unit.text
        elif unit.block == block:
            parts[-1] += "\n" + "\n".join(lines)
        else:
            parts.append("\n".join(lines))
        block = unit.block
    if fence:
        parts[-1] += "\n" + fence[:3]
    if tail:
        parts.append(tail)
    return "\n\n".join(parts) + "\n" if parts else ""


# -- which notes, and the proposals


class Candidate(NamedTuple):
    """A note and its age in days."""

    note: Note
    age: int


def find(notes: Sequence[Note], rules: Rules, today: int) -> list[Candidate]:
    """Notes in `recent` that are old by the date they bear, or, without one, by when the jobs first saw them. Pure."""
    found = []
    for note in notes:
        if note.tier != "recent" or note.always or not note.movable or not note.tokens or note.problem:
            continue
        known = note.date or note.first_seen
        if known and today - known > rules.days:
            found.append(Candidate(note, today - known))
    return found


def index_rarity(project: Project) -> Callable[[Iterable[str]], dict[str, float]]:
    """How rare index terms are in the project's memory: 1 in one file, towards 0 in all of them."""
    import math

    def rarity(words: Iterable[str]) -> dict[str, float]:
        db = schema.open_reader(project.index)
        try:
            files = db.execute("SELECT count(*) FROM files").fetchone()[0] or 1
            groups = [row[0] for row in db.execute("SELECT id FROM groups")]
            wanted = list(words)
            held: dict[str, int] = defaultdict(int)
            for start in range(0, len(wanted), 400):
                part = wanted[start : start + 400]
                marks = ",".join("?" * len(part))
                for group in groups:
                    for term, size in db.execute(
                        f"SELECT term, file_count FROM postings WHERE grp=? AND term IN ({marks})",
                        [group, *part],
                    ):
                        held[term] += size
        finally:
            db.close()
        whole = math.log(1 + files)
        return {word: math.log((1 + files) / max(1, held[word])) / whole for word in wanted}

    return rarity


def propose(
    project: Project, candidates: Sequence[Candidate], rules: Rules, counter: TokenCounter, now: float
) -> list[Proposal]:
    """A proposal a note: the summary is written, the full text moves to the archive. Notes that changed since they
    were indexed are left for the next time."""
    rarity = index_rarity(project)
    found = []
    for note, age in candidates:
        try:
            content = read_bytes(f"{project.root}/{note.path}")
            if digest(content, 16) != note.hash:
                continue
            folder, _, below = note.path.rpartition("/recent/")
            target = proposals.free_path(project, f"{folder}/intermediate/{below}")
            reason = f"{age} days old"
            if note.tokens < LEAST_TOKENS:
                steps = proposals.move_steps(project, note.path, target, note.hash)
                reason += ", short enough to stay whole"
                found.append(proposals.make(SUMMARIES, f"{note.path} -> {target}", reason, steps, now=now))
                continue
            archived = proposals.free_path(project, proposals.archive_path(note.path))
            summary = summarise(
                read_text(project, note.path), rules.ratio, counter.count, rarity, source=archived,
                matter=_matter(note),
            )  # fmt: skip
            steps = proposals.move_steps(project, note.path, archived, note.hash)
            steps.append(Step("", target, journal.text_hash(summary.text), summary.text))
            side = _side(project, note, summary, counter)
            if side:
                steps.append(Step("", side_path(target), journal.text_hash(side), side))
        except (OSError, NotApplied):
            continue
        shares = ", ".join(
            f"{kept} of {every} {kind}s" for kind, (kept, every) in summary.kept.items() if every
        )
        reason += f"; {summary.tokens_before} tokens become {summary.tokens_after}, with {shares}"
        found.append(
            proposals.make(
                SUMMARIES, f"{note.path} -> {target}", reason, steps,
                now=now, tokens=summary.tokens_before - summary.tokens_after,
            )
        )  # fmt: skip
    return found


def _matter(note: Note) -> list[tuple[str, str]]:
    """Front matter a summary needs besides the note's own: its date, where the note bore one elsewhere."""
    from datetime import date

    return [("date", date.fromordinal(note.date).isoformat())] if note.date else []


def _side(project: Project, note: Note, summary: Summary, counter: TokenCounter) -> str:
    """A side file for the summary where the note has one: the same facts, its own size and content; "" for none."""
    facts = side_facts(project, note.path)
    if not facts:
        return ""
    from hashlib import md5

    if "token_count" in facts:
        facts["token_count"] = counter.count(summary.text)
    if "content_hash" in facts:
        facts["content_hash"] = md5(summary.text.encode(), usedforsecurity=False).hexdigest()
    return orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode()
