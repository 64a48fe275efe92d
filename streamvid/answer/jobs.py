"""The model's part of a question, as small jobs for the engine: prefix edges, context, fusion.

Each function runs in the asker's thread and waits for the engine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from capture import Pixels, decode_still
from memory import PrefixSum, Snapshot
from streamvid.answer.contexts import ContextKey, ContextStore, KeptContext, digest_of
from streamvid.answer.states import FrameKey, StatesCache
from streamvid.engine import Engine, Priority
from streamvid.errors import RecordingError
from streamvid.model.seam import FloatArray, FusedSum, ModelSpec, VideoModel
from streamvid.settings import Settings

STEPS_AHEAD = 2
"""Fusion steps with the engine at once: the next one waits already when one is done."""
FIRST_STEPS = 16
"""Steps handed over before the view is read: a bounded set whole, the beginning of a full one."""

Check = Callable[[], None]
"""Raises where the question was cancelled or is too late; called between jobs."""


def prefix_mean(engine: Engine, snapshot: Snapshot, prefix: PrefixSum, owner: str) -> FloatArray:
    """Mean of the fused prefix over the range, float32 [P, d].

    Frames of blocks that the range cuts are fused anew from their stills where their own prefix is
    not stored. Raises ``RecordingError`` where such a still is gone.
    """
    total, count = prefix.total.copy(), prefix.frames
    batch_frames = engine.facts().spec.encode_batch
    edges = prefix.edge_ticks
    for start in range(0, len(edges), batch_frames):
        ticks = edges[start : start + batch_frames]
        stills = snapshot.stills(ticks, previews=False)
        if len(stills) < len(ticks):
            raise RecordingError(
                "stills at the edge of the range are gone; set edges to 'round', or ask a wider one"
            )
        pixels = [decode_still(still) for still in stills.values()]
        encoded = engine.submit(
            lambda model, pixels=pixels: model.encode(pixels),  # type: ignore[misc]
            priority=Priority.QUESTION,
            owner=owner,
        ).result()
        total += encoded.fused_prefix.sum(axis=0)
        count += len(ticks)
    return np.asarray(total / np.float32(count), np.float32)


class Fusion:
    """A question being fused with ``frames`` (each with its weight), in steps of ``step_frames``.

    ``start`` hands the engine the first steps, which run while the caller reads on; ``finish`` does
    the rest and gives the sum. Stills are decoded here, ahead of the engine, for frames without
    kept states. For one thread; ``close`` cancels what has not run.
    """

    def __init__(
        self,
        engine: Engine,
        cache: StatesCache,
        snapshot: Snapshot,
        text: str,
        frames: Sequence[tuple[FrameKey, float]],
        *,
        step_frames: int,
        owner: str,
        follows: bool,
        check: Check,
    ) -> None:
        self._engine = engine
        self._owner = owner
        self._check = check
        groups = (dict(frames[i : i + step_frames]) for i in range(0, len(frames), step_frames))
        steps = (_step(cache, snapshot, text, weights, follows=follows) for weights in groups)
        self._steps = (step for step in steps if step is not None)
        self._running: deque[Future[FusedSum]] = deque()

    def start(self) -> None:
        """Hand over the first steps, ``FIRST_STEPS`` at most."""
        while len(self._running) < FIRST_STEPS and self._submit():
            pass

    def finish(self) -> FusedSum:
        """The whole sum. Raises ``RecordingError`` where no frame has a still left."""
        total: FusedSum | None = None
        while True:
            self._check()
            while len(self._running) < STEPS_AHEAD and self._submit():
                pass
            if not self._running:
                break
            part = self._running.popleft().result()
            total = part if total is None else total + part
        if total is None:
            raise RecordingError("no still of the range is left; ingest the file anew")
        return total

    def close(self) -> None:
        """Cancel the steps that wait; harmless after ``finish``."""
        while self._running:
            self._running.popleft().cancel()

    def _submit(self) -> bool:
        step = next(self._steps, None)
        if step is None:
            return False
        self._running.append(
            self._engine.submit(step, priority=Priority.QUESTION, owner=self._owner)
        )
        return True


def take_context(
    engine: Engine,
    store: ContextStore,
    key: ContextKey,
    head: FloatArray,
    tokens: FloatArray,
    *,
    chunk_tokens: int,
    owner: str,
    check: Check,
) -> tuple[KeptContext, bool]:
    """The context of ``head`` [head, d] and view ``tokens`` [N, d], and whether it was kept.

    It is prefilled in chunks otherwise, so that ingest and other questions get their turn.
    """
    kept = engine.submit(
        lambda model: store.take(key), priority=Priority.QUESTION, owner=owner
    ).result()
    if kept is not None:
        return kept, True

    def prefill(model: VideoModel) -> Iterator[KeptContext | None]:
        context = model.context(head)
        try:
            for start in range(0, len(tokens), chunk_tokens):
                context.extend(tokens[start : start + chunk_tokens])
                yield None
        except BaseException:
            context.close()
            raise
        yield store.add(key, context)

    steps = engine.stream(prefill, owner=owner, rest=Priority.QUESTION)
    try:
        for step in steps:
            if step is not None:
                return step, False
            check()
    except BaseException:  # Ctrl-C comes while a chunk is waited for
        steps.cancel()
        with suppress(Exception):  # the error that is on its way tells more
            for step in steps:  # the chunk that runs may have been the last
                if step is not None:
                    _give_back(engine, store, step, owner)
        raise
    raise RecordingError("the view could not be prefilled; ask again")  # cancelled from outside


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """A context whose view grew: whether it was ``begun`` for that, and by how many tokens."""

    kept: KeptContext
    begun: bool
    tokens: int


def grow_context(
    engine: Engine,
    store: ContextStore,
    key: ContextKey,
    head: FloatArray,
    tokens: FloatArray,
    *,
    kept: KeptContext | None,
    chunk_tokens: int,
    owner: str,
    check: Check,
) -> Grown:
    """The context of ``head`` [head, d] with all of the view ``tokens`` [N, d] behind it.

    ``kept`` is one that the caller has already; else the store's is taken, or a new one begun. What
    is there already stays, what is said behind the view goes if anything is appended. Where
    ``check`` raises it is given back with as much as it has by then.
    """

    def grow(model: VideoModel) -> Iterator[Grown]:
        mine = kept or store.take(key)
        begun = mine is None
        if mine is None:
            mine = store.add(key, model.context(head))
        there = mine.view_length - len(head)
        yield Grown(mine, begun, 0)
        for start in range(there, len(tokens), chunk_tokens):
            store.extend(mine, tokens[start : start + chunk_tokens], begins=begun)
            yield Grown(mine, begun, mine.view_length - len(head) - there)

    steps = engine.stream(grow, owner=owner, rest=Priority.QUESTION)
    grown: list[Grown] = []
    try:
        for step in steps:
            grown.append(step)
            check()
    except BaseException:
        steps.cancel()
        with suppress(Exception):  # the error that is on its way tells more
            grown.extend(steps)  # the step that runs may be the first
            held = grown[-1].kept if grown else kept
            if held is not None:
                _give_back(engine, store, held, owner)
        raise
    if not grown:
        raise RecordingError("the view could not be prefilled; ask again")  # cancelled from outside
    return grown[-1]


def say_again(
    engine: Engine,
    kept: KeptContext,
    rows: FloatArray,
    *,
    chunk_tokens: int,
    owner: str,
    check: Check,
) -> None:
    """Have ``rows`` [n, d], and nothing else, follow the view of ``kept``.

    A context can be cut at its end alone: it is rewound to its view and extended in chunks. Where
    ``check`` raises, a part of them may be there.
    """

    def extend(model: VideoModel) -> Iterator[None]:
        kept.context.rewind(kept.view_length)
        yield
        for start in range(0, len(rows), chunk_tokens):
            kept.context.extend(rows[start : start + chunk_tokens])
            yield

    steps = engine.stream(extend, owner=owner, rest=Priority.QUESTION)
    try:
        for _ in steps:
            check()
    finally:
        steps.cancel()


def _give_back(engine: Engine, store: ContextStore, kept: KeptContext, owner: str) -> None:
    engine.submit(
        lambda model: store.give_back(kept), priority=Priority.QUESTION, owner=owner
    ).result()


def chunk_tokens(settings: Settings, spec: ModelSpec) -> int:
    """View tokens of one prefill job: what is set, or what the model wants."""
    return settings.prefill_chunk_tokens or spec.prefill_chunk_tokens


def context_key(recording_id: str, head: FloatArray, view_digest: str) -> ContextKey:
    """What tells one context from another."""
    return ContextKey(recording_id, digest_of(head), view_digest)


def _step(
    cache: StatesCache,
    snapshot: Snapshot,
    text: str,
    weights: dict[FrameKey, float],
    *,
    follows: bool,
) -> Callable[[VideoModel], FusedSum] | None:
    """A job that fuses these frames; those whose still is gone are left out, none: no job."""
    stills = snapshot.stills([frame.tick for frame in weights])
    present = {frame: weight for frame, weight in weights.items() if frame.tick in stills}
    if not present:
        return None
    pixels = {frame: decode_still(stills[frame.tick]) for frame in cache.missing(list(present))}

    def look(frame: FrameKey) -> Pixels:
        # Its states were kept a moment ago and had to go since.
        return pixels[frame] if frame in pixels else decode_still(stills[frame.tick])

    return lambda model: cache.fuse(model, text, present, look, follows=follows)
