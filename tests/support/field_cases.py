"""Memory as people keep it: small folders, a task, and what its agent must be sent and must not.

Each case stands for a kind. `tests/unit/test_field_cases.py` runs them all, `python3 -m tests.bench layouts` prints them as a
table of right and wrong by kind.
"""

# ruff: noqa: E501
from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from memory_budget.base.project import find_project
from memory_budget.index import update
from memory_budget.start import allocate

P = ".claude/memory/patterns/"
OTHER = {P + "weather.md": "# Weather\n\nIt rains on Mondays in the office garden.\n"}
AUTO = "HOME/.claude/projects/SLUG/memory/"


class Case(NamedTuple):
    """`files`: by path below the project (`HOME/...`: below the home folder, SLUG the project's); `sent` and `kept_back`: what
    must and must not stand in the block; `start`: the folder below the project in which the session stands; `problem`: what
    must be named about some file, with its line."""

    kind: str
    name: str
    files: Mapping[str, str | bytes]
    prompt: str
    sent: tuple[str, ...] = ()
    kept_back: tuple[str, ...] = ()
    budget: int | None = 3000
    agent: str = "worker"
    start: str = ""
    problem: str = ""
    links: Mapping[str, str] = {}


def fill(root: Path, home: Path, case: Case) -> None:
    """Write a case's files and links."""
    slug = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in str(root))
    for name, text in case.files.items():
        path = home / name[5:].replace("SLUG", slug) if name.startswith("HOME/") else root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, target in case.links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    (root / case.start).mkdir(parents=True, exist_ok=True)


def block_of(root: Path, home: Path, case: Case) -> tuple[str, list[tuple[str, str]]]:
    """The block a case's agent reads, and what the index names."""
    project = find_project(str(root / case.start), str(home))
    if not project.has_memory():
        return "", []
    report = update.update_index(project)
    assert report is not None
    task = allocate.Task(case.agent, case.prompt)
    allocation = allocate.allocate(project, task, cap=case.budget, tier="medium")
    if isinstance(allocation, allocate.Nothing):
        return "", []
    assert not allocation.estimated
    return allocate.render(allocation), [*report.problems, *report.remarks]


def wrong(root: Path, home: Path, case: Case) -> list[str]:
    """What is wrong with a case's result, [] for nothing."""
    fill(root, home, case)
    block, problems = block_of(root, home, case)
    found = [f"not sent: {text}" for text in case.sent if text not in block]
    found += [f"sent: {text}" for text in case.kept_back if text in block]
    named = "\n".join(f"{path}: {text}" for path, text in problems)
    if case.problem and case.problem not in named:
        found.append(f"not named: {case.problem} (named: {named})")
    return found


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


ROWS = "\n".join(f"| svc{n} | {8000 + n} | team {n % 7} |" for n in range(160))
CHINESE = (
    "部署之前必须先运行全部测试。" * 300 + "最后由协调员核对账目总数。" + "发布之后观察错误率三十分钟。" * 300
)

