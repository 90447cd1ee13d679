"""An agent starts: one part of what goes through the context channel (its number is the argument)."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget.base import hook
from memory_budget.start import hooks

hook.run_hook(lambda project, payload: hooks.subagent_start(project, payload, int(sys.argv[1])))
