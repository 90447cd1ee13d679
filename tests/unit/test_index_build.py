"""The index is what the files are, and nothing unchanged is read again."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from memory_budget.base import layout
from memory_budget.base.project import Project
from memory_budget.index import build, pages, parse, posting_lists, postings, rebuild, schema
from memory_budget.index import update as index_update
from memory_budget.index.sources import Sources
from memory_budget.index.update import update_index
from memory_budget.start import allocate
from memory_budget.start.project_state import open_state
from memory_budget.text import tokens
from tests.support.blocks import count
from tests.support.projects import make_project, team_files

PAGES = f"SELECT {pages.COLUMNS} FROM pages"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(str(make_project(tmp_path / "project", team_files())), str(tmp_path / "home"))


def rows(project: Project, query: str) -> list[Any]:
    db = sqlite3.connect(project.index)
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()


def chunk_costs(project: Project) -> list[tuple[str, int]]:
    """The text of every chunk and what it is said to cost."""
    db = sqlite3.connect(project.index)
    try:
        found = list(pages.all_chunks(db))
        texts = pages.chunk_texts(db, found)
    finally:
        db.close()
    return [(texts[chunk.id].decode(), chunk.tokens) for chunk in found]


def update(project: Project, **more: Any) -> build.BuildReport:
    report = update_index(project, wait=10, **more)
    assert report is not None
    return report


def test_an_unchanged_file_is_not_opened(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first = update(project)
    assert first.parsed == first.files == 45

    def refuse(found: object) -> object:
        raise AssertionError("opened")

    monkeypatch.setattr(build, "load_note", refuse)
    again = update(project)
    assert (again.parsed, again.removed, again.rebuilt) == (0, 0, False)


def test_a_file_that_was_only_touched_is_not_parsed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(project)
    path = Path(project.memory, "patterns/onboarding.md")
    os.utime(path, (1, 1))

    def refuse(*_: object) -> object:
        raise AssertionError("parsed")

    monkeypatch.setattr(parse.Parser, "parse", refuse)
    assert update(project).parsed == 0
    monkeypatch.undo()
    assert update(project).parsed == 0


def test_stored_counts_are_those_of_the_tokenizer(project: Project) -> None:
    update(project)
    for text, stored in chunk_costs(project):
        assert count(text + "\n\n") == stored
    for row in rows(project, "SELECT heading, outline, headings, heading_sum FROM pages WHERE heading"):
        for heading in pages.page_headings(*row):
            assert count(heading.text + "\n\n") == heading.tokens


def test_a_gone_file_leaves_nothing(project: Project) -> None:
    update(project)
    for path in Path(project.memory).rglob("*.md"):
        path.unlink()
    assert update(project).removed == 45
    for table in ("files", "pages", "postings", "groups"):
        assert rows(project, f"SELECT count(*) FROM {table}") == [(0,)], table


def test_posting_lists_name_existing_chunks_once(project: Project) -> None:
    update(project)
    for number in range(3):
        for path in sorted(Path(project.memory).rglob("*.md"))[number::4]:
            path.write_text(path.read_text().replace("before", f"before{number}"))
        update(project)
    known = {chunk.id for row in rows(project, PAGES) for chunk in pages.page_chunks(*row)}
    files = {row[0] for row in rows(project, "SELECT id FROM files")}
    for chunks, of_files in rows(project, "SELECT chunks, files FROM postings"):
        ids = [posting >> 32 for posting in postings.unpack_postings(chunks)]
        assert len(ids) == len(set(ids))
        assert known.issuperset(ids)
        ids = [posting >> 32 for posting in postings.unpack_postings(of_files)]
        assert len(ids) == len(set(ids))
        assert files.issuperset(ids)


def test_ids_of_two_files_are_no_neighbours(project: Project) -> None:
    update(project)
    spans = sorted(rows(project, "SELECT first, last FROM files"))
    assert all(after[0] - before[1] > 2 for before, after in itertools.pairwise(spans))


def test_a_large_build_in_little_memory_gives_the_same(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(project)
    query = "SELECT g.scope, g.owner, p.term, p.chunks, p.files FROM postings p JOIN groups g ON g.id = p.grp ORDER BY 1, 2, 3"
    expected = rows(project, query)
    monkeypatch.setattr(posting_lists, "HELD", 500)
    update(project, rebuild=True)
    assert rows(project, query) == expected


def test_without_the_tokenizer_counts_are_bounds_until_it_is_there(project: Project) -> None:
    build.update_from_files(project, Sources(), tokens.UpperBound())
    for text, stored in chunk_costs(project)[:50]:
        assert count(text + "\n\n") <= stored
    assert build.update_from_files(project, Sources(), tokens.Counter()).parsed == 45
    assert build.update_from_files(project, Sources(), tokens.UpperBound()).parsed == 0


def test_what_agents_used_survives_a_rebuild(project: Project) -> None:
    update(project)
    db = sqlite3.connect(project.index)
    with db:
        db.execute("INSERT INTO file_uses VALUES('.claude/memory/patterns/onboarding.md', 3, 9, 'x')")
    db.close()
    update(project, rebuild=True)
    assert rows(project, "SELECT uses FROM file_uses") == [(3,)]


def test_a_failed_update_leaves_the_index_as_it_was(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(project)
    before = rows(project, "SELECT path, hash FROM files ORDER BY path")
    Path(project.memory, "patterns/onboarding.md").write_text("changed\n")

    def fail(self: object) -> None:
        raise RuntimeError("stop")

    with monkeypatch.context() as patch:
        patch.setattr(build._Update, "_write_folders", fail)
        with pytest.raises(RuntimeError):
            update(project)
    assert rows(project, "SELECT path, hash FROM files ORDER BY path") == before
    assert update(project).parsed == 1


@pytest.mark.parametrize(
    "unit", ["word ", "line of words\n", "para\n\n", "```\ncode\n", "- item\n", "# h\n", "x" * 999 + "\n\n"]
)
def test_a_large_file_is_indexed_whole(unit: str, tmp_path: Path) -> None:
    text = "# Head\n\n" + unit * (60_000 // len(unit)) + "\n\nthe very last words\n"
    project = Project(str(make_project(tmp_path, {".claude/memory/patterns/huge.md": text})), "")
    build.update_from_files(project, Sources(), tokens.UpperBound())
    stored = [text for text, _ in chunk_costs(project)]
    assert "the very last words" in stored[-1]
    if unit != "# h\n":
        assert sum(len(own.split()) for own in stored) >= len(text.split()) - 10


@pytest.mark.parametrize("place", ["filled", "side-wal", "side-journal", "replaced"])
def test_uses_survive_a_rebuild_that_is_killed(
    project: Project, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    update(project)
    db = sqlite3.connect(project.index)
    with db:
        db.execute("INSERT INTO file_uses VALUES('.claude/memory/patterns/onboarding.md', 3, 9, 'x')")
    db.close()

    class Killed(BaseException):
        pass

    def die(here: str) -> None:
        if here == place:
            raise Killed

    real = rebuild.rebuild
    with monkeypatch.context() as patch:
        patch.setattr(build, "make_anew", lambda project, fill: real(project, fill, die))
        patch.setattr(rebuild, "_remove", lambda path: None)  # a killed process removes nothing
        with pytest.raises(Killed):
            update(project, rebuild=True)
    update(project, rebuild=True)
    assert rows(project, "SELECT uses FROM file_uses") == [(3,)]
    assert not [name for name in os.listdir(project.cache) if ".new" in name]


@pytest.mark.parametrize("whole", [False, True])
def test_a_rebuild_that_fails_keeps_what_killed_builders_left(
    whole: bool, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(project)
    left = [f"{project.index}.{process}.new" for process in (os.getpid(), 4711)]
    for number, path in enumerate(left):
        shutil.copyfile(project.index, path)
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("INSERT INTO file_uses VALUES(?, 7, 9, '[]')", (f"{number}.md",))
    if not whole:
        os.unlink(project.index)

    def fill(_: sqlite3.Connection) -> None:
        raise OSError(28, "No space left on device")

    real = rebuild.rebuild
    with monkeypatch.context() as patch:
        patch.setattr(build, "make_anew", lambda project, _: real(project, fill))
        with pytest.raises(OSError, match="No space"):
            update(project, rebuild=True)
    update(project, rebuild=True)
    assert rows(project, "SELECT path, uses FROM file_uses ORDER BY path") == [("0.md", 7), ("1.md", 7)]
    assert not [name for name in os.listdir(project.cache) if ".new" in name]


@pytest.mark.parametrize("room", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_killed_builders_hold_no_disk_even_where_no_rebuild_succeeds(
    known: bool, room: bool, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`known`: the old index has the counts, too; `room`: the disk has a little left. Of several that hold the same one is enough."""
    update(project)
    paths = [f"{project.index}.{process}-0.new" for process in (4711, 4712, 4713)]
    for path in paths:
        shutil.copyfile(project.index, path)
        with open(path + "-journal", "wb") as side:
            side.write(bytes(100_000))
    for path in [*paths, project.index] if known else paths:
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("INSERT INTO file_uses VALUES('a.md', 7, 9, '[]')")
            db.execute("CREATE TABLE large AS SELECT zeroblob(3000000)")

    def fill(_: sqlite3.Connection) -> None:
        raise OSError(28, "No space left on device")

    real = rebuild.rebuild
    with monkeypatch.context() as patch:
        patch.setattr(build, "make_anew", lambda project, _: real(project, fill))
        if not room:
            patch.setattr(rebuild, "_restore_tables", full_disk)
        with pytest.raises((OSError, sqlite3.OperationalError), match=r"No space|disk is full"):
            update(project, rebuild=True)
    left = [Path(project.cache, name) for name in os.listdir(project.cache) if ".new" in name]
    assert len([path for path in left if path.suffix == ".new"]) == (0 if known else 1), left
    assert sum(path.stat().st_size for path in left) < (300_000 if room else 4_000_000)
    update(project, rebuild=True)
    assert rows(project, "SELECT path, uses FROM file_uses") == [("a.md", 7)]
    assert not [name for name in os.listdir(project.cache) if ".new" in name]


