"""What is kept of sources, for how long and for whom, with a clock and reads that a test leads."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from apps.server.latest import Latest
from apps.server.protocol import ProtocolError

FRESH_S = 0.5


class Source:
    picture_s: float | None = None


class Bench:
    """A ``Latest`` of numbers: each read finds the next one when the test lets it end."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.source = Source()
        self.ends: list[asyncio.Future[int | None]] = []
        self.latest = Latest[int](self._look, fresh_s=FRESH_S, now_s=lambda: self.now_s)

    async def _look(self, work):
        self.ends.append(asyncio.get_running_loop().create_future())
        work()
        return await self.ends[-1]

    async def ask(self, source: Source | None = None) -> asyncio.Task[int | None]:
        """Somebody who asks, waiting or answered."""
        asking = asyncio.create_task(self.latest.of(source or self.source, lambda: None))
        await settled()
        return asking

    async def end(self, value: int | None = None, error: Exception | None = None) -> None:
        """The read that was begun last ends."""
        if error is None:
            self.ends[-1].set_result(value)
        else:
            self.ends[-1].set_exception(error)
        await settled()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def bench():
    return Bench()


def run(work) -> None:
    asyncio.run(work)


def test_one_read_is_for_all_who_wait_and_for_all_who_come_soon(bench):
    async def work():
        waiting = [await bench.ask() for _ in range(20)]
        await bench.end(1)
        assert [await one for one in waiting] == [1] * 20
        bench.now_s += 0.9 * FRESH_S
        assert (await bench.ask()).result() == 1
        assert len(bench.ends) == 1

    run(work())


def test_it_is_read_anew_when_it_is_no_longer_fresh(bench):
    async def work():
        await bench.ask()
        await bench.end(1)
        bench.now_s += FRESH_S
        second = await bench.ask()
        assert not second.done()
        await bench.end(2)
        assert second.result() == 2

    run(work())


def test_age_counts_from_where_the_read_began(bench):
    async def work():
        await bench.ask()
        bench.now_s += 0.8 * FRESH_S
        await bench.end(1)
        bench.now_s += 0.3 * FRESH_S
        assert not (await bench.ask()).done()

    run(work())


def test_a_newer_picture_ends_it_at_once(bench):
    async def work():
        bench.source.picture_s = 7.0
        await bench.ask()
        await bench.end(1)
        assert (await bench.ask()).result() == 1
        bench.source.picture_s = 8.0
        later = await bench.ask()
        await bench.end(2)
        assert later.result() == 2
        assert (await bench.ask()).result() == 2

    run(work())


def test_who_comes_late_in_a_slow_read_gets_a_later_one_and_two_never_run_at_once(bench):
    async def work():
        first = await bench.ask()
        bench.now_s += 2 * FRESH_S
        late = [await bench.ask() for _ in range(5)]
        assert len(bench.ends) == 1
        await bench.end(1)
        assert first.result() == 1
        assert len(bench.ends) == 2
        assert not any(one.done() for one in late)
        await bench.end(2)
        assert [one.result() for one in late] == [2] * 5

    run(work())


def test_errors_go_to_those_who_waited_and_are_not_kept(bench):
    async def work():
        waiting = [await bench.ask() for _ in range(3)]
        await bench.end(error=ProtocolError("not_remembered", "nothing yet"))
        for one in waiting:
            with pytest.raises(ProtocolError):
                one.result()
        after = await bench.ask()
        await bench.end(1)
        assert after.result() == 1

    run(work())


def test_nothing_is_not_kept(bench):
    async def work():
        first = await bench.ask()
        await bench.end(None)
        assert first.result() is None
        second = await bench.ask()
        await bench.end(1)
        assert second.result() == 1

    run(work())


def test_sources_are_kept_apart_and_what_was_read_goes_with_its_source(bench):
    async def work():
        await bench.ask()
        await bench.end(1)
        other = Source()  # as one that is added under the name of a removed one
        asking = await bench.ask(other)
        await bench.end(2)
        assert asking.result() == 2
        assert (await bench.ask()).result() == 1
        gone = weakref.ref(other)
        del other, asking
        await settled()
        gc.collect()
        assert gone() is None

    run(work())


def test_one_who_leaves_takes_nothing_from_the_others(bench):
    async def work():
        first, second = await bench.ask(), await bench.ask()
        first.cancel()
        await settled()
        await bench.end(1)
        assert second.result() == 1
        assert first.cancelled()

    run(work())
