from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from memory_budget.index import update
from memory_budget.text import secrets
from memory_budget.upkeep import health, survey
from memory_budget.upkeep.archival import ACTIVE_DAYS
from memory_budget.upkeep.health import Size, Thresholds
from tests.support.environment import ROOT
from tests.support.memory_files import MEMORY, NOW, TODAY, memory, note

LIMITS = Thresholds(150_000, 180_000, 200_000, 20_000)


@pytest.mark.parametrize(
    ("tokens", "level"),
    [
        (0, "healthy"),
        (149_999, "healthy"),
        (150_000, "warning"),
        (179_999, "warning"),
        (180_000, "critical"),
        (199_999, "critical"),
        (200_000, "over the limit"),
    ],
)
def test_levels(tokens: int, level: str) -> None:
    assert health.level(tokens, LIMITS) == level


def examine(*own: Any, sizes: list[Size] | None = None, active: Any = ()) -> health.HealthReport:
    return health.examine_memory(
        own,
        LIMITS,
        TODAY,
        sizes=sizes or [],
        active=list(active),
        scan=None,
        problems=[],
    )


def test_all_memory_counts_not_only_what_is_shared() -> None:
    report = examine(
        note("patterns/a.md", tokens=40_000),
        *[note(f"roles/r{number}/patterns/a.md", tokens=40_000, hash=str(number % 2)) for number in range(4)],
    )
    assert (report.tokens, report.level) == (200_000, "over the limit")
    assert (report.shared, report.shared_level) == (40_000, "healthy")
    assert report.distinct == 120_000
    assert report.largest == ("r0", 80_000)


def test_growth_and_the_days_thresholds_are_met() -> None:
    sizes = [Size(TODAY - back, 140_000 - 1_000 * back, 0) for back in range(20, 0, -1)]
    own = health.growth([*sizes, Size(TODAY, 140_000, 0)], LIMITS, TODAY, 140_000)
    assert own.per_day == pytest.approx(1000)
    assert own.meets == {"warning": TODAY + 10, "critical": TODAY + 40, "limit": TODAY + 60}


@pytest.mark.parametrize(
    ("sizes", "known"),
    [
        ([], False),
        ([Size(TODAY - 6, 1, 0), Size(TODAY - 3, 2, 0), Size(TODAY, 3, 0)], False),
        ([Size(TODAY - 7, 1, 0), Size(TODAY, 3, 0)], False),
        ([Size(TODAY - 7, 1, 0), Size(TODAY - 3, 2, 0), Size(TODAY, 3, 0)], True),
        ([Size(TODAY - 91, 1, 0), Size(TODAY - 95, 1, 0), Size(TODAY, 3, 0)], False),
        ([Size(TODAY + 7, 1, 0), Size(TODAY - 1, 2, 0), Size(TODAY, 3, 0)], False),
    ],
)
def test_growth_is_not_guessed(sizes: list[Size], known: bool) -> None:
    assert (health.growth(sizes, LIMITS, TODAY, 3).per_day is not None) is known


def test_memory_that_shrinks_meets_nothing() -> None:
    sizes = [Size(TODAY - back, 1000 + back, 0) for back in range(10)]
    assert health.growth(sizes, LIMITS, TODAY, 1000).meets == {}


@pytest.mark.parametrize(
    ("known", "named"),
    [
        ({"first_seen": TODAY - 31}, True),
        ({"first_seen": TODAY - 30}, False),
        ({"first_seen": 0}, False),
        ({"first_seen": TODAY - 31, "uses": 1}, False),
        ({"first_seen": TODAY - 31, "always": True}, False),
        ({"first_seen": TODAY - ACTIVE_DAYS}, False),
    ],
)
def test_files_never_used(known: dict[str, Any], named: bool) -> None:
    active = range(TODAY - ACTIVE_DAYS, TODAY)
    assert health.is_never_used(note("patterns/a.md", **known), TODAY, active) is named


