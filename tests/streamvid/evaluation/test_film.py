from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamvid.evaluation import Clip, EvaluationError, plan_film

CLIPS = st.lists(st.floats(1.0, 60.0), min_size=1, max_size=8).map(
    lambda lengths: [Clip(f"clip{i}.mp4", length) for i, length in enumerate(lengths)]
)


@given(CLIPS, st.integers(1, 40), st.floats(0.05, 0.15), st.integers(0, 5))
def test_a_film_is_whole(clips, pictures, hours, seed):
    names = [f"{i}.jpg" for i in range(pictures)]
    plan = plan_film(clips, names, hours, seed)
    assert plan == plan_film(clips[::-1], names[::-1], hours, seed)  # by content, not by order
    assert plan.segments[0].start_s == 0.0
    for one, then in zip(plan.segments, plan.segments[1:], strict=False):
        assert one.end_s == then.start_s
    shown = [segment for segment in plan.segments if segment.picture]
    assert Counter(s.clip for s in plan.segments if s.clip) == Counter(c.file for c in clips)
    assert all(3.0 - 1e-6 < s.end_s - s.start_s < 4.0 + 1e-6 for s in shown)
    assert {s.picture for s in shown} <= set(names)
    times = Counter(s.picture for s in shown)
    assert max(times.values()) - min(times.values() if len(times) == pictures else [0]) <= 1
    for clip in clips:
        start_s, end_s = plan.range_of(clip.file)
        assert start_s == int(start_s)
        assert end_s - start_s == pytest.approx(clip.duration_s)


def test_clips_are_parted_by_pictures_and_the_hour_is_met():
    clips = [Clip(f"{i}.mp4", 10.7 + i) for i in range(20)]
    plan = plan_film(clips, [f"{i}.jpg" for i in range(500)], 1, 3)
    assert abs(plan.duration_s - 3600) <= 3.0
    for one, then in zip(plan.segments, plan.segments[1:], strict=False):
        assert not (one.clip and then.clip)
    assert plan.segments[0].picture
    assert plan.segments[-1].picture


def test_another_seed_is_another_film():
    clips = [Clip(f"{i}.mp4", 5.0) for i in range(9)]
    pictures = [f"{i}.jpg" for i in range(50)]
    assert plan_film(clips, pictures, 0.2, 1) != plan_film(clips, pictures, 0.2, 2)


@pytest.mark.parametrize(
    ("clips", "pictures", "hours"),
    [([], ["a"], 1.0), ([Clip("a", 1.0)], [], 1.0), ([Clip("a", 1.0)], ["a"], 0.0)],
)
def test_nothing_to_show_is_refused(clips, pictures, hours):
    with pytest.raises(EvaluationError, match="cannot plan"):
        plan_film(clips, pictures, hours, 0)


def test_an_unknown_clip_is_named():
    plan = plan_film([Clip("a.mp4", 2.0)], ["p.jpg"], 0.01, 0)
    with pytest.raises(EvaluationError, match=r"b\.mp4"):
        plan.range_of("b.mp4")
