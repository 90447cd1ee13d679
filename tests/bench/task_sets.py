"""The project's own task sets: what survives of the sections that an agent's task needs. See `README.md` beside this.

A section is the text under a heading, up to the next heading of any level. It counts as sent when every chunk of it
stands in the block (white space folded), in whatever copy of its file.
"""

from __future__ import annotations

import json
import shutil
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from memory_budget.base import front_matter
from memory_budget.select.recipe import RECIPE, Recipe
from memory_budget.text import escape, markdown
from tests.bench import corpora
from tests.bench.indexed import IndexedProject

TIERS = ("simple", "medium", "complex", "multi-system")
PROFILES = ("specialist-narrow", "specialist-broad", "role-coordinator", "role-architect")
SHARES = (5, 10, 25)
_FOLDER = Path(__file__).parent


class Section:
    """A needed section: its chunks as the block prints them, white space folded, with their tokens."""

    def __init__(self, path: str, heading: str, texts: Sequence[str], count: Callable[[str], int]) -> None:
        self.path = path
        self.heading = heading
        self.chunks = [(_folded(text), count(text)) for text in texts]
        self.tokens = sum(tokens for _, tokens in self.chunks)

    def sent(self, block: str) -> int:
        """How many of its tokens stand in a block whose white space is folded."""
        return sum(tokens for text, tokens in self.chunks if text in block)


class Task:
    """One task. `agent` is "" where any agent may have it."""

    def __init__(self, agent: str, prompt: str, needs: Sequence[Section]) -> None:
        self.agent = agent
        self.prompt = prompt
        self.needs = needs


class Tally:
    """Sums over tasks: sections and tokens needed and sent, sections of which a part was sent, tasks that got all of
    theirs, what was sent and allotted, and the tasks whose budget was raised because they need more (only ours does that).
    """

    def __init__(self) -> None:
        self.tasks = self.full_tasks = self.sections = self.full_sections = self.begun = 0
        self.needed = self.found = self.sent = self.allotted = self.scoped = self.raised = 0

    def add(
        self, task: Task, block: str, sent: int, allotted: int, scoped: int, raised: bool = False
    ) -> None:
        text = _folded(block)
        parts = [section.sent(text) for section in task.needs]
        full = sum(part == section.tokens for part, section in zip(parts, task.needs, strict=True))
        self.tasks += 1
        self.full_tasks += full == len(task.needs)
        self.sections += len(task.needs)
        self.full_sections += full
        self.begun += sum(part > 0 for part in parts)
        self.needed += sum(section.tokens for section in task.needs)
        self.found += sum(parts)
        self.sent += sent
        self.allotted += allotted
        self.scoped += scoped
        self.raised += raised

    def __str__(self) -> str:
        return (
            f"{self.full_sections / self.sections:8.3f}{self.begun / self.sections:7.3f}"
            f"{self.found / self.needed:8.3f}"
            f"{self.full_tasks / self.tasks:7.2f}{self.sent / self.tasks:9,.0f}"
            f"{self.sent / self.allotted:8.1%}{self.sent / self.scoped:8.1%}{self.raised / self.tasks:8.2f}"
        )

    def short(self) -> str:
        return f"{self.full_sections / self.sections:6.2f}{self.sent / self.tasks / 1000:6.1f}K"


HEADER = (
    f"{'sections':>8}{'begun':>7}{'tokens':>8}{'tasks':>7}{'sent':>9}{'budget':>8}{'memory':>8}{'raised':>8}"
)


