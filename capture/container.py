"""Opening a file with the libraries' doors shut: listed containers, plain files, nothing else.

FFmpeg takes a concat script or a playlist for a video whatever its name is, and follows it to other
files and addresses. Both white lists below are held by tests that open such files.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

from capture.errors import CaptureError, NotVideoError, OpenError, TooLargeError

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,mpegvideo,avi,flv,live_flv,ogg,asf,asf_o,"
    "wtv,nut,mxf,rm,dv,gif,apng,h264,hevc,m4v,h263,mjpeg,ivf,obu,av1,vc1,dirac,yuv4mpegpipe,"
    "jpeg_pipe,png_pipe,webp_pipe,bmp_pipe,gif_pipe,aac,mp3,flac,wav,w64,aiff,ac3,amr,caf"
)
"""Containers that hold their own pictures (or only sound, so that the refusal can say so)."""

_PICTURE_MAGIC = {
    b"\xff\xd8\xff": "jpeg_pipe",
    b"\x89PNG\r\n\x1a\n": "png_pipe",
    b"BM": "bmp_pipe",
}
_HEAD_BYTES = 1024
_SCRIPT_MAGIC = (b"ffconcat", b"#EXTM3U", b"v=0", b"[Reference]", b"#EXT", b"<MPD")


def open_container(path: Path, *, max_frame_px: int) -> tuple[Any, Any]:
    """PyAV's container and the video stream to watch. The caller closes the container.

    Raises OpenError, NotVideoError, TooLargeError.
    """
    import av

    head = _readable_head(path)
    options = {
        "format_whitelist": FORMATS,
        "protocol_whitelist": "file",
        "max_pixels": str(max_frame_px),  # probing may decode: no picture beyond it there either
    }
    try:
        container = av.open(
            f"file:{path.absolute()}",
            format=_picture_format(head),
            options=options,
            metadata_errors="replace",
        )
    except av.error.FFmpegError as error:
        raise _open_error(path, head, error) from error
    try:
        return container, _video_stream(path, container, max_frame_px)
    except CaptureError:
        container.close()
        raise


def _readable_head(path: Path) -> bytes:
    """The first bytes of a file that is there, is a file, is not empty and may be read."""
    try:
        kind = os.stat(path)  # noqa: PTH116 - Path.stat would hide an embedded null differently
        if stat.S_ISDIR(kind.st_mode):
            raise OpenError(f"{str(path)!r} is a directory; pass a video file")
        if not stat.S_ISREG(kind.st_mode):
            raise OpenError(f"{str(path)!r} is no regular file; pass a video file")
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except ValueError as error:
        raise OpenError(f"path {str(path)!r} is not a valid name") from error
    except OSError as error:
        if isinstance(error, OpenError):
            raise
        reason = "no such file" if error.errno == errno.ENOENT else os.strerror(error.errno or 0)
        raise OpenError(f"cannot read {str(path)!r}: {reason.lower()}") from error
    if not head:
        raise OpenError(f"{str(path)!r} is empty; pass a video file")
    return head


def _picture_format(head: bytes) -> str | None:
    """Container name forced for single pictures: by their name, FFmpeg would take a sequence."""
    return next((name for magic, name in _PICTURE_MAGIC.items() if head.startswith(magic)), None)


def _open_error(path: Path, head: bytes, error: Exception) -> CaptureError:
    if head.lstrip().startswith(_SCRIPT_MAGIC):
        return NotVideoError(
            f"{str(path)!r} is a playlist or script that names other files; pass the video itself"
        )
    if isinstance(error, PermissionError):
        return OpenError(f"cannot read {str(path)!r}: permission denied")
    if _is_text(head):
        return NotVideoError(f"{str(path)!r} is text, not a video; pass a video file")
    return NotVideoError(
        f"{str(path)!r} is not a video that can be opened; its header is damaged or unknown"
    )


def _is_text(head: bytes) -> bool:
    """Whether all of ``head`` is printable, and more than one byte said again and again."""
    if len(set(head)) < 2 and len(head) == _HEAD_BYTES:  # a filler pattern is nobody's words
        return False
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # a character may be cut in two at the end
            return False
        text = head[: error.start].decode()
    return all(letter.isprintable() or letter.isspace() for letter in text)


def _video_stream(path: Path, container: Any, max_frame_px: int) -> Any:
    """The stream to watch: FFmpeg's best one that is no cover picture and can be decoded."""
    from av.stream import Disposition

    cover = Disposition.attached_pic | Disposition.timed_thumbnails
    moving = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not moving:
        what = "only sound" if container.streams.audio else "no video stream"
        raise NotVideoError(f"{str(path)!r} has {what}; pass a file with moving pictures")
    best = container.streams.best("video")
    stream = best if best in moving else moving[0]
    context = stream.codec_context
    if context is None:
        raise NotVideoError(f"the codec of {str(path)!r} is unknown; convert it to H.264 first")
    if context.width * context.height > max_frame_px:
        raise TooLargeError(
            f"{str(path)!r} has {context.width}x{context.height} pictures; at most "
            f"{max_frame_px} pixels are decoded"
        )
    context.thread_count = 1  # measured: threads cost CPU and memory, and gain nothing at one frame
    context.options = {"max_pixels": str(max_frame_px)}
    if context.name == "mjpeg":
        context.options["err_detect"] = "explode"  # else a cut JPEG passes for a whole one
    return stream
