"""Which packets a decoder can start at and lose nothing. Pure byte reading, no codec library.

A container's key flag is not enough: it also marks open groups, whose first pictures in display
order need the group before. Facts are from the codecs' own specifications (ITU-T H.264 table 7-1,
H.265 table 7-1, ISO/IEC 13818-2 section 6.2.2.6, AV1 section 5.9.2).
"""

from __future__ import annotations

from collections.abc import Iterator

INTRA_ONLY = frozenset(
    {
        "bmp",
        "dnxhd",
        "dvvideo",
        "ffvhuff",
        "huffyuv",
        "mjpeg",
        "png",
        "prores",
        "rawvideo",
        "utvideo",
        "v210",
        "webp",
    }
)
"""Codecs whose every picture stands alone."""

KEY_RESETS = frozenset({"vp8", "vp9", "ffv1"})
"""Codecs whose key pictures renew all state."""

SKIPS_NONREF = frozenset({"h264", "hevc", "mpeg1video", "mpeg2video"})
"""Codecs with one shown picture a packet whose decoders skip non-reference pictures exactly."""

_HEVC_IDR = frozenset({19, 20})
_SCAN_BYTES = 65536  # parameter sets and messages before the first slice are far shorter


def is_start_point(codec: str, extradata: bytes, packet: bytes, *, is_key: bool) -> bool:
    """Whether decoding from this packet on gives all later pictures as from the file's start."""
    if codec in INTRA_ONLY:
        return True
    if not is_key:
        return False
    if codec in KEY_RESETS:
        return True
    head = packet[:_SCAN_BYTES]
    match codec:
        case "h264":
            kinds = (unit[0] & 31 for unit in _nal_units(head, extradata, length_at=4))
            return next((kind for kind in kinds if 1 <= kind <= 5), 0) == 5
        case "hevc":
            kinds = (unit[0] >> 1 & 63 for unit in _nal_units(head, extradata, length_at=21))
            return next((kind for kind in kinds if kind < 32), 0) in _HEVC_IDR
        case "mpeg1video" | "mpeg2video":
            return _is_closed_mpeg_group(head)
        case "av1" | "libdav1d" | "libaom-av1":
            return _is_shown_av1_key(head)
    return False


def _nal_units(head: bytes, extradata: bytes, *, length_at: int) -> Iterator[bytes]:
    """Starts (one byte at least) of the NAL units in ``head``, length-prefixed or Annex B."""
    if len(extradata) > length_at and extradata[0] == 1:
        prefix = (extradata[length_at] & 3) + 1
        position = 0
        while position + prefix < len(head):
            yield head[position + prefix : position + prefix + 2]
            position += prefix + int.from_bytes(head[position : position + prefix], "big")
        return
    position = head.find(b"\0\0\1")
    while 0 <= position < len(head) - 3:
        yield head[position + 3 : position + 5]
        position = head.find(b"\0\0\1", position + 3)


def _is_closed_mpeg_group(head: bytes) -> bool:
    group = head.find(b"\0\0\1\xb8")
    has_sequence = head.find(b"\0\0\1\xb3") >= 0
    return has_sequence and 0 <= group < len(head) - 7 and bool(head[group + 7] & 0x40)


def _is_shown_av1_key(head: bytes) -> bool:
    position = 0
    while position < len(head):
        kind, has_extension, has_size = (
            head[position] >> 3 & 15,
            head[position] & 4,
            head[position] & 2,
        )
        position += 2 if has_extension else 1
        size = len(head) - position
        if has_size:
            size, position = _leb128(head, position)
        if kind in (3, 6) and position < len(head):  # a frame header, alone or with its tiles
            return head[position] & 0b1111_0000 == 0b0001_0000  # not a repeat, key, shown
        position += size
    return False


def _leb128(head: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 56, 7):
        if position >= len(head):
            break
        byte = head[position]
        position += 1
        value |= (byte & 127) << shift
        if not byte & 128:
            break
    return value, position
