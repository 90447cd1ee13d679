"""A turn of the main thread ended."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget import agent_end, hook_io

hook_io.run(agent_end.stop, quiet=True)