class TaskSet:
    """The tasks of a set on the memory it was made for, given by path. A mark that is wrong ends the run."""

    def __init__(self, name: str, memory: Path, count: Callable[[str], int]) -> None:
        path = _FOLDER / f"trimming_tasks_{name}.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        self.name = name
        self.memory = memory
        self.count = count
        #: The folder that paths of marks start at, with a slash.
        self.root: str = record["root"].rstrip("/") + "/"
        root = memory / record["root"]
        sections: dict[tuple[str, str], Section] = {}
        problems = []
        self.tasks = []
        for task in record["tasks"]:
            needs = []
            for file, heading in task["needs"]:
                key = (file, heading)
                if key not in sections:
                    found = list(_sections(root / file, heading))
                    if len(found) != 1 or not found[0]:
                        problems.append(f"{file}: {heading!r} stands there {len(found)} times with text")
                        continue
                    sections[key] = Section(file, heading, found[0], count)
                needs.append(sections[key])
            self.tasks.append(Task(task.get("agent", ""), task["prompt"], needs))
        if problems:
            raise SystemExit("\n".join([f"{path.name} has wrong marks:", *problems]))
        self.sections = list(sections.values())

    @property
    def any_agent(self) -> bool:
        return not any(task.agent for task in self.tasks)

    def fill(self, project: Path) -> None:
        """A project with this memory: a copy of the one given, or a package's Markdown as global patterns."""
        if not self.any_agent:
            corpora.copy(self.memory, project)
            return
        for file in sorted(self.memory.rglob("*.md")):
            target = project / ".claude" / "memory" / "patterns" / file.relative_to(self.memory)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def _sections(path: Path, heading: str) -> Iterator[list[str]]:
    """The texts under each heading line of that wording, as the block prints them."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    start = front_matter.read_front_matter(text).body
    found: dict[int, list[str]] = {}
    for raw in markdown.split_chunks(text[start:], 1 + text.count("\n", 0, start)):
        if raw.headings and raw.headings[-1].strip() == heading:
            printed = escape.neutral(raw.text)
            if any(sign.isalnum() for sign in printed):
                found.setdefault(raw.heading_lines[-1], []).append(printed)
    yield from found.values()


def _folded(text: str) -> str:
    return " ".join(text.split())


class ReferenceLoader:
    """What the loader that this project is measured against would send: whole files in the order of its relevance
    formula, until the first that does not fit, copies and all.

    Its formula weighs age, uses and confidence and never the task. Uses are never counted, and in a fresh checkout
    files are equally old but for the dates in side files (`NAME.metadata.json`: `modified_at`, `confidence`), so the
    order is: newest such date first, then confidence, then path.
    """

    def __init__(self, root: Path, files: Iterable[str], count: Callable[[str], int]) -> None:
        entries = []
        for path in files:
            date, confidence = "", 0.0
            side = root / f"{path.removesuffix('.md')}.metadata.json"
            if side.is_file():
                data = json.loads(side.read_text(encoding="utf-8"))
                date, confidence = str(data.get("modified_at") or "")[:10], float(data.get("confidence") or 0)
            text = (root / path).read_text(encoding="utf-8")
            entries.append((date, confidence, path, text, count(text)))
        entries.sort(key=lambda entry: entry[2])
        entries.sort(key=lambda entry: entry[:2], reverse=True)
        self.files = [(text, tokens) for _, _, _, text, tokens in entries]

    def load(self, budget: int) -> tuple[str, int]:
        used = 0
        texts = []
        for text, tokens in self.files:
            if used + tokens > budget:
                break
            used += tokens
            texts.append(escape.neutral(text))
        return "\n\n".join(texts), used


class Measured:
    """A task set behind the public path, with the reference's loader on the same files."""

    def __init__(self, tasks: TaskSet) -> None:
        self.set = tasks
        self.indexed = IndexedProject(tasks.fill, tasks.count)
        self._loaders: dict[tuple[str, ...], ReferenceLoader] = {}
        self._scoped: dict[str, int] = {}
        self.times: list[float] = []

    def close(self) -> None:
        self.indexed.close()

    def loader(self, agent: str) -> ReferenceLoader:
        root = Path(self.indexed.project.root)
        top = root / ".claude" / "memory"
        folders = ["patterns", "recent", "intermediate"]
        if agent:
            folders += [f"{agent}/{name}" for name in ("patterns", "recent", "intermediate")]
        files = tuple(
            sorted(
                file.relative_to(root).as_posix()
                for folder in folders
                for file in (top / folder).rglob("*.md")
            )
        )
        if files not in self._loaders:
            self._loaders[files] = ReferenceLoader(root, files, self.set.count)
        return self._loaders[files]

    def run(
        self, tier: str, tasks: Sequence[Task], profile: str | None = None, share: int = 0
    ) -> tuple[Tally, Tally]:
        """Ours and the reference's at a tier's budget, or at a share in per cent of the memory in scope, filled."""
        ours, theirs = Tally(), Tally()
        for task in tasks:
            agent = task.agent.rpartition("/")[2] or "general-purpose"
            cap = None
            if share:
                cap = self._scope(agent, profile) * share // 100
            start = time.perf_counter()
            allocation = self.indexed.allocate(task.prompt, agent=agent, tier=tier, profile=profile, cap=cap)
            self.times.append(time.perf_counter() - start)
            block, used = self.indexed.block(allocation)
            ours.add(
                task, block, used, allocation.budget, allocation.scoped_tokens, allocation.bumped_from != ""
            )
            text, used = self.loader(task.agent).load(allocation.budget_base)
            theirs.add(task, text, used, allocation.budget_base, allocation.scoped_tokens)
        return ours, theirs

    def _scope(self, agent: str, profile: str | None) -> int:
        """Tokens of the memory in an agent's scope."""
        if agent not in self._scoped:
            self._scoped[agent] = self.indexed.allocate("", agent=agent, profile=profile).scoped_tokens
        return self._scoped[agent]


