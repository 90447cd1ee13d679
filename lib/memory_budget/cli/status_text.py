"""How `memory-budget status` prints what it gathered."""

from __future__ import annotations

from typing import Any

from memory_budget.base.figures import counted, percent, thousands
from memory_budget.cli import output
from memory_budget.select import parts

#: Folders of agents that are listed.
_FOLDERS = 20


def print_state(state: dict[str, Any]) -> None:
    """Print what `status.gather` gives."""
    output.line(state["project"])
    if not state["has_memory"]:
        print("  no agent memory found here. To start: put notes into .claude/memory/*.md")
        print("  or add a folder that is there: memory-budget sources add docs")
        _print_unread(state)
        return
    settings = state["profiles"]
    _print_wrapped(f"profiles: {settings['file']}; limits are {settings['enforcement']}")
    _print_wrapped(channel_words(settings["delivery"], state["last"]))
    if not settings["enabled"]:
        print("  switched off: no agent is given memory (enabled: false)")
    if settings["problem"]:
        _print_wrapped(f"PROBLEM   {settings['problem']}")
    _print_memory(state["memory"])
    _print_unread(state)
    _print_index(state["index"])
    for entry in state["calibration"]:
        learned = entry["learned"]
        basis = (
            f" ({learned['ratio']:.3f} ± {learned['error']:.3f} from {counted(learned['runs'], 'run')})"
            if learned
            else ""
        )
        _print_wrapped(
            f"{entry['model']}: {entry['in_use']:.3f} tokens per tiktoken token, {entry['source']}{basis}"
        )
    _print_runs(state)
    if state["jobs"] is None:
        print("  jobs: wait for the libraries (memory-budget setup)")
    else:
        _print_jobs(state["jobs"])
    if state["proposals"]:
        print(f"  {counted(state['proposals'], 'suggestion')} for memory files: memory-budget maintain")
    if state["suggestions"]:
        number = counted(len(state["suggestions"]), "agent")
        print(f"  {number} without an assignment: memory-budget profiles suggest")
    if state["last"]:
        columns = ["ended", "agent", "difficulty", "sent", "budget", "share of\nmemory"]
        wide = output.width() >= 110
        output.print_table(
            "",
            [*columns, "task"] if wide else columns,
            [_run_row(record, wide) for record in state["last"]],
            right=(3, 4, 5),
        )


def _print_unread(state: dict[str, Any]) -> None:
    for line in state["unread"]:
        _print_wrapped(f"NOT READ  {line}")


def _print_memory(facts: dict[str, Any]) -> None:
    """Where memory was found, and which agents read which folder."""
    for row in facts["layouts"]:
        _print_wrapped(f"{row['layout']}: {counted(row['files'], 'file')} in {row['folder']}")
    for row in facts["folders"][:_FOLDERS]:
        readers = ", ".join(row["agents"][:4]) or "no agent known here (an agent of this name would)"
        _print_wrapped(f"  {row['folder']}: {row['files']} files, read by {readers}")
    if len(facts["folders"]) > _FOLDERS:
        _print_wrapped(f"  {len(facts['folders']) - _FOLDERS} more folders of agents (--json)")
    if facts["files_kept_in"]:
        _print_wrapped(f"the plugin's own files: {facts['files_kept_in']}")


def _print_index(index: dict[str, Any]) -> None:
    if not index["usable"]:
        _print_wrapped(f"index: {index['problem']}")
        return
    _print_wrapped(
        f"index: {counted(index['files'], 'file')}, {index['tokens']:,} tokens, "
        f"{counted(index['agents'], 'agent')} with memory of their own; updated {_to_the_minute(index['updated'] or 'never')}"
    )
    if not index["exact"]:
        print("    token counts are upper estimates until the libraries are there (memory-budget setup)")
    for scope, part in index["scopes"].items():
        print(f"    {scope}: {counted(part['files'], 'file')}, {part['tokens']:,} tokens")


def _print_runs(state: dict[str, Any]) -> None:
    log = state["log"]
    delivered = log["runs"] - log["not_delivered"]
    words = (
        [f"{counted(log['runs'], 'agent run')}: {delivered} got memory"]
        if log["runs"]
        else ["no agent runs yet"]
    )
    words += [f"{log['exceeded']} needed more than the budget"] if log["exceeded"] else []
    words += (
        [f"{log['not_delivered']} did not get theirs (memory-budget doctor)"] if log["not_delivered"] else []
    )
    words += [counted(log["bad_lines"], "unreadable line")] if log["bad_lines"] else []
    words += [f"{state['running']} running now"] if state["running"] else []
    _print_wrapped(", ".join(words))


def _print_jobs(state: dict[str, Any]) -> None:
    for problem in state["problems"]:
        _print_wrapped(f"PROBLEM   {problem}")
    if not state["enabled"]:
        print("  jobs: switched off (schedule.enabled: false)")
    for kind, job in state["jobs"].items():
        last = (
            f"last {_to_the_minute(job['last'])}, {job['seconds']:.1f} s"
            if job["last"]
            else "has not run yet"
        )
        if job["problems"]:
            last += f", {counted(len(job['problems']), 'problem')}"
        next_run = (
            "due now"
            if job["due"]
            else f"next {_to_the_minute(job['next'])}"
            if job["next"]
            else "not planned"
        )
        print(f"  {kind} job: {last}; {next_run}")
    if state["running"]:
        print(
            f"  {state['running']['kind']} job running, or broken off, since {_to_the_minute(state['running']['since'])}"
        )


def _to_the_minute(stamp: str) -> str:
    return stamp[:16].replace("T", " ")


def _run_row(record: dict[str, Any], wide: bool) -> list[object]:
    scoped = record.get("scoped_tokens") or 0
    loaded = record.get("tokens_loaded") or 0
    stamp = str(record.get("timestamp", ""))[:16].replace("T", " ")
    row = [
        stamp if wide else stamp[5:],
        record["agent"].rsplit("/", 1)[-1],
        record.get("complexity", ""),
        thousands(loaded),
        thousands(record.get("budget_allocated") or 0),
        percent(min(loaded / scoped, 1)) if scoped else "",
    ]
    return [*row, str(record.get("task", ""))[:60]] if wide else row


def _print_wrapped(text: str) -> None:
    output.wrapped(text, "  ")


def channel_words(delivery: str, last: list[dict[str, Any]]) -> str:
    """Which way memory takes to the agents, and why. `last`: the latest records."""
    context = f"as context when the agent starts, in up to {parts.PARTS} parts of {parts.LIMIT:,} characters"
    words = {
        "prompt": "memory goes before the agent's prompt (delivery: prompt)",
        "context": f"memory goes in {context} (delivery: context)",
    }.get(
        delivery,
        "memory goes before the agent's prompt; in auto permission mode, whose check reads prompts, and for agents that start "
        f"without the Agent tool it goes in {context} (delivery: auto)",
    )
    used = [record["channel"] for record in last if record.get("channel") in ("prompt", "context")]
    return words + (f"; the last run: {used[-1]}" if used else "")
