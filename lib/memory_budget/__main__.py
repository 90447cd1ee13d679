"""Run the command line from wherever the plugin lies: `python -I lib/memory_budget/__main__.py ARGS`."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from memory_budget.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
