from __future__ import annotations

import pytest

from apps.client.address import Address
from apps.errors import ServerLostError

TOKEN = "correct-horse-battery-staple"


@pytest.mark.parametrize(
    "url", ["", "nowhere", "ftp://x", "ws://", "ws://a:port", "ws://user:secret@x", "http://[::1"]
)
def test_an_address_that_is_none_is_told_without_what_it_held(url):
    with pytest.raises(ServerLostError) as raised:
        Address(url).websocket()
    assert "secret" not in str(raised.value)


def test_addresses_lead_to_the_socket_and_to_pages():
    assert Address("http://a:1").websocket() == "ws://a:1/ws"
    assert Address("wss://a/").websocket() == "wss://a/ws"
    assert Address("wss://a/x").http("/stills/a/1.0") == "https://a/stills/a/1.0"
    assert Address("ws://[::1]:5").near
    assert not Address("ws://a:1").near
    assert TOKEN not in repr(Address("ws://a", TOKEN))
