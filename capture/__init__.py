"""Capture: files and live sources as frames and gaps on whole seconds, and stills as bytes."""

from capture.address import Address
from capture.counters import Counters
from capture.credentials import Credentials, find_credentials
from capture.errors import (
    AddressError,
    CaptureError,
    CredentialsError,
    NotSeekableError,
    NotVideoError,
    OpenError,
    PictureError,
    SettingsError,
    SourceClosedError,
    SourceError,
    StillError,
    TooLargeError,
    UndecodableError,
)
from capture.file_source import FileSource, open_file
from capture.frame import Frame, FrameKind, Gap, GapReason, Pixels
from capture.index import Index
from capture.live_settings import LiveSettings
from capture.live_source import LiveSource
from capture.passes import Pass
from capture.probe import FileProbe, probe_file
from capture.pushed_frames import PushedFrames
from capture.settings import Sampling, Settings
from capture.source import VideoSource
from capture.source_probe import SourceProbe, probe_source
from capture.source_status import SourceEvent, SourceReason, SourceState, SourceStatus
from capture.stills import decode_still, encode_still

__all__ = [
    "Address",
    "AddressError",
    "CaptureError",
    "Counters",
    "Credentials",
    "CredentialsError",
    "FileProbe",
    "FileSource",
    "Frame",
    "FrameKind",
    "Gap",
    "GapReason",
    "Index",
    "LiveSettings",
    "LiveSource",
    "NotSeekableError",
    "NotVideoError",
    "OpenError",
    "Pass",
    "PictureError",
    "Pixels",
    "PushedFrames",
    "Sampling",
    "Settings",
    "SettingsError",
    "SourceClosedError",
    "SourceError",
    "SourceEvent",
    "SourceProbe",
    "SourceReason",
    "SourceState",
    "SourceStatus",
    "StillError",
    "TooLargeError",
    "UndecodableError",
    "VideoSource",
    "decode_still",
    "encode_still",
    "find_credentials",
    "open_file",
    "probe_file",
    "probe_source",
]
