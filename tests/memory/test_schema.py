from __future__ import annotations

import sqlite3

import pytest

from memory import CorruptRecordingError, ModelIdentity, Recording, SchemaTooNewError
from memory.schema import APPLICATION_ID, SCHEMA_VERSION, check_version, create_tables, migrate


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
    with pytest.raises(SchemaTooNewError, match=r"has schema 2, .* reads up to 1; update it$"):
        Recording(recording.folder)


def test_another_programs_database_is_refused(recording: Recording) -> None:
    connection = sqlite3.connect(recording.path)
    connection.execute("PRAGMA application_id = 7")
    connection.close()
    with pytest.raises(CorruptRecordingError, match="is not a recording of streamvid"):
        Recording(recording.folder)


def test_migrations_run_in_order_each_with_its_version(database: sqlite3.Connection) -> None:
    steps = {
        1: lambda c: c.execute("CREATE TABLE added (x INTEGER)"),
        2: lambda c: c.execute("INSERT INTO added VALUES (3)"),
    }
    migrate(database, "x", migrations=steps, target=3)  # type: ignore[arg-type]  # lambdas return
    assert database.execute("SELECT x FROM added").fetchall() == [(3,)]
    assert database.execute("PRAGMA user_version").fetchone() == (3,)


def test_a_failed_migration_leaves_the_version_before_it(database: sqlite3.Connection) -> None:
    def break_off(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        connection.execute("nonsense")

    with pytest.raises(sqlite3.OperationalError):
        migrate(database, "x", migrations={1: break_off}, target=2)
    assert check_version(database, "x") == 1
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
