"""Stills: the bytes that stand for a frame once it was seen. JPEG, or PNG where bits matter.

The still is the canonical frame: what is encoded at ingest is the decoded still, so everything that
is computed again later starts from the same pixels.
"""

from __future__ import annotations

import struct

import numpy as np

from capture.errors import StillError
from capture.frame import Pixels

MAX_STILL_PX = 200_000_000
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_JPEG_MAGIC = b"\xff\xd8\xff"
_NO_SIZE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
_NOT_FRAME_HEADERS = frozenset({0xC4, 0xC8, 0xCC})


def encode_still(pixels: Pixels, *, quality: int = 90, lossless: bool = False) -> bytes:
    """Code ``pixels`` uint8 [H, W, 3] RGB as JPEG of ``quality`` 1 to 100, or as PNG if lossless.

    The same pixels give the same bytes. Raises StillError.
    """
    import cv2  # some 60 MB and 0.2 s: paid by whoever makes stills, not by `import capture`

    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise StillError(f"still has shape {pixels.shape} {pixels.dtype}; pass uint8 [H, W, 3]")
    if not 1 <= quality <= 100:
        raise StillError(f"still quality is {quality}; use 1 to 100")
    suffix, flags = ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality]
    if lossless:
        suffix, flags = ".png", [cv2.IMWRITE_PNG_COMPRESSION, 3]
    try:
        done, coded = cv2.imencode(suffix, np.ascontiguousarray(pixels[:, :, ::-1]), flags)
    except cv2.error as error:
        raise StillError(f"still of shape {pixels.shape} cannot be coded as {suffix}") from error
    if not done:
        raise StillError(f"still of shape {pixels.shape} cannot be coded as {suffix}")
    return bytes(coded.tobytes())


def decode_still(coded: bytes) -> Pixels:
    """Pixels uint8 [H, W, 3] RGB of a JPEG or PNG still. Raises StillError on anything else."""
    import cv2

    height_px, width_px = still_size(coded)
    if height_px * width_px > MAX_STILL_PX:
        raise StillError(f"still says {width_px}x{height_px}; at most {MAX_STILL_PX} pixels")
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(np.frombuffer(coded, np.uint8), flags)
    except cv2.error as error:
        raise StillError(f"still of {len(coded)} bytes cannot be decoded") from error
    if pixels is None:
        raise StillError(f"still of {len(coded)} bytes cannot be decoded; it is damaged")
    return np.ascontiguousarray(pixels[:, :, ::-1])


def still_size(coded: bytes) -> tuple[int, int]:
    """Height and width in pixels that a JPEG or PNG header claims. Raises StillError."""
    if coded.startswith(_PNG_MAGIC) and len(coded) >= 24 and coded[12:16] == b"IHDR":
        width_px, height_px = struct.unpack(">II", coded[16:24])
        return height_px, width_px
    if coded.startswith(_JPEG_MAGIC):
        return _jpeg_size(coded)
    raise StillError(f"still of {len(coded)} bytes is neither JPEG nor PNG")


def _jpeg_size(coded: bytes) -> tuple[int, int]:
    position = 2
    while position + 9 <= len(coded):
        if coded[position] != 0xFF:
            break
        marker = coded[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        if marker in _NO_SIZE_MARKERS:
            position += 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAME_HEADERS:
            height_px, width_px = struct.unpack(">HH", coded[position + 5 : position + 9])
            return height_px, width_px
        position += 2 + int.from_bytes(coded[position + 2 : position + 4], "big")
    raise StillError(f"still of {len(coded)} bytes is a JPEG without a frame header")
