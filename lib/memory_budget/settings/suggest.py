"""Proposes a budget profile for an agent from what its file says of it: description, tools, first paragraphs.

    suggest("release-manager", "Coordinates releases across teams.", (), "")
    -> Suggestion("role-coordinator", 'it is described as "Coordinates releases"')

The rules go from the largest profile to the smallest and the first that holds decides. Each looks for plain phrases and quotes the
one it met, so that a person can judge it. Nothing is assigned here: `memory-budget profiles suggest --apply` does that when asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from memory_budget.base import front_matter
from memory_budget.base.auto_memory import client_folder
from memory_budget.base.files import listing
from memory_budget.settings import agents, plugins
from memory_budget.settings.profiles import Profiles

NARROW, BROAD, COORDINATOR, ARCHITECT = (
    "specialist-narrow",
    "specialist-broad",
    "role-coordinator",
    "role-architect",
)
#: Characters of an agent's introduction that are looked at, and its paragraphs of prose.
_INTRODUCTION = 1_500
_PARAGRAPHS = 2
#: How often a file has to speak of handing work on where its introduction does not.
_HANDOVERS = 3
#: Tools that let an agent start others: today's name and the one older clients use.
_AGENT_TOOLS = {"Agent", "Task"}
_WORDS = re.IGNORECASE | re.VERBOSE | re.MULTILINE


class Suggestion(NamedTuple):
    """`profile`: the name of a shipped profile; `reason`: why, in words that follow "because"."""

    profile: str
    reason: str


class AgentSuggestion(NamedTuple):
    """A suggestion for one agent. `key`: its key in `agent_assignments`; `path`: its file."""

    key: str
    profile: str
    reason: str
    path: str


def agent_suggestions(home: str, settings: Profiles, agent_files: agents.Agents) -> list[AgentSuggestion]:
    """What is suggested for every agent that nobody assigned, by key; only profiles that there are. `home`: whose plugins."""
    suggestions: dict[str, AgentSuggestion] = {}
    project_agents = [
        (f"{file.kind}/{file.stem}" if file.kind else file.name or file.stem, file)
        for file in agent_files.files
        if _is_agent(file)
    ]
    for name, file in [*project_agents, *_plugin_agents(home)]:
        if agents.resolve(name, settings, agent_files).assignment_key:
            continue
        suggestion = suggest_for_file(file)
        if suggestion is not None and suggestion.profile in settings.names():
            suggestions.setdefault(
                name, AgentSuggestion(name, suggestion.profile, suggestion.reason, file.path)
            )
    return [suggestions[name] for name in sorted(suggestions)]


def _plugin_agents(home: str) -> Iterator[tuple[str, agents.AgentFile]]:
    """The agents of enabled plugins, by the name that the client gives them: `acme:writer`."""
    for plugin in plugins.known_plugins(client_folder(home)):
        folder = f"{plugin.folder or plugin.source}/agents"
        for entry in listing(folder) if plugin.enabled else ():
            file = agents.read_agent_file(f"{folder}/{entry}") if entry.endswith(".md") else None
            if file is not None and file.name:
                yield f"{plugin.identifier.partition('@')[0]}:{file.name}", file


def suggest_for_file(file: agents.AgentFile) -> Suggestion | None:
    """What is suggested for the agent of a file; None where it cannot be read."""
    try:
        with open(file.path, "rb") as opened:
            text = opened.read(agents.HEAD_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    fields = front_matter.read_front_matter(text, lenient=True).fields
    body = text.split("\n---", 1)[1] if fields and "\n---" in text else text
    return suggest(file.name or file.stem, fields.get("description", ""), file.tools, body)


def _is_agent(file: agents.AgentFile) -> bool:
    """Whether a file defines an agent: by its name, or by its place below a group's folder where it is no template."""
    stem = file.stem.lower()
    return bool(file.name) or (bool(file.kind) and stem != "readme" and not stem.endswith("template"))


