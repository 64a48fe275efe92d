"""What a child is told to open: the one value that holds a password in the clear. Pure."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlsplit

from capture.address import Address
from capture.credentials import Credentials
from capture.live_messages import Order
from capture.live_settings import LiveSettings

WATCH_WITHIN_S = 8.0
"""How long a probe waits for the child's word, once a picture was seen."""
_SECOND_LINE_S = 5.0


def live_order(
    address: Address,
    settings: LiveSettings,
    credentials: Credentials | None,
    *,
    origin_s: float | None = None,
    film_start_s: float | None = None,
    is_probe: bool = False,
    follow_redirects: bool = True,
) -> Order:
    """The order for ``address`` seen with ``credentials``."""
    return Order(
        kind=address.kind,
        url=address.url(credentials),
        secrets=_secrets(address, credentials),
        is_paced=address.is_paced,
        is_finite=address.is_finite,
        first_frame_s=settings.first_frame_s,
        stall_s=settings.stall_s,
        # A second line: the parent kills a child that shows no picture in time. It lies above the
        # parent's limits, so that whoever looks sees one limit, and the true reason.
        io_limit_s=max(settings.first_frame_s, settings.stall_s, WATCH_WITHIN_S) + _SECOND_LINE_S,
        lag_s=settings.lag_s,
        decode=settings.decode,
        short_side_px=settings.picture.kept_short_side_px,
        max_frame_px=settings.max_frame_px,
        origin_s=origin_s,
        film_start_s=film_start_s,
        is_probe=is_probe,
        follow_redirects=follow_redirects,
    )


def _secrets(address: Address, credentials: Credentials | None) -> tuple[str, ...]:
    """Words that must not come back in a message."""
    words = [credentials.password, credentials.user] if credentials else []
    if address.host:
        query = urlsplit(address.location).query
        words += [query, *(value for _, value in parse_qsl(query))]
    return tuple({form for word in words if word for form in (word, quote(word, safe=""))})