def test_files_that_do_not_do_their_work(tmp_path: Path, home: Path) -> None:
    token = "ghp_" + "aB3dE5fG7hJ9" * 3
    files = {
        "patterns/fine.md": "# Fine\n\nText.\n",
        "patterns/key.md": f"# Key\n\nUse {token} for it.\n",
        "patterns/large.md": "word " * 20_001,
        "patterns/old.md": "---\nexpires: 2020-01-01\n---\nOld.\n",
    }
    project = memory(tmp_path / "p", files, home)
    base = Path(project.memory, "patterns")
    (base / "binary.md").write_bytes(b"a\0b")
    (base / "latin.md").write_bytes("caf\u00e9".encode("latin-1"))
    (tmp_path / "elsewhere.md").write_text("x\n")
    (base / "outside.md").symlink_to(tmp_path / "elsewhere.md")
    update.update_index(project)
    report = survey.examine_health(survey.begin_survey(project, NOW))
    assert {(problem.kind, problem.path.rsplit("/", 1)[-1]) for problem in report.problems} == {
        ("secret", "key.md:3"),
        ("oversized", "large.md"),
        ("expired", "old.md"),
        ("binary", "binary.md"),
        ("not UTF-8", "latin.md"),
        ("outside", "outside.md"),
    }
    assert token not in str(health.health_json(report))


def test_files_nobody_can_read(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = memory(tmp_path / "p", {"patterns/a.md": "# A\n\nText.\n"}, home)
    update.update_index(project)
    begun = survey.begin_survey(project, NOW)
    os.unlink(f"{project.memory}/patterns/a.md")
    (problem,) = survey.examine_health(begun).problems
    assert (problem.kind, problem.path) == ("unreadable", f"{MEMORY}/patterns/a.md")


def test_sizes_are_kept_once_a_day_and_a_wrong_clock_is_forgotten(tmp_path: Path, home: Path) -> None:
    project = memory(tmp_path / "p", {}, home)
    for size in (Size(TODAY - 1, 1, 0), Size(TODAY + 99, 5, 0), Size(TODAY, 2, 0), Size(TODAY, 3, 0)):
        health.remember_size(project, size)
    assert health.read_sizes(project) == [Size(TODAY - 1, 1, 0), Size(TODAY, 3, 0)]


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "aws AKIA" + "IOSFODNN7QRSTUVW",
        "token ghp_" + "a1B2c3D4e5F6" * 3,
        "sk-ant-" + "api03-" + "aB3dE5fG7hJ9kL1mN3pQ5",
        "OPENAI_API_KEY=sk-proj-" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z",
        "xoxb-" + "123456789012-abcdefGHIJ",
        "postgres://app:" + "hunter2horse@db.internal/app",
        'password = "' + "tR9x!kQ2mZ7p" + '"',
        "  api_key: 9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    ],
)
def test_secrets_are_seen(line: str) -> None:
    assert [finding.line for finding in secrets.find_secrets(f"# T\n\n{line}\n")] == [3]


@pytest.mark.parametrize(
    "line",
    [
        "password: your-password-here",
        "token = os.environ['GITHUB_TOKEN']",
        "api_key: ${API_KEY_FROM_VAULT_1}",
        "AKIAIOSFODNN7EXAMPLE",
        "the password must be rotated every 90 days",
        "postgres://user:<password>@host/db",
        "token_count: 123456789012345",
        "secret: arn:aws:secretsmanager",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "https://example.org/a:b/c@d",
    ],
)
def test_examples_are_no_secrets(line: str) -> None:
    assert list(secrets.find_secrets(line)) == []


def test_history_dates_are_shown_as_dates() -> None:
    sizes = [Size(TODAY - back, 140_000 - 1_000 * back, 0) for back in range(20, 0, -1)]
    value = health.health_json(examine(note("patterns/a.md", tokens=140_000), sizes=sizes))
    assert value["growth"]["meets"]["warning"] == date.fromordinal(TODAY + 10).isoformat()


def test_an_address_without_a_password_loads_no_regular_expressions() -> None:
    """An agent's start that meets an edited note masks it, and waits while `re` is loaded and the shapes are compiled."""
    code = (
        "import sys; from memory_budget.text.secrets import mask_secrets; "
        "print(mask_secrets('See https://github.com/acme/tools/issues/595\\n')[1], 're' in sys.modules)"
    )
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path.insert(0, {str(ROOT / 'lib')!r}); {code}",
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[] False\n"
