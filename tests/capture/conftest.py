"""Folders of videos: one made on the spot, one that STREAMVID_DATA names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.capture.videos import KINDS, video


@pytest.fixture(scope="session")
def robust_folder() -> Path:
    data = os.environ.get("STREAMVID_DATA")
    if not data:
        pytest.skip("STREAMVID_DATA does not name the data folder")
    return Path(data) / "videos" / "robust"


@pytest.fixture(scope="session")
def video_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    os.environ.setdefault("SVT_LOG", "0")  # the AV1 encoder talks on stderr otherwise
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(params=sorted(KINDS))
def any_video(request: pytest.FixtureRequest, video_folder: Path) -> Path:
    """Each kind of video in turn."""
    return video(request.param, video_folder)