LAYOUTS = [
    Case(
        "layout",
        "flat notes beside MEMORY.md",
        {
            ".claude/memory/MEMORY.md": "# Memory index\n\n- [Testing](feedback_testing.md)\n",
            ".claude/memory/feedback_testing.md": "---\nname: testing\ntype: feedback\n---\n\nIntegration tests use a real database, never mocks.\n",
        },
        "Write integration tests with a database",
        ("never mocks",),
        ("feedback_testing.md)",),
    ),
    Case(
        "layout",
        "what only the index line says finds its note",
        {
            ".claude/memory/MEMORY.md": "# Index\n\n- [Merging](m1.md) — squash policy for release branches\n- [Food](f.md) — lunch\n",
            ".claude/memory/m1.md": "Use the other mode, always.\n",
            ".claude/memory/f.md": "Soup on Fridays.\n",
        },
        "What is the squash policy for release branches?",
        ("Use the other mode",),
        ("Soup",),
        300,
    ),
    Case(
        "layout",
        "prose in MEMORY.md is memory",
        {
            ".claude/memory/MEMORY.md": "# Memory\n\nThe billing service owns the ledger tables.\n\n- [Testing](t.md)\n",
            ".claude/memory/t.md": "Run the tests twice.\n",
        },
        "Who owns the ledger tables?",
        ("billing service owns",),
    ),
    Case(
        "layout",
        "decisions.md and friends",
        {
            ".claude/memory/decisions.md": "# Decisions\n\n## Queue\n\nWe chose the broker for its dead letter queue.\n",
            ".claude/memory/gotchas.md": "# Gotchas\n\nNone.\n",
        },
        "Which broker and dead letter queue did we choose?",
        ("We chose the broker",),
    ),
    Case(
        "layout",
        "memory bank",
        {
            "memory-bank/activeContext.md": "# Active context\n\nWe migrate the checkout to the new tax engine.\n",
            "memory-bank/techContext.md": "# Tech\n\nPostgres 16 and Redis.\n",
        },
        "Continue the checkout migration to the tax engine",
        ("We migrate the checkout",),
    ),
    Case(
        "layout",
        "docs/memory",
        {"docs/memory/cache.md": "# Cache\n\nThe cache is warmed by the nightly job.\n"},
        "How is the cache warmed?",
        ("nightly job",),
    ),
    Case(
        "layout",
        "capital extension",
        {P + "NOTES.MD": "Ship the parser behind a flag.\n"},
        "Ship the parser",
        ("behind a flag",),
    ),
    Case(
        "layout",
        "session folders are everybody's",
        {".claude/memory/sessions/2024-05-03.md": "# Session\n\nThe importer retries three times.\n"},
        "How often does the importer retry?",
        ("retries three times",),
    ),
    Case(
        "layout",
        "an agent's unsorted notes are its own",
        {".claude/memory/agents/worker/notes.md": "The worker pins the compiler version.\n"},
        "Which compiler version is pinned?",
        ("pins the compiler",),
    ),
    Case(
        "layout",
        "nobody else gets them",
        {".claude/memory/agents/other/notes.md": "The other pins the compiler version.\n", **OTHER},
        "Which compiler version is pinned?",
        (),
        ("pins the compiler",),
    ),
    Case(
        "layout",
        "agent memory",
        {".claude/agent-memory/worker/topics.md": "The flaky suite needs two workers.\n"},
        "Why is the suite flaky?",
        ("needs two workers",),
    ),
    Case(
        "layout",
        "the client's files are its own",
        {
            ".claude/memory/CLAUDE.md": "Client rule about deploy windows.\n",
            "memory-bank/AGENTS.md": "Agents rule about deploy windows.\n",
            ".claude/rules/deploy.md": "Rule about deploy windows.\n",
            P + "deploy.md": "Deploy windows are on Tuesdays.\n",
        },
        "When are deploy windows?",
        ("on Tuesdays",),
        ("rule about", "Rule about"),
    ),
]

AUTO_MEMORY = [
    Case(
        "auto memory",
        "a topic note",
        {
            AUTO + "MEMORY.md": "- [Deploys](deploys.md) — how we deploy\n",
            AUTO
            + "deploys.md": "---\nname: deploys\ndescription: How deploys run\nmetadata:\n  type: project\n---\n\nDeploys go through the canary ring first.\n",
        },
        "How do deploys run through the canary ring?",
        ("canary ring first",),
        ("how we deploy\n",),
    ),
    Case(
        "auto memory",
        "beside a project's own memory",
        {AUTO + "taxes.md": "Taxes are rounded per line.\n", **OTHER},
        "How are taxes rounded?",
        ("per line",),
    ),
    Case(
        "auto memory",
        "MEMORY.md itself is never sent",
        {
            AUTO + "MEMORY.md": "# Notes\n\nUse the staging ledger for rehearsals.\n",
            AUTO + "x.md": "The ledger closes at noon.\n",
        },
        "When does the staging ledger close for rehearsals?",
        ("closes at noon",),
        ("Use the staging ledger",),
    ),
]

PLACES = [
    Case(
        "place",
        "a session in a subfolder",
        {P + "a.md": "The web client caches tokens.\n", "pkg/web/x.ts": "", ".git/HEAD": ""},
        "Does the web client cache tokens?",
        ("caches tokens",),
        start="pkg/web",
    ),
    Case(
        "place",
        "not above the git root",
        {P + "a.md": "The web client caches tokens.\n", "pkg/.git/HEAD": "", "pkg/web/x.ts": ""},
        "Does the web client cache tokens?",
        (),
        ("caches tokens",),
        start="pkg/web",
    ),
    Case(
        "place",
        "a link inside the project",
        {"notes/a.md": "The importer is idempotent.\n", **OTHER},
        "Is the importer idempotent?",
        ("is idempotent",),
        links={P + "linked": "../../../notes"},
    ),
]

