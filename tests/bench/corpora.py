"""Projects for the benchmarks: a copy of a real corpus, or many times its memory made from its text.

The large corpus keeps the folders of the small one and multiplies the files in each, so every agent's own scope grows with it,
which is the hard case: more agents alone would leave each agent's work as it was. Text is drawn from the real files paragraph
by paragraph; names and numbers are changed so that little is an exact copy.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from tests.support.environment import ROOT

#: Words that make one variant of a paragraph differ from the next.
_NAMES = [
    f"{one}{two}"
    for one in (
        "orders",
        "billing",
        "claims",
        "ledger",
        "fleet",
        "plant",
        "ticket",
        "parts",
        "payroll",
        "quote",
    )
    for two in ("_raw", "_daily", "_fct", "_dim", "Export", "Loader", "_v2", "_hist", "Sync", "_mart")
]


def copy(corpus: Path, target: Path) -> Path:
    """A writable copy of a corpus."""
    shutil.copytree(corpus, target)
    for path in (target, *target.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    return target


def own_corpus(target: Path) -> Path:
    """A corpus that comes with this checkout: its own notes as global memory and for a handful of agents."""
    notes = sorted((ROOT / ".claude" / "memory").rglob("*.md")) + sorted(ROOT.glob("*.md"))
    for number in range(8):
        folder = target / ".claude" / "memory" / "specialists" / f"agent-{number}" / "patterns"
        folder.mkdir(parents=True)
        for note in notes:
            shutil.copy(note, folder / f"{number}-{note.name}")
    folder = target / ".claude" / "memory" / "patterns"
    folder.mkdir(parents=True)
    for note in notes:
        shutil.copy(note, folder / note.name)
    return target


def multiply(small: Path, target: Path, times: int, seed: int = 7) -> Path:
    """`times` the memory of `small`, file by file, with the rest of its `.claude` folder as it is."""
    shutil.copytree(small, target, ignore=shutil.ignore_patterns("cache"))
    chance = random.Random(seed)
    files = sorted((small / ".claude" / "memory").rglob("*.md"))
    texts = {path: path.read_text(encoding="utf-8", errors="replace").split("\n\n") for path in files}
    pool = [paragraph for paragraphs in texts.values() for paragraph in paragraphs]
    for path in files:
        relative = path.relative_to(small)
        for number in range(1, times):
            paragraphs = [
                _vary(chance.choice(pool) if chance.random() < 0.3 else paragraph, chance)
                for paragraph in texts[path]
            ]
            copy_path = target / relative.with_name(f"{relative.stem}-{number:03}.md")
            copy_path.write_text("\n\n".join(paragraphs), encoding="utf-8")
    return target


def _vary(paragraph: str, chance: random.Random) -> str:
    words = paragraph.split(" ")
    for _ in range(max(1, len(words) // 15)):
        at = chance.randrange(len(words))
        if words[at].isalpha():
            words[at] = f"{chance.choice(_NAMES)}{chance.randrange(1000)}"
    return " ".join(words)
