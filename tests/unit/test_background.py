"""The detached tasks: what the module says of them is what there is."""

from __future__ import annotations

from memory_budget.upkeep import background


def test_the_module_names_every_task_and_no_other() -> None:
    listed = [line.split()[0] for line in str(background.__doc__).split("\n\n")[1].splitlines()]
    assert sorted(listed) == sorted(background.TASKS)
