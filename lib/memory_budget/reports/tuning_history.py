"""An agent's history as the usage log has it: names, needs, and how budgets were used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from memory_budget.reports.store import Store
from memory_budget.reports.tuning_evidence import Need
from memory_budget.settings import agents
from memory_budget.settings.names import SCOPES, TIERS
from memory_budget.settings.profiles import Profiles

#: Beyond this many records they are grouped by two per cent of their size, and by week.
EXACT_UP_TO = 100_000
#: Tasks named as examples of a tier that was too low.
EXAMPLES = 3
_TIERS = ", ".join(f"'{tier}'" for tier in TIERS)


def name_agents(store: Store, settings: Profiles, files: agents.Agents) -> dict[str, str]:
    """The name that each agent of the log goes by, by the names in the log; also made as the table `named`.

    One agent may be `x`, `specialists/x` and `plugin:x` in the log, when the profiles or the logs of several machines name
    it differently. Names for which the profiles have one entry are one agent, and go by the name with the most runs.
    """
    first: dict[str, str] = {}
    agent_keys: dict[str, str] = {}
    for (name,) in store.rows("SELECT agent FROM runs GROUP BY 1 ORDER BY count(*) DESC, 1"):
        agent_keys[name] = first.setdefault(profile_key(name, settings, files), name)
    store.execute("CREATE OR REPLACE TEMP TABLE named (agent VARCHAR, name VARCHAR)")
    store.execute(
        "INSERT INTO named SELECT unnest(?), unnest(?)",
        [list(agent_keys), [agent_keys[name] for name in agent_keys]],
    )
    return agent_keys


def profile_key(name: str, settings: Profiles, files: agents.Agents) -> str:
    """A key that is the same for all names which the profiles take for one agent."""
    identity = agents.resolve(name, settings, files)
    return identity.assignment_key or identity.override_key or name


def histories(store: Store, now: datetime) -> Iterator[tuple[str, list[Need]]]:
    """Each agent's name and needs, one agent at a time. A run's need is the larger of its demand and what it loaded."""
    count = store.rows("SELECT count(*) FROM runs")[0][0]
    size = "greatest(demand, loaded)"
    days = f"greatest(date_diff('day', ended, TIMESTAMP '{now:%Y-%m-%d %H:%M:%S}'), 0)"
    if count > EXACT_UP_TO:
        size = f"exp(ceil(ln(greatest({size}, 1)) * 50) / 50)"
        days = f"{days} // 7 * 7"
    agent: str | None = None
    needs: list[Need] = []
    for name, age, tier, tokens, runs in store.each(
        f"""SELECT name, {days} AS age, first_tier, {size} AS tokens, count(*)
        FROM runs JOIN named USING (agent) WHERE first_tier IN ({_TIERS}) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
    ):
        if name != agent:
            if agent is not None:
                yield agent, needs
            agent, needs = name, []
        needs.append(Need(float(age), tier, float(tokens), int(runs)))
    if agent is not None:
        yield agent, needs


def agent_facts(store: Store) -> list[dict[str, Any]]:
    """Per agent: `runs`, `model` used most, `exceedance` and `use` (shares), and tokens by scope of runs that got all they
    needed."""
    whole = "coalesce(demand, 0) <= budget AND loaded > 0"
    sums = ", ".join(f"sum(in_{scope}) FILTER (WHERE {whole}) AS {scope}" for scope in SCOPES)
    return store.dicts(
        f"""SELECT name AS agent, count(*) AS runs, mode(model) AS model,
        avg(exceeded::INT) AS exceedance, avg(loaded / nullif(budget, 0)) AS use,
        {sums}
        FROM runs JOIN named USING (agent)
        WHERE first_tier IN ({_TIERS}) GROUP BY 1"""
    )


def add_examples(store: Store, entries: list[dict[str, Any]], agent_keys: dict[str, str]) -> None:
    """Add the tasks with the largest needs to corrections of tiers. Reads the logs once more, where there are corrections."""
    asked_tiers = {(entry["agent"], tier["tier"]): tier for entry in entries for tier in entry["tiers"]}
    if not asked_tiers:
        return
    agents_wanted = {agent for agent, _ in asked_tiers}
    for agent, tier, task, tokens in store.tasks(
        [name for name in agent_keys if agent_keys[name] in agents_wanted]
    ):
        correction = asked_tiers.get((agent_keys[agent], tier))
        if (
            correction is None
            or tokens <= correction["above_tokens"]
            or len(correction["examples"]) >= EXAMPLES
        ):
            continue
        if task and all(example["task"] != task for example in correction["examples"]):
            correction["examples"].append({"task": task[:200], "tokens": round(tokens)})
