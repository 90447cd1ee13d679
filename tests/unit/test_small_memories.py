"""Of a small memory, too, an agent gets what its task needs, not all of it because all of it is little."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.start import allocate
from tests.support.projects import make_project

SHOP = {
    "payments.md": """# Payments

## Card payments

Cards go through Adyen. A payment is captured when the parcel leaves, never before, for half of the orders change until then. The
webhook answers within two seconds, or Adyen sends it again and the order is booked twice.

## Refunds

A refund needs the capture's reference, not the order's number. Partial refunds round down to the cent, and the difference goes to the
account 4820, which the accountant clears each quarter.

## Vouchers

Vouchers are paid with like money, but earn no points. An expired voucher is extended by the service desk, never by a script.

## Invoices

Invoices are numbered without gaps, by law. A cancelled one stays, with a credit note beside it.
""",
    "frontend.md": """# Front end

## Product pages

Pictures come in three widths from the image service. Alternative texts are written by the catalogue team, in the field `alt_de`.

## Checkout

The checkout works without JavaScript; two of our largest customers switch it off. Each step is a form of its own, and the state lies on
the server.

## Design tokens

Colours stand in `tokens.json`, which the designers export from Figma each Friday. Nobody edits it by hand.

## Accessibility

Focus is never hidden. The menu was rebuilt twice, because screen readers announced every entry as a button.
""",
    "operations.md": """# Operations

## Deployment

Deployments run from Monday to Thursday until three. The canary gets five percent for twenty minutes, and is taken back by `make abort`.

## Database

Migrations are split in two: first the column, a release later its constraint. The orders table is locked by an index made without
`CONCURRENTLY`; that stopped the shop for nine minutes in June.

## Monitoring

Alarms go to the phone only when orders a minute fall under a third of last week's. All others wait for the morning.

## Backups

Backups are taken at two at night and restored once a month into the staging account, by hand.
""",
}

LABORATORY = {
    "protocols.md": """# Protocols

## Thawing cells

HEK cells are thawed in a water bath of 37 degrees for ninety seconds, until a grain of ice is left. DMSO is washed out at once, or a third
of them dies overnight.

## Transfection

Lipofectamine is mixed with DNA at three to one, in medium without serum. After six hours the medium is changed.

## Western blot

Thirty micrograms of protein a lane. The antibody against tubulin of lot 2231 is too weak and is used at one to five hundred.

## Pouring gels

Gels of ten percent set in forty minutes. TEMED goes in last.
""",
    "instruments.md": """# Instruments

## Confocal microscope

The 561 laser needs half an hour before its power is even. Whoever leaves last covers the stage and writes the hours into the book.

## Centrifuge

The large rotor is balanced to a tenth of a gram. It was dropped in March: at most 12,000 rounds until the engineer has looked at it.

## Freezer

The left door ices up. Boxes with red lids belong to the clinic and are not moved.
""",
    "analysis.md": """# Analysis

## Counting nuclei

Nuclei are counted by Cellpose with the model `cyto2` and a diameter of 28 pixels; what touches the border is left out.

## Statistics

Wells are the unit, not cells. Two groups are compared by a Mann-Whitney test, and every figure shows all points.

## Data folders

