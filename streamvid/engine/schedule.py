"""Which waiting job goes next: a function of what waits, what went before and the time.

It knows no thread, no model and no clock; ``Engine`` is the shell around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

REMEMBERED_OWNERS = 256


class Priority(IntEnum):
    """How urgent a job is; the lowest number goes first. ``IDLE``: when nothing else waits."""

    DECODE = 0
    QUESTION = 1
    LIVE = 2
    FILE = 3
    IDLE = 4


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that waits: its number in order of arrival, urgency, whose it is, and since when.

    ``born_s`` is when the work itself began to age (a live frame's receipt), on the same monotonic
    clock as ``now_s`` of ``pick``.
    """

    number: int
    priority: Priority
    owner: str
    born_s: float


@dataclass(frozen=True, slots=True)
class Turns:
    """What ``pick`` remembers between two picks: when each owner was served, and how.

    ``late_last``: the last turn was a late live frame's; ``decode_last``: the last turn that was
    not was a decode step's.
    """

    count: int = 0
    served: Mapping[str, int] = field(default_factory=dict)
    late_last: bool = False
    decode_last: bool = False

    def after(self, job: Waiting, *, late: bool) -> Turns:
        """The turns once ``job`` was served; only the latest owners are remembered."""
        served = {owner: turn for owner, turn in self.served.items() if owner != job.owner}
        served[job.owner] = self.count + 1
        if len(served) > REMEMBERED_OWNERS:
            del served[next(iter(served))]  # insertion order is order of service
        decode_last = self.decode_last if late else job.priority is Priority.DECODE
        return Turns(self.count + 1, served, late, decode_last)


def is_late(job: Waiting, now_s: float, late_s: float) -> bool:
    """Whether ``job`` is a live frame that waited longer than ``late_s``."""
    return job.priority is Priority.LIVE and now_s - job.born_s > late_s


def pick(
    waiting: Sequence[Waiting], turns: Turns, now_s: float, *, late_s: float = 4.0
) -> tuple[int, Turns]:
    """The place in ``waiting`` of the job that goes next, and the turns after it.

    The most urgent kind goes first, and within a kind the owner served longest ago, then the
    oldest job; but live frames are served by age alone. Two things alternate: decode steps with
    what other questions have to read, so that a second question does not wait for all of the first
    one's answer; and whenever a live frame is later than ``late_s``, every other turn is the oldest
    late frame's. So nothing of these starves. Raises ``ValueError`` where nothing waits.
    """
    if not waiting:
        raise ValueError("no job waits; pass at least one")
    late = [i for i, job in enumerate(waiting) if is_late(job, now_s, late_s)]
    others = [i for i in range(len(waiting)) if i not in set(late)]
    if late and not (turns.late_last and others):
        chosen = min(late, key=lambda i: (waiting[i].born_s, waiting[i].number))
        return chosen, turns.after(waiting[chosen], late=True)
    kinds = {waiting[i].priority for i in others}
    urgency = min(kinds)
    if urgency is Priority.DECODE and turns.decode_last and Priority.QUESTION in kinds:
        urgency = Priority.QUESTION
    chosen = min(
        (i for i in others if waiting[i].priority is urgency),
        key=lambda i: _order(waiting[i], turns),
    )
    return chosen, turns.after(waiting[chosen], late=False)


def _order(job: Waiting, turns: Turns) -> tuple[float, int]:
    if job.priority is Priority.LIVE:
        return job.born_s, job.number
    return turns.served.get(job.owner, 0), job.number
