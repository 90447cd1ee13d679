"""An agent starts: one part of what goes through the context channel (its number is the argument)."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget import agent_start, hook_io

hook_io.run(lambda project, payload: agent_start.subagent_start(project, payload, int(sys.argv[1])))
