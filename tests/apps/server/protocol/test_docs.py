"""docs/protocol.md is the promise: every message, field and code is there, and examples parse."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from apps.server.dialogue import Dialogue
from apps.server.protocol import (
    CLIENT_TYPES,
    RETRYABLE,
    SERVER_TYPES,
    Limits,
    parse_client,
    parse_server,
)
from apps.server.protocol.schema import document_of
from capture.frame import GapReason
from capture.source_status import SourceReason
from memory import Coverage, GapRow, coverage_text
from streamvid.answer import TimeRange
from tests.apps.served import talk

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
ALL = CLIENT_TYPES | SERVER_TYPES
SECTIONS = dict(re.findall(r"^### `([a-z_.]+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


def examples(section: str) -> list[str]:
    return re.findall(r"^```json\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def test_every_message_has_a_section_and_no_section_is_of_none():
    assert set(SECTIONS) == set(ALL)


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_message_has_examples_that_read_as_they_are_written(name):
    assert examples(SECTIONS[name])
    parse = parse_client if name in CLIENT_TYPES else parse_server
    for example in examples(SECTIONS[name]):
        message = parse(example)
        assert message.type == name
        document = json.loads(example)
        assert {"type": name, **json.loads(json.dumps(document_of(message)))} == document


def test_the_examples_of_a_range_ask_about_one():
    put = next(iter(examples(SECTIONS["conversation.item.create"])))
    asked = []
    for number, example in enumerate(examples(SECTIONS["response.create"])):
        dialogue = Dialogue(Limits())
        dialogue.receive(put, float(number), ("talk", "front"))
        asked.append(dialogue.receive(example, float(number), ("talk", "front"))[-1].within)
    assert asked == [
        TimeRange(60.0, 150.0),
        TimeRange(start_wall_s=1790085720.0, end_wall_s=1790086200.0),
    ]


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_field_stands_in_its_message_s_section(name):
    for entry in fields(ALL[name]):
        if entry.name not in ("event_id", "response_id"):  # told once for all
            where = SECTIONS[name]
            assert f"`{entry.name}`" in where or f'"{entry.name}"' in where, entry.name


def codes_in_the_source() -> set[str]:
    found = set()
    for file in (ROOT / "apps" / "server").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        found.update(re.findall(r'(?:ProtocolError|RefusedError)\(\s*"([a-z_]+)"', text))
        found.update(re.findall(r'^\s*\(core\.\w+, "([a-z_]+)"\)', text, re.MULTILINE))
    return found | RETRYABLE


def test_every_code_is_documented():
    table = SECTIONS["error"]
    missing = {code for code in codes_in_the_source() if f"`{code}`" not in table}
    assert not missing


def test_every_reason_is_documented():
    for name, codes in (("source.status", SourceReason), ("source.gap", GapReason)):
        missing = {code for code in get_args(codes) if f"`{code}`" not in SECTIONS[name]}
        # These come as news of a state that stays.
        assert missing <= {"clock", "resolution", "decoding", "options"}, name


def test_the_coverage_of_an_example_agrees_with_itself():
    covered = parse_server(examples(SECTIONS["response.done"])[0]).coverage
    gaps = tuple(GapRow(one.start_s, one.end_s, one.reason) for one in covered.blind)
    same = Coverage(
        covered.start_s, covered.end_s, covered.seen_s, covered.frames, 0, blind=gaps, pending=()
    )
    assert covered.text == coverage_text(same)
    assert covered.seen_s + sum(gap.end_s - gap.start_s for gap in gaps) == same.length_s
    assert {gap.reason for gap in gaps} <= set(get_args(GapReason))


def test_the_types_are_told_apart():
    assert not set(CLIENT_TYPES) & set(SERVER_TYPES)


def test_the_python_example_runs(serve, clip):
    served = serve("--source", f"talk={clip}")

    async def until_watched(talker):
        await talker.watched("talk")

    talk(served, until_watched)
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", code.replace("ws://127.0.0.1:8765", served.url)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert "seen 9 s of 10 min" in done.stdout
