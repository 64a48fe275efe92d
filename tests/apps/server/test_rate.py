from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apps.server.rate import Rate, Rates


@given(
    st.floats(0.5, 50),
    st.lists(st.floats(0, 2, allow_subnormal=False), min_size=1, max_size=200),
)
def test_no_stretch_of_time_holds_more_than_its_share_and_a_burst(per_s, waits):
    rate, now_s, allowed = Rate(per_s), 0.0, []
    for wait_s in waits:
        now_s += wait_s
        if rate.allows(now_s):
            allowed.append(now_s)
    for first, begin_s in enumerate(allowed):
        for last in range(first, len(allowed)):
            count = last - first + 1
            assert count <= 2 * per_s + (allowed[last] - begin_s) * per_s + 1e-6 + 1


def test_a_burst_of_twice_the_rate_may_come_at_once():
    rate = Rate(5.0)
    assert [rate.allows(0.0) for _ in range(12)] == [True] * 10 + [False] * 2
    assert rate.allows(0.2)
    assert not rate.allows(0.2)


def test_a_clock_that_goes_back_gains_nothing():
    rate = Rate(1.0)
    assert [rate.allows(t) for t in (10.0, 9.0, 8.0)] == [True, True, False]


def test_each_client_has_a_rate_of_its_own():
    rates = Rates(1.0, most=10)
    assert [rates.allows(who, 0.0) for who in "aabbab"] == [True] * 4 + [False] * 2


def test_so_many_clients_are_known_and_whoever_was_not_heard_of_longest_goes():
    rates = Rates(1.0, most=2)
    for who in "aabba":
        rates.allows(who, 0.0)
    rates.allows("c", 0.0)  # forgets b
    assert not rates.allows("a", 0.0)
    assert rates.allows("b", 0.0)