ASIDE = (
    [
        Case(
            "put aside",
            name,
            {
                P + "queue.md": "The queue uses the new broker since March.\n",
                path: "The queue uses the old broker; restart it by hand.\n",
            },
            "restart the queue broker",
            ("the new broker",),
            ("the old broker",),
        )
        for name, path in (
            ("trash", P + ".trash/queue.md"),
            ("obsidian", P + ".obsidian/queue.md"),
            ("dot file", P + ".queue.md"),
            ("Archive", P + "Archive/queue.md"),
            ("ARCHIVE", ".claude/memory/ARCHIVE/queue.md"),
            ("archived", P + "archived/queue.md"),
            ("node_modules", P + "node_modules/pkg/queue.md"),
            ("sync conflict", P + "queue.sync-conflict-20240501-1.md"),
            ("conflicted copy", P + "queue (Ann's conflicted copy 2024-05-01).md"),
            ("emacs lock", P + ".#queue.md"),
            ("apple double", P + "._queue.md"),
            ("backup", P + "queue.bak.md"),
            ("in a memory bank", "memory-bank/archive/queue.md"),
        )
    ]
    + [
        Case(
            "put aside",
            f"expired {value}",
            {
                P + "old.md": f"---\n{value}\n---\n\nThe queue uses the old broker.\n",
                P + "new.md": "The queue uses the new broker.\n",
            },
            "which broker has the queue",
            ("the new broker",),
            ("the old broker",),
        )
        for value in (
            "expires: 31.01.2020",
            "Expires: 2020-01-31",
            "expires: 01/31/2020",
            "expires: 2020-01-31  # old",
            "expires: 31 January 2020",
            'expires: "2020/1/31"',
            "valid_until: 2020-01-31",
            "expires: 2020-01-31T10:00:00Z",
        )
    ]
    + [
        Case(
            "put aside",
            f"an expiry nobody can read is named: {value}",
            {P + "a.md": f"---\nname: a\nexpires: {value}\n---\n\nThe queue is fast.\n"},
            "is the queue fast",
            ("is fast",),
            problem="a.md: line 3: expires",
        )
        for value in ("90d", "03/04/2020", "next year")
    ]
    + [
        Case(
            "put aside",
            "a comment",
            {
                P
                + "a.md": "# Conventions\n\n<!--\n## How to use this file\nOLD RULE: run migrations by hand before each deploy.\n-->\n\n## Deploys\n\nMigrations run automatically.\n"
            },
            "Do migrations run by hand before each deploy?",
            ("Migrations run automatically",),
            ("OLD RULE", "-->", "How to use"),
        ),
        Case(
            "put aside",
            "a comment inside a line",
            {P + "a.md": "Deploys are automatic <!-- not by hand --> since May.\n"},
            "Are deploys automatic?",
            ("Deploys are automatic",),
            ("by hand",),
        ),
        Case(
            "put aside",
            "a comment in code is text",
            {
                P
                + "a.md": "# T\n\nWrite deploy notes so:\n\n```html\n<!-- deploy note -->\n```\n\nand `<!-- inline -->` too.\n"
            },
            "How are deploy notes written inline?",
            ("<!-- deploy note -->", "`<!-- inline -->`"),
        ),
        Case(
            "put aside",
            "a comment never closed is text",
            {P + "a.md": "# T\n\n<!-- the deploy rule\n\nDeploys are slow.\n"},
            "Are deploys slow?",
            ("Deploys are slow",),
            problem="line 3: a comment",
        ),
    ]
)

