"""A small client of ``streamvid serve``: ``async with connect(url) as client``; docs/protocol.md.

It knows no screen. An answer comes as an async iterator of its pieces, its moments after them.
"""

from apps.client.asking import Asking
from apps.client.client import Client, connect
from apps.client.searching import told_report

__all__ = ["Asking", "Client", "connect", "told_report"]
