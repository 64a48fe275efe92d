"""The architecture of a Llama decoder, as its ``config.json`` states it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from streamvid.model.llama.errors import ConfigError


@dataclass(frozen=True, slots=True)
class RopeScaling:
    """Llama 3's stretch of the rotary frequencies (``rope_type`` "llama3")."""

    factor: float
    low_freq_factor: float
    high_freq_factor: float
    original_max_position_embeddings: int


@dataclass(frozen=True, slots=True)
class LlamaConfig:
    """Sizes of one decoder; field names as in the checkpoint."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    vocab_size: int
    max_position_embeddings: int
    rms_norm_eps: float
    rope_theta: float
    rope_scaling: RopeScaling | None
    tie_word_embeddings: bool

    def __post_init__(self) -> None:
        if self.num_attention_heads % self.num_key_value_heads:
            raise ConfigError(
                f"{self.num_attention_heads} heads do not share {self.num_key_value_heads}"
                " key-value heads evenly; use a checkpoint whose counts divide"
            )
        if self.head_dim % 2:
            raise ConfigError(f"head_dim is {self.head_dim}; rotary positions need an even one")

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> LlamaConfig:
        """Read the parsed ``config.json`` of a Llama checkpoint, of any transformers version.

        Raises ConfigError where a field is missing or the model is not a plain Llama.
        """
        _refuse_other_models(fields)
        heads = _integer(fields, "num_attention_heads")
        width = _integer(fields, "hidden_size")
        theta, scaling = _rope(fields)
        return cls(
            hidden_size=width,
            intermediate_size=_integer(fields, "intermediate_size"),
            num_hidden_layers=_integer(fields, "num_hidden_layers"),
            num_attention_heads=heads,
            num_key_value_heads=_integer(fields, "num_key_value_heads", default=heads),
            head_dim=_integer(fields, "head_dim", default=width // heads),
            vocab_size=_integer(fields, "vocab_size"),
            max_position_embeddings=_integer(fields, "max_position_embeddings"),
            rms_norm_eps=_number(fields, "rms_norm_eps"),
            rope_theta=theta,
            rope_scaling=scaling,
            tie_word_embeddings=bool(fields.get("tie_word_embeddings", False)),
        )

    def with_layers(self, count: int) -> LlamaConfig:
        """The same decoder with its first ``count`` layers only, as pre-fusion uses it."""
        return replace(self, num_hidden_layers=count)

    @property
    def attention_width(self) -> int:
        """Width of all query heads together."""
        return self.num_attention_heads * self.head_dim

    @property
    def key_value_width(self) -> int:
        """Width of all key (or all value) heads together."""
        return self.num_key_value_heads * self.head_dim


def _refuse_other_models(fields: Mapping[str, object]) -> None:
    model_type = fields.get("model_type", "llama")
    if model_type != "llama":
        raise ConfigError(f"model_type is {model_type!r}; this decoder follows 'llama' only")
    activation = fields.get("hidden_act", "silu")
    if activation != "silu":
        raise ConfigError(f"hidden_act is {activation!r}; this decoder has 'silu' only")
    for name in ("attention_bias", "mlp_bias"):
        if fields.get(name):
            raise ConfigError(f"{name} is set; this decoder has no biases")


def _rope(fields: Mapping[str, object]) -> tuple[float, RopeScaling | None]:
    # transformers 5 writes one "rope_parameters"; before, theta stood alone beside "rope_scaling".
    parameters = fields.get("rope_parameters") or fields.get("rope_scaling") or {}
    if not isinstance(parameters, Mapping):
        raise ConfigError(f"rope parameters are {parameters!r}; an object is expected")
    if "rope_theta" in parameters:
        theta = _number(parameters, "rope_theta")
    else:
        theta = _number(fields, "rope_theta", default=10_000.0)
    kind = parameters.get("rope_type", parameters.get("type", "default"))
    if kind == "default":
        return theta, None
    if kind != "llama3":
        raise ConfigError(f"rope_type is {kind!r}; this decoder has 'default' and 'llama3'")
    return theta, RopeScaling(
        factor=_number(parameters, "factor"),
        low_freq_factor=_number(parameters, "low_freq_factor"),
        high_freq_factor=_number(parameters, "high_freq_factor"),
        original_max_position_embeddings=_integer(parameters, "original_max_position_embeddings"),
    )


def _integer(fields: Mapping[str, object], name: str, *, default: int | None = None) -> int:
    value = fields.get(name)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ConfigError(f"{name} is {value!r}; a positive integer is expected in config.json")
    return value


def _number(fields: Mapping[str, object], name: str, *, default: float | None = None) -> float:
    value = fields.get(name)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ConfigError(f"{name} is {value!r}; a positive number is expected in config.json")
    return float(value)
