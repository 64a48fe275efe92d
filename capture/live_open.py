"""Opening a live source inside the child: doors shut, options checked, failures named."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from capture.address import AddressKind
from capture.credentials import redact
from capture.errors import StillError
from capture.live_messages import Order
from capture.live_redirect import RedirectJudge
from capture.source_status import SourceReason
from capture.stills import still_size

_NETWORK_FORMATS = "mpjpeg,mjpeg,mpegts,flv,live_flv,mov,mp4,matroska,webm,ogg,asf,h264,hevc,m4v"
_SOUND_FORMATS = "aac,mp3,flac,wav,ac3,ogg"
_SEGMENT_FORMATS = "hls,mpegts,mov,mp4,aac,ac3,mp3,webvtt"
_CHECKED: dict[AddressKind, tuple[str, str]] = {
    "rtsp": ("rtsp", "rtsp://127.0.0.1:1/"),
    "http": ("", "http://127.0.0.1:1/"),
    "hls": ("hls", "http://127.0.0.1:1/x.m3u8"),
}
_CHECKABLE = (
    "timeout",
    "stimeout",
    "rw_timeout",
    "rtsp_transport",
    "fpsprobesize",
    "max_redirects",
)
_SET_CODEC = "set the camera to H.264"
_NETWORK: tuple[AddressKind, ...] = ("rtsp", "http", "hls")


class OpeningError(Exception):
    """The source cannot be watched; ``reason`` is a code and the text one line for people."""

    def __init__(self, reason: SourceReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: SourceReason = reason


@dataclass(frozen=True, slots=True, eq=False)
class OpenStream:
    """PyAV's container and video stream. The caller closes the container."""

    container: Any
    stream: Any
    ignored_options: tuple[str, ...]


def options_for(
    kind: AddressKind,
    *,
    avformat_major: int,
    io_limit_s: float,
    stall_s: float,
    max_frame_px: int,
    follow_redirects: bool = True,
) -> dict[str, str]:
    """FFmpeg's options for a kind of source, by the names that this version knows.

    RTSP waits twice its ``timeout`` between packets, and once before the first.
    """
    limit_us = str(round(io_limit_s * 1_000_000))
    options = {"max_pixels": str(max_frame_px)}
    if kind in ("http", "hls") and not follow_redirects:
        options["max_redirects"] = "0"  # of a playlist itself; what it names is opened regardless
    match kind:
        case "rtsp":
            options |= {
                "rtsp_transport": "tcp",
                # Renamed in FFmpeg 5; before, ``timeout`` made the client listen for a caller.
                "timeout" if avformat_major >= 59 else "stimeout": limit_us,
                "protocol_whitelist": "rtsp,rtsps,rtp,srtp,tcp,tls,crypto,udp",
                "fpsprobesize": "0",  # measured: first picture after 0.5 s instead of 1.9 s
            }
        case "http":
            options |= {
                "rw_timeout": limit_us,
                "protocol_whitelist": "http,https,tcp,tls,crypto,httpproxy",
                "format_whitelist": f"{_NETWORK_FORMATS},{_SOUND_FORMATS}",
            }
        case "hls":
            options |= {
                "rw_timeout": limit_us,
                "protocol_whitelist": "http,https,tcp,tls,crypto,httpproxy",
                "format_whitelist": _SEGMENT_FORMATS,
                "live_start_index": "-1",
            }
            if avformat_major >= 59:
                options["m3u8_hold_counters"] = str(max(3, round(stall_s)))
    return options


