"""Profiles: how much memory each agent may get, and every other setting a person can edit.

A project's `.claude/memory/budget-profiles.json` (else the user's, else none) is laid key by key over the
shipped defaults. What comes out is a plain JSON document that passed every check; `Profiles` reads it, and
the caller keeps it (`LoadResult.state`) so that the next hook parses nothing while the file stays as it is,
and goes on with the last good version while the file is broken.
"""

from __future__ import annotations

import os

from memory_budget.base import fastjson
from memory_budget.base.errors import BudgetError
from memory_budget.settings.names import SCOPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Signature = tuple[str, int, int]

#: Where the file lies below a project or the user's home folder.
FILE = ".claude/memory/budget-profiles.json"
DEFAULTS_FILE = (
    __file__.replace("\\", "/").removesuffix("lib/memory_budget/settings/profiles.py")
    + "schemas/default-profiles.json"
)

#: Raised whenever the meaning of a kept state changes: an older one is then read again from the file.
STATE_VERSION = 1

#: A profiles file is a few kilobytes; anything beyond this is something else.
MOST_BYTES = 1_000_000

NO_FILE: Signature = ("", 0, 0)


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
        """A top-level key as it stands: "log", "tuning", "schedule", "health", "lifecycle", "otlp", ..."""
        return self.document[name]

    def sources(self) -> dict[str, list[str]]:
        """Globs by scope for the index: the file's own, and what single agents have besides (`<agent>` in them stands for
        a folder of the agent's name, so no other agent gets it).
        """
        found = {scope: list(globs) for scope, globs in self.document["sources"].items()}
        for own in self.document["agents"].values():
            for scope, globs in own.get("sources", {}).items():
                if scope != "global":
                    known = found.setdefault(scope, [])
                    known.extend(glob for glob in globs if glob not in known)
        return found

    def allow_outside(self, home: str) -> list[str]:
        """Folders outside the project that links in it may lead to."""
        found: list[str] = self.document["allow_outside"]
        return [home + path[1:] if path.startswith("~/") else path for path in found]

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
        own: dict[str, Any] = self.document["agents"].get(override_key, {})
        profile = self.profile(own.get("profile", profile_name))
        base, most = own.get("base_budget"), own.get("max_budget")
        if base is not None:
            profile.base_budget = int(base)
            profile.max_budget = max(profile.max_budget, profile.base_budget)
        if most is not None:
            profile.max_budget = int(most)
            profile.base_budget = min(profile.base_budget, profile.max_budget)
        sources: dict[str, list[str]] = self.document["sources"]
        if "sources" in own:
            sources = {**sources, **own["sources"]}
        return AgentSettings(
            profile,
            own.get("complexity", ""),
            own.get("enforcement", self.document["enforcement"]),
            own.get("delivery", self.document["delivery"]),
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


# -- from files


class LoadResult:
    """Profiles to work with, whatever state the file is in.

    `signature` and `state` are to be kept for the next `load`; `problem`: one line on what is wrong with the
    file, or None; `changed`: whether anything was read just now (so a problem is told once); `source_path`:
    the file these settings should come from, "" for the shipped defaults.
    """

    __slots__ = ("changed", "problem", "profiles", "signature", "source_path", "state")

    def __init__(
        self,
        profiles: Profiles,
        signature: Signature,
        problem: str | None,
        changed: bool,
        state: dict[str, Any],
    ) -> None:
        self.profiles = profiles
        self.signature = signature
        self.problem = problem
        self.changed = changed
        self.state = state
        self.source_path = signature[0]


def load(
    project: str, home: str, cached: tuple[Sequence[Any], Mapping[str, Any]] | None = None
) -> LoadResult:
    """The profiles of a project. `cached` is (signature, state) of an earlier result.

    Nothing is parsed while the file's path, time and size stay as they were. A broken file leaves the cached
    version (else the shipped defaults) at work and is named in `problem`.
    """
    path, signature = find(project, home)
    last_good: Profiles | None = None
    if cached is not None:
        kept_signature, state = cached
        try:
            last_good = from_state(state)
        except ValueError:
            pass
        else:
            if tuple(kept_signature) == signature and state.get("defaults") == _defaults_mark():
                return LoadResult(last_good, signature, state.get("problem"), False, dict(state))
    problem = None
    if not path:
        profiles = defaults()
    else:
        try:
            profiles = compile(read(path))
        except BudgetError as error:
            problem = f"{shown(path, project, home)}{error}"
            profiles = last_good or defaults()
    return LoadResult(profiles, signature, problem, True, to_state(profiles, problem))


def find(project: str, home: str) -> tuple[str, Signature]:
    """The profiles file that counts here, and its signature (path, mtime in ns, size in bytes); "" where
    there is none.
    """
    for folder in (project, home):
        if folder:
            path = folder + "/" + FILE
            try:
                status = os.stat(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, ValueError):
                return path, (path, 0, 0)  # it is there and cannot be looked at: reading it says why
            return path, (path, status.st_mtime_ns, status.st_size)
    return "", NO_FILE


class ProfilesFileError(BudgetError):
    """A profiles file that cannot be used; the message goes on after the file's name (`:3:7: ...`)."""


def read(path: str) -> Text:
    """The text of a profiles file. Raises ProfilesFileError."""
    try:
        # A pipe or a device would hold up every agent, so only regular files are opened.
        if os.stat(path).st_mode & 0o170000 != 0o100000:
            raise ProfilesFileError(": expected a regular file, found something else")
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            data = b""
            while len(data) <= MOST_BYTES:
                more = os.read(descriptor, MOST_BYTES + 1)
                if not more:
                    break
                data += more
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise ProfilesFileError(f": cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if len(data) > MOST_BYTES:
        raise ProfilesFileError(f": expected at most {MOST_BYTES} bytes, found more")
    try:
        return Text(fastjson.decode(data))
    except fastjson.JSONError as error:
        raise ProfilesFileError(f":{error.line}:{error.column}: {error.message}") from error


class Text(str):
    """The text of a profiles file, still to be parsed."""

    __slots__ = ()


def compile(raw: object, *, base: Profiles | None = None) -> Profiles:
    """Profiles from a parsed document, or from the text of a file, over `base` (the shipped defaults).

    Raises ProfileError for a document; ProfilesFileError, with line and column, for a `Text`.
    """
    from memory_budget.settings.validate import ProfileError, compile_document

    below = (base or defaults()).document
    if not isinstance(raw, Text):
        return Profiles(compile_document(raw, below))
    try:
        return Profiles(compile_document(fastjson.loads(raw), below))
    except fastjson.JSONError as error:
        stands = what_stands(raw, error.line, error.column)
        raise ProfilesFileError(
            f":{error.line}:{error.column}: not JSON: {error.message}, found {stands}"
        ) from error
    except ProfileError as error:
        line, _column = fastjson.locate(raw, error.pointer)
        raise ProfilesFileError(f":{line}: {error}") from error


def what_stands(text: str, line: int, column: int) -> str:
    """The next few characters at a place in a text, for a message."""
    lines = text.split("\n")
    rest = lines[line - 1][column - 1 :].strip()
    if rest:
        return '"' + "".join(sign if sign.isprintable() else "?" for sign in rest[:20]) + '"'
    return "the end of the line" if line < len(lines) else "the end of the file"


def shown(path: str, project: str, home: str) -> str:
    """A path as people know it: from the project's folder, or from `~`."""
    for folder, prefix in ((project, ""), (home, "~/")):
        if folder and path.startswith(folder.rstrip("/") + "/"):
            return prefix + path[len(folder.rstrip("/")) + 1 :]
    return path


_shipped: Profiles | None = None


def defaults() -> Profiles:
    """The shipped defaults. Raises BudgetError where the plugin's own file is damaged."""
    global _shipped
    if _shipped is None:
        try:
            document = fastjson.loads(read(DEFAULTS_FILE))
        except (BudgetError, ValueError) as error:
            raise BudgetError(f"{DEFAULTS_FILE}{error}; install the plugin again") from error
        assert isinstance(document, dict)
        _shipped = Profiles(document)
    return _shipped


def to_state(profiles: Profiles, problem: str | None = None) -> dict[str, Any]:
    """What to keep of profiles between two processes: plain JSON."""
    return {
        "version": STATE_VERSION,
        "defaults": _defaults_mark(),
        "problem": problem,
        "document": profiles.document,
    }


def from_state(state: Mapping[str, Any]) -> Profiles:
    """Profiles as kept by `to_state`. Raises ValueError where another version of this program kept them."""
    document = state.get("document") if isinstance(state, dict) else None
    if not isinstance(document, dict) or state.get("version") != STATE_VERSION:
        raise ValueError("profiles kept by another version")
    return Profiles(document)


def _defaults_mark() -> list[int]:
    """Tells one shipped defaults file from the next, so that an update reaches cached profiles."""
    try:
        status = os.stat(DEFAULTS_FILE)
    except OSError:
        return [0, 0]
    return [status.st_mtime_ns, status.st_size]
