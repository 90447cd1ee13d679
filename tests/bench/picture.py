"""The picture of the README: three agents at work under the real client, in a real terminal, drawn as SVG.

    python3 -m tests.bench.picture [--client PROGRAM] [--columns N] docs/running-agents.svg

Needs tmux. The client runs against the scripted API of the tests, in a scratch home and project; one agent reads memory files
itself beside what it was sent. The pane is captured with its colours and drawn by rich.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import random
import shlex
import subprocess
import sys
import tempfile
import time
from html import escape
from pathlib import Path

from rich.cells import cell_len
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from memory_budget.base.project import Project  # noqa: E402
from memory_budget.index import update  # noqa: E402
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
LINES = 28
CELL, LINE, MARGIN = 8.4, 19.0, 14.0
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
BACKGROUND, FOREGROUND = "#1c1c1e", "#d8d8d8"
#: Signs drawn as rectangles: the share of a cell's width, and how solid.
BLOCKS = {"█": (1.0, 1.0), "░": (1.0, 0.25)} | {sign: (at / 8, 1.0) for at, sign in enumerate("▏▎▍▌▋▊▉", 1)}
#: Signs that many fonts lack, and what stands for them here.
PLAINER = str.maketrans({"⎿": "└", "⏸": "‖"})
#: Seconds until the reads are done and the rows drawn.
SETTLE = 10
#: Memory files that one agent reads itself, and how many lines of them.
READ_LATER = {
    ".claude/memory/patterns/secret-handling.md": 2000,
    ".claude/memory/patterns/cost-control.md": 64,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--client", type=Path)
    parser.add_argument("--columns", type=int, default=112)
    parser.add_argument("--text", action="store_true", help="print what the terminal showed, too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="memory-budget-picture-", ignore_cleanup_errors=True) as scratch:
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
    home = scratch / "home"
    project = make_project(home / "analytics", team_files())
    files = {
        f".claude/memory/specialists/{name}/patterns/{topic.replace(' ', '-')}-{system}.md": note(
            system, topic
        )
        for name, (topic, count) in NOTES.items()
        for system in SYSTEMS[:count]
    }
    assignments = dict.fromkeys(NOTES, "specialist-narrow")
    files[".claude/memory/budget-profiles.json"] = json.dumps({"agent_assignments": assignments})
    make_project(project, files)
    state = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": ["not-a-key"], "rejected": []},
        "projects": {str(project): {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}},
    }
    (home / ".claude.json").write_text(json.dumps(state))
    update.update_index(Project(str(project), str(home)))
    calls = [agent(prompt, name, description=text) for name, (prompt, text) in TASKS.items()]
    reads = [[tool("Read", file_path=str(project / path), limit=lines)] for path, lines in READ_LATER.items()]
    scripts = {
        "ALPHA": AgentScript(turns=reads, delay=0.5, last=60),
        "BRAVO": AgentScript(last=60),
        "CHARLY": AgentScript(last=60),
    }
    client = Client(program, home)
    client.prepare_home()
    with FakeAPI(Script(main=[calls], agents=scripts, answer="Three agents are at work.")) as api:
        environment = client.environment(api.url) | {"TERM": "xterm-256color"}
        command = ["env", "-i", *(f"{key}={value}" for key, value in environment.items())]
        command += [str(program), "--permission-mode", "default", "--plugin-dir", str(client.plugin)]
        with_tmux(
            "new-session", "-d", "-x", str(columns), "-y", str(LINES), "-c", str(project), shlex.join(command)
        )
        try:
            time.sleep(6)
            with_tmux("send-keys", "Review the models, the warehouse and the dashboards.")
            time.sleep(1)
            with_tmux("send-keys", "Enter")
            api.wait_for_agents(3)
            time.sleep(SETTLE)
            return with_tmux("capture-pane", "-e", "-p")
        finally:
            with_tmux("kill-server")


def with_tmux(*arguments: str) -> str:
    done = subprocess.run(["tmux", "-L", "memory-budget-picture", *arguments], capture_output=True, text=True)
    return done.stdout


def draw(shown: str, columns: int) -> str:
    """The pane as SVG that looks the same everywhere: each run of text starts at its own column, blocks are drawn as
    rectangles, and nothing is loaded from elsewhere."""
    console = Console(width=columns, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    lines = shown.rstrip("\n").split("\n")
    width, height = columns * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">',
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
        f'<g font-family="{FONT}" font-size="{CELL / 0.6:g}" xml:space="preserve">',
    ]
    for row, line in enumerate(lines):
        column = 0
        for segment in Text.from_ansi(line).render(console):
            text = segment.text.rstrip("\n").translate(PLAINER)
            drawn += pieces(text, segment.style or Style(), MARGIN + column * CELL, MARGIN + row * LINE)
            column += cell_len(text)
    return "\n".join([*drawn, "</g>", "</svg>", ""])


def pieces(text: str, style: Style, x: float, y: float) -> list[str]:
    """One run of text in one style, at its place."""
    fill = colour(style.color, FOREGROUND)
    behind = colour(style.bgcolor, "")
    if style.reverse:
        fill, behind = behind or BACKGROUND, fill
    found = [rectangle(x, y, cell_len(text), behind)] if behind else []
    more = (' font-weight="bold"' if style.bold else "") + (' opacity="0.6"' if style.dim else "")
    for kind, run in itertools.groupby(text, key=lambda sign: sign if sign in BLOCKS else sign == " "):
        signs = "".join(run)
        if signs[0] in BLOCKS:
            share, opacity = BLOCKS[signs[0]]
            if share < 1:
                found.append(rectangle(x, y + 0.15 * LINE, 1, fill, 0.7, BLOCKS["░"][1]))
            found.append(rectangle(x, y + 0.15 * LINE, share * len(signs), fill, 0.7, opacity))
        elif kind is False:
            length = f'textLength="{cell_len(signs) * CELL:g}"'
            text_y = y + 0.76 * LINE
            found.append(
                f'<text x="{x:g}" y="{text_y:g}" {length} fill="{fill}"{more}>{escape(signs)}</text>'
            )
        x += cell_len(signs) * CELL
    return found


def rectangle(x: float, y: float, cells: float, fill: str, high: float = 1.0, opacity: float = 1.0) -> str:
    shade = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{cells * CELL:g}" height="{high * LINE:g}" fill="{fill}"{shade}/>'
    )


def colour(value: Color | None, default: str) -> str:
    return default if value is None or value.is_default else value.get_truecolor(SVG_EXPORT_THEME).hex


if __name__ == "__main__":
    raise SystemExit(main())
