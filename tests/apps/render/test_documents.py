"""The documents hold what docs/json.md promises, name by name."""

import dataclasses
import json
import os
import re
from pathlib import Path

import pytest

from apps.cli.program import program
from apps.render import documents
from apps.settings import resolve
from apps.stills import SavedMoment
from capture import FileProbe, SourceProbe
from streamvid.answer import Answer, CoverageReport, SearchResult, Timings, Usage
from streamvid.ingest import IngestReport
from streamvid.session import GapReport, Inspection, RecordingSummary

PAGE = Path(__file__).parents[3] / "docs" / "json.md"
COVERAGE = CoverageReport(0.0, 60.0, 50.0, 50, 3, ((20.0, 30.0, "hole"),), "seen 50 s of 1 min")
MOMENT = SavedMoment(5.0, 0.123456789, Path("a.jpg"))
SUMMARY = RecordingSummary("ab" * 32, "n.mp4", "/n.mp4", 60.0, 50, 1000, 1.0, 2.0, True, False)
BROKEN = RecordingSummary("cd" * 32, "", "cd", 0.0, 0, 9, 0.0, 0.0, False, False, "damaged")


def all_documents():
    answer = Answer(
        "A dog.", "What?", "ab" * 32, "stop", ("exact",), (), COVERAGE, Timings(), Usage(), "tiny"
    )
    inspection = Inspection(
        SUMMARY, "f", "nano", 50, 3, 60, 50, 0, 0, 10, 0, (GapReport(20.0, 30.0, "hole"),), 1, 2,
        1000, 576, 1, None, "seen",
    )  # fmt: skip
    report = IngestReport(
        "ab" * 32, "n.mp4", 50, 50, True, False, False, True, 2.0, 60, 0, 0, 10, 0, 1, 2
    )
    resolved = resolve(
        folders={"home": Path("/h"), "cache": Path("/c")},
        file={},
        file_name="f",
        environment={},
        flags={},
    )
    return {
        "ask": documents.answer_document(answer, [MOMENT]),
        "search": documents.search_document(SearchResult("dog", "ab", (), COVERAGE, 0.1), [MOMENT]),
        "ingest": documents.ingest_document(report),
        "inspect": documents.inspection_document(inspection),
        "list": documents.list_document([SUMMARY]),
        "remove": documents.removal_document(SUMMARY),
        "--show-settings": documents.settings_document(resolved),
    }


def names_in(value):
    if isinstance(value, dict):
        return set(value) | {n for inner in value.values() for n in names_in(inner)}
    if isinstance(value, list):
        return {n for inner in value for n in names_in(inner)}
    return set()


@pytest.mark.parametrize("command", sorted(all_documents()))
def test_every_name_is_documented(command):
    page = PAGE.read_text(encoding="utf-8")
    assert f"## `{command}`" in page
    documented = set(re.findall(r"`([a-z_0-9]+)`", page))
    names = names_in(all_documents()[command])
    if command == "--show-settings":
        # The settings' own names stand in settings.md, which is written from them.
        names = {"settings", "value", "from"}
    assert names - documented == set()


def test_every_command_has_its_section():
    page = PAGE.read_text(encoding="utf-8")
    sections = set(re.findall(r"^## `([a-z]+)`", page, re.MULTILINE))
    assert set(program.commands) - sections == set()


@pytest.mark.parametrize("probe", [SourceProbe, FileProbe])
def test_every_name_of_a_probe_is_documented(probe):
    page = PAGE.read_text(encoding="utf-8")
    (section,) = re.findall(r"^## `probe`\n(.*?)^## ", page, re.MULTILINE | re.DOTALL)
    names = {entry.name for entry in dataclasses.fields(probe)}
    names |= {"source", "seen", "reason", "text"}
    assert names - set(re.findall(r"`([a-z_]+)`", section)) == set()


@pytest.mark.parametrize("command", sorted(all_documents()))
def test_documents_are_json_all_through(command):
    document = all_documents()[command]
    assert json.loads(json.dumps(document)) == document


def test_ticks_gaps_and_damage_of_an_inspection():
    document = all_documents()["inspect"]
    (gap,) = document["gaps"]
    assert (gap["start_s"], gap["end_s"], gap["reason"]) == (20.0, 30.0, "hole")
    assert gap["start_wall_s"] is gap["end_wall_s"] is None  # a file's
    assert document["damage"] == {"packets": 1, "frames": 2}
    assert document["ticks_gapped"] == 10


def test_of_an_ingest_the_ticks_add_up():
    document = all_documents()["ingest"]
    assert (document["ticks_expected"], document["ticks_seen"]) == (60, 50)


def test_a_broken_recording_says_why_and_claims_no_time():
    (line,) = documents.list_document([BROKEN])["recordings"]
    assert line["problem"] == "damaged"
    assert (line["created_wall_s"], line["updated_wall_s"], line["expected_s"]) == (None,) * 3


def test_a_path_that_is_no_utf_8_is_an_address():
    assert documents.path_text(Path("/a/b é.mp4")) == "/a/b é.mp4"
    assert documents.path_text(os.fsdecode(b"/a/b \xe9.mp4")) == "file:///a/b%20%E9.mp4"


def test_bounds_of_what_was_not_seen_are_always_decimal():
    whole = dataclasses.replace(COVERAGE, blind=((20, 30, "hole"),))
    found = documents.search_document(SearchResult("dog", "ab", (), whole, 0.1), [])
    (blind,) = found["coverage"]["blind"]
    assert json.dumps(blind) == '{"start_s": 20.0, "end_s": 30.0, "reason": "hole"}'


def test_evidence_of_an_answer():
    document = all_documents()["ask"]
    assert document["evidence"] == [
        {"t_s": 5.0, "wall_s": None, "score": 0.123457, "still": "a.jpg"}
    ]
    assert document["coverage"]["blind"] == [{"start_s": 20.0, "end_s": 30.0, "reason": "hole"}]
