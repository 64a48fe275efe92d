"""Where fusion states belong: budgets hold, and the more useful chooses first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamvid.answer.tiers import HALF_LIFE_USES, Holding, Usefulness, place

AT = 500
RANK = {"device": 0, "host": 1, "gone": 2}
uses = st.lists(st.integers(0, AT), min_size=1, max_size=6)


def useful(moments: list[int]) -> Usefulness:
    use = Usefulness(0.0, 0)
    for moment in sorted(moments):
        use = use.used(moment)
    return use


def holdings(sizes: st.SearchStrategy[int]) -> st.SearchStrategy[list[Holding]]:
    return st.lists(st.builds(Holding, sizes, uses.map(useful)), max_size=12)


budgets = st.integers(0, 60)


@given(holdings(st.integers(0, 30)), budgets, budgets)
def test_no_tier_holds_more_than_its_budget(kept: list[Holding], device: int, host: int) -> None:
    tiers = place(kept, device_bytes=device, host_bytes=host, at=AT)
    assert len(tiers) == len(kept)
    for name, budget in (("device", device), ("host", host)):
        assert sum(k.nbytes for k, t in zip(kept, tiers, strict=True) if t == name) <= budget


@given(holdings(st.just(7)), budgets, budgets)
def test_of_equal_size_the_least_useful_is_furthest_away(
    kept: list[Holding], device: int, host: int
) -> None:
    tiers = place(kept, device_bytes=device, host_bytes=host, at=AT)
    for one, tier in zip(kept, tiers, strict=True):
        for other, further in zip(kept, tiers, strict=True):
            if RANK[tier] < RANK[further]:
                assert one.use.when(AT) >= other.use.when(AT)


@given(holdings(st.integers(0, 30)), budgets, budgets)
def test_what_is_further_away_had_no_room_beside_the_more_useful(
    kept: list[Holding], device: int, host: int
) -> None:
    tiers = place(kept, device_bytes=device, host_bytes=host, at=AT)
    for one, tier in zip(kept, tiers, strict=True):
        for name, budget in (("device", device), ("host", host)):
            if RANK[tier] > RANK[name]:
                above = sum(
                    other.nbytes
                    for other, place_ in zip(kept, tiers, strict=True)
                    if place_ == name and other.use.when(AT) >= one.use.when(AT)
                )
                assert above + one.nbytes > budget


@given(uses, st.integers(0, 200))
def test_a_use_counts_half_after_its_half_life_and_order_stays_without_new_ones(
    moments: list[int], later: int
) -> None:
    use = useful(moments)
    assert use.when(AT + HALF_LIFE_USES) * 2 == use.when(AT) or use.when(AT) < 1e-300
    other = useful([max(moments)])
    assert use.when(AT + later) >= other.when(AT + later)  # more uses, as late: never less useful


def test_often_and_lately_beats_once_and_long_ago() -> None:
    often, lately, old = useful([100, 300, 480]), useful([490]), useful([100])
    kept = [Holding(10, one) for one in (old, lately, often)]
    assert place(kept, device_bytes=10, host_bytes=10, at=AT) == ["gone", "host", "device"]
    assert place(kept, device_bytes=30, host_bytes=0, at=AT) == ["device"] * 3
    assert place(kept, device_bytes=20, host_bytes=0, at=AT) == ["gone", "device", "device"]


def test_what_is_too_large_for_the_device_leaves_it_to_others() -> None:
    kept = [Holding(50, useful([499, 500])), Holding(10, useful([1]))]
    assert place(kept, device_bytes=20, host_bytes=60, at=AT) == ["host", "device"]
