from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from memory_budget.base import front_matter
from memory_budget.settings import agents, profiles
from memory_budget.settings.agents import AgentFile, Agents
from tests.support.environment import ROOT


def agent_file(stem: str, name: str = "", kind: str = "") -> AgentFile:
    return AgentFile(name, stem, kind, f"/p/.claude/agents/{kind}/{stem}.md", "", (), 0)


#: The example that ships: 25 agents of a data team.
SHIPPED = profiles.compile_profiles(
    json.loads((ROOT / "schemas/examples/data-team-profiles.json").read_text())
)
TEAM = Agents(
    [
        agent_file("business-analyst-role", "business-context", "roles"),
        agent_file("data-architect-role", "da-architect", "roles"),
        agent_file("project-manager-role", "project-delivery-expert", "roles"),
        agent_file("business-context", "business-context", "specialists"),
        agent_file("dbt-expert", "", "specialists"),
        agent_file("loner", "loner"),
    ],
    [],
)


@pytest.mark.parametrize(
    ("name", "key", "profile", "folders"),
    [
        ("dbt-expert", "specialists/dbt-expert", "specialist-narrow", ("dbt-expert",)),
        ("specialists/dbt-expert", "specialists/dbt-expert", "specialist-narrow", ("dbt-expert",)),
        ("DBT-Expert", "specialists/dbt-expert", "specialist-narrow", ("dbt-expert",)),
        (" Specialists/DBT-expert ", "specialists/dbt-expert", "specialist-narrow", ("dbt-expert",)),
        ("research-role", "roles/research-role", "role-architect", ("research-role",)),
        # by what its file calls it, and the other way round
        (
            "da-architect",
            "roles/data-architect-role",
            "role-architect",
            ("data-architect-role", "da-architect"),
        ),
        (
            "DA-Architect",
            "roles/data-architect-role",
            "role-architect",
            ("data-architect-role", "da-architect"),
        ),
        (
            "data-architect-role",
            "roles/data-architect-role",
            "role-architect",
            ("data-architect-role", "da-architect"),
        ),
        # two files claim a name that is also an assignment: the assignment of that very name counts
        ("business-context", "specialists/business-context", "specialist-narrow", ("business-context",)),
        (
            "business-analyst-role",
            "roles/business-analyst-role",
            "role-coordinator",
            ("business-analyst-role",),
        ),
        (
            "project-delivery-expert",
            "specialists/project-delivery-expert",
            "specialist-narrow",
            ("project-delivery-expert",),
        ),
        ("project-manager-role", "roles/project-manager-role", "role-coordinator", ("project-manager-role",)),
        # a plugin's agent goes by its own part
        (
            "tools:dbt-expert",
            "specialists/dbt-expert",
            "specialist-narrow",
            ("dbt-expert", "tools-dbt-expert"),
        ),
        ("tools:sub:da-architect", "roles/data-architect-role", "role-architect", None),
        ("tools:other", "", "specialist-broad", ("tools-other",)),
        # nobody assigned
        ("loner", "", "specialist-broad", ("loner",)),
        ("roles/dbt-expert", "", "specialist-broad", ("roles/dbt-expert",)),
        ("Explore", "Explore", "none", ("Explore",)),
        ("explore", "Explore", "none", ("Explore",)),
        ("Plan", "Plan", "none", ("Plan",)),
        ("fork", "fork", "none", ("fork",)),
        ("general-purpose", "", "specialist-broad", ("general-purpose",)),
        (None, "", "specialist-broad", ("general-purpose",)),
        ("", "", "specialist-broad", ("general-purpose",)),
    ],
)
def test_names(name: str | None, key: str, profile: str, folders: tuple[str, ...] | None) -> None:
    identity = agents.resolve(name, SHIPPED, TEAM)
    assert (identity.assignment_key, identity.profile_name) == (key, profile)
    if folders is not None:
        assert identity.folder_names == folders


def test_every_shipped_assignment_is_found_by_each_of_its_names() -> None:
    for key in SHIPPED.assignments:
        leaf = key.split("/")[-1]
        for name in (key, leaf, leaf.upper(), f"plugin:{leaf}"):
            for known in (TEAM, None):
                identity = agents.resolve(name, SHIPPED, known)
                assert identity.assignment_key == key
                assert identity.folder_names[0] == leaf


