"""The Agent tool was refused or failed."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget.base import hook
from memory_budget.run import hooks

hook.run_hook(
    hooks.not_started, "what was planned for an agent that did not start is dropped with the session"
)