MARKDOWN = [
    Case(
        "Markdown",
        "a fence never closed",
        {
            P
            + "a.md": "# Run book\n\n## Rollback\n\n```\nrollback now\n\n## Canary\n\nCanary goes to 5 percent.\n\n"
            + "".join(
                f"## Step {n}\n\nDo the thing number {n} with care and patience.\n\n" for n in range(400)
            )
        },
        "What are canary releases?",
        ("Canary goes to 5 percent.",),
        problem="line 5: a code fence",
    ),
    Case(
        "Markdown",
        "a fence never closed before one that is",
        {
            P
            + "a.md": "# R\n\n## Rollback\n\n```\nrollback\n\n## Canary\n\nCanary goes to 5 percent.\n\n```sh\nmake\n```\n\n## End\n\nEnd.\n"
        },
        "What are canary releases?",
        ("Canary goes to 5 percent.",),
        problem="line 5",
    ),
    Case(
        "Markdown",
        "a very long line",
        {
            P + "a.md": "the nightly ledger export writes shard files and " * 700
            + "finally the reconciler compares totals.\n"
        },
        "Compare totals with the reconciler",
        ("finally the reconciler compares totals.",),
        budget=2000,
    ),
    Case(
        "Markdown",
        "log lines without an end",
        {
            P + "a.md": "# Log\n\n```\n"
            + "2024-05-01T10:00:00Z level=info shard=7 " * 900
            + "reconciler=failed totals=mismatch\n```\n"
        },
        "reconciler failed totals mismatch",
        ("reconciler=failed",),
        budget=2000,
    ),
    Case(
        "Markdown",
        "unwrapped Chinese",
        {P + "a.md": "# 规范\n\n" + CHINESE},
        "由谁核对账目总数？",
        ("最后由协调员核对账目总数。",),
        budget=2000,
    ),
    Case(
        "Markdown",
        "data in a text",
        {
            P
            + "a.md": "# Login\n\n## Screen\n\nThe login screen must show the tenant picker first. ![shot](data:image/png;base64,"
            + "iVBORw0KGgo" * 3600
            + ")\n\n## Errors\n\nErrors are red.\n"
        },
        "Change the tenant picker on the login screen",
        ("must show the tenant picker first",),
        ("iVBORw0KGgoiVBORw0KGgoiVBOR",),
        600,
    ),
    Case(
        "Markdown",
        "a long table",
        {P + "a.md": "# Services\n\nAll services:\n\n| name | port | owner |\n|---|---|---|\n" + ROWS + "\n"},
        "Which port and owner has svc150?",
        ("All services:\n\n| name | port | owner |\n|---|---|---|\n", "| svc150 | 8150 |", "[...]"),
        budget=1800,
    ),
    Case(
        "Markdown",
        "a long table without a lead-in",
        {P + "a.md": "# Services\n\n| name | port | owner |\n|---|---|---|\n" + ROWS + "\n"},
        "Which port and owner has svc150?",
        ("| name | port | owner |\n|---|---|---|\n| svc", "| svc150 | 8150 |"),
        budget=1800,
    ),
    Case(
        "Markdown",
        "a long list keeps its lead-in",
        {
            P + "a.md": "Ports by service:\n\n"
            + "\n".join(
                f"- svc{n} listens on {8000 + n}, owned by team {n % 7} of the platform" for n in range(160)
            )
        },
        "Which port does svc150 listen on?",
        ("Ports by service:", "svc150 listens on 8150"),
        budget=1500,
    ),
    Case(
        "Markdown",
        "a long nested list keeps its item",
        {
            P + "a.md": "- Production ports\n"
            + "\n".join(f"  - svc{n} listens on {8000 + n}, owned by team {n % 7}" for n in range(160))
        },
        "Which production port does svc150 listen on?",
        ("- Production ports\n", "svc150 listens on 8150"),
        budget=1200,
    ),
    Case(
        "Markdown",
        "long code is fenced in every part",
        {
            P + "a.md": "# Setup\n\n```sh\n"
            + "\n".join(f"install package-{n} --flag value-{n}" for n in range(300))
            + "\n```\n"
        },
        "install package-250",
        ("```sh\n", "install package-250 --flag"),
        budget=1200,
    ),
    Case(
        "Markdown",
        "rules that are no front matter",
        {
            P
            + "a.md": "---\n\n# Handoff notes\n\nRetry the billing export with the replay flag.\n\n---\n\n# Older\n\nNothing here.\n"
        },
        "Retry the billing export",
        ("with the replay flag",),
    ),
    Case(
        "Markdown",
        "a sentence with a colon between rules",
        {P + "a.md": "---\nNote: retry the billing export by hand.\n---\n\nMore.\n"},
        "Retry the billing export",
        ("by hand",),
    ),
    Case(
        "Markdown",
        "front matter never closed is named",
        {P + "a.md": "---\nname: exports\n\nRetry the billing export by hand.\n"},
        "Retry the billing export",
        ("by hand",),
        problem="line 1: front matter",
    ),
    Case(
        "Markdown",
        "details",
        {
            P
            + "a.md": "# Ops\n\n<details>\n<summary>Rolling back a release</summary>\n\nRun the undo job.\n\n</details>\n\nOther text.\n"
        },
        "rolling back a release",
        ("Rolling back a release", "Run the undo job."),
    ),
    Case(
        "Markdown",
        "underlined headings",
        {P + "a.md": "Rolling back\n============\n\nRun the undo job.\n\nCanary\n------\n\nFive percent.\n"},
        "rolling back",
        ("# Rolling back", "Run the undo job."),
    ),
    Case(
        "Markdown",
        "tilde fences",
        {P + "a.md": "# T\n\n~~~sh\n# not a heading\nundo --now\n~~~\n\nThe undo job is slow.\n"},
        "undo job",
        ("~~~sh\n# not a heading\nundo --now\n~~~",),
    ),
]

