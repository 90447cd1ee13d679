#!/usr/bin/env python3
"""Train the small model behind `memory_budget.select.complexity` and write its tables of weights.

    complexity_train.py --data dev/complexity.jsonl.gz --vectors vectors.npz [--out lib/memory_budget/select/complexity.bin]

DATA is described in `complexity_data`; VECTORS come from `complexity_vectors`. Only the sets in TRAIN are learned from. Four parts, each
in its own standard deviations over the training rows, are added with the weights of a `Choice`:

    words     ridge regression of the difficulty rank inside each source (every set weighs the same) on words, pairs and title words that
              are in at least two sources, over the square root of their number
    meanings  ridge regression of the same on the mean vector of the words: carries what was learned over to words never seen
    anchors   how far the mean vector lies from phrases of easy towards phrases of hard work: no label has a part in it
    length    the number of words

Meanings and anchors are both means over the words, so that one weight a word holds them. `complexity_eval` shows what each choice is
worth on tasks whose source had no part in it; the choice shipped is the best one of its grid. Needs numpy.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np  # type: ignore[import-not-found,unused-ignore]

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from memory_budget.select import (  # noqa: E402
    complexity,
    complexity_model,
    complexity_task,
    complexity_words,
)
from tests.bench.complexity_data import TRAIN, read_rows, source  # noqa: E402
from tests.support.weight_tables import slots_of  # noqa: E402

MIN_SOURCES, MIN_TEXTS = 2, 4
# Round numbers, set once. Halving or doubling a ridge moves the mean order of left-out tasks by .003 at most; half of the dimensions
# costs .007 to .012, twice as many .003 to .005.
WORD_RIDGE, MEANING_RIDGE = 3.0, 16.0
DIMENSIONS = 128
WORD_SLOTS, MEANING_SLOTS = 16381, 28657  # primes


class Choice(NamedTuple):
    """How much each part weighs."""

    words: float = 0.5
    meanings: float = 0.5
    anchors: float = 0.4
    length: float = 0.2


class Data:
    """Rows, their words, and the target of each row: its standardised difficulty rank inside its source."""

    def __init__(self, path: Path, vectors: Path) -> None:
        self.rows = read_rows(path)
        self.sets = np.array([row["set"] for row in self.rows])
        self.sources = np.array([source(row) for row in self.rows])
        self.y = np.array([float(row["y"]) for row in self.rows])
        self.trainable = np.isin(self.sets, TRAIN)
        self.tasks = [complexity_task.task_sentences(complexity.excerpt(row["prompt"])) for row in self.rows]
        self.words = [complexity_model.model_words(task) for task in self.tasks]
        self.features = [complexity_model.features(words) for words in self.words]
        self.numbers = [complexity_model.word_numbers(words) for words in self.words]
        self.length = np.array([complexity_model.length_term(len(words)) for words in self.words])
        self.target = np.zeros(len(self.rows))
        for name in sorted(set(self.sets)):
            where = self.sets == name
            for part in self.comparable(where):
                self.target[part] = mean_ranks(self.y[part]) / part.sum()
            self.target[where] -= self.target[where].mean()
            self.target[where] /= self.target[where].std() or 1.0
        self._word_matrix()
        self._meaning_matrix(vectors)

    def comparable(self, where: Any) -> list[Any]:
        """The rows of one set as masks within which difficulties may be compared: story points only inside a project."""
        if not any(source.startswith("points:") for source in self.sources[where]):
            return [where]
        return [where & (self.sources == source) for source in sorted(set(self.sources[where]))]

    def _word_matrix(self) -> None:
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
        self.word_rows = np.zeros((len(self.rows), len(self.vocabulary)), dtype=np.float32)
        for i, found in enumerate(self.features):
            columns = [column[n] for n in found if n in column]
            self.word_rows[i, columns] = 1.0 / math.sqrt(len(found) + 1.0) / 5.0
        self.word_rows *= self.rarity.astype(np.float32)
        self.word_kernel = (self.word_rows @ self.word_rows.T).astype(np.float64)

    def _meaning_matrix(self, path: Path) -> None:
        """The mean vector of each row's words, in the directions in which words differ most."""
        with np.load(path) as file:
            words, vectors = file["words"].tolist(), file["vectors"].astype(np.float64)
            hard, easy = file["hard"], file["easy"]
        centre = vectors.mean(0)
        by_number: dict[int, list[Any]] = defaultdict(list)
        for word, vector in zip(words, unit(vectors - centre), strict=True):
            by_number[complexity_model.word_number(word)].append(vector)
        empty = {complexity_model.word_number(word) for word in complexity_words.FUNCTION_WORDS}
        self.meaning_numbers = sorted(by_number.keys() - empty)
        means = np.array([np.mean(by_number[number], axis=0) for number in self.meaning_numbers])
        self.anchors = means @ (unit(hard - centre).mean(0) - unit(easy - centre).mean(0))
        left, sizes, _ = np.linalg.svd(means - means.mean(0), full_matrices=False)
        self.directions = left[:, :DIMENSIONS] * sizes[:DIMENSIONS]
        place = {number: i for i, number in enumerate(self.meaning_numbers)}
        self.places = [[place[n] for n in numbers if n in place] for numbers in self.numbers]
        rows = self.mean_of(self.directions)
        rows -= rows[self.trainable].mean(0)
        self.meaning_rows = rows / math.sqrt((rows[self.trainable] ** 2).sum(1).mean())
        self.meaning_kernel = self.meaning_rows @ self.meaning_rows.T

    def usual(self, of_words: Any) -> Any:
        """The mean of what is given by word over the words of all training rows."""
        rows = [self.places[row] for row in np.flatnonzero(self.trainable)]
        return of_words[[place for places in rows for place in places]].mean(0)

    def mean_of(self, of_words: Any) -> Any:
        """How far the mean over each row's words of what is given by word is from the usual; a word without counts as usual."""
        usual = self.usual(of_words)
        return np.array(
            [
                (of_words[places] - usual).sum(0) / (len(numbers) + complexity_model.FEW)
                for places, numbers in zip(self.places, self.numbers, strict=True)
            ]
        )


