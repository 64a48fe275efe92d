"""Packets of a live source's stream, whatever stands between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from capture.live_messages import Order
from capture.live_open import OpeningError, failure

_MAX_READ_ERRORS = 16


def packets(container: Any, stream: Any, order: Order) -> Iterator[Any]:
    """Packets of the stream until it ends. Raises OpeningError where reading fails."""
    import av

    failures = 0
    demuxed = container.demux(stream)
    while True:
        try:
            packet = next(demuxed, None)
        except IndexError:  # PyAV 18.1: a packet of a stream that the header did not announce
            demuxed = container.demux(stream)
            continue
        except av.error.InvalidDataError as error:
            failures += 1
            if failures >= _MAX_READ_ERRORS:
                raise failure(error, order) from None
            demuxed = container.demux(stream)
            continue
        except av.error.FFmpegError as error:
            found = failure(error, order)
            # Whatever a connection that once was there says: it is lost.
            reason = "lost" if found.reason in ("unreachable", "failed") else found.reason
            raise OpeningError(reason, str(found)) from None
        if packet is None:
            return
        failures = 0
        yield packet
