"""What a start needs of the project whatever the task: the open index, the profiles, the agent files."""

from __future__ import annotations

from memory_budget.index import sealed_values
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
            value: Any = sealed_values.read_value(reader.db, sealed_values.PROFILES)
            cached = (value[0], value[1]) if value is not None else None
            value = sealed_values.read_value(reader.db, sealed_values.AGENTS)
            agents = agent_files.Agents.from_state(value) if value is not None else None
            calibration = sealed_values.read_value(reader.db, sealed_values.RATIO)
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
