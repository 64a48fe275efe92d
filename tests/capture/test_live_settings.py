from __future__ import annotations

import math

import pytest

from capture import LiveSettings, SettingsError


def test_defaults_are_those_of_the_docs() -> None:
    settings = LiveSettings()
    assert (settings.first_frame_s, settings.stall_s, settings.frozen_s) == (20, 20, 30)
    assert settings.backoff_s == (1, 1, 2, 5, 10, 20, 30, 60)
    assert (settings.jitter, settings.healthy_s) == (0.2, 10)
    assert (settings.queue_frames, settings.lag_s, settings.decode) == (16, 3, "auto")
    assert settings.child_bytes == 1_500_000_000


@pytest.mark.parametrize(
    "change",
    [
        {"first_frame_s": 0}, {"stall_s": math.nan}, {"frozen_s": math.inf}, {"backoff_s": ()},
        {"backoff_s": (1.0, -1.0)}, {"backoff_s": (math.nan,)}, {"jitter": 1.5},
        {"healthy_s": -1}, {"refused_retry_s": 0}, {"queue_frames": 0}, {"queue_frames": 1.5},
        {"lag_s": 0}, {"child_bytes": 1}, {"child_bytes": 2e8 + 0.5}, {"decode": "some"},
        {"short_side_px": 1}, {"max_frame_px": 1},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_name(change) -> None:
    with pytest.raises(SettingsError, match=next(iter(change))):
        LiveSettings(**change)
