"""The architecture of a LLaVA-Mini checkpoint, as its ``config.json`` states it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from streamvid.model.errors import WeightsError
from streamvid.model.llama import LlamaConfig

AspectRatio = Literal["square", "pad", "stretch"]
Compression = Literal["query", "average"]
COMPRESSOR_HEADS = 8
"""Fixed in the reference; no key of the config says it."""
_DEFAULT_PREFUSION_LAYERS = 4
_DEFAULT_MAX_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class LlavaMiniConfig:
    """Sizes of one checkpoint; C = ``compressor_size``, so that a frame has C² tokens.

    ``vision_layer`` counts as transformers' ``hidden_states`` do: -2 is what goes into the last
    layer. ``trained_tokens`` is the reference's ``tokenizer_model_max_length``.
    """

    language: LlamaConfig
    vision_tower: str
    vision_width: int
    vision_layer: int
    compressor_size: int
    compression: Compression
    prefusion_layers: int
    projector_layers: int
    resolution_ratio: int
    aspect_ratio: AspectRatio
    trained_tokens: int
    end_ids: tuple[int, ...]

    @property
    def tokens_per_frame(self) -> int:
        """C²: vision tokens of a frame."""
        return self.compressor_size**2

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> LlavaMiniConfig:
        """Read a parsed ``config.json``.

        ``mm_compression`` ("query" or "average", Table 8 of the paper) is ours; the reference has
        no code for the second. Raises WeightsError where it is no LLaVA-Mini or of a kind that is
        not known, ConfigError where the decoder is not a plain Llama.
        """
        if "compressor_size" not in fields or not str(fields.get("model_type")).startswith("llava"):
            raise WeightsError(
                f"config.json is of a {fields.get('model_type', 'model of no stated type')}"
                f"{'' if 'compressor_size' in fields else ' without compressor_size'};"
                " LLaVA-Mini is model_type llava_mini_llama with a compressor_size"
            )
        feature = fields.get("mm_vision_select_feature", "patch")
        if feature != "patch":
            raise WeightsError(f"mm_vision_select_feature is {feature!r}; only 'patch' is known")
        language = LlamaConfig.from_json({**fields, "model_type": "llama"})
        size = _number(fields, "compressor_size", least=1)
        return cls(
            language=language,
            vision_tower=_text(fields, "mm_vision_tower"),
            vision_width=_number(fields, "mm_hidden_size", least=1),
            vision_layer=_number(fields, "mm_vision_select_layer", default=-2),
            compressor_size=size,
            compression=_choice(fields, "mm_compression", Compression, "query"),
            prefusion_layers=_number(
                fields, "prefusion_layer_num", default=_DEFAULT_PREFUSION_LAYERS, least=0
            ),
            projector_layers=_projector_layers(fields),
            resolution_ratio=_number(fields, "resolution_ratio", default=1, least=1),
            aspect_ratio=_aspect_ratio(fields),
            trained_tokens=_number(
                fields, "tokenizer_model_max_length", default=_DEFAULT_MAX_LENGTH, least=1
            ),
            end_ids=_ids(fields.get("eos_token_id")),
        )

    @classmethod
    def read(cls, folder: Path) -> LlavaMiniConfig:
        """Read ``folder``'s config; the end ids of its generation config stand above its own."""
        fields = read_json(folder / "config.json")
        generation = folder / "generation_config.json"
        if generation.exists() and (ids := read_json(generation).get("eos_token_id")) is not None:
            fields["eos_token_id"] = ids
        return cls.from_json(fields)


def read_json(path: Path) -> dict[str, object]:
    """The object that ``path`` holds. Raises WeightsError where it cannot be read or is none."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise WeightsError(f"cannot read {path}: {reason}; pass a checkpoint's folder") from error
    except ValueError as error:
        raise WeightsError(f"{path} is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise WeightsError(f"{path} holds no object; a model's configuration is one")
    return fields


def _number(
    fields: Mapping[str, object], name: str, *, default: int | None = None, least: int | None = None
) -> int:
    value = fields.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise WeightsError(f"{name} is {value!r} in config.json; an integer is expected")
    if least is not None and value < least:
        raise WeightsError(f"{name} is {value} in config.json; {least} or more is expected")
    return value


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise WeightsError(f"{name} is {value!r} in config.json; a name is expected")
    return value


def _choice(fields: Mapping[str, object], name: str, kind: object, default: str) -> Compression:
    value = fields.get(name, default)
    for allowed in get_args(kind):
        if value == allowed:
            return allowed  # type: ignore[no-any-return]
    raise WeightsError(f"{name} is {value!r} in config.json; use one of {get_args(kind)}")


def _aspect_ratio(fields: Mapping[str, object]) -> AspectRatio:
    # The reference crops to the centre square whatever stands here, "pad" excepted.
    match fields.get("image_aspect_ratio"):
        case "pad":
            return "pad"
        case "stretch":
            return "stretch"
    return "square"


def _projector_layers(fields: Mapping[str, object]) -> int:
    kind = fields.get("mm_projector_type", "linear")
    if kind == "linear":
        return 1
    found = re.fullmatch(r"mlp(\d+)x_gelu", str(kind))
    if not found:
        raise WeightsError(f"mm_projector_type is {kind!r}; 'linear' and 'mlp2x_gelu' are known")
    return int(found[1])


def _ids(value: object) -> tuple[int, ...]:
    if value is None:
        return ()
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in listed):
        raise WeightsError(f"eos_token_id is {value!r} in config.json; ids are expected")
    return tuple(listed)
