"""What a LLaVA-Mini costs, from its configuration alone: FLOPs, bytes of weights, caches.

A multiplication and its addition are two FLOPs. Attention counts whole, without the half that a
causal mask saves, and what is no matrix product (norms, rotations, softmax) is left out: so does
torch's own counter, and so do the paper's totals (arXiv 2501.03895, Tables 3 and 8). Both count the
last pre-fusion layer at all tokens; streamvid itself runs its products for text and vision tokens
alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from streamvid.model.errors import WeightsError
from streamvid.model.llama import LlamaConfig
from streamvid.model.llava_mini.config import LlavaMiniConfig

BF16_BYTES = 2
# 4 bits, one 8-bit scale for 64 weights, one float32 scale for 256 of those.
NF4_BLOCK = 64
NF4_BYTES = 0.5 + 1 / NF4_BLOCK + 4 / (NF4_BLOCK * 256)


@dataclass(frozen=True, slots=True)
class TowerShape:
    """A CLIP vision tower: ``layers`` of them are run, of ``all_layers`` that are loaded."""

    width: int
    inner: int
    layers: int
    all_layers: int
    patch_px: int
    image_px: int

    @property
    def patches(self) -> int:
        """N: patches of one part."""
        return (self.image_px // self.patch_px) ** 2


CLIP_L_336 = TowerShape(width=1024, inner=4096, layers=23, all_layers=24, patch_px=14, image_px=336)
"""openai/clip-vit-large-patch14-336, whose last layer but one is read."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked: ``frames`` of ``parts`` each (1, or r² + 1 in HD) and a prompt.

    ``text_tokens`` is T, the whole prompt without its placeholder: everything depends on it.
    """

    frames: int = 1
    parts: int = 1
    text_tokens: int = 64


@dataclass(frozen=True, slots=True)
class PartCost:
    """One component's FLOPs, and the bytes it keeps: weights, keys and values, activations."""

    name: str
    flops: int
    weight_bytes: int
    cache_bytes: int = 0
    activation_bytes: int = 0
    """Of its widest moment, for one frame or one pass over the prompt."""


def costs(
    config: LlavaMiniConfig, tower: TowerShape, work: Work, *, quantized: bool = False
) -> list[PartCost]:
    """Every component's cost for one question about ``work``, asked as the reference does.

    With ``quantized`` the decoder layers are NF4, everything else bf16.
    """
    return [
        _tower(tower, work),
        _compressor(config, tower, work),
        _projector(config, tower, work),
        _prefusion(config, tower, work, quantized=quantized),
        _language(config, work, quantized=quantized),
    ]


def total_flops(parts: Iterable[PartCost]) -> int:
    """All of them together."""
    return sum(part.flops for part in parts)


def decode_flops(config: LlavaMiniConfig, context_tokens: int) -> int:
    """FLOPs of one further token of the answer behind ``context_tokens``."""
    language = config.language
    attention = 4 * (context_tokens + 1) * language.attention_width * language.num_hidden_layers
    return 2 * (_layer_weights(language) * language.num_hidden_layers + _head(language)) + attention


def uncompressed_flops(config: LlavaMiniConfig, tower: TowerShape, work: Work) -> int:
    """The same question to a model that reads every patch itself (LLaVA-v1.5)."""
    patches = tower.patches * work.frames * work.parts
    projector = 2 * patches * _projector_weights(config)
    tokens = patches + work.text_tokens
    prompt = _decoder_flops(config.language, tokens, config.language.num_hidden_layers)
    return _tower(tower, work).flops + projector + prompt + 2 * tokens * _head(config.language)


def context_tokens(config: LlavaMiniConfig, work: Work) -> int:
    """S: tokens that the language model reads."""
    return work.frames * config.tokens_per_frame + work.text_tokens


def fused_tokens(config: LlavaMiniConfig, tower: TowerShape, work: Work) -> int:
    """L: tokens that pre-fusion reads for one frame."""
    return tower.patches * work.parts + config.tokens_per_frame + work.text_tokens


def _tower(tower: TowerShape, work: Work) -> PartCost:
    places, width = tower.patches + 1, tower.width
    layer = 4 * width**2 + 2 * width * tower.inner
    embed = 3 * tower.patch_px**2 * width
    one = 2 * (tower.patches * embed + tower.layers * places * layer)
    one += tower.layers * 4 * places**2 * width
    # Two norms and a bias for each product; class token, positions and the first norm.
    small = 9 * width + tower.inner
    weights = tower.all_layers * (layer + small) + embed + (places + 5) * width
    return PartCost(
        "vision tower",
        one * work.frames * work.parts,
        weights * BF16_BYTES,
        activation_bytes=work.parts * places * (2 * width + tower.inner) * BF16_BYTES,
    )


def _read_patches(tower: TowerShape, work: Work) -> int:
    """Patches that the compressor reads of a frame: in HD those of the crops alone."""
    return tower.patches * max(1, work.parts - 1)


def _compressor(config: LlavaMiniConfig, tower: TowerShape, work: Work) -> PartCost:
    if config.compression == "average":
        return PartCost("compressor", 0, 0)
    queries, width = config.tokens_per_frame, config.vision_width
    patches = _read_patches(tower, work)
    # Queries in and out, keys and values, both products of the attention.
    products = 2 * queries * width**2 + 2 * patches * width**2 + 2 * queries * patches * width
    weights = 4 * width**2 + 8 * width + 2 * queries * width
    return PartCost(
        "compressor",
        2 * products * work.frames,
        weights * BF16_BYTES,
        activation_bytes=3 * patches * width * BF16_BYTES,
    )


