"""What the program shows: lines for people, documents for machines; pure but for the progress."""

from apps.render.answer_lines import answer_lines, search_lines, timing_line
from apps.render.documents import (
    answer_document,
    ingest_document,
    inspection_document,
    list_document,
    reencode_document,
    removal_document,
    search_document,
    settings_document,
)
from apps.render.lines import (
    format_bytes,
    inspection_lines,
    list_lines,
    one_line,
    plain,
    reencode_line,
    report_line,
    settings_lines,
)
from apps.render.live_lines import (
    event_line,
    file_probe_lines,
    source_probe_lines,
    state_words,
    watch_line,
)
from apps.render.progress import ProgressView
from apps.render.waiting import WaitingLine

__all__ = [
    "ProgressView",
    "WaitingLine",
    "answer_document",
    "answer_lines",
    "event_line",
    "file_probe_lines",
    "format_bytes",
    "ingest_document",
    "inspection_document",
    "inspection_lines",
    "list_document",
    "list_lines",
    "one_line",
    "plain",
    "reencode_document",
    "reencode_line",
    "removal_document",
    "report_line",
    "search_document",
    "search_lines",
    "settings_document",
    "settings_lines",
    "source_probe_lines",
    "state_words",
    "timing_line",
    "watch_line",
]
