"""Looking on while another process ingests."""

from __future__ import annotations

from collections.abc import Callable

from memory import Recording
from streamvid.errors import IngestInterruptedError
from streamvid.ingest.progress import IngestProgress
from streamvid.ingest.totals import counters_of


def look_on(
    recording: Recording,
    *,
    progress: Callable[[IngestProgress], None],
    cancelled: Callable[[], bool],
    enough: Callable[[Recording], bool] = lambda recording: False,
    poll_s: float,
    now_s: Callable[[], float],
    wait: Callable[[float], None],
) -> None:
    """Pass on the other process's progress until it ends, or there is ``enough``.

    Whether it finished or was stopped is the recording's to say. Raises ``IngestInterruptedError``
    when cancelled: the other process goes on.
    """
    started_s = now_s()
    first_done: int | None = None
    while True:
        working = recording.ingester() is not None  # asked first: what it committed last is seen
        with recording.snapshot() as snapshot:
            counters, frames = counters_of(snapshot), snapshot.frame_count()
            previews = snapshot.preview_count()
        done = counters.expected - counters.pending
        first_done = done if first_done is None else first_done
        elapsed_s = now_s() - started_s
        rate = (done - first_done) / elapsed_s if elapsed_s > 0 else 0.0
        progress(
            IngestProgress(
                stage="attached",
                done_ticks=done,
                expected_ticks=counters.expected or None,
                frames=frames,
                rate_tps=rate,
                elapsed_s=elapsed_s,
                eta_s=counters.pending / rate if rate > 0 else None,
                previews=previews,
            )
        )
        if not working or enough(recording):
            return
        if cancelled():
            raise IngestInterruptedError(
                f"no longer waiting for {recording.info.source.name!r};"
                " the process that ingests it goes on"
            )
        wait(poll_s)
