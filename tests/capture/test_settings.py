from __future__ import annotations

import pytest

import capture


def test_defaults_keep_336_px_and_ask_for_ticks() -> None:
    settings = capture.Settings()
    assert settings.sampling == "tick"
    assert settings.kept_short_side_px == 336
    assert capture.Settings(short_side_px=224).kept_short_side_px == 336
    assert capture.Settings(short_side_px=512).kept_short_side_px == 512


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sampling", "all"),
        ("short_side_px", 8),
        ("max_frame_px", 1),
        ("max_stretch_lead_s", 0.0),
        ("max_stretch_lead_s", float("nan")),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(capture.SettingsError, match=name):
        capture.Settings(**{name: value})
