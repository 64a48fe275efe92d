"""One open container: packets in stream order from any start point, and decoding that goes on.

A reader belongs to one pass and one thread. Only ``Closing`` crosses threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

from capture.container import open_container
from capture.errors import OpenError
from capture.frame import Pixels
from capture.geometry import Orientation
from capture.picture import PictureMaker
from capture.settings import Settings
from capture.timetable import PacketId

_SEEK_BACK_S = 10
_NEAR_PACKETS = 8
_MAX_READ_ERRORS = 16
"""Failed reads in a row after which the rest of a container is given up."""


class PassStoppedError(Exception):
    """The source was closed under a running pass. Never leaves this layer."""


class Reader:
    """Demuxes and decodes the watched stream of one file. ``closed`` ends it at the next packet.

    ``orientations`` is what ``PictureMaker`` shares between readers of a file.
    """

    def __init__(
        self,
        path: Path,
        settings: Settings,
        closed: Event,
        orientations: dict[int, Orientation] | None = None,
    ) -> None:
        self._path = path
        self._settings = settings
        self._closed = closed
        self.read_errors = 0
        self._is_primed = False
        self._orientations = {} if orientations is None else orientations
        self._maker = PictureMaker(settings.kept_short_side_px, self._orientations)
        self._container, self.stream = open_container(path, max_frame_px=settings.max_frame_px)
        self.codec = self.stream.codec_context
        self.format: str = self._container.format.name
        self.time_base: Fraction = self.stream.time_base or Fraction(1, 1000)

    @property
    def claimed_s(self) -> float | None:
        """Duration by the header, in seconds; it proves nothing."""
        duration = self._container.duration
        return None if duration is None else duration / 1_000_000

    @property
    def has_sound(self) -> bool:
        """Whether the file has an audio stream."""
        return bool(self._container.streams.audio)

    def another(self) -> Reader:
        """A reader of the same file with a decoder that has seen nothing."""
        return Reader(self._path, self._settings, self._closed, self._orientations)

    def close(self) -> None:
        """Free the container; harmless when repeated."""
        self._container.close()

    def packets(self, start: PacketId | None = None) -> Iterator[Any]:
        """Packets of the stream in file order, from ``start`` (None: from where reading stands).

        Ends at the end of the file or where it cannot be read on. Raises PassStoppedError, and
        OpenError if ``start`` is not there any more.
        """
        if start is None:
            yield from self._demuxed()
            return
        self._prime()
        for target_pts in (start.pts, start.pts - round(_SEEK_BACK_S / self.time_base), None):
            self._seek(target_pts)
            found = self._from(start)
            first = next(found, None)
            if first is not None:
                yield first
                yield from found
                return
        raise OpenError(f"{str(self._path)!r} changed while it was read; start again")

    def packet_at(self, wanted: PacketId) -> Any | None:
        """The packet by one seek; None where the container does not lead straight to it.

        Raises PassStoppedError.
        """
        import av

        self._prime()
        try:
            self._container.seek(wanted.pts, stream=self.stream, backward=True)
        except av.error.FFmpegError:
            return None
        for packet in islice(self._demuxed(), _NEAR_PACKETS):
            if packet.pts == wanted.pts and packet.size == wanted.size:
                return packet
        return None

    def decode(self, packet: Any, *, skip: str = "DEFAULT") -> list[Any]:
        """Pictures that ``packet`` completes. Raises av.error.FFmpegError where it is damaged."""
        self._is_primed = True  # whoever decodes begins with the file's first packet
        self.codec.skip_frame = skip
        pictures: list[Any] = self.codec.decode(packet)
        return pictures

    def drain(self) -> list[Any]:
        """Pictures that the decoder still holds; afterwards it is as new."""
        import av

        try:
            pictures: list[Any] = self.codec.decode(None)
        except av.error.FFmpegError:  # the packets it came from were counted when they were fed
            pictures = []
        if self.codec.is_open:
            self.codec.flush_buffers()
        return pictures

    def pixels(self, picture: Any) -> Pixels:
        """The picture as it is kept: uint8 [H, W, 3] RGB."""
        return self._maker.pixels(picture, self.stream.sample_aspect_ratio)

    def _demuxed(self) -> Iterator[Any]:
        import av

        demuxed = self._container.demux(self.stream)
        failures = 0
        while failures < _MAX_READ_ERRORS:
            if self._closed.is_set():
                raise PassStoppedError
            try:
                packet = next(demuxed, None)
            except av.error.FFmpegError:  # some containers find their way again behind it
                failures += 1
                self.read_errors += 1
                demuxed = self._container.demux(self.stream)
                continue
            except IndexError:  # PyAV 18.1: a packet of a stream that the header did not announce
                demuxed = self._container.demux(self.stream)
                continue
            if packet is None:
                return
            if packet.size:
                failures = 0
                yield packet

    def _prime(self) -> None:
        """Show the decoder the file's first packet, as a pass from the start would have.

        Encoders name themselves there once, and decoders work around what they did wrong: 4:4:4
        pictures of old x264 builds come out damaged without it.
        """
        import av

        if self._is_primed:
            return
        self._is_primed = True
        packet = next(self._demuxed(), None)
        try:
            if packet is not None:
                self.decode(packet)
        except av.error.FFmpegError:  # counted by whichever pass decodes it for its picture
            pass
        self.drain()

    def _seek(self, pts: int | None) -> None:
        import av

        if pts is not None:
            try:
                self._container.seek(pts, stream=self.stream, backward=True)
                return
            except av.error.FFmpegError:
                pass  # no index: read on from the start, which always works
        self.close()
        self._container, self.stream = open_container(
            self._path, max_frame_px=self._settings.max_frame_px
        )
        self.codec = self.stream.codec_context
        self._is_primed = False
        self._prime()

    def _from(self, start: PacketId) -> Iterator[Any]:
        """Packets from ``start`` on; nothing if reading has passed it."""
        found = False
        for packet in self._demuxed():
            if not found:
                found = packet.pts == start.pts and packet.size == start.size
                if not found and packet.dts is not None and packet.dts > start.pts:
                    return
            if found:
                yield packet