Raw pictures stay on the server under the date of the recording, and are never renamed.
""",
}

#: Memory, task, what of it is needed, what is about something else.
CASES = [
    (SHOP, "Give the customer a partial refund for this order", ["account 4820"], ["Design tokens", "canary gets"]),
    (SHOP, "Add a nullable column to the orders table and an index on it", ["CONCURRENTLY"], ["Vouchers", "Focus is never"]),
    (SHOP, "When may I deploy this release, and how do I take the canary back?", ["make abort"], ["Refunds", "alt_de"]),
    (SHOP, "The screen reader reads the menu wrongly; keep focus visible", ["announced every entry"], ["Backups", "Adyen"]),
    (LABORATORY, "Transfect the cells with the new DNA using Lipofectamine", ["three to one"], ["561 laser", "red lids"]),
    (LABORATORY, "Compare the two groups of wells and plot the nuclei", ["Mann-Whitney"], ["TEMED", "561 laser"]),
    (LABORATORY, "Spin the large rotor at 15,000 rounds for ten minutes", ["12,000 rounds"], ["Cellpose"]),
]  # fmt: skip


@pytest.fixture(scope="module", params=["three notes", "one file"])
def projects(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Project]:
    """The projects of the memories, as notes or with all of their sections in one file (which is too long to be one leaf)."""
    made = {}
    for memory in (SHOP, LABORATORY):
        folder = tmp_path_factory.mktemp("small")
        notes = memory
        if request.param == "one file":
            notes = {
                "notes.md": "\n".join([*memory.values(), "## Other\n\n" + "Nothing else is known. " * 160])
            }
        files = {f".claude/memory/{name}": text for name, text in notes.items()}
        made[id(memory)] = Project(str(make_project(folder / "project", files)), str(folder / "home"))
        update.update_index(made[id(memory)])
    return made


def sent(project: Project, prompt: str) -> str:
    """The text that is sent for a prompt, in one line."""
    found = allocate.allocate(project, allocate.Task("general-purpose", prompt))
    assert isinstance(found, allocate.Allocation)
    return " ".join(allocate.render(found).partition("<memory-left-out>")[0].split())


@pytest.mark.parametrize(("memory", "prompt", "needed", "other"), CASES, ids=[case[1][:24] for case in CASES])
def test_of_a_small_memory_the_sections_about_the_task_are_sent(
    memory: dict[str, str], prompt: str, needed: list[str], other: list[str], projects: dict[int, Project]
) -> None:
    text = sent(projects[id(memory)], prompt)
    assert [words for words in needed if words not in text] == []
    assert [words for words in other if words in text] == []


@pytest.mark.parametrize("prompt", ["Fix the typo in the README", "What is 17 times 23?", "Push my branch"])
def test_everyday_requests_get_no_text_of_a_small_memory(prompt: str, projects: dict[int, Project]) -> None:
    for project in projects.values():
        assert "<memory-file" not in sent(project, prompt)


#: A page of conventions: everyday words are what it is about.
CONVENTIONS = """# Conventions

## Commit messages

Commits follow Conventional Commits; the scope is the package name.

## Code review

Pull requests need two approvals and a screenshot where the interface changes.

## Endpoints

Endpoints are versioned in the path (`/v2/`); responses use camelCase keys.

## Migrations

Migrations run with alembic; each must have a downgrade.

## Releases

Releases are tagged `vX.Y.Z` by `make release`; the changelog is generated.

## Translations

Texts are in `locales/en.json` and `de.json`; never hard-code strings.

## Error handling

Raise `AppError` with a code from `errors.py`; never swallow exceptions.

## Logging

Use structlog with key-value pairs; no f-strings in log calls.

## Tests

pytest with factories from `tests/factories.py`; no network.
"""


@pytest.mark.parametrize(
    ("prompt", "needed"),
    [
        ("Commit the changes with a proper message", "Conventional Commits"),
        ("Open a pull request for this branch", "two approvals"),
        ("Add a new endpoint that returns the list of users", "camelCase"),
        ("Create a migration that adds a column to the users table", "downgrade"),
        ("Prepare the next release and update the changelog", "make release"),
        ("Translate the settings page to German", "hard-code"),
        ("Improve the error handling of the upload", "AppError"),
        ("Add logging to the payment job", "structlog"),
        ("Write tests for the parser", "factories"),
    ],
)
def test_a_page_of_conventions_is_sent_for_everyday_work_it_rules(
    prompt: str, needed: str, tmp_path: Path
) -> None:
    files = {".claude/memory/conventions.md": CONVENTIONS}
    project = Project(str(make_project(tmp_path / "project", files)), str(tmp_path / "home"))
    update.update_index(project)
    assert needed in sent(project, prompt)


@pytest.mark.parametrize(
    "prompt", ["Rename the variable x to y", "Make this function async", "Find all TODO comments"]
)
def test_a_page_of_conventions_stays_out_of_work_it_does_not_rule(prompt: str, tmp_path: Path) -> None:
    files = {".claude/memory/conventions.md": CONVENTIONS}
    project = Project(str(make_project(tmp_path / "project", files)), str(tmp_path / "home"))
    update.update_index(project)
    assert "<memory-file" not in sent(project, prompt)


def test_of_one_long_file_the_headings_are_what_names_of_notes_are(tmp_path: Path) -> None:
    sections = [
        f"### Part {number}\n\nThe {number}th part of the machine turns the {number}th wheel, and slowly."
        for number in range(90)
    ]
    page = "# Manual\n\n" + "\n\n".join(
        [*sections, "### Extra typings\n\nThe package `machine-types` has them.", "Nothing else. " * 300]
    )
    for name, notes in {
        "one": {"manual.md": page},
        "two": {"manual.md": page, "other.md": "# Other\n\nSomething else."},
    }.items():
        files = {f".claude/memory/{path}": text for path, text in notes.items()}
        project = Project(str(make_project(tmp_path / name, files)), str(tmp_path / "home"))
        update.update_index(project)
        assert ("machine-types" in sent(project, "Where are the extra typings of the options?")) is (
            name == "one"
        )
