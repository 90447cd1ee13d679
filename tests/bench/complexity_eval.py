#!/usr/bin/env python3
"""How well `memory_budget.select.complexity` orders tasks, and what its tiers are worth.

    complexity_eval.py --data dev/complexity.jsonl.gz [--part PART ...]

Scores are pairwise order: the share of pairs of tasks of different difficulty that are ranked right (a tie counts one half; 0.5 says
nothing). Story points are compared inside a project. Parts:

    sources    the model trained without the source (project or repository owner) of the task; 8 folds
    tasks      the model trained without the task; 8 random folds (what new tasks of known sources get)
    families   the model trained without the family of the task; issue sets apart, and (strict) all issue sets as one family
    shipped    `classify` with the shipped table (it has seen the tasks of the training sets)
    tiers      the tiers that cross-validated scores give, by label: how often a tier is too low or too high
    time       microseconds a prompt

Sets that the model is never trained on get the model trained on all training rows in every part. Needs numpy.
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

from memory_budget.select import complexity  # noqa: E402
from tests.bench.complexity_train import TRAIN, Data, Prior, predict  # noqa: E402

FOLDS = 8
FAMILIES = (("swebench", "swescope"), ("locscope",), ("storypoints",))
STRICT_FAMILIES = (("swebench", "swescope", "locscope"), ("storypoints",))


def pairwise(score: Any, y: Any) -> float:
    harder = y[:, None] > y[None, :]
    if not harder.any():
        return 0.5
    return float(((np.sign(score[:, None] - score[None, :])[harder] + 1) / 2).mean())


def by_set(data: Data, score: Any) -> dict[str, float]:
    out = {}
    for name in dict.fromkeys(data.sets.tolist()):
        where = data.sets == name
        groups = data.comparable(where)
        sizes = [int(group.sum()) for group in groups]
        out[name] = sum(pairwise(score[g], data.y[g]) * n for g, n in zip(groups, sizes, strict=True)) / sum(
            sizes
        )
    return out


def show(title: str, result: dict[str, float]) -> None:
    cells = " ".join(f"{name} {value:.3f}" for name, value in result.items())
    trained = np.mean([value for name, value in result.items() if name in TRAIN])
    print(f"{title:18} mean {np.mean(list(result.values())):.3f}  (trained sets {trained:.3f})  {cells}")


def cross_validated(data: Data, prior: Prior, fold: Any) -> Any:
    """Each training row as the model trained without its fold sees it; other rows as the full model does."""
    out = predict(data, prior, data.trainable)
    for number in sorted(set(fold[data.trainable].tolist())):
        held = data.trainable & (fold == number)
        out[held] = predict(data, prior, data.trainable & ~held)[held]
    return out


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


def folds_by_family(data: Data, families: tuple[tuple[str, ...], ...]) -> Any:
    fold = {name: i for i, family in enumerate(families) for name in family}
    return np.array([fold.get(name, -1) for name in data.sets.tolist()])


def blended(data: Data, model: Any) -> Any:
    """The evidence `classify` would give if the model said `model` (in the unit of the shipped table)."""
    unit = predict(data, Prior(data), data.trainable)[data.trainable]
    scaled = (model - np.median(unit)) / unit.std()
    return np.array(
        [complexity.blend(row["prompt"], "", float(z)) for row, z in zip(data.rows, scaled, strict=True)]
    )


def show_tiers(data: Data, evidence: Any) -> None:
    """Per tier: how many tasks, and where they stand in their own set (0 easiest, 1 hardest), in quarters of the labels."""
    tiers = np.array([complexity.tier_of(float(e)) for e in evidence])
    rank = np.zeros(len(data.rows))
    for name in sorted(set(data.sets.tolist())):
        where = data.sets == name
        for group in data.comparable(where):
            y = data.y[group]
            rank[group] = [float(((y < v).sum() + 0.5 * (y == v).sum()) / len(y)) for v in y]
    print(f"{'tier':14}{'tasks':>7}{'share':>7}{'mean rank':>11}   easiest quarter .. hardest quarter")
    for tier in complexity.TIERS:
        where = tiers == tier
        if where.any():
            print(f"{tier:14}" + spread(rank, where))
    print("by evidence (what `unsure` rests on):")
    edges = (-9, -1.5, -0.9, -0.5, 0, 0.5, 1.0, 1.5, 9)
    for low, high in itertools.pairwise(edges):
        where = (evidence >= low) & (evidence < high)
        if where.any():
            print(f"{low:5} ..{high:5}" + spread(rank, where))


def spread(rank: Any, where: Any) -> str:
    quarters = np.histogram(rank[where], bins=[0, 0.25, 0.5, 0.75, 1.01])[0] / where.sum()
    cells = "".join(f"{q:8.0%}" for q in quarters)
    return f"{where.sum():7}{where.mean():7.0%}{rank[where].mean():11.2f}   {cells}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parts = ("sources", "tasks", "families", "shipped", "tiers", "time")
    parser.add_argument("--part", choices=parts, action="append")
    args = parser.parse_args()
    chosen = args.part or parts
    data = Data(args.data)
    prior = Prior(data)
    if "sources" in chosen or "tiers" in chosen:
        scores = cross_validated(data, prior, folds_by_source(data))
    if "sources" in chosen:
        show("prior alone", by_set(data, prior.sum))
        show("sources, model", by_set(data, scores))
        show("sources, blended", by_set(data, blended(data, scores)))
    if "tasks" in chosen:
        show(
            "tasks, blended",
            by_set(data, blended(data, cross_validated(data, prior, folds_by_task(data, 1)))),
        )
    if "families" in chosen:
        for title, families in (("families", FAMILIES), ("families, strict", STRICT_FAMILIES)):
            show(
                title,
                by_set(data, blended(data, cross_validated(data, prior, folds_by_family(data, families)))),
            )
    if "shipped" in chosen:
        show(
            "shipped", by_set(data, np.array([complexity.classify(row["prompt"]).score for row in data.rows]))
        )
    if "tiers" in chosen:
        show_tiers(data, blended(data, scores))
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
