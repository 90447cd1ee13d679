"""A session starts: background work (no argument), or one part of the memory of `claude --agent NAME`."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget import agent_end, agent_start, hook_io

if len(sys.argv) > 1:
    hook_io.run(lambda project, payload: agent_start.session_start(project, payload, int(sys.argv[1])))
else:
    hook_io.run(agent_end.session_start)
