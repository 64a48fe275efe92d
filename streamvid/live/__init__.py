"""Live sources watched into memory: what was seen, and why what was not."""

from streamvid.live.status import WatchEvent, WatchStatus
from streamvid.live.watch import Watch, WatchPlan

__all__ = ["Watch", "WatchEvent", "WatchPlan", "WatchStatus"]
