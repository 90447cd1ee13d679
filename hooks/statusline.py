"""The client draws its list of running agents: one row each."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget.base import hook
from memory_budget.run import statusline

hook.run(statusline.print_rows, quiet=True)
