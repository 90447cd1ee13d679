"""The session is over."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget.base import hook
from memory_budget.run import hooks

hook.run_hook(hooks.session_end, "what this session left open is recorded by the next one")
