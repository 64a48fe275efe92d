"""Ingest: from a video file to a recording's memory, through the model."""

from streamvid.ingest.progress import IngestProgress, IngestReport, ReencodeReport

__all__ = ["IngestProgress", "IngestReport", "ReencodeReport"]
