"""Random checkpoints of any variant, written as the reference and transformers write them.

They answer nothing sensible: shapes, names and identities are what they are for.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from tokenizers.decoders import ByteLevel
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPVisionConfig,
    PreTrainedTokenizerFast,
)

from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.loading import expected_shapes

CHAT_TEMPLATE = (
    "{% for m in messages %}{% if loop.first %}{{ bos_token }}{% endif %}"
    "{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] | trim"
    " + '<|eot_id|>' }}{% endfor %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"
)
_SPECIALS = (
    "<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|pad|>",
)  # fmt: skip
_TEXTS = [
    "A dog is running on the grass. Is there a man in the picture? What do you see? Yes. No.",
    "You are a helpful language and vision assistant. user assistant system",
]
TOWER = "tiny-clip"
_PATCH_PX, _GRID = 14, 4
_VOCABULARY = 512


def write_checkpoint(
    folder: Path,
    *,
    compressor_size: int = 1,
    prefusion_layers: int = 2,
    resolution_ratio: int = 1,
    compression: str = "query",
    chat: bool = True,
    layers: int = 3,
    whole_clip: bool = True,
    seed: int = 0,
) -> Path:
    """Write a checkpoint into ``folder``/model and its CLIP into ``folder``/tiny-clip."""
    torch.manual_seed(seed)
    target = folder / "model"
    target.mkdir(parents=True, exist_ok=True)
    fields = {
        "model_type": "llava_mini_llama",
        "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": layers,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": _VOCABULARY,
        "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "tie_word_embeddings": False, "hidden_act": "silu",
        "mm_vision_tower": TOWER, "mm_hidden_size": 64, "mm_vision_select_layer": -2,
        "mm_vision_select_feature": "patch", "mm_projector_type": "mlp2x_gelu",
        "compressor_size": compressor_size, "prefusion_layer_num": prefusion_layers,
        "resolution_ratio": resolution_ratio, "mm_compression": compression,
        "image_aspect_ratio": "square", "tokenizer_model_max_length": 2048,
    }  # fmt: skip
    tokenizer = _tokenizer()
    fields["eos_token_id"] = tokenizer.convert_tokens_to_ids("<|eot_id|>")
    (target / "config.json").write_text(json.dumps(fields))
    shapes = expected_shapes(LlavaMiniConfig.from_json(fields))
    save_file(
        {name: _random(name, shape) for name, shape in shapes.items()}, target / "model.safetensors"
    )
    if chat:
        tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(target)
    _write_clip(folder / TOWER, whole=whole_clip)
    return target


def _random(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    if "norm" in name or ".ln_" in name:
        return torch.ones(shape) + 0.1 * torch.randn(shape)
    return torch.randn(shape) * (0.5 if len(shape) == 1 else shape[-1] ** -0.5)


def _tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE, special tokens last: id 0 is ``!``, as in Llama 3."""
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bare.train_from_iterator(
        _TEXTS, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    )
    whole = PreTrainedTokenizerFast(
        tokenizer_object=bare, bos_token=_SPECIALS[0], eos_token=_SPECIALS[1], pad_token="<|pad|>"
    )
    whole.add_special_tokens({"additional_special_tokens": list(_SPECIALS)})
    begin = (_SPECIALS[0], whole.convert_tokens_to_ids(_SPECIALS[0]))
    whole.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin[0]} $A", special_tokens=[begin]
    )
    return whole


def _write_clip(folder: Path, *, whole: bool) -> None:
    vision = CLIPVisionConfig(
        hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=1,
        patch_size=_PATCH_PX, image_size=_PATCH_PX * _GRID, projection_dim=32,
    )  # fmt: skip
    text = CLIPTextConfig(
        hidden_size=48, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        vocab_size=_VOCABULARY, max_position_embeddings=24, projection_dim=32,
    )  # fmt: skip
    tokenizer = _tokenizer()
    text.eos_token_id = tokenizer.eos_token_id
    clip = CLIPModel(
        CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=32)
    )
    if not whole:
        clip.vision_model.save_pretrained(folder)
        return
    clip.save_pretrained(folder)
    end = (tokenizer.eos_token, tokenizer.eos_token_id)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {end[0]}", special_tokens=[end]
    )
    tokenizer.save_pretrained(folder)
