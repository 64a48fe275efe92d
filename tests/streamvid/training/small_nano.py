"""A nano whose language model is tiny and random: everything else is as it is in use."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from streamvid.model.nano.prompt import Prompt
from streamvid.model.nano.tower import Tower
from streamvid.training.network import Network
from streamvid.training.shipping import ship_weights
from streamvid.training.trainer import trainable


def write_language_model(folder: Path, tokenizer_folder: Path) -> Path:
    """A checkpoint of 5 layers of width 64 with the real tokenizer."""
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=5,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        rope_theta=100_000.0,
        tie_word_embeddings=True,
    )
    # A larger spread than in a fresh network, so that layers do something worth comparing.
    config.initializer_range = 0.2
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["model_type"] == "llama"
    return folder


def build_network(folder: Path, tower: Tower) -> Network:
    """The training network on that checkpoint, with gates that are open."""
    torch.manual_seed(1)
    network = Network(folder)
    network.name_classes(Prompt(folder))
    network.vision.copy_frozen(tower)
    with torch.no_grad():
        for gate in (network.text_gate, network.vision_gate):
            gate.linear.weight.normal_(std=0.1)
    return network.eval()


def ship(network: Network, language_folder: Path, folder: Path) -> Path:
    """The network's weights as files, rounded as shipped ones are."""
    parameters = dict(network.named_parameters())
    retrieval = network.vision.retrieval.state_dict()
    ship_weights(
        {name: parameters[name].detach() for name in trainable(network)},
        {f"vision.retrieval.{name}": tensor for name, tensor in retrieval.items()},
        language_folder,
        folder,
        say=lambda line: None,
    )
    return folder
