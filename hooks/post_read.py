"""After an agent read a file of the memory itself."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget import hook_io, on_demand

hook_io.run(on_demand.post_read, quiet=True)