WORDS = [
    Case(
        "words",
        "description",
        {
            P
            + "n.md": "---\nname: never-squash-merge\ndescription: Squash merging breaks the changelog generator\n---\n\nAlways use the other mode.\n",
            **OTHER,
        },
        "Enable squash merging for the changelog generator",
        ("Always use the other mode.", "Squash merging breaks the changelog generator"),
    ),
    Case(
        "words",
        "folded description",
        {
            P
            + "n.md": "---\ndescription: >-\n  Squash merging breaks\n  the changelog generator\n---\n\nAlways use the other mode.\n",
            **OTHER,
        },
        "Enable squash merging for the changelog generator",
        ("Always use the other mode.", "Squash merging breaks the changelog generator"),
    ),
    Case(
        "words",
        "tags",
        {
            P
            + "n.md": "---\ntags: [billing]\naliases: [VAT rounding]\n---\n\nHalf cents go to the customer.\n",
            **OTHER,
        },
        "billing of invoices",
        ("Half cents",),
    ),
    Case(
        "words",
        "aliases",
        {
            P
            + "n.md": "---\ntags: [billing,\n  money]\naliases:\n  - VAT rounding\n---\n\nHalf cents go to the customer.\n",
            **OTHER,
        },
        "VAT rounding of invoices",
        ("Half cents",),
    ),
    Case(
        "words",
        "file name",
        {P + "stripe-webhook-retries.md": "Turn them off in staging.\n", **OTHER},
        "Stripe webhook retries",
        ("Turn them off",),
    ),
    Case(
        "words",
        "title",
        {P + "n.md": "---\ntitle: Warehouse sizing\n---\n\nStart small.\n", **OTHER},
        "warehouse sizing",
        ("Start small.", "Warehouse sizing"),
    ),
    Case(
        "words",
        "two ways to write an umlaut",
        {P + "n.md": nfd("Die Gebühr ist monatlich.\n"), **OTHER},
        "Prüfe die Gebühr",
        (nfd("Gebühr"),),
    ),
    Case(
        "words",
        "Korean in letters",
        {P + "n.md": nfd("배포는 화요일에 한다.\n"), **OTHER},
        "배포는 언제 하나",
        (nfd("배포"),),
    ),
    Case(
        "words",
        "byte order mark",
        {P + "n.md": b"\xef\xbb\xbf---\ntags: billing\n---\n\nHalf cents go to the customer.\n", **OTHER},
        "billing",
        ("Half cents",),
    ),
    Case(
        "words",
        "UTF-16",
        {P + "n.md": "Half cents go to the customer.\r\n".encode("utf-16"), **OTHER},
        "half cents of the customer",
        ("Half cents",),
    ),
    Case(
        "words",
        "UTF-16, the other way round",
        {P + "n.md": b"\xfe\xff" + "Half cents go to the customer.\n".encode("utf-16-be"), **OTHER},
        "half cents of the customer",
        ("Half cents",),
    ),
    Case(
        "words",
        "UTF-16 without its mark is named",
        {P + "n.md": "Half cents go to the customer.\n".encode("utf-16-le"), **OTHER},
        "half cents",
        problem="save it as UTF-8",
    ),
    Case(
        "words",
        "another encoding is named",
        {P + "n.md": "Die Gebühr fällt monatlich an.\n".encode("cp1252"), **OTHER},
        "monatlich",
        ("monatlich",),
        problem="save it as UTF-8",
    ),
    Case(
        "words",
        "confidence in words is used",
        {P + "n.md": "---\nname: a\nconfidence: maybe\n---\n\nHalf cents go to the customer.\n"},
        "half cents",
        ("Half",),
        problem="line 3: confidence",
    ),
] + [
    Case(
        "words",
        f"a form of a word: {prompt}",
        {P + "n.md": note + "\n", **OTHER},
        prompt,
        (note[:20],),
        ("It rains",),
        110,
    )
    for note, prompt in (
        ("Die Rückerstattungen müssen gebucht werden.", "Buche die Rückerstattung nach"),
        ("Alle Verträge werden jährlich geprüft.", "Prüfe den Vertrag"),
        ("Les remboursements sont traités chaque lundi.", "Traiter le remboursement"),
        ("Las devoluciones se procesan cada lunes.", "Procesa la devolución"),
        ("Le fatture vanno inviate entro trenta giorni.", "Invia la fattura"),
        ("I pagamenti sono verificati ogni mattina.", "Verifica il pagamento"),
        ("As configurações ficam no repositório central.", "Altere a configuração"),
        ("De betalingen worden elke nacht verwerkt.", "Verwerk de betaling"),
        ("Płatności są księgowane w nocy.", "Zaksięguj płatność"),
        ("Faktury wysyłamy przez portal.", "Wyślij fakturę"),
        ("Müşteri ödemeleri gece işlenir.", "Bir ödeme işle"),
        ("Siparişlerin durumu her saat güncellenir.", "Yeni sipariş durumu"),
        ("Betalningarna bokförs varje natt.", "Bokför en betalning"),
        ("Fakturorna skickas via portalen.", "Skicka en faktura"),
    )
]

