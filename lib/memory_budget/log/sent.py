"""Which files and chunks a run was given, and which memory files its agent opened itself: facts for the daily count.

One JSON object per line in the cache (`sent.jsonl`), appended under the usage log's lock. The daily job takes the
lines over into the index and drops them, so the file stays small. It is kept apart from the usage log because that
is read by people and by other programs, and a run may be given hundreds of chunks.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from memory_budget.base import layout
from memory_budget.base.files import open_own, read_bytes, write_all
from memory_budget.base.memory_folders import LAYOUTS, NATIVE_PROJECT
from memory_budget.base.optional import orjson, own_lock
from memory_budget.base.project import Project

LOCK_SECONDS = 30.0
#: What lies here is memory whose reading counts as a use.
_ROOTS = tuple(LAYOUTS)


class Sent(NamedTuple):
    """One run. `time` in seconds since the epoch; `files` and `read` are paths as shown, `chunks` their hashes."""

    time: float
    agent: str
    files: list[str]
    chunks: list[int]
    read: list[str]


def remember(
    project: Project, agent: str, files: list[str], chunks: list[int], transcript: str, now: float
) -> None:
    """Note what a run that has ended was given and what it read. `files` and `chunks` as they arrived; `now` in seconds since
    the epoch. Raises OSError, and TimeoutError when the lock is held for 30 s.
    """
    read = opened_files(project, transcript)
    if not files and not read:
        return
    line = orjson.dumps(Sent(now, agent, files, chunks, read)._asdict()) + b"\n"
    with own_lock(project.writable(layout.USAGE_LOCK), LOCK_SECONDS):
        handle = open_own(project.at(layout.SENT), os.O_RDWR | os.O_APPEND)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                line = b"\n" + line  # a line cut off by a crash must not swallow this one
            write_all(handle, line)
        finally:
            os.close(handle)


def opened_files(project: Project, transcript: str) -> list[str]:
    """The memory files that an agent opened with its Read tool, as memory shows their paths: from the project's root, or from
    the home folder with "~/". Only the usual places of memory count: files that nothing but `sources` names are left out."""
    paths: dict[str, None] = {}
    try:
        file = open(transcript, "rb")  # noqa: SIM115
    except OSError:
        return []
    bases = [(os.path.realpath(project.root), "")]
    if project.auto:
        bases.insert(0, (os.path.realpath(project.auto), project.auto_shown + "/"))
    if project.home:
        bases.append((os.path.realpath(project.home), "~/"))
    with file:
        for line in file:
            if b'"Read"' not in line:
                continue
            try:
                message = orjson.loads(line)["message"]
                blocks = message["content"]
            except (ValueError, KeyError, TypeError):
                continue
            for block in blocks if isinstance(blocks, list) else ():
                if (
                    isinstance(block, dict)
                    and block.get("type") == "tool_use"
                    and block.get("name") == "Read"
                ):
                    tool_input = block.get("input")
                    path = tool_input.get("file_path") if isinstance(tool_input, dict) else None
                    shown = _shown(project, path, bases) if isinstance(path, str) else ""
                    if shown:
                        paths.setdefault(shown)
    return list(paths)


def _shown(project: Project, path: str, bases: list[tuple[str, str]]) -> str:
    """The path as memory shows it; "" for what is no memory file."""
    if "\0" in path or not path.lower().endswith(".md") or path != path.encode("utf-8", "replace").decode():
        return ""
    real = os.path.realpath(os.path.join(project.root, path))
    for base, prefix in bases:
        if real.startswith(base + "/"):
            shown = real[len(base) + 1 :]
            if prefix not in ("", "~/"):
                return prefix + shown
            roots = _ROOTS if not prefix else (NATIVE_PROJECT,)
            if any(shown.startswith(root + "/") for root in roots):
                return prefix + shown
    return ""


def set_sent_aside(project: Project) -> str:
    """Give the lines written so far a name of their own, so that they can be counted once. Returns their path, ""
    when there are none. A part set aside before and not dropped yet is given first."""
    folder = project.ensure_cache(layout.SENT_ASIDE)
    for waiting in sorted(os.listdir(folder)):
        if waiting.startswith("sent-") and waiting.endswith(".jsonl"):
            return f"{folder}/{waiting}"
    path = project.at(layout.SENT)
    with own_lock(project.writable(layout.USAGE_LOCK), LOCK_SECONDS):
        if not os.path.exists(path):
            return ""
        target = f"{folder}/sent-{os.urandom(8).hex()}.jsonl"
        os.rename(path, target)
    return target


def parse_sent(path: str) -> list[Sent]:
    """The whole lines of a part; others are passed over."""
    runs = []
    for line in read_bytes(path).split(b"\n"):
        try:
            value = orjson.loads(line)
            runs.append(
                Sent(
                    float(value["time"]),
                    str(value["agent"]),
                    [str(name) for name in value["files"]],
                    [int(number) for number in value["chunks"]],
                    [str(name) for name in value["read"]],
                )
            )
        except (ValueError, KeyError, TypeError):
            continue
    return runs
