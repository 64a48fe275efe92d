"""memory: what is remembered of a video, on the disk and in view; see docs/memory.md."""

from memory.address import public_address
from memory.blocks import (
    RangePlan,
    block_of,
    cuts_before,
    missing_spans,
    plan_range,
    round_to_segments,
)
from memory.coverage import (
    Coverage,
    Interval,
    blind_seconds,
    clock_text,
    coverage_of,
    coverage_text,
    duration_text,
)
from memory.errors import (
    AmbiguousSourceError,
    CommitRefusedError,
    CorruptRecordingError,
    DiskFullError,
    ModelMismatchError,
    RangeError,
    RecordingBusyError,
    RecordingExistsError,
    RecordingNotFoundError,
    SchemaTooNewError,
    SourceUnreadableError,
    StillMissingError,
    StorageDeniedError,
    StorageError,
    TokenMemoryError,
)
from memory.faiss_index import FaissIndex
from memory.folder import BESIDE_BYTES, database_bytes
from memory.home import Home
from memory.identity import describe_file, describe_live, file_identity
from memory.live_state import RETENTION
from memory.lock import LONGEST_SOCKET_BYTES, Ingester
from memory.merging import POLICIES
from memory.recording import Recording
from memory.reencoder import Reencoder
from memory.retention import Dropped
from memory.retrieval import FlatIndex, Moment, MomentIndex, fill_index
from memory.rows import (
    BLOCK_TICKS,
    Anchor,
    Batch,
    Chunk,
    Counters,
    EventRow,
    FrameRow,
    FrameTable,
    GapRow,
    Geometry,
    LiveState,
    ModelIdentity,
    RecordingInfo,
    RecordingSummary,
    Segment,
    Source,
    TickSpan,
)
from memory.snapshot import EVERYTHING, PrefixSum, Snapshot
from memory.tally import DROPPED, tally
from memory.timeline import OFF, Resumption, Timeline, clock_step, resume
from memory.view import RollingView, View, range_view
from memory.writer import Writer

__all__ = [
    "BESIDE_BYTES",
    "BLOCK_TICKS",
    "DROPPED",
    "EVERYTHING",
    "LONGEST_SOCKET_BYTES",
    "OFF",
    "POLICIES",
    "RETENTION",
    "AmbiguousSourceError",
    "Anchor",
    "Batch",
    "Chunk",
    "CommitRefusedError",
    "CorruptRecordingError",
    "Counters",
    "Coverage",
    "DiskFullError",
    "Dropped",
    "EventRow",
    "FaissIndex",
    "FlatIndex",
    "FrameRow",
    "FrameTable",
    "GapRow",
    "Geometry",
    "Home",
    "Ingester",
    "Interval",
    "LiveState",
    "ModelIdentity",
    "ModelMismatchError",
    "Moment",
    "MomentIndex",
    "PrefixSum",
    "RangeError",
    "RangePlan",
    "Recording",
    "RecordingBusyError",
    "RecordingExistsError",
    "RecordingInfo",
    "RecordingNotFoundError",
    "RecordingSummary",
    "Reencoder",
    "Resumption",
    "RollingView",
    "SchemaTooNewError",
    "Segment",
    "Snapshot",
    "Source",
    "SourceUnreadableError",
    "StillMissingError",
    "StorageDeniedError",
    "StorageError",
    "TickSpan",
    "Timeline",
    "TokenMemoryError",
    "View",
    "Writer",
    "blind_seconds",
    "block_of",
    "clock_step",
    "clock_text",
    "coverage_of",
    "coverage_text",
    "cuts_before",
    "database_bytes",
    "describe_file",
    "describe_live",
    "duration_text",
    "file_identity",
    "fill_index",
    "missing_spans",
    "plan_range",
    "public_address",
    "range_view",
    "resume",
    "round_to_segments",
    "tally",
]
