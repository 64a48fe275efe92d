"""An inference loop for Llama decoders, as the language model and as pre-fusion layers.

Importing it loads torch; only models import it.
"""

from streamvid.model.llama.config import LlamaConfig, RopeScaling
from streamvid.model.llama.errors import CacheError, ConfigError, PrecisionError
from streamvid.model.llama.generation import generate
from streamvid.model.llama.kv_cache import FrameStates, KVCache
from streamvid.model.llama.language_model import PREFILL_CHUNK_TOKENS, LanguageModel
from streamvid.model.llama.precision import Precision, PrecisionName, choose_precision
from streamvid.model.llama.stack import LlamaStack

__all__ = [
    "PREFILL_CHUNK_TOKENS",
    "CacheError",
    "ConfigError",
    "FrameStates",
    "KVCache",
    "LanguageModel",
    "LlamaConfig",
    "LlamaStack",
    "Precision",
    "PrecisionError",
    "PrecisionName",
    "RopeScaling",
    "choose_precision",
    "generate",
]
