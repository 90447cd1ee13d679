"""Run the command line from a checkout or an installed plugin: `python -I lib/memory_budget/__main__.py ARGS`."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from memory_budget.cli import main  # noqa: E402 - the library's folder has to be on the path first

if __name__ == "__main__":
    sys.exit(main())
