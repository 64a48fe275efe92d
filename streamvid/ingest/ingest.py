"""Ingest of one file: what is missing is decoded, encoded and committed, in two passes if long.

``Ingest`` holds what one run needs; what it has committed stands in the recording alone, so a run
that was stopped or killed is gone on with by simply running again.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import memory
from capture import FileSource
from memory import ModelIdentity, Recording, Writer
from streamvid.answer.span import TimeRange, bounds
from streamvid.engine import Engine, ModelFacts, Priority
from streamvid.errors import IngestInterruptedError
from streamvid.ingest.decoder import (
    Decoder,
    Item,
    Prepared,
    StillFormat,
    StretchEnd,
    StretchStart,
)
from streamvid.ingest.filler import CommitRule, Filler, to_rows
from streamvid.ingest.plan import BlockPlan, open_blocks
from streamvid.ingest.progress import IngestProgress, Stage
from streamvid.ingest.script import FEW_KEYS, Step, by_plan, damage_in, straight
from streamvid.ingest.totals import EXPECTED_NOTE, PREVIEWED_NOTE, Totals
from streamvid.settings import Settings

PATIENCE_S = 0.2
"""How long the ingesting thread waits for a frame before it looks whether it was cancelled."""


@dataclass(frozen=True, slots=True)
class First:
    """A stretch to settle before the rest, and what to call when it is."""

    within: TimeRange
    done: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run did, besides what the recording says."""

    new_frames: int
    two_passes: bool


def model_identity(facts: ModelFacts) -> ModelIdentity:
    """What memory keeps of a model."""
    spec = facts.spec
    return ModelIdentity(
        facts.fingerprint,
        memory.Geometry(
            width=spec.width,
            tokens_per_frame=spec.tokens_per_frame,
            embedding_width=spec.embedding_width,
            prefix_tokens=spec.prefix_tokens,
            keeps_fused_prefix=spec.keeps_fused_prefix,
        ),
    )


@contextlib.contextmanager
def identity_for(engine: Engine, remembered: Recording | None) -> Iterator[ModelIdentity]:
    """The model's identity, in the precision of what is remembered already where it can."""
    if remembered is None:
        yield model_identity(engine.facts())
        return
    info = remembered.info
    try:
        yield model_identity(engine.follow(info.source.id, info.model.fingerprint))
    finally:
        engine.unfollow(info.source.id)


