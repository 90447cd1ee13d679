"""Agents: the files that define them, and what a name in a hook's input means.

The client calls an agent by the `name` in its file's front matter, people by the file's name, the profiles by
either, with or without `specialists/` or `roles/` before it. `resolve` brings these together.

A name comes from outside. One that could mean anything else than a plain folder name never resolves to a
folder.
"""

from __future__ import annotations

import os

from memory_budget.settings.profiles import Profiles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

#: Folders that group agents, in the profiles' keys and below `.claude/memory` and `.claude/agents`.
KINDS = ("specialists", "roles", "agents")
#: What the client starts when the call names no agent.
GENERAL = "general-purpose"
FOLDER = ".claude/agents"
#: Agents that the client brings along; no file defines them.
BUILT_IN = frozenset(
    [
        GENERAL,
        "explore",
        "plan",
        "fork",
        "statusline-setup",
        "output-style-setup",
        "claude-code-guide",
        "claude",
    ]
)

#: Bytes of a file that are read for its front matter, and bounds on the walk; real folders hold some dozens
#: of files.
HEAD_BYTES = 65_536
MOST_FILES = 5_000
MOST_DEPTH = 8
#: The longest name that is looked up, in UTF-8 bytes: file systems take 255.
MOST_NAME = 200

_WINDOWS = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))]
)
_MEMORY = ("user", "project", "local")


class AgentFile:
    """What one agent file says of itself.

    `name`: as the client calls it, "" where there is no front matter (then it is no agent for the client);
    `stem`: the file's name without `.md`; `kind`: the folder it is in when that is one of KINDS, else "";
    `path`: absolute; `memory`: "", "user", "project" or "local" (native agent memory); `tools`: as listed,
    empty where all are allowed; `mtime`: time of change in ns when it was read.
    """

    __slots__ = ("kind", "memory", "mtime", "name", "path", "stem", "tools")

    def __init__(
        self, name: str, stem: str, kind: str, path: str, memory: str, tools: tuple[str, ...], mtime: int
    ) -> None:
        self.name = name
        self.stem = stem
        self.kind = kind
        self.path = path
        self.memory = memory
        self.tools = tools
        self.mtime = mtime

    def unchanged(self) -> bool:
        """Whether the file is as it was read: one stat call."""
        return _stamp(self.path) == self.mtime


