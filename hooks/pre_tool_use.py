"""Before the Agent tool runs."""

import gc
import os
import sys

gc.disable()  # before the imports, which set it off a dozen times; the process ends soon
sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget import agent_start, hook_io

hook_io.run(agent_start.pre_tool_use)
