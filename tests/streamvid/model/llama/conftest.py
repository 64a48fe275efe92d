"""Tiny random decoders, and transformers' own model with the same weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import settings

from streamvid.model.llama import LanguageModel, LlamaConfig, Precision

# A loaded machine pauses for longer than any honest limit; what is tested here is not the time.
settings.register_profile("llama", deadline=None)
settings.load_profile("llama")

FIELDS: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 97,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10_000.0,
    "tie_word_embeddings": True,
}


@pytest.fixture(autouse=True)
def _one_thread_and_seed():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(20)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def config() -> LlamaConfig:
    return LlamaConfig.from_json(FIELDS)


def random_tensors(config: LlamaConfig, *, seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights in Hugging Face's naming, large enough that attention is far from uniform."""
    random = torch.Generator().manual_seed(seed)

    def matrix(rows: int, columns: int) -> torch.Tensor:
        return torch.randn(rows, columns, generator=random) * 1.5 / columns**0.5

    d, inner = config.hidden_size, config.intermediate_size
    queries, keys = config.attention_width, config.key_value_width
    tensors = {
        "model.embed_tokens.weight": torch.randn(config.vocab_size, d, generator=random),
        "model.norm.weight": 1 + 0.2 * torch.randn(d, generator=random),
        "lm_head.weight": matrix(config.vocab_size, d),
    }
    for index in range(config.num_hidden_layers):
        stem = f"model.layers.{index}."
        for name, rows in (("q", queries), ("k", keys), ("v", keys)):
            tensors[f"{stem}self_attn.{name}_proj.weight"] = matrix(rows, d)
        tensors[f"{stem}self_attn.o_proj.weight"] = matrix(d, queries)
        tensors[f"{stem}mlp.gate_proj.weight"] = matrix(inner, d)
        tensors[f"{stem}mlp.up_proj.weight"] = matrix(inner, d)
        tensors[f"{stem}mlp.down_proj.weight"] = matrix(d, inner)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{stem}{norm}.weight"] = 1 + 0.2 * torch.randn(d, generator=random)
    return tensors


@pytest.fixture
def tensors(config: LlamaConfig) -> dict[str, torch.Tensor]:
    return random_tensors(config)


@pytest.fixture
def model(config: LlamaConfig, tensors: dict[str, torch.Tensor]) -> LanguageModel:
    return LanguageModel.from_tensors(config, tensors, Precision())


@pytest.fixture
def fields() -> dict[str, Any]:
    return dict(FIELDS)


@pytest.fixture
def make_tensors() -> Callable[..., dict[str, torch.Tensor]]:
    return random_tensors


@pytest.fixture
def library_model() -> Callable[[dict[str, Any], dict[str, torch.Tensor]], Any]:
    """transformers' LlamaForCausalLM of the same config and weights, fp32."""
    transformers = pytest.importorskip("transformers")

    def build(fields: dict[str, Any], tensors: dict[str, torch.Tensor]) -> Any:
        theta = fields["rope_theta"]
        scaling = fields.get("rope_scaling") or {"rope_type": "default"}
        rest = {k: v for k, v in fields.items() if k not in ("rope_theta", "rope_scaling")}
        rest["rope_parameters"] = {**scaling, "rope_theta": theta}
        library = transformers.LlamaForCausalLM(transformers.LlamaConfig(**rest)).eval()
        kept = dict(tensors)
        if fields["tie_word_embeddings"]:
            kept["lm_head.weight"] = kept["model.embed_tokens.weight"]
        library.load_state_dict(kept, strict=True)
        return library

    return build
