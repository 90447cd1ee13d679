"""An agent stopped."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget.base import hook
from memory_budget.run import hooks

hook.run_hook(hooks.subagent_stop, "this agent's run is recorded when the next session starts")