@pytest.mark.parametrize(
    "name",
    [
        "../../x",
        "..",
        ".",
        ".hidden",
        "/etc/passwd",
        "a/b",
        "roles/../x",
        "roles/",
        "roles/a/b",
        "a\\b",
        "C:\\x",
        "a\0b",
        "a\nb",
        "a\u202eb",
        "a\ud800b",
        "*",
        "a?",
        "[ab]",
        "{a,b}",
        "<agent>",
        "~root",
        "x" * 201,
        "é" * 101,
        "con",
        "NUL",
        "com1.txt",
        "trailing.",
        "a::b",
        ":a",
        "a:",
        "plugin:../x",
        "   ",
        7,
        ["dbt-expert"],
    ],
)
def test_hostile_names_have_no_folder_and_the_default_profile(name: object) -> None:
    identity = agents.resolve(name, SHIPPED, TEAM)
    assert identity.folder_names == ()
    assert identity.profile_name == SHIPPED.default_profile
    assert identity.assignment_key == ""
    assert identity.name.isprintable()


@pytest.mark.parametrize(
    "name", ["x" * 200, "été", "Ünï-cödé 2", "専門家", "a.b_c-d+e@f", "concierge", "comet"]
)
def test_odd_names_are_names(name: str) -> None:
    assert agents.resolve(name, SHIPPED, None).folder_names == (name,)


def test_exact_goes_before_another_case() -> None:
    own = profiles.compile_profiles(
        {"agent_assignments": {"Scout": "none", "scout": "role-architect", "SCOUT": "specialist-narrow"}}
    )
    assert agents.resolve("scout", own).assignment_key == "scout"
    assert agents.resolve("Scout", own).assignment_key == "Scout"
    assert agents.resolve("sCOUT", own).assignment_key == agents.resolve("scouT", own).assignment_key


def test_one_name_in_two_groups_shares_no_folder() -> None:
    own = profiles.compile_profiles(
        {"agent_assignments": {"roles/scout": "role-architect", "specialists/scout": "none"}}
    )
    assert agents.resolve("roles/scout", own).folder_names == ("roles/scout",)
    assert agents.resolve("specialists/scout", own).folder_names == ("specialists/scout",)
    assert agents.resolve("scout", own).folder_names == ("specialists/scout", "/scout")
    bare = profiles.compile_profiles(
        {"agent_assignments": {"scout": "none", "roles/scout": "role-architect"}}
    )
    assert agents.resolve("scout", bare).folder_names == ("specialists/scout", "agents/scout", "/scout")


def test_an_agents_second_name_is_not_another_agents_folder() -> None:
    team = Agents([agent_file("reviewer", "checker"), agent_file("checker", "other")], [])
    assert agents.resolve("reviewer", SHIPPED, team).folder_names == ("reviewer",)


def test_overrides_are_found_like_assignments() -> None:
    own = profiles.compile_profiles(
        {"agents": {"dbt-expert": {"complexity": "complex"}, "Data-Architect-Role": {"profile": "none"}}},
        base=SHIPPED,
    )
    dbt = agents.resolve("specialists/dbt-expert", own, TEAM)
    assert (dbt.override_key, dbt.assignment_key) == ("dbt-expert", "specialists/dbt-expert")
    architect = agents.resolve("da-architect", own, TEAM)
    assert (architect.override_key, architect.profile_name) == ("Data-Architect-Role", "none")
    assert own.settings(architect.profile_name, architect.override_key).profile.gives_nothing


def test_a_plugins_agent_can_be_named_exactly() -> None:
    own = profiles.compile_profiles({"agent_assignments": {"tools:dbt-expert": "none"}}, base=SHIPPED)
    assert agents.resolve("tools:dbt-expert", own).profile_name == "none"
    assert agents.resolve("tools:dbt-expert", own).folder_names == ("tools-dbt-expert",)
    assert agents.resolve("dbt-expert", own).profile_name == "specialist-narrow"
    assert agents.resolve("other:dbt-expert", own).profile_name == "specialist-narrow"


