"""When a live source is opened, given up and tried again, and what state it is in. Pure.

The clock comes as ``now_s`` and chance as a number; what is to be done comes back as values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from capture.frame import GapReason
from capture.live_settings import LiveSettings
from capture.source_status import SourceReason, SourceState

Action = Literal["open", "kill"]
"""``open``: begin a connection. ``kill``: end the one there is, by force; it does not answer."""

_STATES: dict[SourceReason, SourceState] = {
    "refused": "refused",
    "audio only": "audio-only",
    "stalled": "stalled",
}
_GAPS: dict[SourceReason, GapReason] = {
    "refused": "refused",
    "audio only": "audio only",
    "not found": "not found",
    "undecodable": "undecodable",
    "unknown codec": "undecodable",
    "too large": "undecodable",
    "behind": "behind",
    "stalled": "stalled",
    "nothing arrives": "no signal",
    "child died": "restarted",
    "memory": "restarted",
}


@dataclass(frozen=True, slots=True)
class Change:
    """The state became ``state``, or something worth an event happened within it."""

    state: SourceState
    reason: SourceReason
    detail: str = ""


class LiveWatch:
    """The state of one source. Each call returns the changes that it caused, in order.

    In a finite source (a film) a hole is no fault, and its failure is its end; only where the
    process that reads it is lost, it is gone on with.
    """

    def __init__(
        self,
        settings: LiveSettings,
        now_s: float,
        *,
        chance: Callable[[], float],
        is_finite: bool = False,
    ) -> None:
        self._settings = settings
        self._is_finite = is_finite
        self._chance = chance
        self.state: SourceState = "connecting"
        self.reason: SourceReason = "opening"
        self.detail = ""
        self.since_s = now_s
        self.attempt = 0
        self.reconnects = -1  # the first connection is none
        self.next_attempt_s: float | None = now_s
        self.last_frame_s: float | None = None
        self.gap_reason: GapReason = "connecting"
        self._opened_s: float | None = None
        self._first_frame_s: float | None = None
        self._thumbnail = b""
        self._same_since_s = now_s

    @property
    def is_over(self) -> bool:
        """Whether nothing will be opened any more."""
        return self.state in ("ended", "stopped")

    @property
    def is_connected(self) -> bool:
        """Whether a connection is open, or is being opened."""
        return self._opened_s is not None

    @property
    def sees(self) -> bool:
        """Whether this connection has shown a picture."""
        return self._first_frame_s is not None

    @property
    def _was_seen_as_film(self) -> bool:
        """Whether it is a film that is gone on with, perhaps in a hole of it."""
        return self._is_finite and self.last_frame_s is not None

    def deadline_s(self) -> float | None:
        """When ``due`` has something to do, if nothing happens before."""
        if self.is_over:
            return None
        if self._opened_s is None:
            return self.next_attempt_s
        if self._is_finite and self.state == "stalled":
            return None
        if self._first_frame_s is None:
            return self._opened_s + self._settings.first_frame_s
        return (self.last_frame_s or 0.0) + self._settings.stall_s

    def due(self, now_s: float) -> tuple[list[Action], list[Change]]:
        """What has come due by ``now_s``."""
        deadline_s = self.deadline_s()
        if deadline_s is None or now_s < deadline_s:
            return [], []
        if self._opened_s is None:
            self._opened_s, self.next_attempt_s = now_s, None
            return ["open"], []
        if self._first_frame_s is None and not self._was_seen_as_film:
            limit = f"no picture within {self._settings.first_frame_s:g} s"
            return ["kill"], self.fail("nothing arrives", limit, now_s)
        limit_s = self._settings.stall_s if self.sees else self._settings.first_frame_s
        stalled = self._become("stalled", "stalled", f"no picture for {limit_s:g} s", now_s)
        if self._is_finite:
            return [], stalled
        return ["kill"], [*stalled, *self.fail("stalled", self.detail, now_s)]

    def see(self, thumbnail: bytes, now_s: float) -> list[Change]:
        """A picture arrived; ``thumbnail`` is the same for pictures that look the same."""
        if self._opened_s is None or self.is_over:
            return []
        if self._first_frame_s is None:
            self._first_frame_s, self._same_since_s = now_s, now_s
            self.reconnects += 1
        self.last_frame_s = now_s
        self.gap_reason = "no frames" if self._is_finite else "stalled"  # if none follows
        if now_s - self._first_frame_s >= self._settings.healthy_s:
            self.attempt = 0
        if thumbnail != self._thumbnail:
            self._thumbnail, self._same_since_s = thumbnail, now_s
            reason: SourceReason = "moving" if self.state == "frozen" else "frames"
            return self._become("seeing", reason, "", now_s)
        if now_s - self._same_since_s >= self._settings.frozen_s:
            detail = f"the same picture for {self._settings.frozen_s:g} s"
            return self._become("frozen", "frozen", detail, now_s)
        return [] if self.state == "frozen" else self._become("seeing", "frames", "", now_s)

    def fail(
        self, reason: SourceReason, detail: str, now_s: float, *, film_end_s: float | None = None
    ) -> list[Change]:
        """The connection ended, or never was; it is tried again later.

        Of a film only before ``film_end_s``, and then at that moment at the latest.
        """
        if self._opened_s is None or self.is_over:
            return []
        self._opened_s = self._first_frame_s = None
        if self._is_finite and (film_end_s is None or now_s >= film_end_s):
            return self._finish("ended", reason, now_s, detail)
        self.attempt += 1
        self.gap_reason = _GAPS.get(reason, "no signal")
        delay_s = self._settings.refused_retry_s
        if reason != "refused":
            row = self._settings.backoff_s
            delay_s = row[min(self.attempt, len(row)) - 1]
            delay_s *= 1 + self._settings.jitter * (2 * self._chance() - 1)
        self.next_attempt_s = now_s + delay_s
        if film_end_s is not None:
            self.next_attempt_s = min(self.next_attempt_s, film_end_s)
        state = "reconnecting" if reason == "stalled" else _STATES.get(reason, "reconnecting")
        return self._become(state, reason, detail, now_s, always=state == "reconnecting")

    def end(self, now_s: float) -> list[Change]:
        """A finite source came to its end."""
        return [] if self.is_over else self._finish("ended", "end", now_s)

    def stop(self, now_s: float) -> list[Change]:
        """The caller wants no more."""
        return [] if self.is_over else self._finish("stopped", "closed", now_s)

    def hurry(self, now_s: float) -> None:
        """Try again now instead of later."""
        if self._opened_s is None and not self.is_over:
            self.next_attempt_s = now_s

    def _finish(
        self, state: SourceState, reason: SourceReason, now_s: float, detail: str = ""
    ) -> list[Change]:
        self._opened_s = self.next_attempt_s = None
        return self._become(state, reason, detail, now_s)

    def _become(
        self,
        state: SourceState,
        reason: SourceReason,
        detail: str,
        now_s: float,
        *,
        always: bool = False,
    ) -> list[Change]:
        if state != self.state:
            self.since_s = now_s
        elif not always:
            return []
        self.state, self.reason, self.detail = state, reason, detail
        return [Change(state, reason, detail)]
