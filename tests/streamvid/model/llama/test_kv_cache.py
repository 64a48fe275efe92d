from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from streamvid.model.llama import CacheError, FrameStates, KVCache, LlamaConfig
from streamvid.model.llama.kv_cache import FrameStore

CONFIG = LlamaConfig(8, 8, 2, 4, 2, 4, 10, 4096, 1e-5, 1e4, None, True)


def _tokens(count: int, seed: int) -> torch.Tensor:
    """Keys and values of every layer: [layers, 2, K, n, D]."""
    random = torch.Generator().manual_seed(seed)
    return torch.randn(2, 2, 2, count, 4, generator=random)


def _append(cache: KVCache, tokens: torch.Tensor) -> torch.Tensor:
    """Everything the cache then gives, [layers, 2, K, length, D]."""
    seen = [cache.append(layer, tokens[layer, :1], tokens[layer, 1:]) for layer in range(2)]
    cache.advance(tokens.shape[3])
    return torch.stack([torch.cat(pair) for pair in seen])


class CacheMachine(RuleBasedStateMachine):
    """A cache against one growing tensor, through appends, rewinds and forks."""

    @initialize(room=st.integers(0, 300))
    def start(self, room: int) -> None:
        self.cache = KVCache(CONFIG, room_tokens=room)
        self.expected = torch.empty(2, 2, 2, 0, 4)

    @rule(count=st.integers(1, 200), seed=st.integers(0, 99))
    def append(self, count: int, seed: int) -> None:
        tokens = _tokens(count, seed)
        self.expected = torch.cat([self.expected, tokens], 3)
        assert torch.equal(_append(self.cache, tokens), self.expected)

    @rule(share=st.floats(0, 1))
    def rewind(self, share: float) -> None:
        length = int(share * self.cache.length)
        self.cache.rewind(length)
        self.expected = self.expected[:, :, :, :length]

    @rule(seed=st.integers(0, 99))
    def go_on_in_a_fork(self, seed: int) -> None:
        left, self.cache = self.cache, self.cache.fork()
        # What the one left behind gets must not show in the other.
        _append(left, _tokens(3, seed))
        left.close()

    @rule(count=st.integers(0, 500))
    def reserve(self, count: int) -> None:
        self.cache.reserve(count)
        assert self.cache.room_tokens >= self.cache.length + count

    @invariant()
    def sizes_agree(self) -> None:
        if not hasattr(self, "cache"):
            return
        assert self.cache.length == self.expected.shape[3]
        assert self.cache.nbytes == 2 * 2 * 2 * 4 * 4 * self.cache.room_tokens
        assert self.cache.room_tokens >= self.cache.length


TestCacheMachine = CacheMachine.TestCase
TestCacheMachine.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)


def test_growing_copies_seldom():
    cache = KVCache(CONFIG)
    rooms = set()
    for step in range(2000):
        _append(cache, _tokens(1, step))
        rooms.add(cache.room_tokens)
    assert len(rooms) <= 9


def test_a_pass_that_fails_half_way_leaves_the_cache_as_it_was():
    cache = KVCache(CONFIG)
    first = _tokens(3, 0)
    _append(cache, first)
    lost = _tokens(5, 1)
    cache.append(0, lost[0, :1], lost[0, 1:])  # and never advanced
    then = _tokens(2, 2)
    assert torch.equal(_append(cache, then), torch.cat([first, then], 3))


@pytest.mark.parametrize("length", [-1, 4])
def test_only_the_past_can_be_rewound_to(length):
    cache = KVCache(CONFIG)
    _append(cache, _tokens(3, 0))
    with pytest.raises(CacheError, match=str(length)):
        cache.rewind(length)
    assert cache.length == 3


def test_a_closed_cache_is_empty_and_refuses():
    cache = KVCache(CONFIG)
    cache.close()
    assert (cache.nbytes, cache.length, cache.room_tokens) == (0, 0, 0)
    for use in (cache.fork, lambda: cache.rewind(0), lambda: _append(cache, _tokens(1, 0))):
        with pytest.raises(CacheError, match="closed"):
            use()


def _states(frames: int, length: int, seed: int) -> FrameStates:
    random = torch.Generator().manual_seed(seed)
    parts = torch.randn(2, 2, frames, 2, length, 4, generator=random)
    return FrameStates(list(parts[0]), list(parts[1]))


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(1, 5))
def test_joined_states_are_selected_apart_again(counts, length):
    parts = [_states(count, length, seed) for seed, count in enumerate(counts)]
    joined = FrameStates.join(parts)
    assert (joined.frames, joined.length) == (sum(counts), length)
    assert joined.nbytes == sum(part.nbytes for part in parts)
    start = 0
    for part in parts:
        apart = joined.select(range(start, start + part.frames))
        assert all(torch.equal(a, b) for a, b in zip(apart.layer(1), part.layer(1), strict=True))
        start += part.frames


def test_a_selection_does_not_hold_on_to_the_rest():
    one = _states(8, 5, 0).select([2])
    assert one.layer(0)[0].untyped_storage().nbytes() * 4 == one.nbytes


def test_states_of_other_lengths_are_not_joined():
    with pytest.raises(CacheError, match=r"\[3, 4\]"):
        FrameStates.join([_states(1, 3, 0), _states(1, 4, 0)])


def test_a_store_that_keeps_nothing_has_no_states():
    store = FrameStore()
    store.append(0, *_states(1, 3, 0).layer(0))
    with pytest.raises(CacheError, match="keep"):
        store.states()
