"""Writing an answer out: its words as they are made, then the moments that it rests on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, Self

import click

from apps.cli.options import Setup, print_document, say
from apps.render import answer_document, answer_lines, plain, timing_line
from apps.stills import save_stills
from streamvid.answer import Answer, CoverageReport

NOTHING_SAID = "(the model said nothing)"


class Answering(Protocol):
    """An answer as it is made, here or by a server; leaving it stops it."""

    def __iter__(self) -> Iterator[str]:
        """Pieces of its text."""

    def result(self) -> Answer:
        """All of it, once it has ended."""

    def __enter__(self) -> Self:
        """Itself."""

    def __exit__(self, *exc: object) -> None:
        """Stop it, if it has not ended."""


def show_answer(stream: Answering, setup: Setup, stills: Path | None, *, here: bool = True) -> None:
    """Write ``stream`` to stdout; for a machine, one document once it has ended.

    What is not watched yet is watched by a command where it is ``here``, else by a server.
    """
    spoken = False
    for piece in () if setup.as_json else stream:
        click.echo(plain(piece), nl=False)
        spoken = spoken or bool(piece)
    answer = stream.result()
    if not setup.as_json:
        # A blind answer was never spoken piece by piece. The blank line sets the words apart from
        # what they rest on.
        unsaid = "" if answer.finish in ("cancelled", "deadline") else NOTHING_SAID
        click.echo("\n" if spoken else plain(answer.text or unsaid) + "\n")
    folder = stills_folder(setup, answer.recording_id, stills)
    moments = save_stills(folder, answer.evidence, recording_id=answer.recording_id)
    if setup.as_json:
        print_document(answer_document(answer, moments))
        return
    for line in answer_lines(answer, moments, now_s=time.time()):
        click.echo(line)
    if answer.finish != "blind":
        say(timing_line(answer))
    if here:
        say_what_is_missing(answer.coverage)


def say_what_is_missing(coverage: CoverageReport) -> None:
    """Where the range is not watched to its end: the command that does."""
    if coverage.preview_frames:
        say("this rests on previews; `streamvid ingest` on the file watches every second of it")
    elif coverage.pending_s:
        say(f"{coverage.pending_s} s are not watched yet; `streamvid ingest` on it watches them")


def stills_folder(setup: Setup, recording_id: str, chosen: Path | None) -> Path:
    """Where stills go: the folder chosen, else one of the recording's own under the home."""
    return chosen if chosen is not None else setup.settings.stills(recording_id)
