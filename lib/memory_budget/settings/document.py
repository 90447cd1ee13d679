"""A checked profiles document, read by its names: profiles, what holds for one agent, budgets, windows and prices.

Where a document comes from, and how it is checked, is `profiles`.
"""

from __future__ import annotations

from memory_budget.settings.names import SCOPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Profile:
    """How much memory a kind of agent gets.

    `base_budget` and `max_budget` in the model's tokens; `weights`: each scope's share of the budget,
    together 1; `window_share`: the most it may fill of the model's context window, None where the file's own
    share holds; `generosity`: more than 1 sends more of what is relevant, less sends less.
    """

    __slots__ = ("base_budget", "description", "generosity", "max_budget", "name", "weights", "window_share")

    def __init__(
        self,
        name: str,
        description: str,
        base_budget: int,
        max_budget: int,
        weights: dict[str, float],
        window_share: float | None,
        generosity: float = 1.0,
    ) -> None:
        self.name = name
        self.description = description
        self.base_budget = base_budget
        self.max_budget = max_budget
        self.weights = weights
        self.window_share = window_share
        self.generosity = generosity

    @property
    def gives_nothing(self) -> bool:
        """Whether agents with this profile are left alone: the profile `none`, or any with a maximum of 0."""
        return self.max_budget == 0


class AgentSettings:
    """What holds for one agent: its profile with the agent's own budgets, and its other settings.

    `complexity`: the tier a person fixed for this agent, "" where it is detected; `sources`: globs by scope.
    """

    __slots__ = ("complexity", "delivery", "enforcement", "profile", "sources")

    def __init__(
        self,
        profile: Profile,
        complexity: str,
        enforcement: str,
        delivery: str,
        sources: dict[str, list[str]],
    ) -> None:
        self.profile = profile
        self.complexity = complexity
        self.enforcement = enforcement
        self.delivery = delivery
        self.sources = sources


