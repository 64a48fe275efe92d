"""The folder that holds all recordings, and how one of them is found."""

from __future__ import annotations

import builtins
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from memory.address import public_address
from memory.database import DATABASE_NAME, create_database, transaction, translated
from memory.errors import (
    AmbiguousSourceError,
    RangeError,
    RecordingBusyError,
    RecordingExistsError,
    RecordingNotFoundError,
    StorageDeniedError,
)
from memory.folder import free_bytes, watched_bytes
from memory.identity import file_identity
from memory.lock import IngestLock
from memory.recording import Recording
from memory.rows import ModelIdentity, RecordingSummary, Source
from memory.schema import create_tables
from memory.stored_path import clean_text, stored_path
from memory.summary import summarise

SHORTEST_PREFIX = 4
"""Characters of an id that are taken as its beginning; fewer hit by chance."""
_LONGEST_FOLDER_NAME_BYTES = 200
_DOOR_NAME = ".door"
_UNFINISHED = ".new-"
_LEAVING = ".gone-"


class Home:
    """All recordings under ``path``, one folder each; the folder is made when one is created."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def list(self) -> tuple[RecordingSummary, ...]:
        """Return all recordings, last changed first; a broken one says so in ``problem``."""
        summaries = [summarise(folder) for folder in self._folders()]
        return tuple(sorted(summaries, key=lambda s: (-s.changed_wall_s, s.id)))

    def find(self, source: str | os.PathLike[str]) -> RecordingSummary:
        """Return the recording that ``source`` names: a path, a name, an address, an id's start.

        An existing file is found by its identity, whatever it was called when it was ingested; a
        path whose file is gone, by what was stored. Of recordings of one path or name of which one
        replaces the others, the newest is meant. Raises RecordingNotFoundError,
        AmbiguousSourceError, SourceUnreadableError.
        """
        text = public_address(os.fspath(source))  # no password in any message
        summaries = self.list()
        is_file = _is_file(text)
        if is_file:
            identity = file_identity(text)
            same = [s for s in summaries if s.id == identity]
            if same:
                return same[0]
        found = _named(text, summaries)
        if not found and is_file:
            raise RecordingNotFoundError(f"{text!r} is there, but not remembered; ingest it first")
        if not found:
            first = "watch it" if "://" in text else "ingest a file"
            raise RecordingNotFoundError(f"no recording and no file called {text!r}; {first} first")
        if is_file and all(s.path == str(Path(text).absolute()) for s in found):
            raise RecordingNotFoundError(
                f"{text!r} has changed since it was remembered as {found[0].id[:12]}; "
                "ingest it anew, or name that id"
            )
        if len(found) > 1:
            # The first characters of live ids, which are addresses, may well be the same.
            ids = ", ".join(s.id[:12] if s.kind == "file" else s.id for s in found)
            raise AmbiguousSourceError(f"{text!r} may be {ids}; name one of these")
        return found[0]

    def open(self, source: str | os.PathLike[str]) -> Recording:
        """Open what ``find`` finds; raises what it raises, and what ``Recording`` raises."""
        return self.get(self.find(source).id)

    def get(self, id: str) -> Recording:
        """Open the recording of exactly this id. Raises RecordingNotFoundError and others."""
        return Recording(self._folder(id))

    def watched_bytes(self, id: str) -> int:
        """Return what a live recording's folder takes while it is watched, without growing.

        Of one that is not there yet too.
        """
        folder = self._folder(id)
        with translated(folder):
            return watched_bytes(folder)

    def free_bytes(self) -> int:
        """Return what is free on the disk of the recordings. Raises StorageError's leaves."""
        return free_bytes(self.path)

    def create(self, source: Source, model: ModelIdentity, *, created_wall_s: float) -> Recording:
        """Make an empty recording of ``source``, to be filled by ``model``.

        It names the recording of the same path that it replaces. Raises RecordingExistsError,
        DiskFullError, StorageDeniedError.
        """
        replaces = self.predecessor_of(source)
        folder = self._folder(source.id)
        with self._door():
            if folder.exists():
                raise RecordingExistsError(
                    f"{source.name!r} is remembered already as {source.id[:12]}; open that"
                )
            unfinished = self.path / f"{_UNFINISHED}{folder.name}"
            # behind the door nobody else creates, so this is what a crash left
            shutil.rmtree(unfinished, ignore_errors=True)
            with translated(unfinished):
                unfinished.mkdir(mode=0o700)
            _fill(unfinished / DATABASE_NAME, source, model, replaces, created_wall_s)
            with translated(folder):
                unfinished.rename(folder)
                _sync_folder(self.path)
        return Recording(folder)

    def ensure(self, source: Source, model: ModelIdentity, *, created_wall_s: float) -> Recording:
        """Open the recording of ``source``, made if need be.

        Raises ModelMismatchError, and what ``create`` and ``get`` raise.
        """
        try:
            recording = self.create(source, model, created_wall_s=created_wall_s)
        except RecordingExistsError:
            recording = self.get(source.id)
        recording.require_model(model)
        return recording

    def predecessor_of(self, source: Source) -> str | None:
        """Return the id of the newest recording of the file at that path before it changed."""
        same = [
            s for s in self.list() if source.path and s.path == source.path and s.id != source.id
        ]
        return max(same, key=lambda s: (s.created_wall_s, s.id)).id if same else None

    def remove(self, id: str) -> None:
        """Forget the recording of exactly this id, for good.

        Raises RecordingNotFoundError, RecordingBusyError while it is being ingested,
        StorageDeniedError.
        """
        folder = self._folder(id)
        if not _is_folder(folder):
            raise RecordingNotFoundError(f"no recording {id[:12]!r}; see the list of recordings")
        leaving = self.path / f"{_LEAVING}{folder.name}"
        with self._door():
            # behind the door nobody else removes, so this is what a crash left
            shutil.rmtree(leaving, ignore_errors=True)
            lock = _lock_to_remove(folder)
            try:
                with translated(folder):
                    folder.rename(leaving)  # at once, so that no half of it is ever listed
            finally:
                lock.close()
            with translated(leaving):
                shutil.rmtree(leaving)

    def _folder(self, id: str) -> Path:
        name = quote(id, safe="")
        if not name or name.startswith(".") or len(name) > _LONGEST_FOLDER_NAME_BYTES:
            raise RangeError(
                f"{id[:40]!r} cannot name a recording; use 1 to 200 characters, no dot first"
            )
        return self.path / name

    def _folders(self) -> builtins.list[Path]:
        try:
            with os.scandir(self.path) as entries:
                names = [e.name for e in entries if e.is_dir() and not e.name.startswith(".")]
        except FileNotFoundError:
            return []
        except OSError:
            with translated(self.path):
                raise
        return [self.path / name for name in names]

    @contextmanager
    def _door(self) -> Iterator[None]:
        """Let one process at a time create; the lock dies with it."""
        with translated(self.path):
            _make(self.path)
            door = os.open(self.path / _DOOR_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(door, fcntl.LOCK_EX)
            yield
        finally:
            os.close(door)


def _is_file(text: str) -> bool:
    """Whether ``text`` is the path of a file; no text is too odd to ask for."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False  # too long, forbidden


def _lock_to_remove(folder: Path) -> IngestLock:
    try:
        return IngestLock(folder)
    except RecordingBusyError as error:
        line = summarise(folder)
        name = line.name or line.id[:12]
        raise RecordingBusyError(
            f"{name!r} is being written by process {error.pid}; stop that first",
            pid=error.pid,
        ) from error


def _make(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileNotFoundError as error:  # where no folder can be, /proc say
        raise StorageDeniedError(
            f"folder {str(path)!r} cannot be made; choose another home"
        ) from error


def _is_folder(path: Path) -> bool:
    with translated(path):
        return path.is_dir()


def _named(text: str, summaries: tuple[RecordingSummary, ...]) -> builtins.list[RecordingSummary]:
    """Return those that ``text`` names by id, else by name or path, else by the start of an id."""
    absolute = str(Path(text).absolute())
    by_id = [s for s in summaries if s.id == text]
    by_name = [
        s for s in summaries if clean_text(text) in (s.name, s.address) or s.path == absolute
    ]
    by_prefix = [s for s in summaries if len(text) >= SHORTEST_PREFIX and s.id.startswith(text)]
    found = by_id or by_name or by_prefix
    older = {s.replaces for s in found}
    return [s for s in found if s.id not in older] or found


def _fill(
    path: Path, source: Source, model: ModelIdentity, replaces: str | None, created_wall_s: float
) -> None:
    connection = create_database(path, shrinks=source.kind == "live")
    sizes = model.geometry
    try:
        with translated(path):
            create_tables(connection)
        with transaction(connection, path):
            connection.execute(
                "INSERT INTO recording VALUES (1, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
                (
                    source.id,
                    source.kind,
                    source.name,
                    source.path and stored_path(source.path),
                    source.size_bytes,
                    replaces,
                    created_wall_s,
                    source.address,
                ),
            )
            connection.execute(
                "INSERT INTO model VALUES (1, ?, ?, ?, ?, ?, ?)",
                (
                    model.fingerprint,
                    sizes.width,
                    sizes.tokens_per_frame,
                    sizes.embedding_width,
                    sizes.prefix_tokens,
                    sizes.keeps_fused_prefix,
                ),
            )
    finally:
        connection.close()


def _sync_folder(path: Path) -> None:
    """Have the new entry itself survive a power cut, as what is committed into it will."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