def report(measured: Measured) -> None:
    """The tables of a set: tiers, shares of the memory, then agents (or profiles, where any agent may have a task)."""
    tasks = measured.set.tasks
    sections = measured.set.sections
    print(
        f"\n{measured.set.name}: {len(tasks)} tasks, {sum(len(task.needs) for task in tasks)} marks on "
        f"{len(sections)} sections ({sum(section.tokens for section in sections):,} tokens)"
    )
    print(
        "  sections: share sent whole; begun: with a part sent. tokens: share of their tokens sent. tasks: share that got all of theirs."
    )
    print("  sent: mean tokens of a block; budget, memory: share of the budget and of the memory in scope.")
    print("  raised: share of tasks whose budget went up a tier or more because they need it.\n")
    print(f"  {'':31}{'ours':^63}  {'reference loader':^63}")
    print(f"  {'':31}{HEADER}  {HEADER}")
    profiles: Sequence[str | None] = PROFILES if measured.set.any_agent else (None,)
    for profile in profiles:
        for tier in TIERS:
            ours, theirs = measured.run(tier, tasks, profile)
            print(f"  {f'{profile} {tier}' if profile else tier:31}{ours}  {theirs}", flush=True)
    for share in SHARES:
        ours, theirs = measured.run("medium", tasks, profiles[0], share)
        print(f"  {f'{share} % of the memory':31}{ours}  {theirs}", flush=True)
    if not measured.set.any_agent:
        print(
            "\n  per agent and tier: sections sent whole, thousands of tokens sent; ours, then the reference's"
        )
        print("  " + " " * 30 + "".join(f"{tier:^29}" for tier in TIERS))
        for agent in sorted({task.agent for task in tasks}):
            own = [task for task in tasks if task.agent == agent]
            cells = ["{}  {}".format(*(tally.short() for tally in measured.run(tier, own))) for tier in TIERS]
            print(f"  {agent.partition('/')[2]:30}" + " ".join(f"{cell:28}" for cell in cells), flush=True)
    print(f"\n  an allocation takes {statistics.median(measured.times) * 1000:.1f} ms (median, warm)")


def report_recipes(measured: Measured, recipes: Mapping[str, Mapping[str, float]]) -> None:
    """Sections sent whole by each recipe (changes to the one that ships) at shares of the memory, filled."""
    profile = PROFILES[0] if measured.set.any_agent else None
    print(f"\n{measured.set.name}: sections sent whole at {', '.join(f'{share} %' for share in SHARES)}")
    shipped = {name: getattr(RECIPE, name) for name in Recipe.__slots__}
    try:
        for label, changes in recipes.items():
            for name, value in {**shipped, **changes}.items():
                setattr(RECIPE, name, value)
            tallies = [measured.run("medium", measured.set.tasks, profile, share)[0] for share in SHARES]
            line = "  ".join(f"{tally.full_sections / tally.sections:.3f}" for tally in tallies)
            print(f"  {label:32}{line}", flush=True)
    finally:
        for name, value in shipped.items():
            setattr(RECIPE, name, value)
