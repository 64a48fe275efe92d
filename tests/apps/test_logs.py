import io
import json
import logging

from apps.logs import JsonFormatter, LineFormatter, configure, fields


def record(**extra):
    made = logging.makeLogRecord(
        {"name": "streamvid.answer", "levelno": 20, "levelname": "INFO", "msg": "answered"} | extra
    )
    return made


def test_fields_are_what_was_given_beside_the_event():
    assert fields(record(view_tokens=12, prefill_ms=3.5)) == {"view_tokens": 12, "prefill_ms": 3.5}


def test_a_line_holds_event_and_fields():
    line = LineFormatter().format(record(view_tokens=12))
    assert line == "info streamvid.answer answered view_tokens=12"


def test_a_document_is_json_whatever_the_fields_are():
    document = json.loads(JsonFormatter().format(record(path=io, frames=3)))
    assert document["event"] == "answered"
    assert document["frames"] == 3
    assert "module" in document["path"]


def test_events_show_only_when_asked_for():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        for verbose, shown in ((False, 0), (True, 1)):
            stream = io.StringIO()
            configure(stream, verbose=verbose)
            logging.getLogger("streamvid.test").info("answered", extra={"frames": 1})
            assert len(stream.getvalue().splitlines()) == shown
    finally:
        root.handlers[:], root.level = before
