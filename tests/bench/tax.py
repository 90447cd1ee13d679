"""What memory costs tasks that need none, and what tasks that need some get: `python3 -m tests.bench tax`.

    python3 -m tests.bench tax [--data DIR] [--real DIR] [--tasks adlc=PROJECT npm=PACKAGE] [--prompts FILE] [--every N] [--json FILE]

DIR of --data holds `<set>.jsonl.gz` (conversations, see `trimming`), DIR of --real `<name>.json` with tasks and marks beside
`<name>/`, the memory, as its README says; --tasks are the project's own sets (`task_sets`). Every memory gets, through the index and
`allocate` as the hooks do, without an exact budget:

own           its own tasks: the share of what they need that is sent, sent or named in the outline, and the tokens
in frames     the same tasks inside delegation boilerplate (`null_prompts.json`)
none          tasks of a set that are marked as needing nothing
generic, vague, framed generic    `null_prompts.json`, or GENERIC, VAGUE and WRAPPERS of the Python file --prompts
foreign       other memories' conversation questions

and its own tasks at exact budgets (2,000, 4,000 and 8,000 tokens; conversations 5, 10 and 25 % of the memory). `auc` is the
chance that an own task has more confidence than one that needs nothing: it knows no threshold. `precision`: tokens of needed
passages over tokens sent.
"""

from __future__ import annotations

import argparse
import json
import random
import runpy
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from memory_budget.base import front_matter
from memory_budget.text import markdown
from memory_budget.text.escape import neutral
from memory_budget.text.tokens import load_encoding
from tests.bench import task_sets, trimming
from tests.bench.corpora import copy
from tests.bench.indexed import IndexedProject, fill_from

EXACT = (2000, 4000, 8000)
SHARES = (5, 10, 25)
LARGE = 1000  # tokens that are much for a task that needs nothing
NULL_PROMPTS = Path(__file__).parent / "null_prompts.json"

_encode = load_encoding()


def count(text: str) -> int:
    return len(_encode(text))


def folded(text: str) -> str:
    return " ".join(text.split())


class Passage(NamedTuple):
    """Something that a task needs: the texts that must all stand in the block (white space folded), their tokens, and where
    they stand: the file's path and the headings above, without marks."""

    texts: tuple[str, ...]
    tokens: int
    path: str
    headings: tuple[str, ...]

    def sent(self, block: str) -> bool:
        return all(text in block for text in self.texts)

    def named(self, outline: str) -> bool:
        """Whether a line of the outline names its file as a whole, or one of the headings it stands under."""
        own = self.path.rpartition("/")[2]  # whatever copy of the file it is
        for line in outline.split("\n"):
            path, _, entries = line.removeprefix("- ").partition(".md")
            if path.rpartition("/")[2] + ".md" != own:
                continue
            if " >" not in entries[:2] or any(f"{heading} (" in entries for heading in self.headings):
                return True
        return False


class Case(NamedTuple):
    """A prompt to an agent, with what it needs: each need is one of several passages."""

    agent: str
    prompt: str
    needs: tuple[tuple[Passage, ...], ...] = ()


class Memory:
    """One memory behind the path that hooks take, with its own cases."""

    def __init__(
        self, name: str, fill: Callable[[Path], object], own: Sequence[Case], none: Sequence[Case] = (), plain: Sequence[Case] = ()
    ) -> None:  # fmt: skip
        self.name = name
        self.indexed = IndexedProject(fill, count)
        self.own = own
        self.none = none
        #: The own cases without boilerplate of their own.
        self.plain = plain or own
        self.agents = sorted({case.agent for case in own})

    def close(self) -> None:
        self.indexed.close()

    def null(self, prompts: Sequence[str]) -> list[Case]:
        """Prompts that need nothing, to this memory's agents in turn."""
        return [Case(self.agents[at % len(self.agents)], prompt) for at, prompt in enumerate(prompts)]


class Outcome(NamedTuple):
    tokens: int
    confidence: float
    sent: int
    named: int
    needed: int
    good: int


def outcome(memory: Memory, case: Case, cap: int | None = None) -> Outcome:
    """What a case gets. A block over its budget ends the run."""
    found = memory.indexed.allocate(case.prompt, agent=case.agent, tier=None, cap=cap)
    block, tokens = memory.indexed.block(found)
    text, _, outline = block.partition("<memory-left-out>")
    text = folded(text)
    sent = [any(passage.sent(text) for passage in need) for need in case.needs]
    named = [
        got or any(passage.named(outline) for passage in need)
        for got, need in zip(sent, case.needs, strict=True)
    ]
    good = sum(
        max(passage.tokens for passage in need) for got, need in zip(sent, case.needs, strict=True) if got
    )
    return Outcome(tokens, found.selection.evidence.confidence, sum(sent), sum(named), len(sent), good)


