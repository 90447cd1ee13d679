"""Before the Agent tool runs."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget import agent_start, hook_io

hook_io.run(agent_start.pre_tool_use)
