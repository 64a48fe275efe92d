"""What is shipped can be trained on."""

import pytest
import torch

from streamvid.model.errors import WeightsError
from streamvid.training.shipping import start_from
from streamvid.training.trainer import trainable
from tests.streamvid.training.small_nano import build_network, ship

# They build the real tower around a tiny language model.
pytestmark = [pytest.mark.weights]


def test_a_network_starts_from_what_another_shipped(small_language_folder, tower, tmp_path):
    network = build_network(small_language_folder, tower)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name in set(trainable(network)):
                parameter.add_(torch.randn_like(parameter) * 0.01)
    folder = ship(network, small_language_folder, tmp_path / "weights")
    other = build_network(small_language_folder, tower)
    start_from(other, folder, small_language_folder)
    theirs = dict(other.named_parameters())
    for name, parameter in network.named_parameters():
        if name not in set(trainable(network)):
            continue
        moved = parameter.detach().std().clamp(min=1e-3)
        # Differences ship in 4 bits, the rest in 8.
        assert (theirs[name] - parameter).abs().max() < 0.2 * moved + 0.004, name


def test_a_folder_without_weights_is_told(small_language_folder, tower, tmp_path):
    with pytest.raises(WeightsError, match="missing"):
        start_from(build_network(small_language_folder, tower), tmp_path, small_language_folder)