def real_memories(folder: Path) -> Iterator[Memory]:
    """The memories of a folder of real notes."""
    for spec in sorted(folder.glob("*.json")):
        record = json.loads(spec.read_text(encoding="utf-8"))
        root = folder / record["folder"]
        own: list[Case] = []
        none: list[Case] = []
        plain: list[Case] = []
        for task in record["tasks"]:
            needs = tuple(
                tuple(_passage(root, mark) for mark in (need, *need.get("alt", ()))) for need in task["must"]
            )
            (own if needs or task["useful"] else none).append(Case(task["agent"], task["prompt"], needs))
            if needs or task["useful"]:
                plain.append(Case(task["agent"], task.get("core", task["prompt"]), needs))
        yield Memory(spec.stem, _filler(root, record.get("sources")), own, none, plain)


def _filler(root: Path, sources: Any) -> Callable[[Path], None]:
    def fill(project: Path) -> None:
        copy(root, project)
        if sources:
            profiles = project / ".claude/memory/budget-profiles.json"
            profiles.parent.mkdir(parents=True, exist_ok=True)
            profiles.write_text(json.dumps({"sources": {"global": sources}}))

    return fill


def _passage(root: Path, mark: dict[str, str]) -> Passage:
    """The passage of a mark: its anchor; what must be sent is the anchor, what is needed is the chunk that holds it."""
    text = (root / mark["file"]).read_text(encoding="utf-8")
    start = front_matter.read_front_matter(text).body
    anchor = folded(mark["anchor"])
    for raw in markdown.split_chunks(text[start:]):
        if anchor in folded(raw.text) or any(anchor in folded(line) for line in raw.headings):
            headings = tuple(line.lstrip("# ") for line in raw.headings)
            return Passage((anchor,), count(raw.text), mark["file"], headings)
    return Passage((anchor,), count(anchor), mark["file"], ())


def task_memories(named: Sequence[str]) -> Iterator[Memory]:
    """The project's own sets, each with the memory given by path."""
    for entry in named:
        name, _, path = entry.partition("=")
        found = task_sets.TaskSet(name, Path(path), count)
        root = ".claude/memory/patterns/" if found.any_agent else found.root
        own = [
            Case(
                task.agent.rpartition("/")[2] or "general-purpose",
                task.prompt,
                tuple((_section(section, root),) for section in task.needs),
            )
            for task in found.tasks
        ]
        yield Memory(name, found.fill, own)


def _section(section: task_sets.Section, root: str) -> Passage:
    texts = tuple(text for text, _ in section.chunks)
    return Passage(texts, section.tokens, root + section.path, (section.heading.lstrip("# "),))


def chat_memories(folder: Path, every: int, corpora: int) -> Iterator[Memory]:
    """The first corpora of each set of conversations, with every n-th question."""
    for name in trimming.SETS:
        for number, record in enumerate(trimming.records(folder, name)):
            if number == corpora:
                break
            corpus = trimming.Corpus(record)
            own = [
                Case("general-purpose", prompt, tuple((Passage((folded(neutral(unit)),), count(unit), "", ()),) for unit in evidence))
                for prompt, evidence in corpus.queries[::every]
            ]  # fmt: skip
            yield Memory(f"{name} {number + 1}", fill_from(corpus.texts), own)


class Prompts(NamedTuple):
    generic: list[str]
    vague: list[str]
    frames: list[str]

    @classmethod
    def read(cls, path: Path) -> Prompts:
        if path.suffix == ".py":
            found = runpy.run_path(str(path))
            return cls(found["GENERIC"], found["VAGUE"], found["WRAPPERS"])
        record = json.loads(path.read_text(encoding="utf-8"))
        return cls(record["generic"], record["vague"], record["boilerplate"])

    def framed(self, cases: Sequence[Case]) -> list[Case]:
        return [
            case._replace(prompt=self.frames[at % len(self.frames)].replace("{}", case.prompt))
            for at, case in enumerate(cases)
        ]


def auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The chance that one of the first is above one of the second; ties count half."""
    won = sum((one > two) + 0.5 * (one == two) for one in positive for two in negative)
    return won / max(1, len(positive) * len(negative))


def needing(found: Sequence[Outcome]) -> dict[str, float]:
    """The figures of cases that need something."""
    needed = max(1, sum(one.needed for one in found))
    tokens = [one.tokens for one in found]
    return {
        "sent": sum(one.sent for one in found) / needed,
        "named": sum(one.named for one in found) / needed,
        "tokens": statistics.mean(tokens),
        "median": statistics.median(tokens),
        "nothing": sum(not one for one in tokens) / len(tokens),
        "precision": sum(one.good for one in found) / max(1, sum(tokens)),
    }


def needing_nothing(found: Sequence[Outcome]) -> dict[str, float]:
    """The figures of cases that need nothing."""
    tokens = sorted(one.tokens for one in found)
    return {
        "median": statistics.median(tokens),
        "tokens": statistics.mean(tokens),
        "over": sum(one > LARGE for one in tokens) / len(tokens),
        "nothing": sum(not one for one in tokens) / len(tokens),
    }


def measure(memory: Memory, prompts: Prompts, foreign: Sequence[str]) -> dict[str, Any]:
    """All figures of one memory."""
    run = {
        "own": [outcome(memory, case) for case in memory.own],
        "own in frames": [outcome(memory, case) for case in prompts.framed(memory.plain)],
        "none": [outcome(memory, case) for case in memory.none],
        "generic": [outcome(memory, case) for case in memory.null(prompts.generic)],
        "vague": [outcome(memory, case) for case in memory.null(prompts.vague)],
        "framed generic": [outcome(memory, case) for case in prompts.framed(memory.null(prompts.generic))],
        "foreign": [outcome(memory, case) for case in memory.null(foreign)],
    }
    figures: dict[str, Any] = {
        kind: (needing if kind.startswith("own") else needing_nothing)(found)
        for kind, found in run.items()
        if found
    }
    sure = {kind: [one.confidence for one in found] for kind, found in run.items()}
    figures["auc"] = {
        kind: auc(sure["own"], sure[kind]) for kind in ("none", "generic", "vague", "foreign") if sure[kind]
    }
    figures["auc"]["framed generic"] = auc(sure["own in frames"], sure["framed generic"])
    figures["exact"] = {}
    chat = not memory.own[0].needs or not memory.own[0].needs[0][0].path
    scope = memory.indexed.allocate("", agent=memory.own[0].agent).scoped_tokens
    for size in SHARES if chat else EXACT:
        cap = scope * size // 100 if chat else size
        found = [outcome(memory, case, cap) for case in memory.own]
        figures["exact"][f"{size} %" if chat else f"{size:,}"] = needing(found)["sent"]
    return figures


def report(name: str, figures: dict[str, Any]) -> None:
    """The figures of one memory, printed."""
    print(f"\n{name}")
    print(
        f"  {'':16}{'sent':>7}{'+named':>8}{'mean':>9}{'median':>8}{'none':>7}{'>1000':>7}{'precision':>11}{'auc':>7}"
    )
    for kind, row in figures.items():
        if kind in ("auc", "exact"):
            continue
        cells = [
            f"{row['sent']:7.2f}{row['named']:8.2f}" if "sent" in row else " " * 15,
            f"{row['tokens']:9,.0f}{row['median']:8,.0f}{row['nothing']:7.2f}",
            f"{row['over']:7.2f}" if "over" in row else " " * 7,
            f"{row['precision']:11.3f}" if "precision" in row else " " * 11,
            f"{figures['auc'][kind]:7.2f}" if kind in figures["auc"] else "",
        ]
        print(f"  {kind:16}" + "".join(cells))
    print(
        "  exact budgets   " + "  ".join(f"{size}: {sent:.3f}" for size, sent in figures["exact"].items()),
        flush=True,
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.bench tax",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="sets of conversations")
    parser.add_argument("--real", type=Path, metavar="DIR", help="real notes with marked tasks")
    parser.add_argument(
        "--tasks", nargs="+", default=[], metavar="SET=DIR", help="the project's own task sets"
    )
    parser.add_argument(
        "--prompts", type=Path, default=NULL_PROMPTS, metavar="FILE", help="prompts that need nothing"
    )
    parser.add_argument("--every", type=int, default=6, help="take every n-th question to a conversation")
    parser.add_argument("--corpora", type=int, default=2, help="conversations of each set")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args(argv)
    if not (options.data or options.real or options.tasks):
        parser.error("nothing to measure: give --data, --real or --tasks")
    prompts = Prompts.read(options.prompts)
    chats = list(chat_memories(options.data, options.every, options.corpora)) if options.data else []
    questions = [case.prompt for memory in chats for case in memory.own]
    memories = [*(real_memories(options.real) if options.real else ()), *task_memories(options.tasks), *chats]
    everything = {}
    try:
        for memory in memories:
            own = {case.prompt for case in memory.own}
            strange = [question for question in questions if question not in own]
            foreign = random.Random(7).sample(strange, min(40, len(strange)))
            everything[memory.name] = measure(memory, prompts, foreign)
            report(memory.name, everything[memory.name])
    finally:
        for memory in memories:
            memory.close()
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1))
    return 0
