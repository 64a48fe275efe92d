"""Twenty viewers of one live source, a whole minute, while two are watched and both are asked."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from apps.server.protocol import ServerMessage, SourceStatus, parse_server
from tests.apps.served import Served, Talker, connected

VIEWERS = 20
WATCHED_TICKS = 60
COMMIT_TICKS = 7
"""Every five seconds, and a little late beside twenty questions."""
ASK_EVERY_S = 5.0
RANGE_S = 2.0
LIMIT_S = 150.0
SOURCES = {
    "front": "lavfi:testsrc2=size=160x96:rate=10",
    "back": "lavfi:smptebars=size=96x64:rate=10",
}


@dataclass
class Viewer:
    """All that one client was told, in order, and what it asked."""

    number: int
    told: list[ServerMessage] = field(default_factory=list)
    asked: int = 0

    @property
    def source(self) -> str:
        return "back" if self.number % 4 == 3 else "front"

    @property
    def start(self) -> float:
        """Where the range begins that it asks about, unlike every other's."""
        return self.number / 10

    def statuses(self, source: str) -> list[SourceStatus]:
        return [m for m in self.told if isinstance(m, SourceStatus) and m.source == source]

    def seen(self, source: str) -> int:
        ticks = [s.ticks.seen for s in self.statuses(source) if s.ticks is not None]
        return ticks[-1] if ticks else 0

    async def read(self, talker: Talker) -> None:
        while True:
            self.told.append(parse_server(await talker.socket.recv()))

    async def ask(self, talker: Talker) -> None:
        await asyncio.sleep(ASK_EVERY_S * self.number / VIEWERS)  # not all at once
        while True:
            self.asked += 1
            await talker.put(
                f"Is it question {self.asked}?", source=self.source, conversation="none",
                start=self.start, end=self.start + RANGE_S,
            )  # fmt: skip
            await until(lambda: len(self.of("response.done")) == self.asked)
            await asyncio.sleep(ASK_EVERY_S)

    def of(self, type_: str) -> list[ServerMessage]:
        return [message for message in self.told if message.type == type_]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not holds():
            await asyncio.sleep(0.05)


async def view(served: Served, viewers: list[Viewer]) -> None:
    """All of ``viewers`` at once until each has seen a minute of the source they share."""
    entered = asyncio.Event()

    async def one(viewer: Viewer) -> None:
        async with connected(served) as talker:
            reading = asyncio.create_task(viewer.read(talker))
            await until(lambda: min(map(viewer.seen, SOURCES)) > VIEWERS / 10 + RANGE_S)
            if all(each.told for each in viewers):
                entered.set()
            await entered.wait()
            asking = asyncio.create_task(viewer.ask(talker))
            first = viewer.seen("front")
            await until(lambda: viewer.seen("front") >= first + WATCHED_TICKS or reading.done())
            asking.cancel()
            # What was asked is answered before it goes.
            await until(lambda: len(viewer.of("response.done")) >= viewer.asked)
            reading.cancel()
            await asyncio.gather(reading, asking, return_exceptions=True)

    await asyncio.wait_for(asyncio.gather(*map(one, viewers)), LIMIT_S)


# A minute of two sources at filming speed, twenty clients on real sockets.
@pytest.mark.slow
def test_twenty_viewers_for_a_minute_miss_nothing_and_get_nothing_of_others(serve):
    named = [f"{name}={address}" for name, address in SOURCES.items()]
    served = serve("--source", named[0], "--source", named[1])
    viewers = [Viewer(number) for number in range(VIEWERS)]
    asyncio.run(view(served, viewers))

    for viewer in viewers:
        assert not viewer.of("error")
        assert not viewer.of("frame.dropped")
        for source in SOURCES:
            statuses = viewer.statuses(source)
            assert {status.title for status in statuses} == {SOURCES[source].split("=")[0]}
            ticks = [status.ticks for status in statuses]
            lived = [count for count in ticks if count is not None]
            assert all(
                count.expected
                == count.seen + count.covered + count.dropped + count.gapped + count.pending
                for count in lived
            )
            # Told at least every second, and never back; what is seen moves on with each commit.
            expected = [count.expected for count in lived]
            assert all(0 <= now - before <= 2 for before, now in itertools.pairwise(expected))
            assert all(
                0 <= now.seen - before.seen <= COMMIT_TICKS
                for before, now in itertools.pairwise(lived)
            )

        done = {message.response_id: message for message in viewer.of("response.done")}
        assert len(done) == viewer.asked >= 3
        # The tiny model seldom ends by itself.
        assert {m.finish for m in done.values()} <= {"stop", "length"}
        for response_id, end in done.items():
            # Its own range: nobody gets what another asked.
            assert end.coverage.start_s == pytest.approx(viewer.start)
            assert end.coverage.end_s == pytest.approx(viewer.start + RANGE_S)
            said = [m for m in viewer.told if getattr(m, "response_id", None) == response_id]
            text = "".join(m.delta for m in said if m.type == "response.output_text.delta")
            assert [m.text for m in said if m.type == "response.output_text.done"] == [text]
            moments = [m for m in said if m.type == "response.output_text.annotation.added"]
            assert moments
            assert {m.source for m in moments} == {viewer.source}

    # And all were told the same: what one heard between two statuses, every other heard.
    for source in SOURCES:
        told = [[status.ticks for status in viewer.statuses(source)] for viewer in viewers]
        start = max((one[0] for one in told), key=lambda ticks: ticks.expected if ticks else 0)
        end = min((one[-1] for one in told), key=lambda ticks: ticks.expected)
        spans = {
            tuple(t for t in one if t and start.expected < t.expected < end.expected)
            for one in told
        }
        assert len(spans) == 1
        assert len(spans.pop()) > WATCHED_TICKS // 2 or source == "back"
    assert served.stop()[0] == 0
