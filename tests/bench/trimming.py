"""How much of the memory a task needs survives the budget.

    python tests/bench/trimming.py --data DIR [--set NAME ...] [--every N] [--ablation] [--demand]
    python tests/bench/trimming.py --tasks tests/bench/trimming_tasks.json --memory PROJECT

DIR holds `<set>.jsonl.gz`, one corpus a line: files of dated units, and queries with the units that answer
them. A corpus becomes a folder of Markdown, the query the prompt; `recall` is the share of evidence that stands
verbatim (white space folded) in the block, at a budget in per cent of the folder's tokens, the whole block counted
(its frame included; a block over its budget ends the run).

`--ablation` leaves out one part of the ranking after the other. `--demand` shows, for several relevance floors, the
share of the evidence above it and the tokens above it. `--every N` takes every N-th query.
`--tasks` runs the project's own task set: agents' tasks on a memory given by path, with the sections they need.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import json
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from memory_budget import rendering, selection, thesaurus  # noqa: E402
from memory_budget.ranking import Recipe  # noqa: E402
from memory_budget.tokens import load_encoding  # noqa: E402
from tests.support.memory_view import MemoryView  # noqa: E402

FOLDER = ".claude/memory/recent/"
BUDGETS = (5, 10, 25)
SETS = ("locomo", "realtalk", "beam100k", "beamuser")
#: Recall at 10 % and 25 % of the recipe to match, and the stretch targets.
MUST = {
    "locomo": (0.847, 0.909),
    "realtalk": (0.625, 0.758),
    "beam100k": (0.860, 0.938),
    "beamuser": (0.603, 0.732),
}
STRETCH = {"locomo": 0.90, "realtalk": 0.70, "beam100k": 0.90, "beamuser": 0.65}
ABLATION: dict[str, dict[str, float]] = {
    "everything": {},
    "without synonyms": {"expansion": 0.0},
    "without neighbours": {"near_section": 0.0, "far_section": 0.0},
    "without the file's score": {"file_share": 0.0},
    "without coverage": {"coverage": 0.0},
    "without names": {"lead_factor": 1.0},
    "without dates": {"date_factor": 1.0, "month_factor": 1.0},
    "without time words": {"when_factor": 1.0},
    "weak words count in full": {"weak_weight": 1.0},
    "without the chunk's own share": {"own_share": 0.0},
    "short texts favoured": {"size_floor": 20.0},
}

_encode = load_encoding()
_counts: dict[str, int] = {}


def count(text: str) -> int:
    found = _counts.get(text)
    if found is None:
        found = _counts[text] = len(_encode(text))
    return found


def folded(text: str) -> str:
    return " ".join(text.split())


class Corpus:
    """A folder of memory as a view, and its queries as (prompt, texts of the evidence)."""

    def __init__(self, record: dict[str, Any], synonyms: dict[str, list[tuple[str, float]]]) -> None:
        texts = {FOLDER + file["name"]: _markdown(file) for file in record["files"]}
        days = {
            FOLDER + file["name"]: datetime.date.fromisoformat(file["date"]).toordinal()
            for file in record["files"]
        }
        units = {unit["u"]: folded(unit["t"]) for file in record["files"] for unit in file["units"]}
        self.view = MemoryView(texts, count, dates=lambda path, text: days[path], thesaurus=synonyms)
        self.tokens = sum(map(count, texts.values()))
        self.queries = [
            (query["prompt"], [units[unit] for unit in query["ev"]]) for query in record["queries"]
        ]


def _markdown(file: dict[str, Any]) -> str:
    parts = [f"# {file['title']}", file["line"]]
    for unit in file["units"]:
        parts += [unit["h"], unit["t"]] if unit["h"] else [unit["t"]]
    return "\n\n".join(parts) + "\n"


def records(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """The corpora of a set; `beamuser` is beam100k with one side of the conversation left out."""
    with gzip.open(
        folder / f"{'beam100k' if name == 'beamuser' else name}.jsonl.gz", "rt", encoding="utf-8"
    ) as lines:
        for line in lines:
            record = json.loads(line)
            if name == "beamuser":
                for file in record["files"]:
                    file["units"] = [dict(unit, h="") for unit in file["units"] if unit["h"] == "## User"]
                record["files"] = [file for file in record["files"] if file["units"]]
                kept = {unit["u"] for file in record["files"] for unit in file["units"]}
                record["queries"] = [query for query in record["queries"] if kept.issuperset(query["ev"])]
            yield record


def printed(view: MemoryView, found: selection.Selection) -> str:
    """The block as an agent reads it."""
    pieces = []
    for file in found.files:
        shown: set[int] = set()
        entries = []
        last = 0
        for position, number in enumerate(file.chunks):
            ids = [heading for heading in view.chunks([number])[number].headings if heading not in shown]
            shown.update(ids)
            lines = [view.heading([heading])[heading].text for heading in ids]
            entries.append((position > 0 and number != last + 1, lines, view.texts[number]))
            last = number
        pieces.append(rendering.Piece(file.file.path, entries))
    left_out = [rendering.LeftOut(entry.file.path, entry.heading, entry.tokens) for entry in found.left_out]
    return rendering.block("a3f5b2c19d", pieces, left_out)


def recalls(corpora: Iterable[Corpus], recipe: Recipe, every: int) -> tuple[list[float], float]:
    """Recall at each budget, and the median milliseconds of a selection."""
    hits = [0] * len(BUDGETS)
    total = 0
    times = []
    for corpus in corpora:
        for prompt, evidence in corpus.queries[::every]:
            total += len(evidence)
            for position, share in enumerate(BUDGETS):
                budget = corpus.tokens * share // 100
                start = time.perf_counter()
                found = selection.select(
                    corpus.view,
                    prompt,
                    budget,
                    weights={"global": 1.0},
                    frame_tokens=rendering.FRAME_TOKENS,
                    fill=True,
                    recipe=recipe,
                )
                times.append(time.perf_counter() - start)
                block = printed(corpus.view, found)
                used = len(_encode(block))
                if used > budget:
                    raise SystemExit(f"over budget: {used} of {budget} tokens for {prompt!r}")
                text = folded(block)
                hits[position] += sum(unit in text for unit in evidence)
    return [hit / max(total, 1) for hit in hits], statistics.median(times) * 1000


def demand_curve(
    corpora: Iterable[Corpus], every: int, floors: Iterable[float]
) -> Iterator[tuple[float, float, float]]:
    """(floor, share of the evidence above it, share of the memory's tokens above it)."""
    corpora = list(corpora)
    for floor in floors:
        recipe = Recipe(relevance_floor=floor)
        total = hit = 0
        shares = []
        for corpus in corpora:
            for prompt, evidence in corpus.queries[::every]:
                found = selection.select(corpus.view, prompt, 10**9, weights={"global": 1.0}, recipe=recipe)
                text = folded(printed(corpus.view, found))
                total += len(evidence)
                hit += sum(unit in text for unit in evidence)
                shares.append(found.demand_tokens / corpus.tokens)
        yield floor, hit / max(total, 1), statistics.mean(shares)


def run_tasks(path: Path, project: Path) -> None:
    """The own task set: recall of the sections a task needs, and tokens sent, per tier."""
    memory = project / ".claude" / "memory"
    tasks = json.loads(path.read_text(encoding="utf-8"))["tasks"]
    synonyms = thesaurus.load()
    views: dict[str, MemoryView] = {}
    tiers = {"simple": 0.5, "medium": 1.0, "complex": 1.5, "multi-system": 2.0}
    base = 20_000
    sums = {tier: [0, 0, 0, 0] for tier in tiers}
    for task in tasks:
        agent = task["agent"]
        if agent not in views:
            views[agent] = _agent_view(memory, agent, synonyms)
        view = views[agent]
        needed = [_section_chunks(view, file, heading) for file, heading in task["needs"]]
        for tier, factor in tiers.items():
            found = selection.select(
                view,
                task["prompt"],
                int(base * factor),
                weights={"global": 0.2, "agent_recent": 0.3, "agent_patterns": 0.5},
                frame_tokens=rendering.FRAME_TOKENS,
            )
            sent = {view.chunks([number])[number].hash for file in found.files for number in file.chunks}
            row = sums[tier]
            row[0] += sum(bool(hashes) and hashes <= sent for hashes in needed)
            row[1] += len(needed)
            row[2] += found.tokens
            row[3] += view.scoped_tokens
    print(f"{'tier':14}{'recall':>8}{'tokens':>9}{'of memory':>11}   ({len(tasks)} tasks)")
    for tier, (hit, total, tokens, scoped) in sums.items():
        print(f"{tier:14}{hit / total:8.3f}{tokens / len(tasks):9.0f}{tokens / scoped:11.1%}")


def _agent_view(memory: Path, agent: str, synonyms: dict[str, list[tuple[str, float]]]) -> MemoryView:
    texts = {}
    for top, scope in (("patterns", "global"), ("recent", "global"), (agent + "/patterns", "agent_patterns")):
        for file in sorted((memory / top).rglob("*.md")):
            texts[f"{scope}:.claude/memory/{file.relative_to(memory).as_posix()}"] = file.read_text(
                encoding="utf-8"
            )
    return MemoryView(texts, count, scopes=lambda path: path.split(":")[0], thesaurus=synonyms)


def _section_chunks(view: MemoryView, file: str, heading: str) -> set[int]:
    """Hashes of the chunks under a heading of a file of that name."""
    found = {
        chunk.hash
        for number in view.texts
        for chunk in (view.chunks([number])[number],)
        if view.files([chunk.file])[chunk.file].path.endswith("/" + file)
        and any(entry.text.lstrip("# ") == heading for entry in view.heading(chunk.headings).values())
    }
    if not found:
        raise SystemExit(f"{file} has no section {heading!r}")
    return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--set", action="append", choices=SETS, dest="sets")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--ablation", action="store_true")
    parser.add_argument("--demand", action="store_true")
    parser.add_argument("--tasks", type=Path)
    parser.add_argument("--memory", type=Path)
    options = parser.parse_args(argv)
    if options.tasks and options.memory:
        run_tasks(options.tasks, options.memory)
    if not options.data:
        return 0 if options.tasks else 2
    synonyms = thesaurus.load()
    for name in options.sets or SETS:
        corpora = [Corpus(record, synonyms) for record in records(options.data, name)]
        print(f"\n{name}: recall at {', '.join(f'{share} %' for share in BUDGETS)}")
        for label, changes in (
            ABLATION.items() if options.ablation else [("everything", ABLATION["everything"])]
        ):
            found, milliseconds = recalls(corpora, Recipe(**changes), options.every)
            line = "  ".join(f"{value:.3f}" for value in found)
            print(f"  {label:32}{line}   {milliseconds:6.1f} ms", flush=True)
        must = MUST[name]
        print(
            f"  {'must, within .01':32}{'':7}{must[0]:.3f}  {must[1]:.3f}   stretch at 10 %: {STRETCH[name]:.2f}"
        )
        if options.demand:
            print(f"  {'floor':>8}{'evidence above':>16}{'tokens above':>14}")
            for floor, evidence, share in demand_curve(
                corpora, options.every, (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
            ):
                print(f"  {floor:8.2f}{evidence:16.3f}{share:14.1%}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