TWINS = [
    Case(
        "twins",
        name,
        {P + "a.md": f"{one}\n", P + "b.md": f"{two}\n"},
        "strict mode for the compiler",
        (),
        (),
        3000,
    )
    for name, one, two in (
        (
            "bold",
            "Use **strict** mode for the compiler in all packages.",
            "Use strict mode for the compiler in all packages.",
        ),
        (
            "underscores",
            "Use _strict_ mode for the compiler in all packages.",
            "Use *strict* mode for the compiler in all packages.",
        ),
        (
            "bold italics",
            "Use ***strict*** mode for the compiler in all packages.",
            "Use __strict__ mode for the compiler in all packages.",
        ),
    )
]

SECRETS = [
    Case(
        "secrets",
        kind,
        {P + "a.md": f"# Deploy\n\nDeploy with {text} to staging.\n"},
        "How to deploy to staging?",
        ("to staging.", "[masked: "),
        (secret,),
        problem="line 3: looks like",
    )
    for kind, text, secret in (
        ("GitHub", "token ghp_" + "a1B2c3D4e5F6" * 3, "a1B2c3D4e5F6"),
        ("GitHub after a letter that grows", "İ token ghp_" + "a1B2c3D4e5F6" * 3, "a1B2c3D4e5F6"),
        ("password with env in it", "password: env9Kx72LmQ4zT8", "9Kx72LmQ4zT8"),
        ("address", "postgres://admin:s3cr3tPw9x@db.internal/x", "s3cr3tPw9x"),
        ("AWS", "key AKIA" + "QWERTYUIOP234567", "QWERTYUIOP234567"),
        ("Hugging Face", "hf_" + "AbCdEfGhIj" * 3 + "KlMn", "AbCdEfGhIj"),
        ("Anthropic", "sk-ant-api03-" + "Ab3dEf6hIj9" * 4, "Ab3dEf6hIj9"),
    )
] + [
    Case(
        "secrets",
        "a private key",
        {
            P
            + "a.md": "# Deploy key\n\n```\n-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7x\nq9Zk2LmQ4zT8\n-----END RSA PRIVATE KEY-----\n```\n\nThe deploy key rotates.\n"
        },
        "the deploy key",
        ("rotates",),
        ("MIIEowIBAAKCAQEA7x", "q9Zk2LmQ4zT8"),
        problem="line 4: looks like a private key",
    ),
    Case(
        "secrets",
        "no secret",
        {
            P
            + "a.md": "# Deploy\n\nThe token bucket allows max_tokens=4096; password: ${DB_PASSWORD}; commit 3f2a9c0d8e7b6a5f4c3d2e1f0a9b8c7d6e5f4a3b.\n"
        },
        "token bucket",
        ("max_tokens=4096", "${DB_PASSWORD}", "3f2a9c0d8e7b6a5f4c3d2e1f0a9b8c7d6e5f4a3b"),
        ("[masked",),
    ),
    Case(
        "secrets",
        "in a description",
        {
            P + "a.md": "---\ndescription: Deploy with ghp_"
            + "a1B2c3D4e5F6" * 3
            + "\n---\n\nDeploys are slow.\n"
        },
        "deploy",
        ("are slow",),
        ("a1B2c3D4e5F6",),
    ),
]

CASES = [*LAYOUTS, *AUTO_MEMORY, *PLACES, *ASIDE, *MARKDOWN, *WORDS, *TWINS, *SECRETS]
