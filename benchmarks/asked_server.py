"""Questions put to a running server, one new text after the other, and what they took."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from apps.client import Client
from apps.server.protocol import ResponseDone, SourceStatus

READY_LIMIT_S = 180.0
LOOK_S = 0.2
_FORMS = (
    "Is there a {} in the video?",
    "What does the {} look like?",
    "How many times is a {} seen?",
    "Where is the {}?",
    "Who is near the {}?",
    "What happens to the {}?",
    "Is a {} seen before a person is?",
    "Which colour has the {}?",
)
_SIZES = ("", "small ", "large ", "red ", "blue ", "dark ", "wooden ", "moving ")
_THINGS = (
    "bicycle", "dog", "table", "car", "cat", "bottle", "book", "tree", "bus", "chair", "cup",
    "elephant", "guitar", "knife", "window", "ball", "screen", "sign", "road", "hand",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer: seconds from the question to its first piece, here; and what the server says.

    ``first_delta_s`` is ``None`` where no text came.
    """

    source: str
    first_delta_s: float | None
    done: ResponseDone


def questions() -> Iterator[str]:
    """Texts of which each is new: 1,280, then the same with a number."""
    for size, thing, form in product(_SIZES, _THINGS, _FORMS):
        yield form.format(size + thing)
    for number, text in enumerate(questions()):
        yield f"{text} ({number})"


async def ask(client: Client, source: str, question: str) -> Asked:
    """Ask and wait for all of the answer. Raises the client's errors."""
    asking = client.ask(source, question)
    began_s, first_s = time.perf_counter(), None
    async for _ in asking:
        first_s = first_s or time.perf_counter() - began_s
    assert asking.done is not None
    return Asked(source, first_s, asking.done)


async def until_seeing(client: Client, sources: Iterable[str]) -> None:
    """Wait until each of ``sources`` is seen and something of it remembered.

    Raises ``TimeoutError``.
    """
    waiting = set(sources)
    async with asyncio.timeout(READY_LIMIT_S):
        while waiting:
            for name, status in client.statuses.items():
                if status.state == "seeing" and status.recording_id is not None:
                    waiting.discard(name)
            await asyncio.sleep(LOOK_S)


class Lookout:
    """Follows sources beside the questions: frames dropped since, the worst that was told."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._before = dict(client.statuses)
        self._ages_s: dict[str, float] = {}
        self._pending: dict[str, int] = {}

    async def look(self) -> None:
        """Until cancelled."""
        while True:
            for name, status in self._client.statuses.items():
                age_s, pending = status.last_frame_age_s or 0.0, _ticks(status, "pending")
                self._ages_s[name] = max(age_s, self._ages_s.get(name, 0.0))
                self._pending[name] = max(pending, self._pending.get(name, 0))
            await asyncio.sleep(LOOK_S)

    def report(self) -> dict[str, dict[str, Any]]:
        """By source: ticks seen and dropped meanwhile, and the oldest newest frame."""
        return {
            name: {
                "state": now.state,
                "frames_seen": self._since(now, "seen"),
                "frames_dropped": self._since(now, "dropped"),
                "oldest_frame_age_s": self._ages_s.get(name),
                "most_pending_ticks": self._pending.get(name),
                "reconnects": now.reconnects - self._before[name].reconnects,
            }
            for name, now in self._client.statuses.items()
            if name in self._before
        }

    def _since(self, now: SourceStatus, count: str) -> int:
        return _ticks(now, count) - _ticks(self._before[now.source], count)


def _ticks(status: SourceStatus, count: str) -> int:
    return 0 if status.ticks is None else int(getattr(status.ticks, count))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest of ``values`` that is no less than ``share`` of them; ``None`` of none."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)] if ordered else None


def table_of(answers: Sequence[Asked]) -> dict[str, Any]:
    """Figures of ``answers``: waits here, the median of each share of the server's, its counters.

    ``rest`` is what of the server's time is in none of its shares: committing what was just seen,
    waiting for the engine's turn, the prompt's own prefill.
    """
    waits = [a.first_delta_s for a in answers if a.first_delta_s is not None]
    told = [(a.done.timings, a.done.usage) for a in answers]
    known = [(timings, usage) for timings, usage in told if timings is not None and usage]
    shares: dict[str, list[float]] = {name: [] for name in ("retrieval", "context", "fusion")}
    shares |= {"rest": [], "first_text": [], "decode": []}
    for timings, _ in known:
        parts = (timings.retrieval_s, timings.context_s, timings.fusion_s)
        rest = timings.first_text_s - sum(parts)
        values = (*parts, rest, timings.first_text_s, timings.decode_s)
        for taken, value in zip(shares.values(), values, strict=True):
            taken.append(value)
    return {
        "answers": len(answers),
        "without_text": len(answers) - len(waits),
        "first_delta_p50_s": _rounded(percentile(waits, 0.5)),
        "first_delta_p95_s": _rounded(percentile(waits, 0.95)),
        "first_delta_max_s": _rounded(max(waits, default=None)),
        "server_median_s": {
            name: _rounded(statistics.median(taken)) for name, taken in shares.items() if taken
        },
        "full_prefills": sum(usage.full_prefills for _, usage in known),
        "extended_tokens": sum(usage.extended_tokens for _, usage in known),
        "range_frames": max((usage.range_frames for _, usage in known), default=0),
        "view_tokens": max((usage.view_tokens for _, usage in known), default=0),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
