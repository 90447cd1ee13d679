"""How long a report on many records takes, and how much memory.

    python3 tests/bench/analytics_speed.py [--records 1000000] [--bad 20]

Makes a log of whole records (about 0.9 KB each), then analyses it in a process of its own, as `report` does; then the
recommendations of `tune`. Wall-clock and processor seconds, peak resident memory.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.usage_logs import needing

ROOT = Path(__file__).resolve().parents[2]
_ANALYSE = """
import resource, sys, time
begin = time.monotonic()
sys.path.insert(0, sys.argv[1])
from datetime import datetime
from memory_budget.reports import analytics, store as reports_store, tuning
from memory_budget.settings import profiles
from memory_budget.base.project import Project
if sys.argv[3] == "analyse":
    with reports_store.opened([sys.argv[2]]) as store:
        found = analytics.analyse(store, profiles.defaults(), days=None, now=datetime.now())
    said = f"{found['overall']['runs']} runs, {found['bad_lines']['count']} bad lines"
else:
    found = tuning.recommend(Project(sys.argv[4]), 365, logs=[sys.argv[2]], write=False)
    said = f"{found['records']} runs, {len(found['recommendations'])} agents"
used = resource.getrusage(resource.RUSAGE_SELF)
print(f"{sys.argv[3]}: {said}: {time.monotonic() - begin:.2f} s, {used.ru_utime + used.ru_stime:.2f} s of processor, "
      f"{used.ru_maxrss / 1024:.0f} MB")
"""


def make_log(path: Path, records: int, bad: int) -> None:
    rng = random.Random(3)
    start = datetime.now() - timedelta(days=180)
    templates = [
        needing(8_000, agent=f"specialists/agent-{number}", model=f"claude-sonnet-4-{number % 3}")
        for number in range(40)
    ]
    places = set(rng.sample(range(records), bad))
    with path.open("w", encoding="utf-8") as file:
        for number in range(records):
            if number in places:
                file.write("{ torn\n")
            entry = templates[number % len(templates)]
            need = int(rng.lognormvariate(9.4, 0.5))
            loaded = min(need, 40_000)
            entry.update(
                timestamp=(start + timedelta(seconds=number * 180 * 86_400 / records)).isoformat(),
                demand_tokens=need,
                tokens_loaded=loaded,
                usage_pct=loaded / 200,
                exceeded_budget=need > 20_000,
                allocation_id=f"{number:012x}",
                hook_ms=round(rng.uniform(15, 40), 2),
            )
            file.write(json.dumps(entry, separators=(",", ":")) + "\n")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--bad", type=int, default=20)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "log.jsonl"
        make_log(log, args.records, args.bad)
        print(f"{args.records} records, {log.stat().st_size / 1e6:.0f} MB", flush=True)
        for what in ("analyse", "recommend"):
            subprocess.run(
                [sys.executable, "-c", _ANALYSE, str(ROOT / "lib"), str(log), what, name], check=True
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
