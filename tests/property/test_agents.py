from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_budget.base import front_matter
from memory_budget.settings import agents, profiles
from memory_budget.settings.agents import AgentFile, Agents

parts = st.sampled_from(["a", "B", "b", "roles", "..", "~", "x y", "é", "*", "con", ""])
names = st.lists(parts, min_size=1, max_size=3).flatmap(
    lambda some: st.sampled_from(["/", ":", "", "\\", "\0"]).map(lambda joint: joint.join(some))
)
any_names = names | st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
files = st.builds(
    AgentFile,
    name=names,
    stem=names,
    kind=st.sampled_from(["", *agents.KINDS]),
    path=st.just("/p"),
    memory=st.just(""),
    tools=st.just(()),
    mtime=st.just(0),
)
assigned = st.dictionaries(names.filter(bool), st.sampled_from(["none", "role-architect"]), max_size=5)


@given(any_names, assigned, st.lists(files, max_size=4))
def test_no_name_leads_out_of_its_folder(name: str, table: dict[str, str], known: list[AgentFile]) -> None:
    own = profiles.compile_profiles(
        {"agent_assignments": table, "agents": {key: {} for key in list(table)[:1]}}
    )
    identity = agents.resolve(name, own, Agents(known, []))
    assert identity.profile_name in own.names()
    assert identity.name.isprintable()
    for folder in identity.folder_names:
        kind, _slash, leaf = folder.rpartition("/")
        assert kind in ("", *agents.KINDS)
        assert agents.is_plain(leaf)
        assert leaf not in ("", ".", "..")
        assert not set(leaf) & set("/\\*?[]{}<>\0")


@given(any_names, assigned, st.lists(files, max_size=4))
def test_the_order_of_the_table_does_not_matter(
    name: str, table: dict[str, str], known: list[AgentFile]
) -> None:
    turned = dict(reversed(table.items()))
    one = agents.resolve(name, profiles.compile_profiles({"agent_assignments": table}), Agents(known, []))
    two = agents.resolve(name, profiles.compile_profiles({"agent_assignments": turned}), Agents(known, []))
    assert (one.assignment_key, one.profile_name, one.folder_names) == (
        two.assignment_key,
        two.profile_name,
        two.folder_names,
    )


@given(assigned.filter(bool), st.lists(files, max_size=4))
def test_two_agents_that_are_assigned_share_no_folder(table: dict[str, str], known: list[AgentFile]) -> None:
    own = profiles.compile_profiles({"agent_assignments": table})
    owner: dict[str, str] = {}
    for key in own.assignments:
        identity = agents.resolve(key, own, Agents(known, []))
        if identity.assignment_key != key or ":" in key:
            continue
        for folder in identity.folder_names:
            assert owner.setdefault(folder.lower(), key.lower()) == key.lower()


@given(st.text(max_size=300))
def test_front_matter_takes_any_text(text: str) -> None:
    fields = front_matter.read_front_matter("---\n" + text + "\n---\n", lenient=True).fields
    assert all(isinstance(value, str) for value in fields.values())
