"""Live sources watched into memory: what was seen, and why what was not."""

from streamvid.live.feed import Feed
from streamvid.live.keeping import DiskRoom, Keep, KeepRule
from streamvid.live.pushed import PushedWatch
from streamvid.live.status import WatchEvent, WatchStatus
from streamvid.live.watch import Watch, WatchPlan
from streamvid.live.watches import Watches

__all__ = [
    "DiskRoom",
    "Feed",
    "Keep",
    "KeepRule",
    "PushedWatch",
    "Watch",
    "WatchEvent",
    "WatchPlan",
    "WatchStatus",
    "Watches",
]
