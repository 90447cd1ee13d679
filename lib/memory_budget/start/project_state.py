"""What a start needs of the project whatever the task (the open index, the profiles, the agent files), and what it has done behind its
back: the index brought up to date, jobs that are due."""

from __future__ import annotations

import os
import time

from memory_budget.base import layout
from memory_budget.base.files import touch
from memory_budget.index import schema
from memory_budget.index.reader import DatabaseError, IndexReader, IndexUnusable
from memory_budget.index.schema import IndexDamaged, OperationalError
from memory_budget.settings import agents as agent_files
from memory_budget.settings import profiles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from memory_budget.base.project import Project
    from memory_budget.settings.agents import Agents
    from memory_budget.settings.profiles import LoadResult, Profiles
    from memory_budget.start.allocation import Allocation


class ProjectState:
    """What does not depend on the task: the open index (None without one), the profiles, the agent files.

    `damaged`: what the index keeps of these two could not be used, and is to be written again. `unreadable`: it is damaged as a
    whole, and is to be made anew.
    """

    __slots__ = ("agents", "calibration", "damaged", "profiles", "reader", "result", "unreadable")

    def __init__(
        self,
        reader: IndexReader | None,
        result: LoadResult,
        agents: Agents,
        calibration: object = None,
        *,
        damaged: bool = False,
        unreadable: bool = False,
    ) -> None:
        self.damaged = damaged
        self.unreadable = unreadable
        self.calibration = calibration
        self.reader = reader
        self.result = result
        self.profiles: Profiles = result.profiles
        self.agents = agents

    def close(self) -> None:
        if self.reader is not None:
            self.reader.close()


def open_state(project: Project) -> ProjectState:
    """Open the index and take profiles and agents from it as long as their files are as they were."""
    reader: IndexReader | None = None
    cached: tuple[Sequence[Any], dict[str, Any]] | None = None
    agents: Agents | None = None
    calibration: object = None
    damaged = unreadable = False
    try:
        reader = IndexReader(project.index)
        try:
            value: Any = schema.read_value(reader.db, schema.PROFILES)
            cached = (value[0], value[1]) if value is not None else None
            value = schema.read_value(reader.db, schema.AGENTS)
            agents = agent_files.Agents.from_state(value) if value is not None else None
            calibration = schema.read_value(reader.db, schema.RATIO)
        except ValueError:
            damaged = True
    except (IndexUnusable, DatabaseError) as error:
        reader = None
        unreadable = isinstance(error, IndexDamaged) or (
            isinstance(error, DatabaseError) and not isinstance(error, OperationalError)
        )
    result = profiles.load_profiles(project.root, project.home, cached)
    if agents is None or not agents.unchanged():
        agents = agent_files.scan_agent_files(project.root, project.home)
    return ProjectState(reader, result, agents, calibration, damaged=damaged, unreadable=unreadable)


def refresh(project: Project, allocation: Allocation) -> None:
    """Have the index brought up to date behind the agent's back where something changed, and jobs done that are due."""
    if allocation.stale or (allocation.loaded.changed and _has_index(project)):
        if allocation.damaged:
            _mark_damaged(project)
        _in_background(project, "index", 5.0)
    if _jobs_due(project):
        _in_background(project, "jobs", 60.0)


def _mark_damaged(project: Project) -> None:
    """Have the index made anew. Raises OSError."""
    touch(project.writable(layout.INDEX_DAMAGED))


def _in_background(project: Project, task: str, seconds: float) -> None:
    from memory_budget.base import spawn

    try:
        spawn.start_once(project, task, seconds)
    except OSError as error:
        from memory_budget.base import hook_log

        hook_log.log(project, f"no {task} task could be started: {error}")


def _jobs_due(project: Project) -> bool:
    """One stat call: the file's time of change is the next moment that a job is due (see `schedule`). A file marked
    later than now was marked before the clock was set back: then the jobs' process looks again."""
    try:
        status = os.stat(project.at(layout.NEXT_DUE))
    except OSError:
        return False
    now = time.time()
    return status.st_mtime <= now or status.st_ctime > now + 60


def _has_index(project: Project) -> bool:
    return os.path.exists(project.index)