def _projector_weights(config: LlavaMiniConfig) -> int:
    width = config.language.hidden_size
    return config.vision_width * width + (config.projector_layers - 1) * width**2


def _projector(config: LlavaMiniConfig, tower: TowerShape, work: Work) -> PartCost:
    rows = tower.patches * work.parts + config.tokens_per_frame
    biases = config.projector_layers * config.language.hidden_size
    return PartCost(
        "projector",
        2 * rows * _projector_weights(config) * work.frames,
        (_projector_weights(config) + biases) * BF16_BYTES,
        activation_bytes=2 * rows * config.language.hidden_size * BF16_BYTES,
    )


def _prefusion(
    config: LlavaMiniConfig, tower: TowerShape, work: Work, *, quantized: bool
) -> PartCost:
    tokens, layers = fused_tokens(config, tower, work), config.prefusion_layers
    return PartCost(
        "pre-fusion",
        _decoder_flops(config.language, tokens, layers) * work.frames,
        _decoder_bytes(config.language, layers, quantized=quantized),
        cache_bytes=tokens * _token_bytes(config.language, layers),
        activation_bytes=_decoder_activations(config.language, tokens) if layers else 0,
    )


def _language(config: LlavaMiniConfig, work: Work, *, quantized: bool) -> PartCost:
    language, tokens = config.language, context_tokens(config, work)
    layers = language.num_hidden_layers
    tables = 1 if language.tie_word_embeddings else 2
    return PartCost(
        "language model",
        # The head is needed at the last place alone; the reference runs it at all.
        _decoder_flops(language, tokens, layers) + 2 * tokens * _head(language),
        _decoder_bytes(language, layers, quantized=quantized)
        + (tables * _head(language) + language.hidden_size) * BF16_BYTES,
        cache_bytes=tokens * _token_bytes(language, layers),
        activation_bytes=_decoder_activations(language, tokens),
    )


def _head(language: LlamaConfig) -> int:
    return language.vocab_size * language.hidden_size


def _layer_weights(language: LlamaConfig) -> int:
    """Weights of one decoder layer's products."""
    d = language.hidden_size
    attention = d * (2 * language.attention_width + 2 * language.key_value_width)
    return attention + 3 * d * language.intermediate_size


def _decoder_flops(language: LlamaConfig, tokens: int, layers: int) -> int:
    attention = 4 * tokens**2 * language.attention_width
    return layers * (2 * tokens * _layer_weights(language) + attention)


def _decoder_bytes(language: LlamaConfig, layers: int, *, quantized: bool) -> int:
    norms = 2 * language.hidden_size * BF16_BYTES
    matrices = BF16_BYTES * _layer_weights(language)
    if quantized:
        matrices = round(NF4_BYTES * sum(_padded_matrices(language)))
    return layers * (matrices + norms)


def _padded_matrices(language: LlamaConfig) -> Iterator[int]:
    """Weights of one layer's matrices as 4 bits hold them: a row is whole blocks."""
    d, inner = language.hidden_size, language.intermediate_size
    for rows, columns in (
        (language.attention_width + 2 * language.key_value_width, d),
        (d, language.attention_width),
        (2 * inner, d),
        (d, inner),
    ):
        yield rows * -(-columns // NF4_BLOCK) * NF4_BLOCK


def context_token_bytes(language: LlamaConfig, *, item_bytes: int = BF16_BYTES) -> int:
    """Bytes of one token's keys and values in the language model."""
    return 2 * item_bytes * language.key_value_width * language.num_hidden_layers


def _token_bytes(language: LlamaConfig, layers: int) -> int:
    return 2 * BF16_BYTES * language.key_value_width * layers


def _decoder_activations(language: LlamaConfig, tokens: int) -> int:
    # The residual stream in float32, its normed copy, gate and up.
    return tokens * (4 + BF16_BYTES) * language.hidden_size + (
        tokens * 2 * BF16_BYTES * language.intermediate_size
    )


def tower_shape(fields: Mapping[str, object], layer: int) -> TowerShape:
    """The shape of a tower from its parsed ``config.json``, alone or as half of a CLIP.

    ``layer`` is ``mm_vision_select_layer``. Raises WeightsError where a size is missing.
    """
    vision = fields.get("vision_config", fields)
    if not isinstance(vision, Mapping):
        raise WeightsError(f"vision_config is {vision!r} in the tower's config.json")
    # What a saved config leaves out is transformers' default for a CLIP vision tower.
    defaults = {
        "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
        "patch_size": 32, "image_size": 224,
    }  # fmt: skip
    sizes = {}
    for name, default in defaults.items():
        value = vision.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            raise WeightsError(f"{name} is {value!r} in the tower's config.json")
        sizes[name] = value
    layers = sizes["num_hidden_layers"]
    return TowerShape(
        width=sizes["hidden_size"],
        inner=sizes["intermediate_size"],
        layers=layer if layer >= 0 else layers + 1 + layer,
        all_layers=layers,
        patch_px=sizes["patch_size"],
        image_px=sizes["image_size"],
    )
