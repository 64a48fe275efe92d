"""The real packaged weights for tests, converted once a run. Torch loads when a test asks."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def nano_cache(tmp_path_factory):
    # The cache that the program itself would use, so that a run converts the weights once.
    home = os.environ.get("XDG_CACHE_HOME")
    return Path(home) / "streamvid" if home else tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def language_folder(nano_cache):
    from streamvid.model.nano.language_weights import converted_folder
    from streamvid.model.nano.packages import SMOLLM2

    return converted_folder(SMOLLM2, nano_cache)


@pytest.fixture(scope="session")
def tower():
    from streamvid.model.nano.packages import EFFICIENTNET_LITE2
    from streamvid.model.nano.tower import load_tower

    return load_tower(EFFICIENTNET_LITE2.locate())


@pytest.fixture(scope="session")
def pictures():
    """Four pictures of different sizes: smooth colours with a block somewhere."""
    rng = np.random.default_rng(5)
    out = []
    for height, width in ((336, 448), (336, 336), (120, 400), (500, 340)):
        rows = np.linspace(0, 255, height)[:, None, None]
        columns = np.linspace(0, 255, width)[None, :, None]
        picture = rows * rng.random(3) + columns * rng.random(3)
        picture[height // 4 : height // 2, width // 4 : width // 2] = rng.integers(0, 255, 3)
        out.append(picture.clip(0, 255).astype(np.uint8))
    return out


@pytest.fixture(scope="session")
def small_language_folder(tmp_path_factory, language_folder):
    """A tiny random language model with nano's tokenizer."""
    from tests.streamvid.training.small_nano import write_language_model

    return write_language_model(tmp_path_factory.mktemp("small"), language_folder)


@pytest.fixture(scope="session")
def small_network(small_language_folder, tower):
    """The training network around it; its weights are what ``small_weights`` holds."""
    from tests.streamvid.training.small_nano import build_network

    return build_network(small_language_folder, tower)


@pytest.fixture(scope="session")
def small_weights(tmp_path_factory, small_network, small_language_folder):
    """The network's weights as shipped."""
    from tests.streamvid.training.small_nano import ship

    return ship(small_network, small_language_folder, tmp_path_factory.mktemp("weights"))
