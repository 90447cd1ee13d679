"""The picture of the README: three agents at work under the real client, in a real terminal, drawn as SVG.

    python3 -m tests.bench.picture [--client PROGRAM] [--columns N] docs/running-agents.svg

Needs tmux. The client runs against the scripted API of the tests, in a scratch home and project; one agent's task needs
more memory than its budget, so its tier is bumped, one reads a memory file itself and comes to about 91 % of its budget,
and one has plenty. The pane is captured with its colours and drawn by rich.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from memory_budget import background  # noqa: E402
from memory_budget.project import Project  # noqa: E402
from tests.support.client import Client  # noqa: E402
from tests.support.client_install import client as installed_client  # noqa: E402
from tests.support.fake_api import AgentScript, FakeAPI, Script, agent, tool  # noqa: E402
from tests.support.projects import make_project, team_files  # noqa: E402

#: Notes by agent: what each is about, how many there are.
NOTES = {
    "dbt-expert": ("incremental model", 11),
    "snowflake-expert": ("warehouse query pruning", 17),
    "tableau-expert": ("dashboard extract", 5),
}
TASKS = {
    "dbt-expert": ("ALPHA Review the incremental models", "review incremental models"),
    "snowflake-expert": ("BRAVO Review the warehouse query pruning", "review query pruning"),
    "tableau-expert": ("CHARLY Check the dashboard extracts", "check dashboard extracts"),
}
SYSTEMS = (
    "orders customers refunds invoices sessions events campaigns suppliers shipments stock prices contracts tickets "
    "payments returns budgets forecasts"
).split()
#: Memory files that one agent reads itself, and how many lines of them.
READ_LATER = {
    ".claude/memory/patterns/secret-handling.md": 2000,
    ".claude/memory/patterns/cost-control.md": 56,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--client", type=Path)
    parser.add_argument("--columns", type=int, default=112)
    parser.add_argument("--text", action="store_true", help="print what the terminal showed, too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="memory-budget-picture-") as scratch:
        shown = capture(args.client or installed_client(), Path(scratch), args.columns)
    args.picture.parent.mkdir(parents=True, exist_ok=True)
    args.picture.write_text(draw(shown, args.columns), encoding="utf-8")
    if args.text:
        print(Text.from_ansi(shown).plain)
    return 0


def note(system: str, topic: str) -> str:
    rng = random.Random(system + topic)
    words = (
        f"{topic} {system} merge key window late rows partition filter scan refresh schedule cost review owner step "
        "check table column join load test"
    ).split()
    parts = [f"# {topic.capitalize()}: {system}"]
    for section in ("Decision", "How it works", "What went wrong", "Figures"):
        parts.append(f"## {section} of the {topic} for {system}")
        for _ in range(4):
            sentences = [" ".join(rng.choices(words, k=14)).capitalize() + "." for _ in range(5)]
            parts.append(f"The {topic} for {system}: " + " ".join(sentences))
    return "\n\n".join(parts) + "\n"


def capture(program: Path, scratch: Path, columns: int) -> str:
    """Run the client until all three agents are at work, and return the pane with its escape sequences."""
    project = make_project(scratch / "analytics", team_files())
    files = {
        f".claude/memory/specialists/{name}/patterns/{topic.replace(' ', '-')}-{system}.md": note(
            system, topic
        )
        for name, (topic, count) in NOTES.items()
        for system in SYSTEMS[:count]
    }
    make_project(project, files)
    home = scratch / "home"
    home.mkdir()
    state = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": ["not-a-key"], "rejected": []},
        "projects": {str(project): {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}},
    }
    (home / ".claude.json").write_text(json.dumps(state))
    background.update_index(Project(str(project), str(home)))
    calls = [agent(prompt, name, description=text) for name, (prompt, text) in TASKS.items()]
    reads = [[tool("Read", file_path=str(project / path), limit=lines)] for path, lines in READ_LATER.items()]
    scripts = {
        "ALPHA": AgentScript(turns=reads, delay=0.5, last=60),
        "BRAVO": AgentScript(last=60),
        "CHARLY": AgentScript(last=60),
    }
    client = Client(program, home)
    client.prepare_home()
    with FakeAPI(Script(main=[calls], agents=scripts)) as api:
        environment = client.environment(api.url) | {"TERM": "xterm-256color"}
        command = ["env", "-i", *(f"{key}={value}" for key, value in environment.items())]
        command += [str(program), "--permission-mode", "default", "--plugin-dir", str(client.plugin)]
        with_tmux(
            "new-session", "-d", "-x", str(columns), "-y", "40", "-c", str(project), shlex.join(command)
        )
        try:
            time.sleep(6)
            with_tmux("send-keys", "Review the models, the warehouse and the dashboards.")
            time.sleep(1)
            with_tmux("send-keys", "Enter")
            api.wait_for_agents(3)
            time.sleep(8)
            return with_tmux("capture-pane", "-e", "-p")
        finally:
            with_tmux("kill-server")


def with_tmux(*arguments: str) -> str:
    done = subprocess.run(["tmux", "-L", "memory-budget-picture", *arguments], capture_output=True, text=True)
    return done.stdout


def draw(shown: str, columns: int) -> str:
    lines = shown.rstrip("\n").split("\n")
    console = Console(record=True, width=columns, file=open("/dev/null", "w"), force_terminal=True)  # noqa: SIM115
    for line in lines:
        console.print(Text.from_ansi(line), no_wrap=True, overflow="crop", crop=True)
    return console.export_svg(title="claude")


if __name__ == "__main__":
    raise SystemExit(main())
