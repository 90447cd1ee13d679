"""`python3 -m tests.bench`: the speed table; `python3 -m tests.bench tax`: what memory costs and gives;
`python3 -m tests.bench layouts`: memory as people keep it, right and wrong. In the tests' own
virtual environment."""

from __future__ import annotations

import os
import sys

from tests.support import environment

if os.environ.get("MEMORY_BUDGET_BENCH") != "1":
    python = str(environment.python())
    own = {**environment.clean_environment(), "MEMORY_BUDGET_BENCH": "1"}
    own["PYTHONPATH"] = f"{environment.ROOT / 'lib'}{os.pathsep}{environment.ROOT}"
    os.execve(python, [python, "-m", "tests.bench", *sys.argv[1:]], own)

if sys.argv[1:2] == ["tax"]:
    from tests.bench import tax

    sys.exit(tax.main(sys.argv[2:]))

if sys.argv[1:2] == ["layouts"]:
    from tests.bench import layouts

    sys.exit(layouts.main(sys.argv[2:]))

from tests.bench import speed

sys.exit(speed.main())