def unit(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


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


def fit_rows(data: Data, kernel: Any, ridge: float, where: Any) -> Any:
    """Ridge regression in its dual form: what each training row adds (the feature weights are rows.T @ this)."""
    rows = np.flatnonzero(where)
    weights = row_weights(data, where)[rows]
    target = data.target[rows] - np.average(data.target[rows], weights=weights)
    system = kernel[np.ix_(rows, rows)] + np.diag(ridge / weights)
    out = np.zeros(len(data.rows))
    out[rows] = np.linalg.solve(system, target)
    return out


class Fit:
    """The parts of a model trained on the rows `where`, and what each says of every row, in its standard deviations over them."""

    def __init__(self, data: Data, where: Any) -> None:
        self.data = data
        self.word_fit = fit_rows(data, data.word_kernel, WORD_RIDGE, where)
        self.meaning_fit = fit_rows(data, data.meaning_kernel, MEANING_RIDGE, where)
        parts = {
            "words": data.word_kernel @ self.word_fit,
            "meanings": data.meaning_kernel @ self.meaning_fit,
            "anchors": data.mean_of(data.anchors),
            "length": data.length,
        }
        self.spreads = {name: float(values[where].std()) for name, values in parts.items()}
        self.parts = {name: values / self.spreads[name] for name, values in parts.items()}

    def predict(self, choice: Choice) -> Any:
        return (
            choice.words * self.parts["words"]
            + choice.meanings * self.parts["meanings"]
            + choice.anchors * self.parts["anchors"]
            + choice.length * self.parts["length"]
        )

    def word_weights(self, choice: Choice) -> dict[int, float]:
        """Weight of each feature; a text's sum is to be divided by the square root of its number of features + 1."""
        per_feature = self.data.word_rows.T.astype(np.float64) @ self.word_fit * self.data.rarity / 5.0
        per_feature *= choice.words / self.spreads["words"]
        return dict(zip(self.data.vocabulary, per_feature.tolist(), strict=True))

    def meaning_weights(self, choice: Choice) -> dict[int, float]:
        """Weight of each word; a text's is the mean over its words, but for a shift that is the same for every text."""
        data = self.data
        raw = data.mean_of(data.directions)
        centred = raw[data.trainable] - raw[data.trainable].mean(0)
        size = math.sqrt((centred**2).sum(1).mean())
        learned = data.directions @ (data.meaning_rows.T @ self.meaning_fit) / size
        weights = choice.meanings / self.spreads["meanings"] * learned
        weights += choice.anchors / self.spreads["anchors"] * data.anchors
        weights -= data.usual(weights)
        return dict(zip(data.meaning_numbers, weights.tolist(), strict=True))


def table(weights: dict[int, float], size: int) -> tuple[bytes, float]:
    """(the bytes that `complexity_model.Table` reads, what a unit of weight is worth).

    The weights that move a text most come in, as many as two in five slots hold; the others count as 0.
    """
    largest = sorted(weights, key=lambda number: (-abs(weights[number]), number))[: size * 2 // 5]
    scale = float(np.quantile([abs(weights[number]) for number in largest], 0.999)) / 127
    placed: dict[int, int] = {}
    for number in reversed(largest):  # the largest last: it is never the one without a slot
        _place(placed, number, size)
    rests, values = bytearray(size), bytearray([128] * size)
    for slot, number in placed.items():
        rests[slot] = slots_of(number, size)[2]
        steps = max(-127, min(127, round(weights[number] / scale)))
        values[slot] = 128 + steps
    return bytes(rests) + bytes(values), scale


def _place(placed: dict[int, int], number: int, size: int) -> None:
    """Give a number one of its two slots; the number that stood there moves to its other one, a few times over."""
    slot = slots_of(number, size)[0]
    for _ in range(50):
        if slot not in placed:
            placed[slot] = number
            return
        number, placed[slot] = placed[slot], number
        first, second, _ = slots_of(number, size)
        slot = second if slot == first else first


def model_bytes(data: Data, choice: Choice) -> bytes:
    """The model trained on all training rows, as the bytes that `complexity_model.Model` reads."""
    fit = Fit(data, data.trainable)
    words, word_scale = table(fit.word_weights(choice), WORD_SLOTS)
    meanings, meaning_scale = table(fit.meaning_weights(choice), MEANING_SLOTS)
    spread = float(fit.predict(choice)[data.trainable].std())
    numbers = (word_scale, meaning_scale, choice.length / fit.spreads["length"])
    millionths = [round(number / spread * 1e6) for number in numbers]

    def file(shift: float) -> bytes:
        head = (WORD_SLOTS, MEANING_SLOTS, *millionths, round(shift * 1e6))
        return b"".join(n.to_bytes(4, "little", signed=True) for n in head) + words + meanings

    unshifted = complexity_model.Model(file(0.0))
    scores = [unshifted.judge(data.words[row])[0] for row in np.flatnonzero(data.trainable)]
    return file(-float(np.median(scores)))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "lib/memory_budget/select/complexity.bin")
    args = parser.parse_args()
    data = Data(args.data, args.vectors)
    args.out.write_bytes(model_bytes(data, Choice()))
    print(
        f"{int(data.trainable.sum())} tasks, {len(data.vocabulary)} features, {len(data.meaning_numbers)} words, "
        f"{args.out.stat().st_size} bytes -> {args.out}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