class Profiles:
    """A checked profiles document, read by its names. `document` is what the file and the defaults say
    together.
    """

    __slots__ = ("document",)

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @property
    def enabled(self) -> bool:
        """The off switch: while false, no agent gets memory and nothing is recorded."""
        return bool(self.document["enabled"])

    @property
    def default_profile(self) -> str:
        return str(self.document["default_profile"])

    @property
    def assignments(self) -> dict[str, str]:
        """Profile names by agent, keys as written (`roles/x-role`, `dbt-expert`, `plugin:agent`)."""
        return self.document["agent_assignments"]  # type: ignore[no-any-return]

    @property
    def agents(self) -> dict[str, dict[str, Any]]:
        """Settings of single agents, keys as in `assignments`."""
        return self.document["agents"]  # type: ignore[no-any-return]

    @property
    def thresholds(self) -> dict[str, float]:
        """Shares of the budget at which alerts are due, by level (info, warning, critical)."""
        return self.document["alert_thresholds"]  # type: ignore[no-any-return]

    def section(self, name: str) -> Any:
        """The value of a top-level key: "log", "tuning", "schedule", "health", "lifecycle", "otlp", ..."""
        return self.document[name]

    def sources(self) -> dict[str, list[str]]:
        """Globs by scope for the index: the file's own, and what single agents have besides (`<agent>` in them stands for
        a folder of the agent's name, so no other agent gets it).
        """
        globs_by_scope = {scope: list(globs) for scope, globs in self.document["sources"].items()}
        for agent in self.document["agents"].values():
            for scope, globs in agent.get("sources", {}).items():
                if scope != "global":
                    scope_globs = globs_by_scope.setdefault(scope, [])
                    scope_globs.extend(glob for glob in globs if glob not in scope_globs)
        return globs_by_scope

    def allow_outside(self, home: str) -> list[str]:
        """Folders outside the project that links in it may lead to."""
        folders: list[str] = self.document["allow_outside"]
        return [home + path[1:] if path.startswith("~/") else path for path in folders]

    def names(self) -> list[str]:
        return list(self.document["profiles"])

    def profile(self, name: str) -> Profile:
        """The profile of that name; the default profile where there is none: a log may name one long gone."""
        table = self.document["profiles"]
        if name not in table:
            name = self.document["default_profile"]
        fields = table[name]
        return Profile(
            name,
            fields.get("description", ""),
            int(fields["base_budget"]),
            int(fields["max_budget"]),
            normalised(fields.get("scope_weights") or self._default_weights()),
            fields.get("context_window_share"),
            float(fields.get("generosity", 1.0)),
        )

    def _default_weights(self) -> dict[str, float]:
        weights = self.document["profiles"][self.document["default_profile"]].get("scope_weights")
        return weights or dict.fromkeys(SCOPES, 1.0)

    def settings(self, profile_name: str, override_key: str = "") -> AgentSettings:
        """What holds for an agent with this profile and this key in `agents` ("" for none)."""
        overrides: dict[str, Any] = self.document["agents"].get(override_key, {})
        profile = self.profile(overrides.get("profile", profile_name))
        base, most = overrides.get("base_budget"), overrides.get("max_budget")
        if base is not None:
            profile.base_budget = int(base)
            profile.max_budget = max(profile.max_budget, profile.base_budget)
        if most is not None:
            profile.max_budget = int(most)
            profile.base_budget = min(profile.base_budget, profile.max_budget)
        sources: dict[str, list[str]] = self.document["sources"]
        if "sources" in overrides:
            sources = {**sources, **overrides["sources"]}
        return AgentSettings(
            profile,
            overrides.get("complexity", ""),
            overrides.get("enforcement", self.document["enforcement"]),
            overrides.get("delivery", self.document["delivery"]),
            sources,
        )

    def multiplier(self, tier: str) -> float:
        return float(self.document["complexity_multipliers"][tier]["multiplier"])

    def budget(self, profile: Profile, tier: str, model: str = "", ratio: float = 1.0) -> int:
        """Tokens of memory, as tiktoken counts them, for one run of an agent.

        min(base_budget x multiplier, max_budget), and never more than the profile's share of the model's
        context window. These are the model's tokens; `ratio` (its tokens per tiktoken token) turns them into
        tiktoken's.
        """
        share = profile.window_share
        if share is None:
            share = self.document["context_window_share"]
        most = min(profile.max_budget, share * self.window(model))
        # The tiny addition keeps 20000 x 1.1 from losing a token to binary fractions.
        return int(min(profile.base_budget * self.multiplier(tier), most) / ratio + 1e-6)

    def window(self, model: str) -> int:
        """The context window of a model in its tokens."""
        windows = self.document["context_windows"]
        return int(windows[for_model(windows, model) or "default"])

    def calibration_ratio(self, model: str) -> float | None:
        """The model's tokens per tiktoken token as a person set it, or None where it is to be learned."""
        ratios = self.document["calibration"]["ratio"]
        key = for_model(ratios, model)
        return None if key is None else float(ratios[key])

    def price(self, model: str) -> dict[str, float] | None:
        """USD per million tokens by kind (input, output, cache_read, cache_write), or None for an unknown
        model.
        """
        models = self.document["prices"]["models"]
        key = for_model(models, model)
        return None if key is None else models[key]


def normalised(weights: Mapping[str, float]) -> dict[str, float]:
    """Scope weights that together make 1, in the order of SCOPES; a scope nobody names gets nothing."""
    total = sum(weights.get(scope, 0.0) for scope in SCOPES)
    return {scope: weights.get(scope, 0.0) / total for scope in SCOPES}


def for_model(table: Mapping[str, object], model: str) -> str | None:
    """The key of `table` that fits a model's name best, or None.

    A key with a leading `*` names an ending (`*[1m]`) and goes first; other keys are beginnings, the longest
    wins. Names come as the API gives them, as a cloud provider writes them (`us.anthropic.claude-...`) or
    short (`opus`).
    """
    model = model.lower()
    at = model.find("claude")
    for name in (model, model[at:] if at >= 0 else "claude-" + model):
        best = None
        for key in table:
            low = key.lower()
            if low[:1] == "*" and model.endswith(low[1:]):
                return key
            if name.startswith(low) and low != "default" and (best is None or len(key) > len(best)):
                best = key
        if best is not None:
            return best
    return None
