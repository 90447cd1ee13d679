"""After an agent read a file of the memory itself."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/lib"]

from memory_budget.base import hook
from memory_budget.run import reads

hook.run_hook(reads.post_read, quiet=True)
