"""Headers and tags of what is sent over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from apps.server.documents import picture_document, timeline_document
from streamvid.ingest.inspection import GapReport
from streamvid.session import Still, Timeline

STILL = Still(tick=7, t_s=7.25, preview=False, picture=b"\xff\xd8\xffpicture")
TIMELINE = Timeline(
    recording_id="r", length_s=9.0, complete=False, seen=((0.0, 4.0), (6.0, 9.0)), pending=(),
    gaps=(GapReport(4.0, 6.0, "stalled"),), previews_s=(), started_wall_s=None,
    text="seen 7 s of 9 s – 78 %",
)  # fmt: skip


@pytest.mark.parametrize(
    ("still", "t_s", "settled"),
    [
        (STILL, 7.25, True),
        (STILL, 7.5, False),  # a nearer one may come
        (STILL, None, False),
        (replace(STILL, preview=True), 7.25, False),  # the real one will
    ],
)
def test_a_picture_is_kept_where_it_can_change_no_more(still, t_s, settled):
    headers = picture_document(still, t_s).headers
    assert headers["Cache-Control"] == (
        "private, max-age=86400, immutable" if settled else "no-cache"
    )
    assert headers["X-Frame-Time"] == "7.25"


def test_a_picture_says_what_it_is():
    jpeg = picture_document(STILL, None)
    png = picture_document(replace(STILL, picture=b"\x89PNG\r\n\x1a\npicture"), None)
    assert (jpeg.media_type, png.media_type) == ("image/jpeg", "image/png")
    assert jpeg.body == STILL.picture
    assert jpeg.tag == jpeg.headers["ETag"] != png.tag


def test_a_tag_is_of_the_picture_alone():
    later = picture_document(replace(STILL, t_s=8.25), None)
    assert later.tag == picture_document(STILL, None).tag
    assert later.headers["X-Frame-Time"] == "8.25"


def test_a_timeline_is_printed_and_its_tag_changes_with_it():
    document = timeline_document("front", TIMELINE)
    told = json.loads(document.body)
    assert told["source"] == "front"
    assert told["seen"] == [[0.0, 4.0], [6.0, 9.0]]
    assert [gap["reason"] for gap in told["gaps"]] == ["stalled"]
    assert told["text"] == TIMELINE.text
    assert document.headers["Cache-Control"] == "no-cache"
    assert document.tag == timeline_document("front", TIMELINE).tag
    assert document.tag != timeline_document("front", replace(TIMELINE, length_s=10.0)).tag
