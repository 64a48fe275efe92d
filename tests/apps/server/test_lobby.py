"""What all clients are told of sources: each change of state in order, all else once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from apps.server.admission import Admission
from apps.server.lobby import MOST_CHANGES, Lobby
from apps.server.protocol import Limits, SourceGap, SourceStatus

SEEING = SourceStatus("front", "live", "seeing", "frames", 1.0)
STALLED = replace(SEEING, state="stalled", reason="stalled", since=2.0)
LOST = replace(SEEING, state="reconnecting", reason="stalled", since=2.0, attempt=1)


class Listener:
    wants_status, busy = True, False

    def __init__(self) -> None:
        self.told: list[Any] = []

    def post(self, message: Any) -> None:
        self.told.append(message)

    def states(self) -> list[str]:
        return [one.state for one in self.told if isinstance(one, SourceStatus)]


class Room:
    """Sources by name with a status that a test sets; ``looked`` runs at each look."""

    def __init__(self) -> None:
        self.now = {"front": SEEING}
        self.looks = 0
        self.looked: Callable[[], None] = lambda: None

    def names(self) -> tuple[str, ...]:
        return tuple(self.now)

    def status(self, name: str) -> SourceStatus:
        self.looks += 1
        status = self.now[name]
        self.looked()
        return status


def run(work: Callable[[Lobby, Room, Listener], Coroutine[Any, Any, None]]) -> None:
    async def with_lobby() -> None:
        lobby = Lobby(
            limits=Limits(), admission=Admission(), most_clients=4, answer_threads=1, kept_talks=1
        )
        room, listener = Room(), Listener()
        lobby.enter(listener)  # type: ignore[arg-type]
        telling = lobby.start(room)  # type: ignore[arg-type]
        try:
            await work(lobby, room, listener)
        finally:
            telling.cancel()
            lobby.close()

    asyncio.run(asyncio.wait_for(with_lobby(), 20))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_each_change_reaches_clients_in_order_though_none_lasts():
    async def work(lobby, room, listener):
        lobby.notify(SEEING)
        await until(lambda: listener.states() == ["seeing"])
        room.now["front"] = LOST
        for change in (STALLED, LOST):
            lobby.notify(change)
        await until(lambda: "reconnecting" in listener.states())
        looks = room.looks
        await until(lambda: room.looks > looks)
        assert listener.states()[1:] == ["stalled", "reconnecting"]

    run(work)


def test_a_change_during_a_look_is_told_before_what_was_seen_by_it():
    async def work(lobby, room, listener):
        def change() -> None:
            room.looked = lambda: None
            for status in (STALLED, LOST):
                lobby.notify(status)
            room.now["front"] = LOST

        room.looked = change  # it has read that the source is seen
        lobby.notify(SEEING)
        await until(lambda: "reconnecting" in listener.states())
        looks = room.looks
        await until(lambda: room.looks > looks + 1)
        assert listener.states() == ["seeing", "stalled", "reconnecting"]

    run(work)


def test_a_source_that_flaps_is_told_by_its_newest_changes():
    async def work(lobby, room, listener):
        for number in range(100):
            lobby.notify(replace(STALLED if number % 2 else SEEING, since=float(number)))
        room.now["front"] = replace(STALLED, since=99.0)
        await until(lambda: bool(listener.told))
        await asyncio.sleep(0)
        told = [one.since for one in listener.told]
        assert told == [float(number) for number in range(100 - MOST_CHANGES, 100)]

    run(work)


def test_another_sources_change_does_not_repeat_what_is_the_same():
    async def work(lobby, room, listener):
        waiting = replace(LOST, next_attempt_in_s=12, last_frame_age_s=1.0)
        room.now = {"front": waiting, "back": replace(SEEING, source="back")}
        lobby.notify(waiting)
        await until(lambda: len(listener.told) == 2)
        room.now["front"] = replace(waiting, last_frame_age_s=1.1)
        for change in (STALLED, SEEING):
            looks = room.looks
            lobby.notify(replace(change, source="back"))
            await until(lambda looks=looks: room.looks > looks + 1)
        assert [one.source for one in listener.told] == ["front", "back", "back", "back"]

    run(work)


def test_a_gap_is_told_at_once():
    async def work(lobby, room, listener):
        gap = SourceGap("front", 1.0, "no signal")
        lobby.notify(gap)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert gap in listener.told

    run(work)
