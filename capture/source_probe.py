"""What a live source shows, or why it shows nothing, found out in a child with a deadline."""

from __future__ import annotations

import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from capture.address import Address
from capture.child_process import ChildProcess
from capture.credentials import Credentials
from capture.errors import SourceError
from capture.live_messages import Failed, Message, Note, Opened, Probed
from capture.live_order import WATCH_WITHIN_S, live_order
from capture.live_settings import LiveSettings
from capture.source_status import SourceReason

_REMEDIES: dict[SourceReason, str] = {
    "refused": "check user and password",
    "not found": "check the path",
    "unreachable": "check the address, the network and the camera's power",
    "nothing arrives": "check the camera",
    "stalled": "check the camera and the network",
    "audio only": "choose another stream of the camera",
    "no video": "choose another stream of the camera",
    "undecodable": "set the camera to H.264, or choose another stream of it",
    "too large": "choose a smaller stream of the camera",
}
_NO_CAMERA = "plug the camera in, or name another: webcam:0, webcam:/dev/video0"


@dataclass(frozen=True, slots=True)
class SourceProbe:
    """One live source described. Sizes are [width, height] in pixels, times in seconds.

    ``claimed_fps`` is what headers say; ``measured_fps`` and ``key_interval_s`` (the longest of the
    newest between key pictures, None: fewer than two came) were measured over ``watched_s``.
    ``kept`` is the size of the frames that would be stored; ``sampled`` says in words what is.
    ``ignored_options``: what we ask of FFmpeg and it does not know.
    """

    container: str
    codec: str
    pixel_format: str
    coded: tuple[int, int]
    kept: tuple[int, int]
    pixel_aspect: str
    rotation_deg: int
    mirrored: bool
    claimed_fps: float | None
    measured_fps: float | None
    key_interval_s: float | None
    watched_s: float
    keys_only: bool
    sampled: str
    has_sound: bool
    ignored_options: tuple[str, ...]


def probe_source(
    address: Address,
    settings: LiveSettings | None = None,
    *,
    credentials: Credentials | None = None,
) -> SourceProbe:
    """Watch ``address`` for some seconds (6 from its first picture at most) and describe it.

    Raises SourceError, whose ``reason`` is a code and whose text says why nothing is seen.
    """
    settings = settings or LiveSettings()
    order = live_order(address, settings, address.credentials or credentials, is_probe=True)
    heard: SimpleQueue[Message | None] = SimpleQueue()
    child = ChildProcess(lambda _, message: heard.put(message))
    try:
        child.send(order)
        return _described(heard, address, settings.first_frame_s)
    finally:
        child.stop()


def _described(
    heard: SimpleQueue[Message | None], address: Address, first_frame_s: float
) -> SourceProbe:
    deadline_s = time.monotonic() + first_frame_s
    late = Failed("nothing arrives", f"no picture within {first_frame_s:g} s")
    opened: Opened | None = None
    while True:
        try:
            message = heard.get(timeout=max(0.0, deadline_s - time.monotonic()))
        except Empty:
            message = late
        match message:
            case Note("frames"):
                deadline_s = time.monotonic() + WATCH_WITHIN_S
                late = Failed("stalled", "some pictures came, and then none")
            case Opened():
                opened = message
            case Probed() if opened is not None:
                return _probe(opened, message)
            case Failed():
                raise _silent(message, address)
            case None:
                raise SourceError(
                    f"nothing is seen of {address.public}: the capture process died", "child died"
                )


def _silent(failed: Failed, address: Address) -> SourceError:
    """Why nothing is seen, and what to do."""
    reason, detail = failed.reason, failed.detail
    remedy = _REMEDIES.get(reason, "")
    if reason == "not found" and address.kind == "webcam":
        remedy = _NO_CAMERA
    text = f"nothing is seen of {address.public}: {reason}"
    text += f" ({detail})" if detail and detail != reason else ""
    return SourceError(text + (f"; {remedy}" if remedy else ""), reason)


def _probe(opened: Opened, seen: Probed) -> SourceProbe:
    width_px, height_px = seen.kept
    which = "a key picture" if seen.keys_only else "the first picture"
    return SourceProbe(
        container=opened.container,
        codec=opened.codec,
        pixel_format=seen.pixel_format,
        coded=seen.coded,
        kept=seen.kept,
        pixel_aspect=seen.pixel_aspect,
        rotation_deg=seen.rotation_deg,
        mirrored=seen.mirrored,
        claimed_fps=seen.claimed_fps,
        measured_fps=seen.measured_fps,
        key_interval_s=seen.key_interval_s,
        watched_s=seen.watched_s,
        keys_only=seen.keys_only,
        sampled=f"{which} of each second at {width_px}x{height_px}",
        has_sound=opened.has_sound,
        ignored_options=opened.ignored_options,
    )
