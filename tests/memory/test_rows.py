from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import memory
from memory import Counters, Geometry, TickSpan

KNOWN = ("seen", "covered", "dropped", "gapped", "pending")


@settings(deadline=None)
@given(parts=st.lists(st.integers(0, 1_000), min_size=5, max_size=5), off=st.integers(-3, 3))
def test_counters_balance_to_the_tick(parts: list[int], off: int) -> None:
    counters = Counters(expected=sum(parts) + off, **dict(zip(KNOWN, parts, strict=True)))
    assert counters.balanced == (off == 0)


def test_damage_costs_no_tick() -> None:
    assert Counters(expected=2, seen=2, damage_packets=9, damage_frames=4).balanced


def test_geometry_gives_shapes() -> None:
    geometry = Geometry(576, 4, 384, 24, keeps_fused_prefix=True)
    assert (geometry.tokens_shape, geometry.prefix_shape) == ((4, 576), (24, 576))


def test_values_cannot_be_changed() -> None:
    span = TickSpan(3, 7)
    assert span.ticks == 4
    with pytest.raises(dataclasses.FrozenInstanceError):
        span.end_tick = 9  # type: ignore[misc]  # that is the point


def test_public_names_are_sorted_and_there() -> None:
    assert list(memory.__all__) == sorted(
        memory.__all__, key=lambda n: (not n.isupper(), n[0].islower(), n)
    )
    assert all(hasattr(memory, name) for name in memory.__all__)
