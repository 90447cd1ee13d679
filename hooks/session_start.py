"""A session starts: background work (no argument), or one part of the memory of `claude --agent NAME`."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget.base import hook
from memory_budget.run import hooks as run_hooks
from memory_budget.start import hooks as start_hooks

if len(sys.argv) > 1:
    hook.run_hook(lambda project, payload: start_hooks.main_thread_start(project, payload, int(sys.argv[1])))
else:
    hook.run_hook(run_hooks.session_start, "the index is brought up to date at the next agent's start")
