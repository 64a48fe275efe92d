"""What can go wrong in the language-model decoder, besides its model's own errors.

ModelError
├── ConfigError (also ValueError)      a config.json that this decoder cannot follow
├── PrecisionError (also ValueError)   no such precision, or one that does not fit its purpose
└── CacheError (also ValueError)       a KV cache used beyond what it holds, or after its end

A missing or misshapen tensor is ``streamvid.model.errors.WeightsError``.
"""

from __future__ import annotations

from streamvid.model.errors import ModelError


class ConfigError(ModelError, ValueError):
    """The checkpoint's configuration is incomplete or asks for what is not built."""


class PrecisionError(ModelError, ValueError):
    """No such precision, or one that does not fit its purpose."""


class CacheError(ModelError, ValueError):
    """A KV cache was asked for what it does not hold, or used after its end."""