class Agents:
    """The agent files of a project and its user, the project's first, and when each of their folders last
    changed.
    """

    __slots__ = ("files", "stamps")

    def __init__(self, files: list[AgentFile], stamps: list[tuple[str, int]]) -> None:
        self.files = files
        self.stamps = stamps

    def unchanged(self) -> bool:
        """Whether no file came, went or was replaced since the scan: a stat call for each folder.

        What an editor writes into a file in place does not show here; the file itself knows
        (`AgentFile.unchanged`).
        """
        return all(_stamp(path) == mtime for path, mtime in self.stamps)

    def named(self, name: str) -> AgentFile | None:
        """The agent file for a name; None where no file fits.

        The front matter's `name`, which the client looks up, goes before the name of the file, an exact match before
        one in another case.
        """
        low = name.lower()
        best: tuple[int, AgentFile] | None = None
        for file in self.files:
            # A file whose own name agrees goes before one that merely claims the name.
            if file.name == name:
                rank = 0 if file.stem == name else 1
            elif file.stem == name:
                rank = 2
            elif file.name.lower() == low:
                rank = 3
            elif file.stem.lower() == low:
                rank = 4
            else:
                continue
            if best is None or rank < best[0]:
                best = rank, file
        return best[1] if best else None

    def to_state(self) -> dict[str, Any]:
        """Plain JSON, to be kept between processes."""
        return {
            "files": [[f.name, f.stem, f.kind, f.path, f.memory, list(f.tools), f.mtime] for f in self.files],
            "stamps": [list(stamp) for stamp in self.stamps],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Agents:
        """Agents as kept by `to_state`. Raises ValueError where another version of this program kept them."""
        try:
            files = [
                AgentFile(name, stem, kind, path, memory, tuple(tools), mtime)
                for name, stem, kind, path, memory, tools, mtime in state["files"]
            ]
            return cls(files, [(path, mtime) for path, mtime in state["stamps"]])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("agents kept by another version") from error


class AgentIdentity:
    """Who an agent is for the profiles and the memory.

    `name`: as called (what cannot be printed is replaced); `profile_name`: the profile assigned, or the
    default one; `assignment_key` and `override_key`: the keys in `agent_assignments` and `agents` that
    matched, "" for none; `folder_names`: names of its memory folders, best first: `dbt-expert` stands for
    such a folder in any group (`specialists/`, `roles/`, native memory), `roles/x` only for that one, `/x`
    only for native memory; `file`: its agent file, where there is one.
    """

    __slots__ = ("assignment_key", "file", "folder_names", "name", "override_key", "profile_name")

    def __init__(
        self,
        name: str,
        profile_name: str,
        assignment_key: str = "",
        override_key: str = "",
        folder_names: tuple[str, ...] = (),
        file: AgentFile | None = None,
    ) -> None:
        self.name = name
        self.profile_name = profile_name
        self.assignment_key = assignment_key
        self.override_key = override_key
        self.folder_names = folder_names
        self.file = file


def resolve(agent_type: object, profiles: Profiles, agents: Agents | None = None) -> AgentIdentity:
    """Who `agent_type` is. Nothing (None, "") is the general-purpose agent; a hostile name has no folders.

    The name itself is looked up first, then, for `plugin:agent`, the agent's own part, then what its file
    calls it; in each table an exact match goes before one in another case.
    """
    name = agent_type.strip() if isinstance(agent_type, str) else ""
    if agent_type is None or agent_type == "":
        name = GENERAL
    kind, leaf = _split_kind(name)
    if not all(is_plain(part) for part in leaf.split(":")):
        from memory_budget.base.figures import replace_unprintable

        return AgentIdentity(replace_unprintable(name[:MOST_NAME], "?"), profiles.default_profile)

    file = _agent_file(kind, leaf, agents)
    naming_file = file
    if file is None and agents is not None and ":" in leaf:
        # The file of the agent of this name without a plugin lends its names, and is another agent's.
        naming_file = _agent_file(kind, leaf.rsplit(":", 1)[1], agents)
    candidates = _candidate_names(kind, leaf, naming_file)
    assignment_key = _matching_key(profiles.assignments, candidates)
    override_key = _matching_key(profiles.agents, candidates)
    profile = profiles.assignments[assignment_key] if assignment_key else profiles.default_profile
    profile = profiles.agents[override_key].get("profile", profile) if override_key else profile
    others = _OtherAgents(profiles, agents, (assignment_key, override_key), naming_file)
    return AgentIdentity(
        name,
        profile,
        assignment_key,
        override_key,
        _folder_names(kind, leaf, assignment_key or override_key, naming_file, others),
        file,
    )


def is_built_in(name: str) -> bool:
    """Whether the client itself brings an agent of that name."""
    return name.lower() in BUILT_IN


def is_plain(name: str) -> bool:
    """Whether a name is nothing but the name of one folder, on any system, and no glob."""
    return (
        name != ""
        and name.isprintable()  # no control, format or surrogate characters
        and not any(sign in '/\\:*?[]{}<>|"' for sign in name)
        and name[0] not in ".~ "
        and name[-1] not in ". "
        and name.split(".", 1)[0].lower() not in _WINDOWS
        and len(name.encode()) <= MOST_NAME
    )


def can_match(key: str) -> bool:
    """Whether any agent could ever be meant by a key of the profiles."""
    return all(is_plain(part) for part in _split_kind(key)[1].split(":"))


def _split_kind(name: str) -> tuple[str, str]:
    """`roles/x` -> ("roles", "x"); any other name has no kind."""
    kind, slash, leaf = name.partition("/")
    return (kind.lower(), leaf) if slash and kind.lower() in KINDS else ("", name)


def _agent_file(kind: str, leaf: str, agents: Agents | None) -> AgentFile | None:
    if agents is None:
        return None
    if not kind:
        return agents.named(leaf)
    low = leaf.lower()  # `roles/x` names a file by its place
    return next((file for file in agents.files if file.kind == kind and file.stem.lower() == low), None)


def _candidate_names(kind: str, leaf: str, file: AgentFile | None) -> list[tuple[str, str]]:
    """The names (kind or "", leaf) under which the profiles may know an agent, best first."""
    names = [(kind, leaf)]
    if ":" in leaf:
        names.append((kind, leaf.rsplit(":", 1)[1]))
    if file is not None:
        names.append((file.kind, file.stem))
        if file.name:
            names.append((kind, file.name))
    return names


def _matching_key(table: Mapping[str, object], candidates: Sequence[tuple[str, str]]) -> str:
    """The key of the first candidate that a table of the profiles knows, "" for none."""
    folded: dict[str, str] | None = None
    for kind, leaf in candidates:
        forms = [f"{kind}/{leaf}", leaf] if kind else [leaf, *(f"{any_kind}/{leaf}" for any_kind in KINDS)]
        for form in forms:
            if form in table:
                return form
        if folded is None:
            folded = {key.lower(): key for key in sorted(table, reverse=True)}
        for form in forms:
            if form.lower() in folded:
                return folded[form.lower()]
    return ""


class _OtherAgents:
    """The other agents that the profiles and the agent files know, by their names in lower case."""

    __slots__ = ("_kinds",)

    def __init__(
        self,
        profiles: Profiles,
        agents: Agents | None,
        excluded_keys: tuple[str, str],
        excluded_file: AgentFile | None,
    ) -> None:
        self._kinds: dict[str, set[str]] = {}
        for table in (profiles.assignments, profiles.agents):
            for key in table:
                if key not in excluded_keys:
                    kind, leaf = _split_kind(key)
                    self._add(kind, leaf)
        for file in agents.files if agents is not None else ():
            if file is not excluded_file:
                self._add(file.kind, file.stem)

    def _add(self, kind: str, leaf: str) -> None:
        self._kinds.setdefault(leaf.lower(), set()).add(kind)

    def kinds(self, name: str) -> set[str]:
        """The groups in which another agent has this name; {""} for one in no group."""
        return self._kinds.get(name.lower(), set())


def _folder_names(
    kind: str, leaf: str, key: str, file: AgentFile | None, others: _OtherAgents
) -> tuple[str, ...]:
    """Names of the memory folders that belong to this agent and to no other that is known."""
    main_kind, main_name = _split_kind(key) if key else (kind, leaf)
    names: dict[str, None] = {}
    # The profiles' name for it comes first, then its file's two, then the one it was called by.
    further_names = [file.name, file.stem] if file is not None else []
    further_names.append(leaf.replace(":", "-"))
    if is_plain(main_name):
        other_groups = others.kinds(main_name) - {main_kind, ""}
        if not other_groups:
            names[main_name] = None
        else:  # agents of the same name in other groups: only the folder in this one's group is its own
            groups = [main_kind] if main_kind else [group for group in KINDS if group not in other_groups]
            names.update(dict.fromkeys(f"{group}/{main_name}" for group in groups))
            if not kind:
                # The client knows one agent of this name, and native memory goes by the client's name.
                names["/" + main_name] = None
    seen = {main_name.lower()}
    for name in further_names:
        if is_plain(name) and name.lower() not in seen and not others.kinds(name):
            names[name] = None
            seen.add(name.lower())
    return tuple(names)


# -- agent files


def scan_agent_files(project: str, home: str) -> Agents:
    """Every agent file of a project and of its user, read as far as its front matter."""
    agents = Agents([], [])
    for root in (project, home):
        if root:
            _walk(root + "/" + FOLDER, "", 0, agents, set())
    return agents


def _walk(folder: str, kind: str, depth: int, agents: Agents, seen: set[tuple[int, int]]) -> None:
    agents.stamps.append((folder, _stamp(folder)))
    try:
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:  # a link that leads back
            return
        seen.add((status.st_dev, status.st_ino))
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        path = folder + "/" + name
        if not name.isprintable() or len(agents.files) >= MOST_FILES:
            continue
        if name.endswith(".md"):
            file = read_agent_file(path, kind)
            if file is not None:
                agents.files.append(file)
        elif depth < MOST_DEPTH and not name.startswith(".") and os.path.isdir(path):
            _walk(path, name.lower() if name.lower() in KINDS else "", depth + 1, agents, seen)


def _stamp(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except (OSError, ValueError):
        return 0


def read_agent_file(path: str, kind: str = "") -> AgentFile | None:
    """One agent file, or None where it is not a readable regular file."""
    try:
        status = os.stat(path)
        if status.st_mode & 0o170000 != 0o100000:  # a pipe would wait for ever
            return None
        with open(path, "rb", buffering=0) as file:
            text = (file.read(HEAD_BYTES) or b"").decode("utf-8", "replace")
    except (OSError, ValueError):
        return None
    from memory_budget.base import front_matter  # a start reads agent files only where they changed

    fields = front_matter.read_front_matter(text, lenient=True).fields
    name = fields.get("name", "")
    memory = fields.get("memory", "")
    tools = fields.get("tools", "").strip("[]").split(",")
    return AgentFile(
        name if isinstance(name, str) else "",
        os.path.basename(path)[:-3],
        kind,
        path,
        memory if memory in _MEMORY else "",
        tuple(tool for tool in (tool.strip().strip("\"'") for tool in tools) if tool),
        status.st_mtime_ns,
    )
