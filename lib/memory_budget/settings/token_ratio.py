"""How many of the model's tokens make one of tiktoken's, as an agent's start asks for it. `run/calibration` learns it."""

from __future__ import annotations

from memory_budget.base import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from memory_budget.base.project import Project
    from memory_budget.settings.profiles import Profiles

#: The ratio of two tokenizers is in this range; one outside of it was learned from something else.
PLAUSIBLE = (0.5, 3.0)


class Ratio:
    """A learned ratio (the model's tokens per tiktoken token), its standard `error`, and from how many `runs` of how many
    `agents` it was learned."""

    __slots__ = ("agents", "error", "ratio", "runs")

    def __init__(self, ratio: float, error: float, runs: int, agents: int) -> None:
        self.ratio = ratio
        self.error = error
        self.runs = runs
        self.agents = agents

    def is_precise(self, share: float) -> bool:
        """Whether the ratio is plausible and its standard error at most this share of it."""
        return PLAUSIBLE[0] <= self.ratio <= PLAUSIBLE[1] and self.error <= share * self.ratio


def ratio(settings: Profiles, learned: object, model: str, agent: str) -> float:
    """The model's tokens per tiktoken token for an agent that starts: set by hand, else learned, else 1.

    `learned`: the state that `read_ratios` gives. `model`: as the call names it; mostly it names none, then the model that this agent,
    or any, ran with last is what it will run with.
    """
    state = learned if isinstance(learned, dict) else {}
    return ratio_in_use(settings, state, model_of(state, model, agent))[0]


def ratio_in_use(settings: Profiles, state: Mapping[str, Any], name: str) -> tuple[float, str]:
    """The ratio that holds for a model by its full name, and where it comes from, in words."""
    by_hand = settings.calibration_ratio(name)
    if by_hand is not None:
        return by_hand, "set in the profiles"
    section = settings.section("calibration")
    entry = state.get("models", {}).get(name)
    if entry is not None and not section["auto"]:
        return 1.0, "not used (calibration.auto is off)"
    if entry is not None:
        learned = Ratio(entry["ratio"], entry["error"], entry["runs"], entry["agents"])
        if learned.is_precise(section["max_error"]):
            return learned.ratio, "learned"
    return 1.0, "not used yet (not known well enough)"


def model_of(state: Mapping[str, Any], model: str, agent: str) -> str:
    """The full name of the model an agent will run with, as far as earlier runs tell; else `model` as it is."""
    models = state.get("models", {})
    if not model or model == "inherit":
        return str(state.get("last_by_agent", {}).get(agent) or state.get("last") or "")
    if model in models:
        return model
    beginning = model if "claude" in model else "claude-" + model
    matching = [name for name in models if name.startswith(beginning)]
    return max(matching) if matching else model


def state_path(project: Project) -> str:
    return project.at(layout.RATIO)


def read_ratios(project: Project) -> dict[str, Any]:
    """What was learned: {"models": {name: {ratio, error, runs, agents}}, "last": model, "last_by_agent": {agent: model}}."""
    from memory_budget.base import fastjson
    from memory_budget.base.files import read_bytes

    try:
        value = fastjson.loads(read_bytes(state_path(project)))
    except (OSError, ValueError):
        return {}
    return _well_formed(value) if isinstance(value, dict) else {}


def _well_formed(state: dict[str, Any]) -> dict[str, Any]:
    """What of a state read from disk is as it should be."""
    models, by_agent, last = state.get("models"), state.get("last_by_agent"), state.get("last")
    fields = ("ratio", "error", "runs", "agents")
    return {
        "models": {
            name: {field: entry[field] for field in fields}
            for name, entry in (models.items() if isinstance(models, dict) else ())
            if isinstance(entry, dict) and all(type(entry.get(field)) in (int, float) for field in fields)
        },
        "last": last if isinstance(last, str) else "",
        "last_by_agent": {
            agent: model
            for agent, model in (by_agent.items() if isinstance(by_agent, dict) else ())
            if isinstance(model, str)
        },
    }
