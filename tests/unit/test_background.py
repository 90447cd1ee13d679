"""The detached tasks: what the module says of them is what there is."""

from __future__ import annotations

import argparse

from memory_budget.upkeep import background


def test_the_module_names_every_task_and_no_other() -> None:
    parser = argparse.ArgumentParser()
    background.add_arguments(parser)
    (task,) = [action for action in parser._actions if action.dest == "task"]
    listed = [line.split()[0] for line in str(background.__doc__).split("\n\n")[1].splitlines()]
    assert sorted(listed) == sorted(task.choices or ())