def full_disk(*_: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_of_two_rows_the_one_that_counts_more_is_kept_and_a_damaged_one_never_asked() -> None:
    first: dict[str, list[tuple[object, ...]]] = {"uses": [(1, 2), (2, "many"), (3,)]}
    second: dict[str, list[tuple[object, ...]]] = {"uses": [(1, 5), (2, 9), (3,), (4, None)]}
    assert rebuild._larger(first, second) == {"uses": [(1, 5), (2, "many"), (3,), (4, None)]}


def test_a_page_without_its_text_is_damage(project: Project) -> None:
    update(project)
    with closing(sqlite3.connect(project.index)) as db, db:
        found = list(pages.all_chunks(db))
        db.execute("DELETE FROM texts WHERE first=?", (found[0].page,))
        with pytest.raises(schema.IndexDamaged, match="no text of page"):
            pages.chunk_texts(db, found)


def test_an_index_of_another_version_is_refused_by_readers(project: Project) -> None:
    update(project)
    db = sqlite3.connect(project.index)
    db.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    db.close()
    with pytest.raises(schema.IndexUnusable, match="another version"):
        schema.open_reader(project.index)
    assert update(project).rebuilt


def test_a_project_path_with_signs_in_it_opens(tmp_path: Path) -> None:
    root = make_project(tmp_path / "a ? b # c % d", {".claude/memory/patterns/a.md": "words of note\n"})
    project = Project(str(root), "")
    update(project)
    allocation = allocate.allocate(project, allocate.Task("x", "words of note"))
    assert isinstance(allocation, allocate.Allocation)
    assert not allocation.estimated


def test_a_reader_sees_one_state_while_the_index_changes(project: Project) -> None:
    """A background update between choosing and printing must not take the chosen chunks away."""
    update(project)
    known = open_state(project)
    assert known.reader is not None
    before = known.reader.db.execute("SELECT count(*) FROM pages").fetchone()
    for path in Path(project.memory).rglob("*.md"):
        path.unlink()
    update(project)
    assert known.reader.db.execute("SELECT count(*) FROM pages").fetchone() == before
    known.close()


@pytest.mark.parametrize(
    "count", [0, 1, 2, postings.UNSORTED, postings.UNSORTED + 1, postings.HEAD, postings.HEAD + 1, 5_000]
)
def test_the_head_of_a_posting_list_holds_the_best_and_the_rest_nothing_better(count: int) -> None:
    chance = random.Random(count)
    given = [postings.entry(n, chance.randrange(1, 6), chance.randrange(1, 400)) for n in range(1, count + 1)]
    chance.shuffle(given)
    head, rest = [postings.unpack_postings(blob) for blob in postings.pack_postings(list(given), ranked=True)]
    assert sorted(head + rest) == sorted(given)
    assert len(head) == min(count, postings.HEAD)
    if rest:
        assert head == sorted(sorted(given), key=postings.impact, reverse=True)[: postings.HEAD]
        assert rest == sorted(rest)
    elif count > postings.UNSORTED:
        assert head == sorted(sorted(given), key=postings.impact, reverse=True)
    else:
        assert head == sorted(given)


def test_a_damaged_table_of_uses_does_not_keep_the_index_from_being_made_anew(project: Project) -> None:
    update(project)
    db = sqlite3.connect(project.index)
    with db:
        db.execute("INSERT INTO file_uses VALUES('a.md', 3, 9, '[]')")
        db.execute("INSERT INTO file_uses VALUES('b.md', 'many', 9, '[]')")
        db.execute("INSERT INTO file_uses VALUES('c.md', 4, 9, CAST(x'9f28' AS TEXT))")
        db.execute("PRAGMA user_version=1")
    db.close()
    update(project)
    assert rows(project, "SELECT path, uses FROM file_uses") == [("a.md", 3)]


def test_what_a_killed_builder_had_carried_over_is_taken_back(project: Project) -> None:
    """Somebody read the old index while its log was removed, so it does not hold what the new one does."""
    update(project)
    left = f"{project.index}.4711.new"
    shutil.copyfile(project.index, left)
    for path, uses in ((project.index, 3), (left, 5)):
        db = sqlite3.connect(path)
        with db:
            db.execute("INSERT INTO file_uses VALUES('a.md', ?, 9, '[]')", (uses,))
            db.execute("INSERT INTO file_uses VALUES(?, 1, 9, '[]')", (f"{uses}.md",))
        db.close()
    update_index(project)
    found = rows(project, "SELECT path, uses FROM file_uses ORDER BY path")
    assert found == [("3.md", 1), ("5.md", 1), ("a.md", 5)]
    assert not os.path.exists(left)


def test_a_start_that_is_overtaken_by_a_new_index_reads_that_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has opened the old file, and the new one's log lies beside it when it begins to read."""
    update(project)
    real = schema._open_snapshot
    opened: list[str] = []

    def overtaken(path: str) -> sqlite3.Connection:
        connection = real(path)
        opened.append(path)
        if len(opened) == 1:
            Path(project.memory, "patterns/new.md").write_text("# New\n\nText.\n")
            assert update_index(project, rebuild=True) is not None
        return connection

    monkeypatch.setattr(schema, "_open_snapshot", overtaken)
    with closing(schema.open_reader(project.index)) as index:
        assert index.execute("SELECT count(*) FROM files").fetchone() == (46,)
    assert len(opened) == 2


@pytest.mark.parametrize("moment", ["at work", "done"])
def test_what_changes_while_the_index_is_made_is_looked_at_again(
    project: Project, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that comes while another one is at it leaves that to the other, also in the moment before that one lets go."""
    update(project)

    def change() -> None:
        Path(project.memory, "patterns/new.md").write_text("# New\n\nText.\n")
        assert update_index(project) is None

    changes = iter([change])
    store, take_lock = index_update._store_start_values, index_update._lock

    def changed_at_work(*arguments: Any) -> None:
        store(*arguments)
        next(changes, lambda: None)()

    def changed_when_done(project: Project, wait: float) -> Any:
        lock = take_lock(project, wait)

        def release() -> None:
            next(changes, lambda: None)()
            lock.release()

        return lock and SimpleNamespace(release=release)

    if moment == "at work":
        monkeypatch.setattr(index_update, "_store_start_values", changed_at_work)
    else:
        monkeypatch.setattr(index_update, "_lock", changed_when_done)
    update(project)
    assert rows(project, "SELECT count(*) FROM files") == [(46,)]
    assert not Path(project.at(layout.INDEX_AGAIN)).exists()
