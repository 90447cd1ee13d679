#!/usr/bin/env python3
"""How well `memory_budget.select.complexity` orders tasks, and what its tiers are worth.

    complexity_eval.py --data dev/complexity.jsonl.gz --vectors vectors.npz [--part PART ...]

Scores are pairwise order: the share of pairs of tasks of different difficulty that are ranked right (a tie counts one half; 0.5 says
nothing). Story points are compared inside a project. Parts:

    sources    the model trained without the source (project or repository owner) of the task; 8 folds
    kept       what tasks kept back get: issues left out by task, story points by project; 8 folds
    families   the model trained without the family of the task; issue sets apart, and (strict) all issue sets as one family
    shipped    `classify` with the shipped table (it has seen the tasks of the training sets; the others are new to it)
    tiers      the evidence from which a tier is told, by the rule of `tiers_rule`, and the tiers of left-out tasks by label
    time       microseconds a prompt

In the first three, which parts the model has (`CHOICES`) is decided again for every fold, by cross-validation inside the rest: no decision
has seen the tested source or family. Sets that are never trained on have no part in a choice; they get the model trained on all
training rows. Needs numpy.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np  # type: ignore[import-not-found,unused-ignore]

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from memory_budget.select import complexity, complexity_cues  # noqa: E402
from memory_budget.settings.names import TIERS  # noqa: E402
from tests.bench.complexity_data import TRAIN  # noqa: E402
from tests.bench.complexity_train import Choice, Data, Fit  # noqa: E402

FOLDS = 8
STANDARD_ERROR = 0.013  # of the mean pairwise order of the training sets, from drawing their rows again
FAMILIES = (("swebench", "swescope"), ("locscope",), ("storypoints",))
STRICT_FAMILIES = (("swebench", "swescope", "locscope"), ("storypoints",))
#: With and without each part but the words; the last has all.
CHOICES = tuple(
    Choice(1.0 - meanings, meanings, anchors, length)
    for meanings in (0.0, 0.5)
    for anchors in (0.0, 0.4)
    for length in (0.0, 0.2)
)


def pairwise(score: Any, y: Any) -> float:
    harder = y[:, None] > y[None, :]
    if not harder.any():
        return 0.5
    return float(((np.sign(score[:, None] - score[None, :])[harder] + 1) / 2).mean())


def by_set(data: Data, score: Any, within: Any) -> dict[str, float]:
    """Pairwise order of each set among the rows `within`."""
    out = {}
    for name in dict.fromkeys(data.sets[within].tolist()):
        groups = [group & within for group in data.comparable(data.sets == name)]
        sizes = [int(group.sum()) for group in groups]
        scores = [pairwise(score[group], data.y[group]) for group in groups]
        out[name] = sum(s * n for s, n in zip(scores, sizes, strict=True)) / sum(sizes)
    return out


def show(title: str, data: Data, score: Any) -> None:
    result = by_set(data, score, np.ones(len(data.rows), dtype=bool))
    cells = " ".join(f"{name} {value:.3f}" for name, value in result.items())
    trained = np.mean([value for name, value in result.items() if name in TRAIN])
    print(
        f"{title:18} mean {np.mean(list(result.values())):.3f}  (trained sets {trained:.3f})  {cells}",
        flush=True,
    )


class Folds:
    """Fits by what was left out: each is made once and serves every choice.

    `fold` tells what is tested together; choices are made by leaving out the folds `inner` (the same where none are given).
    """

    def __init__(self, data: Data, fold: Any, inner: Any = None) -> None:
        self.data, self.fold, self.inner = data, fold, fold if inner is None else inner
        self._fits: dict[bytes, Fit] = {}

    def fit(self, rows: Any) -> Fit:
        key = rows.tobytes()
        if key not in self._fits:
            self._fits[key] = Fit(self.data, rows)
        return self._fits[key]

    def best_choice(self, rows: Any) -> Choice:
        """The choice that orders `rows` best, each seen by the model trained on those of other inner folds; all parts, unless one
        without some is better by STANDARD_ERROR."""
        means = []
        for choice in CHOICES:
            score = np.zeros(len(rows))
            for number in set(self.inner[rows].tolist()):
                held = rows & (self.inner == number)
                score[held] = self.fit(rows & ~held).predict(choice)[held]
            means.append(np.mean(list(by_set(self.data, score, rows).values())))
        best = int(np.argmax(means))
        return CHOICES[best if means[best] >= means[-1] + STANDARD_ERROR else -1]

    def nested(self) -> Any:
        """Evidence of every row by a model that was chosen and trained without its fold."""
        rows = self.data.trainable
        choice = self.best_choice(rows)
        print(f"    all folds: {_said(choice)}")
        out = standardised(self.data, self.fit(rows).predict(choice))
        for number in sorted(set(self.fold[rows].tolist())):
            held = rows & (self.fold == number)
            choice = self.best_choice(rows & ~held)
            print(f"    without {number}: {_said(choice)}", flush=True)
            out[held] = standardised(self.data, self.fit(rows & ~held).predict(choice))[held]
        return blended(self.data, out)


def _said(choice: Choice) -> str:
    return f"words {choice.words:g}, meanings {choice.meanings:g}, anchors {choice.anchors:g}, length {choice.length:g}"


def folds_by_source(data: Data) -> Any:
    fold = {}
    for points in (True, False):
        names = sorted(
            {s for s in data.sources[data.trainable].tolist() if s.startswith("points:") == points}
        )
        names.sort(key=lambda s: -int((data.sources == s).sum()))
        fold.update({name: i % FOLDS for i, name in enumerate(names)})
    return np.array([fold.get(s, -1) for s in data.sources.tolist()])


def folds_by_task(data: Data, seed: int) -> Any:
    names = sorted({row["id"] for row in data.rows})
    order = np.random.default_rng(seed).permutation(len(names))
    fold = {name: int(i) % FOLDS for name, i in zip(names, order, strict=True)}
    return np.array([fold[row["id"]] for row in data.rows])


def folds_as_kept(data: Data) -> Any:
    return np.where(data.sets == "storypoints", folds_by_source(data), folds_by_task(data, 1))


def folds_by_family(data: Data, families: tuple[tuple[str, ...], ...]) -> Any:
    fold = {name: i for i, family in enumerate(families) for name in family}
    return np.array([fold.get(name, -1) for name in data.sets.tolist()])


def standardised(data: Data, score: Any) -> Any:
    """In the unit of the shipped table: standard deviations from the median of the training rows."""
    rows = score[data.trainable]
    return (score - np.median(rows)) / rows.std()


def blended(data: Data, deviations: Any) -> Any:
    """The evidence `classify` would give if the model said `deviations`."""
    return np.array(
        [
            complexity.blend(complexity_cues.find_cues(task, ""), float(deviation), len(words))
            for task, words, deviation in zip(data.tasks, data.words, deviations, strict=True)
        ]
    )


def label_ranks(data: Data) -> Any:
    """Where each row stands in its own set (0 easiest, 1 hardest)."""
    rank = np.zeros(len(data.rows))
    for name in sorted(set(data.sets.tolist())):
        for group in data.comparable(data.sets == name):
            y = data.y[group]
            rank[group] = [float(((y < v).sum() + 0.5 * (y == v).sum()) / len(y)) for v in y]
    return rank


def show_tiers(data: Data, evidence: Any) -> None:
    """Per tier and band of evidence: how many tasks, and where they stand in their own set, in quarters of the labels."""
    rank = label_ranks(data)
    tiers_rule(data, evidence, rank)
    tiers = np.array([complexity.tier_of(float(e)) for e in evidence])
    print(f"{'tier':14}{'tasks':>7}{'share':>7}{'mean rank':>11}   easiest quarter .. hardest quarter")
    for tier in TIERS:
        where = tiers == tier
        if where.any():
            print(f"{tier:14}" + spread(rank, where))
    print("by evidence:")
    edges = (-9, -1.5, -0.9, -0.5, 0, 0.5, 1.0, 1.5, 9)
    for low, high in itertools.pairwise(edges):
        where = (evidence >= low) & (evidence < high)
        if where.any():
            print(f"{low:5} ..{high:5}" + spread(rank, where))


def tiers_rule(data: Data, evidence: Any, rank: Any) -> None:
    """The evidence beyond which training rows stand, on the average, in the easier (harder) 40 % of their set."""
    rows = data.trainable
    for title, sign in (("easier", -1.0), ("harder", 1.0)):
        order = np.argsort(-sign * evidence[rows])
        means = np.cumsum(rank[rows][order]) / np.arange(1, rows.sum() + 1)
        for limit in (0.38, 0.4, 0.42, 0.44):
            enough = np.flatnonzero(means <= limit if sign < 0 else means >= 1.0 - limit)
            at = int(enough[-1]) if len(enough) else 0
            beyond = (
                f"beyond evidence {evidence[rows][order][at]:.2f} ({(at + 1) / rows.sum():.0%} of the tasks)"
            )
            print(f"{title}: mean rank {means[at]:.2f} {beyond}")


def spread(rank: Any, where: Any) -> str:
    quarters = np.histogram(rank[where], bins=[0, 0.25, 0.5, 0.75, 1.01])[0] / where.sum()
    cells = "".join(f"{q:8.0%}" for q in quarters)
    return f"{where.sum():7}{where.mean():7.0%}{rank[where].mean():11.2f}   {cells}"


PARTS = ("sources", "kept", "families", "shipped", "tiers", "time")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--part", choices=PARTS, action="append")
    args = parser.parse_args()
    chosen = args.part or PARTS
    data = Data(args.data, args.vectors)
    if "sources" in chosen or "tiers" in chosen:
        evidence = Folds(data, folds_by_source(data)).nested()
        show("sources", data, evidence)
        if "tiers" in chosen:
            show_tiers(data, evidence)
    if "kept" in chosen:
        show("kept", data, Folds(data, folds_as_kept(data)).nested())
    if "families" in chosen:
        show("families", data, Folds(data, folds_by_family(data, FAMILIES)).nested())
        strict = folds_by_family(data, STRICT_FAMILIES)  # two: inside one, choices are made across sources
        show("families, strict", data, Folds(data, strict, folds_by_source(data)).nested())
    if "shipped" in chosen:
        shipped = np.array([complexity.classify(row["prompt"]).score for row in data.rows])
        show("shipped", data, shipped)
    if "time" in chosen:
        began = time.perf_counter()
        for row in data.rows:
            complexity.classify(row["prompt"])
        print(
            f"time: {(time.perf_counter() - began) / len(data.rows) * 1e6:.0f} microseconds a prompt (warm)"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