def open_stream(order: Order) -> OpenStream:
    """Open what ``order`` names. Raises OpeningError."""
    import av

    options = options_for(
        order.kind,
        avformat_major=av.library_versions["libavformat"][0],
        io_limit_s=order.io_limit_s,
        stall_s=order.stall_s,
        max_frame_px=order.max_frame_px,
        follow_redirects=order.follow_redirects,
    )
    if "max_redirects" in options and "max_redirects" in ignored_options(order.kind, (*options,)):
        raise OpeningError("failed", "this FFmpeg follows redirects whatever it is told")
    forms: dict[AddressKind, str] = {"lavfi": "lavfi", "webcam": "v4l2", "hls": "hls"}
    with RedirectJudge(order) as redirects:
        try:
            container = av.open(
                order.url,
                format=forms.get(order.kind),
                options=options,
                timeout=None,
                metadata_errors="replace",
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            if redirects.refusal is not None:
                raise OpeningError("failed", redirects.refusal) from None
            raise failure(error, order) from None  # the cause's text has the password
    try:
        stream = _watched(container, order)
    except BaseException:
        container.close()
        raise
    return OpenStream(container, stream, ignored_options(order.kind, tuple(options)))


@lru_cache
def ignored_options(kind: AddressKind, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of ``names`` that this FFmpeg does not know for ``kind``, as far as can be told.

    FFmpeg accepts unknown names silently, and PyAV does not tell which were left over. But a value
    that makes no sense is refused before anything is opened, if the name is known; else nothing
    listens on port 1.
    """
    import av

    if kind not in _CHECKED:
        return ()
    form, url = _CHECKED[kind]
    ignored = []
    for name in sorted(set(names) & set(_CHECKABLE)):
        try:
            av.open(url, format=form or None, options={name: "?"}, timeout=2.0).close()
        except av.error.ArgumentError:
            continue
        except av.error.FFmpegError:
            pass
        ignored.append(name)
    return tuple(ignored)


def failure(error: Exception, order: Order) -> OpeningError:
    """What went wrong, as a code and a line without secrets."""
    import av

    said = getattr(error, "strerror", None) or str(error)
    detail = clean(said, order).lower()
    match error:
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            return OpeningError("refused", "the server refuses the user or the password")
        case av.error.HTTPNotFoundError():
            return OpeningError("not found", "the server knows no such stream")
        case av.error.FileNotFoundError():
            return OpeningError("not found", detail)
        case av.error.DecoderNotFoundError() | av.error.DemuxerNotFoundError():
            return OpeningError("unknown codec", f"{detail}; {_SET_CODEC}")
        case av.error.HTTPError():
            return OpeningError("failed", f"the server answers: {detail}")
        case av.error.TimeoutError() | av.error.ExitError():
            return OpeningError("nothing arrives", detail)
        case av.error.EOFError():
            return OpeningError("lost", "the server ended the connection")
        case OSError(errno=errno.EIO) | av.error.InvalidDataError() if order.kind in _NETWORK:
            # What FFmpeg says of a name that nobody knows as well as of a page that is no video.
            if not _has_host(order.url):
                return OpeningError("unreachable", "no such host")
            elsewhere = ", or leads to another address, which is not followed"
            return OpeningError(
                "failed",
                "the server sends nothing that can be watched"
                + ("" if order.follow_redirects else elsewhere),
            )
        case OSError() if order.kind in _NETWORK:
            return OpeningError("unreachable", detail)
    return OpeningError("failed", detail)


def _has_host(url: str) -> bool:
    try:
        socket.getaddrinfo(urlsplit(url).hostname, None)
    except (OSError, UnicodeError):
        return False
    return True


def clean(text: str, order: Order) -> str:
    """FFmpeg's words without addresses' users, passwords and queries, on one line."""
    text = redact(text)
    for secret in sorted(order.secrets, key=len, reverse=True):
        if len(secret) > 2:
            text = text.replace(secret, "***")
    return text


def _watched(container: Any, order: Order) -> Any:
    """The video stream to watch, its decoder set up."""
    if not container.streams.video:
        if container.streams.audio:
            raise OpeningError("audio only", "the source has sound and no picture")
        raise OpeningError("no video", "the source has no video stream")
    stream = container.streams.best("video") or container.streams.video[0]
    context = stream.codec_context
    if context is None:
        raise OpeningError("unknown codec", f"the video's codec is unknown; {_SET_CODEC}")
    if context.width * context.height > order.max_frame_px:
        raise _too_large(context.width, context.height, order)
    context.thread_count = 1  # more would only delay pictures
    context.options = {"max_pixels": str(order.max_frame_px)}
    if context.name == "mjpeg":
        context.options["err_detect"] = "explode"  # else a cut JPEG passes for a whole one
    return stream


def _too_large(width_px: int, height_px: int, order: Order) -> OpeningError:
    size = f"{width_px}x{height_px}"
    return OpeningError("too large", f"pictures of {size}; at most {order.max_frame_px} pixels")


def undecodable(packet: Any, count: int, order: Order) -> OpeningError:
    """Why not one of ``count`` packets became a picture; ``packet`` is the newest.

    Of JPEGs beyond ``max_pixels`` FFmpeg tells no size: it stands in their header.
    """
    if packet.stream.codec_context.name == "mjpeg":
        with contextlib.suppress(StillError):
            height_px, width_px = still_size(bytes(packet))
            if width_px * height_px > order.max_frame_px:
                return _too_large(width_px, height_px, order)
    return OpeningError("undecodable", f"{count} packets, and no picture decodes")


def uses_opencv(kind: AddressKind) -> bool:
    """Whether a webcam is read through OpenCV: where there is no Video4Linux."""
    return kind == "webcam" and not sys.platform.startswith("linux")
