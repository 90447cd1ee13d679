"""Before the Agent tool runs."""

import gc
import sys

gc.disable()  # before the imports, which set it off a dozen times; the process ends soon
sys.path[:0] = [__file__.removesuffix("hooks/pre_tool_use.py") + "lib"]

from memory_budget.base import hook
from memory_budget.start import hooks

hook.run_hook(hooks.pre_tool_use)