def test_a_plain_agents_file_is_not_a_plugin_agents_file() -> None:
    assert agents.resolve("business-context", SHIPPED, TEAM).file is TEAM.files[3]
    assert agents.resolve("tools:business-context", SHIPPED, TEAM).file is None


# -- files


def write(folder: Path, path: str, text: str) -> Path:
    file = folder / agents.FOLDER / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_scans_the_projects_and_the_users_agents(tmp_path: Path, home: Path) -> None:
    project = tmp_path / "project"
    write(project, "roles/data-architect-role.md", "---\nname: da-architect\nmemory: project\n---\n# D\n")
    write(project, "deep/er/x.md", "---\nname: x\ntools: Read, Grep\n---\n")
    write(project, "README.md", "# no agent\n")
    write(project, "x.metadata.json", "{}")
    write(home, "x.md", "---\nname: x\nmemory: user\n---\n")
    found = agents.scan_agent_files(str(project), str(home))
    assert [(file.stem, file.name, file.kind, file.memory, file.tools) for file in found.files] == [
        ("README", "", "", "", ()),
        ("x", "x", "", "", ("Read", "Grep")),
        ("data-architect-role", "da-architect", "roles", "project", ()),
        ("x", "x", "", "user", ()),
    ]
    chosen = found.named("x")
    assert chosen is found.files[1]


def test_notices_what_comes_goes_and_changes(tmp_path: Path) -> None:
    found = agents.scan_agent_files(str(tmp_path), "")
    assert found.unchanged()
    file = write(tmp_path, "roles/a.md", "---\nname: a\n---\n")
    assert not found.unchanged()
    found = agents.scan_agent_files(str(tmp_path), "")
    assert found.unchanged()
    write(tmp_path, "roles/b.md", "")
    assert not found.unchanged()
    (only,) = [one for one in found.files if one.stem == "a"]
    assert only.unchanged()
    os.utime(file, ns=(1, 1))
    assert not only.unchanged()
    file.unlink()
    assert not only.unchanged()


def test_links_that_lead_back_pipes_and_odd_names_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "---\nname: a\n---\n")
    folder = tmp_path / agents.FOLDER
    (folder / "loop").symlink_to(folder)
    (folder / "gone.md").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "pipe.md")
    (folder / "odd\n.md").write_text("")
    (folder / "latin.md").write_bytes(b"---\nname: \xe9t\xe9\n---\n")
    assert [file.stem for file in agents.scan_agent_files(str(tmp_path), "").files] == ["a", "latin"]


def test_state_round_trip(tmp_path: Path) -> None:
    write(tmp_path, "roles/a.md", "---\nname: b\nmemory: local\ntools: [Read, Bash]\n---\n")
    found = agents.scan_agent_files(str(tmp_path), "")
    again = Agents.from_state(json.loads(json.dumps(found.to_state())))
    assert again.to_state() == found.to_state()
    assert again.unchanged()
    assert again.files[0].tools == ("Read", "Bash")
    broken: list[dict[str, object]] = [{}, {"files": [["x"]], "stamps": []}, {"files": None, "stamps": []}]
    for bad in broken:
        with pytest.raises(ValueError, match="another version"):
            Agents.from_state(bad)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("---\nname: a\n---\n", {"name": "a"}),
        ("\ufeff---\r\nname: a\r\n---\r\n", {"name": "a"}),
        ("---  \nname: \"a b\" \ndescription: 'x: y' # z\n---\n", {"name": "a b", "description": "x: y"}),
        ("---\nname: a # note\ncolor: '#fff'\n---\n", {"name": "a", "color": "#fff"}),
        ("---\ntools:\n  - Read\n  - 'Bash'\nname: a\n---\n", {"tools": "Read, Bash", "name": "a"}),
        (
            "---\ndescription: >\n  name: not-this\n  more\nname: a\n---\n",
            {"description": "name: not-this more", "name": "a"},
        ),
        ("---\nname: a\n", {}),
        ("# Title\n---\nname: a\n---\n", {}),
        ("", {}),
    ],
)
def test_front_matter(text: str, fields: dict[str, str]) -> None:
    assert front_matter.read_front_matter(text, lenient=True).fields == fields