#: Designs or studies the whole: "cloud architect", "system design", "literature review".
_DESIGNS = re.compile(
    r"""\b(?: architects?\b
          | architect(?:ure)? [ ] (?:specialist|expert|reviewer|lead|role|decisions?|records?|governance)
          | systems? [ -] (?:design|architecture) \b (?! [ ]best)
          | (?:target|overall|whole|entire) [ ] (?:system|architecture|platform)
          | (?:technical|technology|platform|architectural) [ ] (?:strategy|direction|choices|selection|roadmap)
          | strategic [ ] (?:platform|technology|technical|architectur\w+)
          | (?:literature|systematic) [ ] reviews?
          | research [ ] (?:specialist|lead|role|agent|analyst) | researcher s? | ^researches
        )""",
    _WORDS,
)
#: Has others do the work: "tech lead", "coordinates releases", "assigns tasks", "shared by several agents".
_COORDINATES = re.compile(
    r"""\b(?: (?:project|product|program(?:me)?|release|delivery|engineering|incident|team|community|account)
              [ ] (?:managers?|lead|commander|owner)
          | (?:tech|team|quality|qa|engineering) [ ] lead | scrum [ ] master | coordinator | orchestrator | (?<!-)manager
          | (?:orchestrat|coordinat|manag|direct)\w* [ ] (?:\w+ [ ]){0,2}? (?:agents|subagents|specialists|teams)
          | (?:several|between|among|group [ ] of|other) [ ] agents
          | coordinat(?:es?|ing) [ ] (?!with\b) \w+
          | delegat(?:es?|ing|ion) [ ] (?:\w+ [ ]){0,4}? to [ ] (?!this\b)
          | (?:assigns?|hands?|distributes?|dispatches) [ ] (?:\w+ [ ,]+){0,4}? (?:to|agents?|tasks|work|investigations)\b
          | (?:splits?|breaks?|decomposes?) [ ] (?:\w+ [ ]){0,4}? (?:into|down) [ ] (?:\w+ [ ]){0,2}?
              (?:tasks|steps|work|subtasks|issues)
          | (?:own|owns|owning) [ ] the [ ] (?:\w+ [ ]){0,3}? (?:layer|process|lifecycle|workflow|release|sprint|roadmap)
          | (?:runs|plans) [ ] (?:the [ ])? (?:sprints?|quarters?|releases?|iterations?|projects?)
        )""",
    _WORDS,
)
#: In the body of a file: "Delegate to the security specialist", not "delegate work to this specialist".
_HANDS_OVER = re.compile(
    r"""\b delegat(?:e|es|ing|ion)\b [^.\n]{0,50}? \b to [ ] (?!this\b|me\b|you\b) (?:the[ ])?
        [*`\w-]*\s? (?:specialists?|experts?|agents?)\b""",
    _WORDS,
)
#: Works on everything, or on a concern of everything: "across services", "full-stack", "security auditor".
_ANYWHERE = re.compile(
    r"""\b(?: cross-(?:system|platform|tool|cutting|stack|service|domain|team)
          | across [ ] (?:all|the [ ] \w+|multiple|several|different|services|systems|platforms|teams|\w+,)
          | full[ -]?stack | end[ -]to[ -]end
          | (?:code|security|quality|performance) [ ] (?:review|audit|engineer|specialist|expert)\w*
          | any [ ] (?:language|file|part|service|repository) | in [ ] (?:all|every) [ ]
          | (?:code|test|testing|quality|debugging|security|performance|devops|infrastructure|cloud|reliability|observability
              |accessibility|compliance|refactoring)
            [ ] (?:and [ ] \w+ [ ])? (?:infrastructure [ ])? (?:specialist|expert|engineer|auditor|reviewer|automat\w+|suites?)
          | quality, [ ] security
        )""",
    _WORDS,
)
#: Three names in a row: "Terraform, Kubernetes and Prometheus".
_THREE_NAMES = re.compile(
    r"\b[A-Z][\w.+#]*(?: [A-Z][\w.+#]*)?, (?:[\w.+#]+ )?[A-Z][\w.+#]*(?:, | and |, and | or )[A-Z][\w.+#]*"
)
#: "Snowflake specialist", "senior UI/UX expert".
_SPECIALIST = re.compile(r"[\w/.+#-]+ (?:specialist|expert|developer|pro|engineer|writer)\b", re.IGNORECASE)
#: A name inside a sentence: "Builds React components", "fixes iOS builds".
_NAME = re.compile(r"(?<=[a-z,:] )(?:[A-Z][\w.+#/-]*|\w+[A-Z]\w*)")


def suggest(name: str, description: str, tools: tuple[str, ...], body: str) -> Suggestion:
    """The profile that fits an agent best. `name` may be "": it is read as words before the description."""
    text = _introduction(name, description, body)
    head = "\n".join(_first_sentences(text))
    if match := _DESIGNS.search(head):
        return Suggestion(ARCHITECT, _described(match))
    if _AGENT_TOOLS & {tool.split("(", 1)[0].strip() for tool in tools}:
        return Suggestion(COORDINATOR, "its tools let it start other agents")
    if match := _COORDINATES.search(text):
        return Suggestion(COORDINATOR, _described(match))
    handovers = len(_HANDS_OVER.findall(body))
    if handovers >= _HANDOVERS:
        return Suggestion(COORDINATOR, f"its file speaks {handovers} times of delegating to others")
    if match := _ANYWHERE.search(head) or _THREE_NAMES.search(head):
        return Suggestion(BROAD, _described(match))
    if match := _SPECIALIST.search(head) or _NAME.search(head):
        return Suggestion(NARROW, _described(match))
    return Suggestion(BROAD, "its description names no single tool")


def _described(match: re.Match[str]) -> str:
    return 'it is described as "' + " ".join(match[0].split()).strip(" ,.") + '"'


def _introduction(name: str, description: str, body: str) -> str:
    """Name, description and the first paragraphs of prose, one a line."""
    parts = [re.sub(r"[-_/:]+", " ", name) + "."] if name else []
    parts += [description] if description else []
    for paragraph in _prose(body):
        parts.append(paragraph)
        if len(parts) > _PARAGRAPHS + bool(name):
            break
    return "\n".join(parts)[:_INTRODUCTION]


def _prose(body: str) -> Iterator[str]:
    """Paragraphs without headings, lists, tables, quotes and code."""
    for paragraph in re.split(r"\n\s*\n", body):
        lines = [line.strip() for line in paragraph.split("\n")]
        text = " ".join(
            line for line in lines if not line.startswith(("#", "-", "|", ">", "```", "* ", "1."))
        )
        if text.strip():
            yield text.strip()


def _first_sentences(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield re.split(r"(?<=[.!?])\s", line.replace("**", ""), maxsplit=1)[0]
