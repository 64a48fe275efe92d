"""Configurations of LLaVA-Mini that can be reckoned with where no checkpoint is at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from streamvid.model.llama import LlamaConfig, RopeScaling
from streamvid.model.llava_mini.config import LlavaMiniConfig

LLAMA_3_1_8B = LlamaConfig(
    hidden_size=4096,
    intermediate_size=14336,
    num_hidden_layers=32,
    num_attention_heads=32,
    num_key_value_heads=8,
    head_dim=128,
    vocab_size=128256,
    max_position_embeddings=131072,
    rms_norm_eps=1e-5,
    rope_theta=500_000.0,
    rope_scaling=RopeScaling(8.0, 1.0, 4.0, 8192),
    tie_word_embeddings=False,
)
VICUNA_7B = LlamaConfig(
    hidden_size=4096,
    intermediate_size=11008,
    num_hidden_layers=32,
    num_attention_heads=32,
    num_key_value_heads=32,
    head_dim=128,
    vocab_size=32000,
    max_position_embeddings=4096,
    rms_norm_eps=1e-5,
    rope_theta=10_000.0,
    rope_scaling=None,
    tie_word_embeddings=False,
)

_LLAVA_MINI_8B = LlavaMiniConfig(
    language=LLAMA_3_1_8B,
    vision_tower="openai/clip-vit-large-patch14-336",
    vision_width=1024,
    vision_layer=-2,
    compressor_size=1,
    compression="query",
    prefusion_layers=4,
    projector_layers=2,
    resolution_ratio=1,
    aspect_ratio="square",
    trained_tokens=4096,
    end_ids=(128001, 128008, 128009),
)
KNOWN_CONFIGS: Mapping[str, LlavaMiniConfig] = MappingProxyType(
    {
        "llava-mini-llama-3.1-8b": _LLAVA_MINI_8B,
        "llava-mini-vicuna-7b": replace(_LLAVA_MINI_8B, language=VICUNA_7B, end_ids=(2,)),
    }
)