class Ingest:
    """One run over ``source`` into ``recording``; for one thread.

    ``progress`` is called after each commit, ``cancelled`` several times a second. ``run`` raises
    errors of capture, memory and engine as they are, ``IngestInterruptedError`` when cancelled.
    """

    def __init__(
        self,
        source: FileSource,
        recording: Recording,
        engine: Engine,
        *,
        settings: Settings,
        progress: Callable[[IngestProgress], None] = lambda progress: None,
        cancelled: Callable[[], bool] = lambda: False,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._recording = recording
        self._engine = engine
        self._settings = settings
        self._progress = progress
        self._cancelled = cancelled
        self._now_s = now_s
        self._started_s = now_s()
        self._settling_s = self._started_s
        self._first_done = 0
        self._previews = 0
        self._expected_previews: int | None = None
        self._still_format = StillFormat(settings.still_quality, settings.lossless_stills)

    def run(self, writer: Writer, first: First | None = None) -> Outcome:
        """Settle every tick that ``writer``'s recording lacks, and mark it complete.

        ``first`` names a stretch of a long file to be settled before anything else.
        """
        with self._recording.snapshot() as snapshot:
            totals = Totals.of(snapshot)
            shown = set(snapshot.frames(previews=True).ticks.tolist())
            self._previews = snapshot.preview_count()
            previewed = PREVIEWED_NOTE in snapshot.notes()
        self._first_done = totals.settled
        self._tell("index", totals)
        index = self._source.index()
        totals.expected_ticks = index.ticks
        if index.ticks is not None:
            writer.note(**{EXPECTED_NOTE: str(index.ticks)})
        ticks = index.ticks if index.ticks and index.ticks > self._settings.two_pass_min_s else 0
        two_passes = ticks > 0 and len(index.key_times_s) >= FEW_KEYS
        new_frames = 0
        within = None if first is None else bounds(first.within, float(index.ticks or 0))
        if within is not None and within[1] - within[0] > self._settings.two_pass_min_s:
            within = None  # as long as a long file: previews come sooner
        if first is not None and within is not None and ticks and index.seekable:
            plan = BlockPlan(ticks, writer.settled(), within=within)
            totals, new_frames = self._fill(writer, totals, plan, last=False)
            first.done()
        if two_passes:
            limit = self._settings.preview_frames
            self._expected_previews = min(limit, len(index.key_times_s))
            self._tell("previews", totals)
            if not previewed:
                self._preview(writer, totals, shown)
                writer.note(**{PREVIEWED_NOTE: "1"})
        rest_plan = BlockPlan(ticks, writer.settled()) if two_passes and index.seekable else None
        totals, rest = self._fill(writer, totals, rest_plan, last=True)
        self._tell("finished", totals)
        return Outcome(new_frames + rest, two_passes)

    def _preview(self, writer: Writer, totals: Totals, shown: set[int]) -> None:
        """Key frames as stand-ins, encoded among themselves; the finished memory has none."""
        batch: list[Prepared] = []
        facts = self._engine.facts()
        previews = cast("Iterator[Step]", self._source.previews(self._settings.preview_frames))
        with self._decoder(previews) as decoder:
            for item in self._items(decoder, lambda: None):
                if isinstance(item, Prepared) and item.tick not in shown:
                    batch.append(item)
                if len(batch) == facts.spec.encode_batch:
                    self._store_previews(writer, batch, totals)
                    batch = []
        if batch:
            self._store_previews(writer, batch, totals)

    def _store_previews(self, writer: Writer, batch: list[Prepared], totals: Totals) -> None:
        pixels = [frame.pixels for frame in batch]
        encoded = self._engine.submit(
            lambda model: model.encode(pixels), priority=Priority.FILE, owner=self._recording.id
        ).result()
        self._previews += writer.add_previews(to_rows(batch, encoded))
        self._tell("previews", totals)

    def _fill(
        self, writer: Writer, totals: Totals, plan: BlockPlan | None, *, last: bool
    ) -> tuple[Totals, int]:
        """Settle what ``plan`` names (all, straight through, without one); count new frames."""

        def committed() -> None:
            self._tell("frames", filler.totals)
            wanted = writer.take_wanted()
            if plan is not None:
                plan.want(wanted)

        if plan is not None:
            plan.want(writer.take_wanted())
        filler = Filler(
            writer,
            self._engine,
            totals,
            CommitRule(self._settings.commit_frames, self._settings.commit_s),
            damage_in=lambda span: damage_in(self._source, span),
            now_s=self._now_s,
            committed=committed,
        )
        if plan is not None:
            script = by_plan(self._source, plan)
        else:
            script = straight(self._source, _first_open_tick(writer))
        # Previews took their time and settled nothing: they say nothing of how long the rest takes.
        self._settling_s, self._first_done = self._now_s(), totals.settled
        self._tell("frames", totals)
        with self._decoder(script) as decoder, _keeping(filler):
            for item in self._items(decoder, filler.commit_if_due):
                if not self._lies_between_keys(item):
                    _take(filler, item)
            if last:
                filler.finish()
            else:
                filler.flush()
        return filler.totals, filler.new_frames

    def _lies_between_keys(self, item: Item) -> bool:
        """Whether it is a gap only because no other frames than key frames are looked at."""
        keys_only = self._source.settings.sampling == "keys"
        return keys_only and isinstance(item, memory.GapRow) and item.reason == "no frames"

    def _decoder(self, steps: Iterator[Step]) -> Decoder:
        return Decoder(
            lambda: steps,
            self._still_format,
            waiting=self._settings.decoded_queue_frames,
            abort=self._source.close,
        )

    def _items(self, decoder: Decoder, meanwhile: Callable[[], None]) -> Iterator[Item]:
        """The decoder's items; between two of them ``meanwhile``, and a look at ``cancelled``."""
        while True:
            if self._cancelled():
                raise IngestInterruptedError(
                    f"ingest of {self._recording.info.source.name!r} was stopped;"
                    " what is remembered is kept, run it again to go on"
                )
            meanwhile()
            try:
                item = decoder.next_item(PATIENCE_S)
            except queue.Empty:
                continue
            if item is None:
                return
            yield item

    def _tell(self, stage: Stage, totals: Totals) -> None:
        now_s = self._now_s()
        done, settling_s = totals.settled - self._first_done, now_s - self._settling_s
        rate = done / settling_s if settling_s > 0 else 0.0
        left = None if totals.expected_ticks is None else totals.expected_ticks - totals.settled
        self._progress(
            IngestProgress(
                stage=stage,
                done_ticks=totals.settled,
                expected_ticks=totals.expected_ticks,
                frames=totals.frames,
                rate_tps=rate,
                elapsed_s=now_s - self._started_s,
                eta_s=left / rate if left is not None and rate > 0 else None,
                previews=self._previews,
                expected_previews=self._expected_previews,
            )
        )


def _take(filler: Filler, item: Item) -> None:
    match item:
        case Prepared():
            filler.frame(item)
        case memory.GapRow():
            filler.gap(item)
        case StretchStart():
            filler.start(item.first_tick)
        case StretchEnd():
            filler.end(item.end_tick)


@contextlib.contextmanager
def _keeping(filler: Filler) -> Iterator[None]:
    """Commit what is encoded already when a run is stopped on request, by whatever means.

    Any other failure may be the disk's or the model's: then nothing more is tried.
    """
    try:
        yield
    except (IngestInterruptedError, KeyboardInterrupt):
        # Ctrl-C may fall between any two lines; what it tore apart memory refuses, and the next run
        # does it again.
        with contextlib.suppress(memory.CommitRefusedError):
            filler.flush()
        raise


def _first_open_tick(writer: Writer) -> int:
    """First tick of the first block that is not settled whole."""
    settled = writer.settled()
    end_tick = max((span.end_tick for span in settled), default=0) + 1
    return open_blocks(end_tick, settled)[0] * memory.BLOCK_TICKS
