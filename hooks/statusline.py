"""The client draws its list of running agents: one row each."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget import hook_io, statusline

hook_io.run(statusline.print_rows, quiet=True)
