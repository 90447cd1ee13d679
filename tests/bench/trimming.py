"""How much of the memory a task needs survives the budget.

    python tests/bench/trimming.py --data DIR [--set NAME ...] [--every N] [--index] [--ablation]
    python tests/bench/trimming.py --tasks adlc=PROJECT npm=PACKAGE [--ablation]

DIR holds `<set>.jsonl.gz`, one corpus a line: files of dated units, and queries with the units that answer
them. A corpus becomes a folder of Markdown, the query the prompt; `recall` is the share of evidence that stands
verbatim (white space folded) in the block, at a budget in per cent of the folder's tokens, the whole block counted
(its frame included; a block over its budget ends the run).

`--index` goes the way the hooks go (SQLite index, allocation, block) instead of a view in memory. `--ablation` leaves
out one part of the ranking after the other. `--every N` takes every N-th query. How much is sent where no budget is named
is measured by `tax`.
`--tasks` runs the project's own task sets, always by the index: agents' tasks on memory given by path, with the
sections they need, beside the loader of the reference. `README.md` beside this says how the sets were made and where
their memory comes from.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from memory_budget.select import block, packing  # noqa: E402
from memory_budget.select.recipe import Recipe  # noqa: E402
from memory_budget.text.tokens import load_encoding  # noqa: E402
from tests.bench import task_sets  # noqa: E402
from tests.bench.indexed import IndexedProject, fill_from  # noqa: E402
from tests.support.memory_view import MemoryView  # noqa: E402
from tests.support.selecting import select  # noqa: E402
from tests.support.word_tables import load_synonyms  # noqa: E402

FOLDER = ".claude/memory/recent/"
BUDGETS = (5, 10, 25)
SETS = ("locomo", "realtalk", "beam100k", "beamuser")
#: Aims: recall at 10 % and 25 %, and at best at 10 %.
AIM = {
    "locomo": (0.847, 0.909),
    "realtalk": (0.625, 0.758),
    "beam100k": (0.860, 0.938),
    "beamuser": (0.603, 0.732),
}
BEST_AIM = {"locomo": 0.90, "realtalk": 0.70, "beam100k": 0.90, "beamuser": 0.65}
ABLATION: dict[str, dict[str, float]] = {
    "everything": {},
    "without synonyms": {"expansion": 0.0},
    "words tell alike": {"telling": 0.0},
    "without coverage": {"coverage": 0.0, "turn_coverage": 0.0},
    "without the file's score": {"file_share": 0.0, "turn_file_share": 0.0},
    "without labels": {"label_share": 0.0},
    "without headings": {"heading_share": 0.0},
    "without size": {"size_power": 0.0},
    "without the agent's name": {"agent": 0.0},
    "without neighbours": {"near_turn": 0.0, "far_turn": 0.0},
    "without single chunks' share": {"own_share": 0.0},
    "without names": {"lead_factor": 1.0},
    "without dates": {"date_factor": 1.0, "month_factor": 1.0},
    "without time words": {"when_factor": 1.0},
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

    def __init__(self, record: dict[str, Any]) -> None:
        self.texts = {FOLDER + file["name"]: _markdown(file) for file in record["files"]}
        self.days = {
            FOLDER + file["name"]: datetime.date.fromisoformat(file["date"]).toordinal()
            for file in record["files"]
        }
        units = {unit["u"]: folded(unit["t"]) for file in record["files"] for unit in file["units"]}
        self.tokens = sum(map(count, self.texts.values()))
        self.queries = [
            (query["prompt"], [units[unit] for unit in query["ev"]]) for query in record["queries"]
        ]


class InMemory:
    """Selects by a recipe from a view in memory."""

    def __init__(self, corpus: Corpus, recipe: Recipe, synonyms: dict[str, list[tuple[str, float]]]) -> None:
        self.view = MemoryView(
            corpus.texts, count, dates=lambda path, text: corpus.days[path], thesaurus=synonyms
        )
        self.recipe = recipe

    def block(self, prompt: str, budget: int) -> tuple[str, float]:
        """The block at a budget, and the seconds its selection took."""
        start = time.perf_counter()
        found = select(
            self.view,
            prompt,
            budget,
            weights={"global": 1.0},
            frame_tokens=block.FRAME_TOKENS,
            fill=True,
            recipe=self.recipe,
        )
        seconds = time.perf_counter() - start
        text = printed(self.view, found)
        used = len(_encode(text))
        if used > budget:
            raise SystemExit(f"over budget: {used} of {budget} tokens for {prompt!r}")
        return text, seconds

    def close(self) -> None:
        pass


class Indexed:
    """Goes the way of the hooks, with the recipe that ships."""

    def __init__(self, corpus: Corpus) -> None:
        self.project = IndexedProject(fill_from(corpus.texts), count)

    def block(self, prompt: str, budget: int) -> tuple[str, float]:
        start = time.perf_counter()
        found = self.project.allocate(prompt, cap=budget)
        seconds = time.perf_counter() - start
        return self.project.block(found)[0], seconds

    def close(self) -> None:
        self.project.close()


Engine = Callable[[Corpus], "InMemory | Indexed"]


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


def printed(view: MemoryView, found: packing.Selection) -> str:
    """The block as an agent reads it."""
    pieces = []
    for file in found.files:
        entries = []
        last = file.chunks[0].id - 1
        for chunk, lines in zip(file.chunks, file.lines, strict=True):
            text = view.said[chunk.id].encode()
            entries.append((chunk.id != last + 1, [line.text for line in lines], text))
            last = chunk.id
        pieces.append(block.Piece(file.file.path, entries))
    return block.block("a3f5b2c19d", pieces, found.left_out)


def recalls(corpora: Iterable[Corpus], engine: Engine, every: int) -> tuple[list[float], float]:
    """Recall at each budget, and the median milliseconds of a selection."""
    hits = [0] * len(BUDGETS)
    total = 0
    times = []
    for corpus in corpora:
        memory = engine(corpus)
        for prompt, evidence in corpus.queries[::every]:
            total += len(evidence)
            for position, share in enumerate(BUDGETS):
                block, seconds = memory.block(prompt, corpus.tokens * share // 100)
                times.append(seconds)
                text = folded(block)
                hits[position] += sum(unit in text for unit in evidence)
        memory.close()
    return [hit / max(total, 1) for hit in hits], statistics.median(times) * 1000


def run_tasks(named: Sequence[str], ablation: bool) -> None:
    for entry in named:
        name, _, path = entry.partition("=")
        measured = task_sets.Measured(task_sets.TaskSet(name, Path(path), count))
        try:
            if ablation:
                task_sets.report_recipes(measured, ABLATION)
                continue
            task_sets.report(measured)
        finally:
            measured.close()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--set", action="append", choices=SETS, dest="sets")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--index", action="store_true")
    parser.add_argument("--ablation", action="store_true")
    parser.add_argument("--tasks", nargs="+", metavar="SET=DIR")
    options = parser.parse_args(argv)
    if options.index and options.ablation:
        parser.error("the index is asked as it ships: --ablation needs the view in memory")
    if not options.data and not options.tasks:
        parser.error("nothing to measure: give --data or --tasks")
    if options.tasks:
        run_tasks(options.tasks, options.ablation)
    if not options.data:
        return 0
    synonyms = load_synonyms()

    def engine(recipe: Recipe) -> Engine:
        return Indexed if options.index else lambda corpus: InMemory(corpus, recipe, synonyms)

    for name in options.sets or SETS:
        corpora = [Corpus(record) for record in records(options.data, name)]
        print(f"\n{name}: recall at {', '.join(f'{share} %' for share in BUDGETS)}")
        for label, changes in (
            ABLATION.items() if options.ablation else [("everything", ABLATION["everything"])]
        ):
            found, milliseconds = recalls(corpora, engine(Recipe(**changes)), options.every)
            line = "  ".join(f"{value:.3f}" for value in found)
            print(f"  {label:32}{line}   {milliseconds:6.1f} ms", flush=True)
        aim = AIM[name]
        print(
            f"  {'aim, within .01':32}{'':7}{aim[0]:.3f}  {aim[1]:.3f}   at best at 10 %: {BEST_AIM[name]:.2f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
