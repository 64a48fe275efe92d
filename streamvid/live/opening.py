"""Where a watch begins: behind what was remembered of the same source before, if anything was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import memory
from capture import Address
from memory import Counters, Home, Recording, Source, TickSpan, Writer, describe_live
from streamvid.engine import Engine
from streamvid.errors import RecordingBusyError
from streamvid.ingest.ingest import identity_for
from streamvid.ingest.inspection import MODEL_NOTE


@dataclass(frozen=True, slots=True)
class Start:
    """Where a run begins: at ``first_tick``, when the wall clock said ``wall_s``.

    ``counters`` are the recording's, ``off`` those of the time since in which nobody watched, which
    is put on the disk when the run begins there. ``recording`` is ``None`` where the source was
    never watched: tick 0 is its first frame then.
    """

    first_tick: int
    wall_s: float
    counters: Counters
    off: Counters
    recording: Recording | None


def source_of(home: Home, address: Address, name: str | None, *, or_address: bool) -> Source:
    """The recording that a watch of ``address`` fills: the one of ``name``, else of the address.

    With ``or_address`` also the address's own where it is remembered and nothing has the name.
    """
    named = describe_live(address.identity, name=name)
    if or_address and not _is_remembered(home, named):
        unnamed = describe_live(address.identity)
        if _is_remembered(home, unnamed):
            return unnamed
    return named


def _is_remembered(home: Home, source: Source) -> bool:
    try:
        home.get(source.id)
    except memory.RecordingNotFoundError:
        return False
    return True


def find_start(home: Home, source: Source, wall_s: float) -> Start:
    """Where a run that begins now would go on. Raises RecordingBusyError where one is under way."""
    try:
        recording = home.get(source.id)
    except memory.RecordingNotFoundError:
        return Start(0, wall_s, Counters(), Counters(), None)
    holder = recording.ingester()
    if holder is not None:
        raise RecordingBusyError(
            f"{source.name!r} is watched already, by process {holder.pid}; ask it as it is, or"
            " give this one another name"
        )
    with recording.snapshot() as snapshot:
        timeline, settled = snapshot.timeline(), snapshot.settled()
        counters = snapshot.counters()
    if timeline is None or not settled:
        return Start(0, wall_s, counters, Counters(), recording)
    end_tick = settled[-1].end_tick
    begins = memory.resume(timeline, end_tick, wall_s)
    off = TickSpan(end_tick, begins.first_tick)
    gaps = () if begins.gap is None else (begins.gap,)
    return Start(begins.first_tick, wall_s, counters, memory.tally(off, (), gaps), recording)


@contextmanager
def opened(
    home: Home, engine: Engine, source: Source, start: Start, *, socket: str | None
) -> Iterator[tuple[Recording, Writer]]:
    """The recording, made if need be, and the right to fill it from ``start`` on.

    It loads the model. ``socket`` is where this process listens. Raises memory's and the engine's
    errors, and RecordingBusyError where somebody else watched it since ``start`` was found.
    """
    with identity_for(engine, start.recording) as identity:
        recording = home.ensure(source, identity, created_wall_s=start.wall_s)
        with recording.writer(identity, address=socket) as writer:
            resumption = writer.begin_run(start.wall_s, address=source.address)
            first_tick = 0 if resumption is None else resumption.first_tick
            if first_tick != start.first_tick:
                raise RecordingBusyError(
                    f"{source.name!r} was watched by another process meanwhile; start again"
                )
            writer.note(**{MODEL_NOTE: engine.facts().spec.name})
            yield recording, writer
