"""What is kept between questions: contexts and states, under their budgets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamvid.answer.contexts import ContextKey, ContextStore
from streamvid.answer.states import FrameKey, StatesCache
from tests.streamvid.tiny_model import D, TinyModel

TOKEN_BYTES = D * 4


def key(name: str) -> ContextKey:
    return ContextKey(name, "prefix", "view")


def prefilled(model: TinyModel, tokens: int = 10) -> object:
    return model.context(np.ones((tokens, D), np.float32))


def test_a_context_comes_back_rewound_to_its_view() -> None:
    model, store = TinyModel(), ContextStore(10**9)
    assert store.take(key("a")) is None
    kept = store.add(key("a"), prefilled(model))
    kept.context.extend(np.ones((5, D), np.float32))
    store.give_back(kept)
    again = store.take(key("a"))
    assert again is kept
    assert again.context.length == 10


def test_a_second_question_at_once_works_on_a_copy_that_is_closed_after() -> None:
    model, store = TinyModel(), ContextStore(10**9)
    first = store.add(key("a"), prefilled(model))
    first.context.extend(np.ones((5, D), np.float32))
    second = store.take(key("a"))
    assert second is not None
    assert second.context is not first.context
    assert second.context.length == 10
    store.give_back(second)
    assert second.context.closed
    assert not first.context.closed
    assert len(store) == 1


def test_of_two_copies_the_one_with_more_of_the_view_is_kept() -> None:
    model, store = TinyModel(), ContextStore(10**9)
    first = store.add(key("a"), prefilled(model))
    second = store.take(key("a"))
    store.extend(second, np.ones((3, D), np.float32), begins=False)
    store.give_back(second)
    assert store.idle(key("a")) is second
    assert not first.context.closed  # somebody works behind it
    store.give_back(first)
    assert first.context.closed
    assert store.take(key("a")).context.length == 13
    assert (store.full_prefills, store.extended_tokens) == (1, 3)


def test_extending_a_view_forgets_what_was_said_behind_it() -> None:
    model, store = TinyModel(), ContextStore(10**9)
    kept = store.add(key("a"), prefilled(model))
    kept.context.extend(np.ones((5, D), np.float32))
    store.extend(kept, np.ones((2, D), np.float32), begins=True)
    assert (kept.context.length, kept.view_length) == (12, 12)
    assert store.extended_tokens == 0


def test_what_is_discarded_closes_at_once_or_when_it_is_given_back() -> None:
    model, store = TinyModel(), ContextStore(10**9)
    idle, busy = store.add(key("a"), prefilled(model)), store.add(key("b"), prefilled(model))
    store.give_back(idle)
    assert store.idle(key("a")) is idle
    assert store.idle(key("b")) is None
    for name in "abc":
        store.discard(key(name))
    assert idle.context.closed
    assert not busy.context.closed
    store.give_back(busy)
    assert busy.context.closed
    assert key("b") not in store


def test_the_one_used_longest_ago_goes_first_and_busy_ones_stay() -> None:
    model, store = TinyModel(), ContextStore(25 * TOKEN_BYTES)
    a = store.add(key("a"), prefilled(model))
    b = store.add(key("b"), prefilled(model))
    store.give_back(a)
    store.give_back(b)
    assert store.take(key("a")) is a  # now b is the older
    store.add(key("c"), prefilled(model))
    assert b.context.closed
    assert not a.context.closed
    store.add(key("d"), prefilled(model))  # nothing may go: all are busy
    assert len(store) == 3
    store.give_back(a)
    assert a.context.closed
    assert store.nbytes <= 25 * TOKEN_BYTES


def test_forgetting_a_recording_closes_its_contexts() -> None:
    model, store = TinyModel(), ContextStore(10**9)
    idle, busy = store.add(key("a"), prefilled(model)), store.add(key("b"), prefilled(model))
    store.give_back(idle)
    store.forget("a")
    store.forget("b")
    assert idle.context.closed
    assert not busy.context.closed
    store.give_back(busy)
    assert busy.context.closed
    assert len(store) == 0


def picture(tick: int) -> np.ndarray:
    return np.random.default_rng(tick).integers(0, 255, (16, 16, 3), dtype=np.uint8)


@settings(deadline=None)  # a shared machine's pauses are no failures
@given(
    st.lists(st.sets(st.integers(0, 12), min_size=1, max_size=5), min_size=1, max_size=8),
    st.integers(0, 12),
    st.integers(0, 12),
    st.booleans(),
)
def test_a_fused_sum_is_that_of_the_frames_whatever_was_kept(
    questions: list[set[int]], device_frames: int, host_frames: int, apart: bool
) -> None:
    model = TinyModel()
    model.spec = replace(model.spec, device_apart=apart)
    size = model.spec.state_bytes
    cache = StatesCache(device_frames * size, host_frames * size)
    for ticks in questions:
        weights = {FrameKey("r", tick, False): 1.0 + tick for tick in sorted(ticks)}
        got = cache.fuse(model, "why", weights, lambda frame: picture(frame.tick), follows=False)
        stills = [picture(frame.tick) for frame in weights]
        expected = model.fuse("why", stills, list(weights.values()))
        np.testing.assert_allclose(got.total, expected.total, rtol=1e-4, atol=1e-3)
        assert got.weight == pytest.approx(expected.weight)
        assert cache.nbytes - cache.host_nbytes <= device_frames * size
        assert cache.host_nbytes <= (host_frames * size if apart else 0)
        for kept in cache._kept.values():
            assert not kept.states.closed
            assert kept.states.on_host == (kept.tier == "host")


def test_the_least_useful_goes_to_the_host_and_comes_back_when_it_is_used() -> None:
    model = TinyModel()
    model.spec = replace(model.spec, device_apart=True)
    cache = StatesCache(2 * model.spec.state_bytes, model.spec.state_bytes)
    drawn: list[int] = []

    def pixels(frame: FrameKey) -> np.ndarray:
        drawn.append(frame.tick)
        return picture(frame.tick)

    def ask(*ticks: int) -> None:
        for tick in ticks:
            cache.fuse(model, "q", {FrameKey("r", tick, False): 1.0}, pixels, follows=False)

    def tiers() -> dict[int, str]:
        return {group[0].tick: kept.tier for group, kept in cache._kept.items()}

    ask(1, 1, 2)
    assert tiers() == {1: "device", 2: "device"}
    ask(3)
    assert tiers() == {1: "device", 2: "host", 3: "device"}
    ask(2)  # used twice now: before what was used once
    assert tiers() == {1: "device", 2: "device", 3: "host"}
    gone = next(kept.states for group, kept in cache._kept.items() if group[0].tick == 3)
    ask(4)
    assert tiers() == {1: "device", 2: "device", 4: "host"}
    assert gone.closed
    assert drawn == [1, 2, 3, 4]


def test_frames_with_states_need_no_pixels_again() -> None:
    model, cache = TinyModel(), StatesCache(10**9)
    weights = {FrameKey("r", tick, False): 1.0 for tick in range(4)}
    asked: list[int] = []

    def pixels(frame: FrameKey) -> np.ndarray:
        asked.append(frame.tick)
        return picture(frame.tick)

    cache.fuse(model, "one", weights, pixels, follows=False)
    assert cache.missing(list(weights)) == []
    cache.fuse(model, "two", weights, pixels, follows=False)
    assert asked == [0, 1, 2, 3]
    preview = FrameKey("r", 0, True)
    assert cache.missing([preview]) == [preview]


def test_states_of_a_removed_recording_are_closed() -> None:
    model, cache = TinyModel(), StatesCache(10**9)
    for name in "ab":
        cache.fuse(model, "q", {FrameKey(name, 1, False): 1.0}, lambda f: picture(1), follows=False)
    cache.forget("a")
    assert cache.missing([FrameKey("a", 1, False), FrameKey("b", 1, False)]) == [
        FrameKey("a", 1, False)
    ]
