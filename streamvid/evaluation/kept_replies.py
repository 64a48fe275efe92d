"""Replies of an evaluation that was stopped: the next one with the same model goes on from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import numpy as np
import numpy.typing as npt

from streamvid.evaluation.film import FilmPlan
from streamvid.evaluation.run import Watcher
from streamvid.evaluation.videos import VideoReply

FILE = "replies.jsonl"


class KeptReplies:
    """A file in ``folder`` with a line for each reply, on the disk as soon as it is there.

    ``made_by`` stands for everything that replies depend on; a file of another ``made_by`` is
    started anew. A context manager: left without an error, the file has served and is deleted.
    """

    def __init__(self, folder: Path, made_by: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / FILE
        self._replies = _read(self._file, made_by)
        self.found = len(self._replies)
        if self._replies:
            self._lines: TextIO = self._file.open("a", encoding="utf-8")
            self._lines.write("\n")  # ends a line that a killed run may have left unfinished
        else:
            self._lines = self._file.open("w", encoding="utf-8")
            self._write(made_by)

    def reply(self, key: Sequence[str], ask: Callable[[], VideoReply]) -> VideoReply:
        """The reply under ``key``; ``ask`` is called where there is none yet."""
        name = json.dumps(list(key))
        if name not in self._replies:
            reply = self._replies[name] = ask()
            self._write([name, reply.text, list(reply.moments_s)])
        return self._replies[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()
        if kind is None:
            self._file.unlink()

    def _write(self, line: object) -> None:
        self._lines.write(json.dumps(line) + "\n")
        self._lines.flush()


def _read(file: Path, made_by: str) -> dict[str, VideoReply]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    if not lines or lines[0] != json.dumps(made_by):
        return {}
    replies = {}
    for line in lines[1:]:
        try:
            name, text, moments_s = json.loads(line)
        except ValueError:
            continue  # empty, or cut off when its run was killed
        replies[name] = VideoReply(text, tuple(moments_s))
    return replies


def stamp(facts: Iterable[str], folders: Iterable[Path]) -> str:
    """What stands for ``facts`` and for all files below ``folders``, by name, size and time."""
    digest = hashlib.sha256()
    for fact in facts:
        digest.update(fact.encode() + b"\0")
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(_file_stamp(file).encode() + b"\0")
    return digest.hexdigest()


def _file_stamp(file: Path) -> str:
    try:
        found = file.stat()
    except OSError:
        return str(file)  # whoever opens it says what is wrong
    return f"{file} {found.st_size} {found.st_mtime_ns}"


class KeepingWatcher:
    """``watcher``, asked only for what ``kept`` has no reply to; searches are made anew."""

    def __init__(self, watcher: Watcher, kept: KeptReplies) -> None:
        self._watcher, self._kept = watcher, kept
        self._film = ""

    def answer_picture(self, picture: Path, question: str) -> str:
        """As ``Watcher``."""
        return self._kept.reply(
            ("picture", _file_stamp(picture), question),
            lambda: VideoReply(self._watcher.answer_picture(picture, question)),
        ).text

    def embed_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """As ``Watcher``."""
        return self._watcher.embed_texts(texts)

    def embed_pictures(self, pictures: Sequence[Path]) -> npt.NDArray[np.float32]:
        """As ``Watcher``."""
        return self._watcher.embed_pictures(pictures)

    def ask_clip(self, clip: Path, question: str) -> VideoReply:
        """As ``Watcher``."""
        return self._kept.reply(
            ("clip", _file_stamp(clip), question), lambda: self._watcher.ask_clip(clip, question)
        )

    def clip_moments_s(self, clip: Path) -> Sequence[float]:
        """As ``Watcher``."""
        return self._watcher.clip_moments_s(clip)

    def watch_film(self, plan: FilmPlan) -> None:
        """As ``Watcher``."""
        shown = [str(segment) for segment in plan.segments]
        self._film = stamp(shown, [])
        self._watcher.watch_film(plan)

    def ask_film(self, start_s: float, end_s: float, question: str) -> VideoReply:
        """As ``Watcher``."""
        return self._kept.reply(
            ("film", self._film, f"{start_s!r} {end_s!r}", question),
            lambda: self._watcher.ask_film(start_s, end_s, question),
        )

    def search_film(self, phrase: str) -> Sequence[float]:
        """As ``Watcher``."""
        return self._watcher.search_film(phrase)
