from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from memory import (
    Anchor,
    CorruptRecordingError,
    GapRow,
    Home,
    LiveState,
    ModelIdentity,
    Recording,
    SchemaTooNewError,
    Source,
    TickSpan,
)
from memory.schema import APPLICATION_ID, SCHEMA_VERSION, check_version, create_tables, migrate
from tests.memory.frames import batch_of

VERSION_1 = Path(__file__).with_name("schema_1.sql")


@pytest.fixture
def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_tables(connection)
    return connection


def test_a_new_database_bears_our_mark(database: sqlite3.Connection) -> None:
    assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert check_version(database, "x") == SCHEMA_VERSION


def test_a_later_schema_is_refused_in_one_line(recording: Recording) -> None:
    connection = sqlite3.connect(recording.path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(SchemaTooNewError, match=r"has schema 3, .* reads up to 2; update it$"):
        Recording(recording.folder)


def test_another_programs_database_is_refused(recording: Recording) -> None:
    connection = sqlite3.connect(recording.path)
    connection.execute("PRAGMA application_id = 7")
    connection.close()
    with pytest.raises(CorruptRecordingError, match="is not a recording of streamvid"):
        Recording(recording.folder)


def test_migrations_run_in_order_each_with_its_version(database: sqlite3.Connection) -> None:
    steps = {
        SCHEMA_VERSION: lambda c: c.execute("CREATE TABLE added (x INTEGER)"),
        SCHEMA_VERSION + 1: lambda c: c.execute("INSERT INTO added VALUES (3)"),
    }
    target = SCHEMA_VERSION + 2
    migrate(database, "x", migrations=steps, target=target)  # type: ignore[arg-type]  # lambdas
    assert database.execute("SELECT x FROM added").fetchall() == [(3,)]
    assert database.execute("PRAGMA user_version").fetchone() == (target,)


def test_a_failed_migration_leaves_the_version_before_it(database: sqlite3.Connection) -> None:
    def break_off(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        connection.execute("nonsense")

    steps = {SCHEMA_VERSION: break_off}
    with pytest.raises(sqlite3.OperationalError):
        migrate(database, "x", migrations=steps, target=SCHEMA_VERSION + 1)
    assert check_version(database, "x") == SCHEMA_VERSION
    tables = database.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall()
    assert tables == []


def test_opening_to_write_changes_nothing_at_this_version(
    recording: Recording, model: ModelIdentity
) -> None:
    with recording.snapshot() as now:
        before = now.digest()
    recording.writer(model).close()
    with recording.snapshot() as now:
        assert now.digest() == before


@pytest.fixture
def version_1(home: Home, model: ModelIdentity) -> Recording:
    """A live recording of version 1: today's content in the tables of then."""
    recording = home.create(Source("gate", "live", "gate"), model, created_wall_s=1_000.0)
    with recording.writer(model) as writer:
        writer.commit(batch_of(0, 70))
        writer.commit(batch_of(70, 80, gaps=(GapRow(80.0 - 3, 80.0, "lost"),)))
    query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    with recording.snapshot() as now:
        digest = now.digest()
    recording.path.rename(recording.path.with_name("new.db"))
    connection = sqlite3.connect(recording.path, isolation_level=None)
    connection.executescript(VERSION_1.read_text())
    connection.execute("ATTACH ? AS new", (str(recording.path.with_name("new.db")),))
    for (table,) in connection.execute(query).fetchall():
        columns = ", ".join(
            row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")
        )
        connection.execute(f"INSERT INTO main.{table} SELECT {columns} FROM new.{table}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    recording.path.with_name("new.db").unlink()
    older = Recording(recording.folder)
    with older.snapshot() as now:
        assert now.digest() == digest
    return older


def test_a_version_1_is_read_as_it_is(version_1: Recording, home: Home) -> None:
    assert version_1.info.schema_version == 1
    assert home.list()[0].runs == 0
    with version_1.snapshot() as now:
        assert (now.live(), now.anchors(), now.timeline()) == (LiveState(), (), None)
        assert now.frame_count() == 80
        assert now.gaps() == [GapRow(77.0, 80.0, "lost")]
    assert Recording(version_1.folder).info.schema_version == 1


def test_a_version_1_is_brought_up_and_gone_on_with(
    version_1: Recording, model: ModelIdentity, home: Home
) -> None:
    with version_1.snapshot() as now:
        before = now.digest()
    version_1.writer(model).close()
    with version_1.snapshot() as now:
        assert now.info.schema_version == 2
        assert now.digest() == before
    with version_1.writer(model) as writer:
        start = writer.begin_run(2_000.0, address="rtsp://me:pw@cam/one")
        assert start is not None
        writer.commit(batch_of(1_000, 1_010))
    with version_1.snapshot() as now:
        assert now.settled() == [TickSpan(0, 1_010)]
        assert now.anchors() == (Anchor(0.0, 1_000.0, run=True), Anchor(1_000.0, 2_000.0, run=True))
        assert now.gaps()[-1] == GapRow(80.0, 1_000.0, "off")
        assert now.counters().balanced
    assert home.find("rtsp://cam/one?x").id == "gate"


def test_a_version_1_that_was_brought_up_has_the_tables_of_a_new_one(
    version_1: Recording, model: ModelIdentity, database: sqlite3.Connection
) -> None:
    version_1.writer(model).close()
    old = sqlite3.connect(version_1.path)
    query = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name"
    names = old.execute(query).fetchall()
    assert names == database.execute(query).fetchall()
    for (name,) in names:
        columns = f"PRAGMA table_xinfo({name})"
        assert old.execute(columns).fetchall() == database.execute(columns).fetchall()
    old.close()
