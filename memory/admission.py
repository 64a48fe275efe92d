"""What may be committed: the checks that keep a recording consistent, as pure functions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np

from memory.blocks import block_of, settled_until
from memory.errors import CommitRefusedError
from memory.rows import Anchor, Batch, EventRow, FrameRow, GapRow, Geometry, TickSpan

HALF_MAX = float(np.finfo(np.float16).max)


def check_batch(batch: Batch, geometry: Geometry, settled: Sequence[TickSpan]) -> None:
    """Raise CommitRefusedError unless ``batch`` fits the geometry and what is ``settled``."""
    _check_span(batch.span, settled)
    for frame in batch.frames:
        _check_frame(frame, geometry)
        if not batch.span.first_tick <= frame.tick < batch.span.end_tick:
            raise CommitRefusedError(
                f"frame at tick {frame.tick} lies outside the batch's ticks "
                f"{batch.span.first_tick} to {batch.span.end_tick - 1}; commit it in its own span"
            )
    for earlier, later in itertools.pairwise(batch.frames):
        if not (earlier.tick < later.tick and earlier.t_s < later.t_s):
            raise CommitRefusedError(
                f"tick {later.tick} ({later.t_s:g} s) follows tick {earlier.tick} "
                f"({earlier.t_s:g} s); commit frames in order, one a tick"
            )
    for gap in batch.gaps:
        _check_gap(gap)
    for event in batch.events:
        _check_event(event)
    if batch.counters is not None and not batch.counters.balanced:
        raise CommitRefusedError(f"counters do not add up to expected ticks: {batch.counters}")


def check_live(batch: Batch, settled: Sequence[TickSpan], anchors: Sequence[Anchor]) -> None:
    """Raise CommitRefusedError unless ``batch`` appends to a live recording and adds up.

    ``anchors`` are those that are stored.
    """
    span = batch.span
    end_tick = settled[-1].end_tick if settled else 0
    if span.first_tick != end_tick:
        raise CommitRefusedError(
            f"ticks {span.first_tick} to {span.end_tick - 1} leave a hole in a live recording; "
            f"go on at {end_tick}"
        )
    if batch.complete:
        raise CommitRefusedError("a live recording is never complete; leave it open")
    for gap in batch.gaps:
        if gap.start_s < span.first_tick or gap.end_s > span.end_tick:
            raise CommitRefusedError(
                f"gap {gap.start_s:g} to {gap.end_s:g} s lies outside the batch's ticks "
                f"{span.first_tick} to {span.end_tick - 1}; commit it in its own span"
            )
    counters = batch.counters
    if counters is not None and counters.expected - counters.pending != span.end_tick:
        raise CommitRefusedError(
            f"counters settle {counters.expected - counters.pending} ticks, the recording has "
            f"{span.end_tick}; count each once"
        )
    for earlier, later in itertools.pairwise([*anchors[-1:], *batch.anchors]):
        if later.t_s < earlier.t_s:
            raise CommitRefusedError(
                f"anchor at {later.t_s:g} s follows one at {earlier.t_s:g} s; give them in order"
            )
    for anchor in batch.anchors:
        if not (0 <= anchor.t_s < math.inf and math.isfinite(anchor.wall_s)):
            raise CommitRefusedError(
                f"anchor at {anchor.t_s:g} s, {anchor.wall_s:g} s of wall time cannot be; "
                "give both times"
            )


def check_numbers(frames: Sequence[FrameRow], geometry: Geometry, ticks: Sequence[int]) -> None:
    """Raise CommitRefusedError unless ``frames`` are those of ``ticks`` and fit ``geometry``."""
    if [frame.tick for frame in frames] != list(ticks):
        raise CommitRefusedError(
            f"{len(frames)} frames stand for {len(ticks)} ticks; give each stored frame, in order"
        )
    for frame in frames:
        _check_frame(frame, geometry)


def check_previews(
    frames: Iterable[FrameRow], geometry: Geometry, settled: Sequence[TickSpan]
) -> list[FrameRow]:
    """Return those of ``frames`` whose tick is not settled; raise CommitRefusedError as above."""
    pending: list[FrameRow] = []
    for frame in frames:
        _check_frame(frame, geometry)
        if settled_until(settled, frame.tick) == frame.tick:
            pending.append(frame)
    return pending


def _check_span(span: TickSpan, settled: Sequence[TickSpan]) -> None:
    if not 0 <= span.first_tick < span.end_tick:
        raise CommitRefusedError(
            f"ticks {span.first_tick} to {span.end_tick} are no span; begin at 0 or later"
        )
    for other in settled:
        if span.first_tick < other.end_tick and other.first_tick < span.end_tick:
            raise CommitRefusedError(
                f"ticks {max(span.first_tick, other.first_tick)} to "
                f"{min(span.end_tick, other.end_tick) - 1} are settled already; go on behind them"
            )
    start_tick = block_of(span.first_tick).first_tick
    # a block's sum is added up in order, so its earlier ticks have to be there
    if span.first_tick != start_tick and settled_until(settled, start_tick) < span.first_tick:
        raise CommitRefusedError(
            f"tick {span.first_tick} lies inside block {start_tick} whose earlier ticks are "
            f"missing; begin at {settled_until(settled, start_tick)}"
        )


def _check_frame(frame: FrameRow, geometry: Geometry) -> None:
    arrays = (
        ("tokens", frame.tokens, geometry.tokens_shape),
        ("embedding", frame.embedding, (geometry.embedding_width,)),
        ("fused prefix", frame.fused_prefix, geometry.prefix_shape),
    )
    for name, values, shape in arrays:
        if values.shape != shape:
            raise CommitRefusedError(
                f"{name} of tick {frame.tick} is {list(values.shape)}, "
                f"this recording has {list(shape)}"
            )
        # false for nan too; one such number would spoil every later sum
        if not np.abs(values).max() <= HALF_MAX:
            raise CommitRefusedError(
                f"{name} of tick {frame.tick} has a number beyond float16; leave the frame out"
            )
    if math.floor(frame.t_s) != frame.tick or frame.tick < 0:
        raise CommitRefusedError(
            f"time {frame.t_s:g} s is not in tick {frame.tick}; a tick is the whole second"
        )
    if not frame.still:
        raise CommitRefusedError(f"frame at tick {frame.tick} has no still; give its bytes")


def _check_gap(gap: GapRow) -> None:
    if not 0 <= gap.start_s < gap.end_s < math.inf or not gap.reason:
        raise CommitRefusedError(
            f"gap {gap.start_s:g} to {gap.end_s:g} s ({gap.reason!r}) is none; "
            "give both ends and why"
        )


def _check_event(event: EventRow) -> None:
    if not math.isfinite(event.t_s) or not event.kind:
        raise CommitRefusedError(f"event {event.kind!r} at {event.t_s:g} s needs a time and a kind")
