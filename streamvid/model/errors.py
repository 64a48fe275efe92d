"""Errors of the models.

ModelError
├── WeightsError (also LookupError)   weights are missing, incomplete or not the expected ones
├── NoTextSearchError                 the weights have nothing that compares words with frames
├── PromptError (also ValueError)     a question cannot be put to the model as it is
└── ContextFullError                  the tokens do not fit the model's context
"""

from __future__ import annotations


class ModelError(Exception):
    """Root of everything that a model raises on purpose."""


class WeightsError(ModelError, LookupError):
    """Weights are missing, incomplete or not the expected ones."""


class NoTextSearchError(ModelError):
    """The weights have nothing that compares words with frames; questions do without."""


class PromptError(ModelError, ValueError):
    """A question cannot be put to the model as it is."""


class ContextFullError(ModelError):
    """The tokens do not fit the model's context."""
