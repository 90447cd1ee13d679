"""Before the Agent tool runs."""

import gc
import sys

gc.disable()  # before the imports, which set it off a dozen times; the process ends soon
library = __file__.removesuffix("hooks/pre_tool_use.py") + "lib"
sys.path[:0] = [library]
library += "/memory_budget"

try:  # the byte code of all modules in one file, see start_code
    import marshal

    with open(f"{library}/__pycache__/start.{sys.implementation.cache_tag}.bin", "rb", 0) as file:
        data = file.read()
    if data[:4] == sys.modules["_frozen_importlib_external"].MAGIC_NUMBER:
        loader, stamps, codes = marshal.loads(memoryview(data)[4:])
        start_code = type(sys)("memory_budget.start_code")
        exec(loader, start_code.__dict__)
        start_code.load(library, stamps, codes)
except Exception:  # the modules are imported one by one
    pass

from memory_budget import agent_start, hook_io

hook_io.run(agent_start.pre_tool_use)
