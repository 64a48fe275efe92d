"""Capture: video files as frames and gaps on a timetable of whole seconds, and stills as bytes."""

from capture.counters import Counters
from capture.errors import (
    CaptureError,
    NotSeekableError,
    NotVideoError,
    OpenError,
    SettingsError,
    SourceClosedError,
    StillError,
    TooLargeError,
    UndecodableError,
)
from capture.file_source import FileSource, open_file
from capture.frame import Frame, FrameKind, Gap, GapReason, Pixels
from capture.index import Index
from capture.passes import Pass
from capture.probe import FileProbe, probe_file
from capture.settings import Sampling, Settings
from capture.source import VideoSource
from capture.stills import decode_still, encode_still

__all__ = [
    "CaptureError",
    "Counters",
    "FileProbe",
    "FileSource",
    "Frame",
    "FrameKind",
    "Gap",
    "GapReason",
    "Index",
    "NotSeekableError",
    "NotVideoError",
    "OpenError",
    "Pass",
    "Pixels",
    "Sampling",
    "Settings",
    "SettingsError",
    "SourceClosedError",
    "StillError",
    "TooLargeError",
    "UndecodableError",
    "VideoSource",
    "decode_still",
    "encode_still",
    "open_file",
    "probe_file",
]
