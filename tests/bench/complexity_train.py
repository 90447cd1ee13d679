#!/usr/bin/env python3
"""Train the small model behind `memory_budget.select.complexity` and write its table of weights.

    complexity_train.py --data dev/complexity.jsonl.gz [--out lib/memory_budget/select/complexity.bin]

The data are JSON lines with `set`, `group`, `id`, `prompt` and `y` (harder is larger), given by path and not part of this project.
Only the sets in TRAIN are learned from; whatever else the file holds is for evaluation alone (`complexity_eval.py`).

The model is linear in the features of `complexity.features`, divided by the square root of their number:
  1. ridge regression of the difficulty rank inside each source (every set weighs the same), features seen in at least two sources;
  2. plus a prior written by hand, not learned: subjects that are hard or easy by general knowledge, words of requirement, and length.
The prior is what carries over to kinds of tasks that the training sets do not hold.
Needs numpy.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np  # type: ignore[import-not-found,unused-ignore]

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lib"))

from memory_budget.select import complexity  # noqa: E402

TRAIN = ("swebench", "swescope", "locscope", "storypoints")
MIN_SOURCES, MIN_TEXTS = 2, 4
RIDGE = 3.0

# The prior: word beginnings, written from general knowledge of software work.
HARD = """
    compil kernel emulat simulat bootload assembl disassembl decompil reverse exploit vulnerab cryptanal cipher decrypt crypto proof
    theorem concurren thread deadlock race async distribut consensus schedul parser grammar interpret garbage segfault numeric precision
    converg gradient backprop train neural inference tensor gpu cuda parallel regress solver constrain render video audio obfuscat recover
    forensic corrupt legacy migrat rewrite refactor scratch faster speed perform efficien optimi maximi minimi accura benchmark algorithm
    matrix graph protocol virtual embed cluster architect design redesign framework infrastr integrat synchroni transaction incremental
    plugin api support implement abstract generic backend engine cache stream queue multiple across compatib
""".split()
EASY = """
    hello rename typo readme docstring print echo simple basic text label button link color icon message wording tooltip spelling title
    menu csv json config flag subcommand version bump doc documentation comment lint warning default log error missing wrong incorrect
    crash raise exception regression traceback
