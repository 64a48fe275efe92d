"""How a JPEG's camera was held, by its Exif segment. Pure; the bytes may be anybody's.

FFmpeg tells it too, but PyAV 18.1 cannot read the side data of a picture that has Exif.
"""

from __future__ import annotations

import struct

from capture.geometry import UPRIGHT, Orientation

_EXIF = b"Exif\0\0"
_ORIENTATION = 0x0112
_SHORT = 3
_APP1, _START_OF_SCAN = 0xE1, 0xDA
_TURNS = {
    2: Orientation(mirror_x=True),
    3: Orientation(mirror_x=True, mirror_y=True),
    4: Orientation(mirror_y=True),
    5: Orientation(transpose=True),
    6: Orientation(transpose=True, mirror_x=True),
    7: Orientation(transpose=True, mirror_x=True, mirror_y=True),
    8: Orientation(transpose=True, mirror_y=True),
}


def without_exif(jpeg: bytes) -> tuple[bytes, Orientation]:
    """``jpeg`` less its Exif segments, and how its picture becomes upright."""
    turn, kept, position, copied = UPRIGHT, [], 2, 0
    while position + 4 <= len(jpeg) and jpeg[position] == 0xFF:
        marker = jpeg[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        if marker == _START_OF_SCAN:
            break
        end = position + 2 + int.from_bytes(jpeg[position + 2 : position + 4], "big")
        if marker == _APP1 and jpeg[position + 4 : end].startswith(_EXIF):
            turn = orientation_of(jpeg[position + 10 : end])
            kept.append(jpeg[copied:position])
            copied = end
        position = end
    return b"".join([*kept, jpeg[copied:]]), turn


def orientation_of(tiff: bytes) -> Orientation:
    """The orientation that the first directory of ``tiff`` (behind ``Exif``) asks for, if any."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return UPRIGHT
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, directory)
        for number in range(entries):
            at = directory + 2 + 12 * number
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, at)
            if (tag, kind) == (_ORIENTATION, _SHORT):
                return _TURNS.get(value, UPRIGHT)
    except struct.error:  # it is cut, or points outside itself
        pass
    return UPRIGHT
