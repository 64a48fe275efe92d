"""The engine: one worker thread that owns the model and does small jobs, the most urgent first."""

from streamvid.engine.engine import Engine, EngineCounters, ModelFacts
from streamvid.engine.schedule import Priority, Turns, Waiting, pick
from streamvid.engine.stream import Stream

__all__ = [
    "Engine",
    "EngineCounters",
    "ModelFacts",
    "Priority",
    "Stream",
    "Turns",
    "Waiting",
    "pick",
]