""".split()
REQUIRE = "must should ensure exactly least most without verify not only each".split()
# Both in standard deviations of the learned part.
WORD_WEIGHTS = {"hard": 0.2, "easy": -0.1, "require": 0.15}
LENGTH_WEIGHT = 0.15


class Data:
    """Rows, their features, and the target of each row: its standardised difficulty rank inside its source."""

    def __init__(self, path: Path) -> None:
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8") as lines
        ):
            self.rows = [json.loads(line) for line in lines]
        self.sets = np.array([row["set"] for row in self.rows])
        self.sources = np.array([source(row) for row in self.rows])
        self.y = np.array([float(row["y"]) for row in self.rows])
        self.trainable = np.isin(self.sets, TRAIN)
        self.words = [complexity.model_words(row["prompt"]) for row in self.rows]
        self.features = [complexity.features(words) for words in self.words]
        self.target = np.zeros(len(self.rows))
        for name in sorted(set(self.sets)):
            where = self.sets == name
            for part in self.comparable(where):
                self.target[part] = mean_ranks(self.y[part]) / part.sum()
            self.target[where] -= self.target[where].mean()
            self.target[where] /= self.target[where].std() or 1.0
        self._matrix()

    def comparable(self, where: Any) -> list[Any]:
        """The rows of one set as masks within which difficulties may be compared: story points only inside a project."""
        if not any(source.startswith("points:") for source in self.sources[where]):
            return [where]
        return [where & (self.sources == source) for source in sorted(set(self.sources[where]))]

    def _matrix(self) -> None:
        texts: Counter[int] = Counter()
        sources: dict[int, set[str]] = defaultdict(set)
        for row in np.flatnonzero(self.trainable):
            texts.update(self.features[row].keys())
            for number in self.features[row]:
                sources[number].add(self.sources[row])
        self.vocabulary = sorted(
            n for n, count in texts.items() if count >= MIN_TEXTS and len(sources[n]) >= MIN_SOURCES
        )
        column = {number: j for j, number in enumerate(self.vocabulary)}
        total = int(self.trainable.sum())
        self.rarity = np.array([math.log(total / texts[number]) for number in self.vocabulary])
        self.size = np.array([1.0 / math.sqrt(len(f) + 1.0) for f in self.features])
        self.x = np.zeros((len(self.rows), len(self.vocabulary)), dtype=np.float32)
        for i, found in enumerate(self.features):
            self.x[i, [column[n] for n in found if n in column]] = self.size[i] / 5.0
        self.x *= self.rarity.astype(np.float32)
        self.kernel = (self.x @ self.x.T).astype(np.float64)


def source(row: dict[str, str]) -> str:
    """Where a task comes from: the project, or the owner of the repository (the same in every set)."""
    return (
        "points:" + row["group"] if row["set"] == "storypoints" else row["group"].split("/")[0] or row["set"]
    )


def mean_ranks(values: Any) -> Any:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[inverse]


def row_weights(data: Data, where: Any) -> Any:
    """Every set weighs the same; the mean weight is 1."""
    weights = np.zeros(len(data.rows))
    for name in TRAIN:
        part = where & (data.sets == name)
        if part.any():
            weights[part] = 1.0 / part.sum()
    return weights * where.sum() / weights.sum()


def fit_rows(data: Data, where: Any) -> Any:
    """Ridge regression in its dual form: what each training row adds (the feature weights are x.T @ this)."""
    rows = np.flatnonzero(where)
    weights = row_weights(data, where)[rows]
    target = data.target[rows] - np.average(data.target[rows], weights=weights)
    system = data.kernel[np.ix_(rows, rows)] + np.diag(RIDGE / weights)
    out = np.zeros(len(data.rows))
    out[rows] = np.linalg.solve(system, target)
    return out


ENDINGS = ["", *"e es ed er ers ing ion ions ation ations y s ent ency ity able or ors".split()]


class Prior:
    """Hand-written weights: what each kind of word adds for every row, and the numbers of the words of each kind."""

    def __init__(self, data: Data) -> None:
        seen = {word for words in data.words for word in words}
        self.numbers: dict[str, set[int]] = {}
        for kind, beginnings in (("hard", HARD), ("easy", EASY)):
            words = {b + ending for b in beginnings for ending in ENDINGS} | {
                w for w in seen if w.startswith(tuple(beginnings))
            }
            self.numbers[kind] = {complexity.word_number(word) for word in words}
        self.numbers["require"] = {complexity.word_number(word) for word in REQUIRE}
        self.numbers["easy"] -= self.numbers["hard"]
        self.counts = {
            kind: np.array([sum(n in numbers for n in found) for found in data.features]) * data.size
            for kind, numbers in self.numbers.items()
        }
        count = np.array([len(words) for words in data.words], dtype=float)
        self.length = np.clip(count, complexity.LENGTH_FROM, complexity.LENGTH_TO) ** 0.25
        where = data.trainable
        self.factors = {
            kind: weight / self.counts[kind][where].std() for kind, weight in WORD_WEIGHTS.items()
        }
        self.length_factor = LENGTH_WEIGHT / self.length[where].std()
        self.sum = self.length * self.length_factor
        for kind, factor in self.factors.items():
            self.sum = self.sum + factor * self.counts[kind]


def predict(data: Data, prior: Prior, where: Any) -> Any:
    """What a model trained on `where` says of every row: standard deviations of the learned part, plus the prior."""
    learned = data.kernel @ fit_rows(data, where)
    return learned / learned[where].std() + prior.sum


def table(data: Data, prior: Prior, size: int) -> bytes:
    """The model trained on all training rows, as the bytes that `complexity.Model` reads."""
    rows = fit_rows(data, data.trainable)
    learned = data.kernel @ rows
    spread = learned[data.trainable].std()
    per_feature = (data.x.T.astype(np.float64) @ rows) * data.rarity / 5.0 / spread
    weights = dict(zip(data.vocabulary, per_feature.tolist(), strict=True))
    for kind, numbers in prior.numbers.items():
        for number in numbers:
            weights[number] = weights.get(number, 0.0) + prior.factors[kind]
    # One weight a slot: where two features meet, the one that would move a text more stays.
    slots: dict[int, tuple[float, int]] = {}
    for number, weight in weights.items():
        slots[number % size] = max(slots.get(number % size, (0.0, 0)), (abs(weight), number))
    top = float(np.quantile([weight for weight, _ in slots.values()], 0.999))
    scale = top / 127
    rests, values = bytearray(size), bytearray([128] * size)
    for slot, (_, number) in slots.items():
        rests[slot] = number // size & 255
        values[slot] = 128 + max(-127, min(127, round(weights[number] / scale)))
    total = predict(data, prior, data.trainable)[data.trainable]
    unit = float(total.std())
    head = (
        size,
        scale / unit * 1e6,
        -float(np.median(total)) / unit * 1e6,
        prior.length_factor / unit * 1e6,
        0,
    )
    return b"".join(round(n).to_bytes(4, "little", signed=True) for n in head) + bytes(rests) + bytes(values)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "lib/memory_budget/select/complexity.bin")
    parser.add_argument("--size", type=int, default=32749, help="slots of the table (a prime)")
    args = parser.parse_args()
    data = Data(args.data)
    prior = Prior(data)
    args.out.write_bytes(table(data, prior, args.size))
    print(
        f"{int(data.trainable.sum())} tasks, {len(data.vocabulary)} features, {args.out.stat().st_size} bytes -> {args.out}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
