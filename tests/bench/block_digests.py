"""Write what every agent of a project would be sent, so that two versions of this plugin can be compared byte for byte.

    python tests/bench/block_digests.py --corpus DIR --out FILE      # once before a change, once after it
    diff BEFORE AFTER

For each agent of the project's profiles and each of the four tiers it prints one line: agent, tier, bytes and a digest of
the block. The project is copied first, so nothing is written beside the corpus.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIERS = ("simple", "medium", "complex", "multi-system")
PROMPTS = (
    "Why does the incremental model for orders take forty minutes, and how do we make it load faster?",
    "Review the pull request and check that tests cover the new endpoint",
)


def run(*words: str) -> bytes:
    """The output of one command of this checkout's command line, under the Python that runs this."""
    return subprocess.run(
        [sys.executable, "-I", str(ROOT / "lib/memory_budget/__main__.py"), *words],
        capture_output=True,
        check=True,
    ).stdout


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True, metavar="DIR", help="a project with memory")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, options.out.open("w", encoding="utf-8") as out:
        project = Path(folder) / "project"
        shutil.copytree(options.corpus, project, ignore=shutil.ignore_patterns("cache"))
        run("index", "--project", str(project))
        profiles = json.loads((project / ".claude/memory/budget-profiles.json").read_text(encoding="utf-8"))
        for agent in profiles["agent_assignments"]:
            for tier in TIERS:
                for prompt in PROMPTS:
                    block = run(
                        "preview", "--project", str(project), "--agent", agent, "--prompt", prompt,
                        "--complexity", tier, "--block",
                    )  # fmt: skip
                    digest = hashlib.sha256(block).hexdigest()[:16]
                    print(f"{agent}\t{tier}\t{len(block)}\t{digest}", file=out, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
