"""The benchmark of the server, with the tiny model and at a size that takes some seconds."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from apps.server.protocol import ResponseDone
from apps.settings import AppSettings
from benchmarks.asked_server import Asked, percentile, questions, table_of
from benchmarks.bench_server import PARTS, SOURCES, Sizes, growth, measure, prepare, rows_of
from benchmarks.server_process import ServerProcess
from streamvid.answer.result import Timings, Usage
from tests.streamvid.watched import noise

ROOT = Path(__file__).parent.parent.parent
MODEL = "tiny_model:TinyModel"
TINY = Sizes(
    questions=2, pause_s=0.0, storm_s=0.5, idle_s=0.3, viewers=2, soak_s=1.0, soak_every_s=0.3
)


def asked(first_s: float | None, *, prefills: int = 0, extended: int = 0) -> Asked:
    timings = Timings(
        retrieval_s=0.125, context_s=0.25, fusion_s=0.0, first_text_s=0.5, decode_s=1.0, total_s=1.5
    )
    usage = Usage(full_prefills=prefills, extended_tokens=extended, range_frames=7, view_tokens=5)
    return Asked("a", first_s, ResponseDone("r", "completed", "stop", usage, timings=timings))


# Starts the real program with two live sources: its imports alone take more than two seconds.
@pytest.mark.slow
def test_all_parts_are_measured_on_a_running_server(tmp_path, monkeypatch):
    models = str(ROOT / "tests" / "streamvid")
    monkeypatch.syspath_prepend(models)
    monkeypatch.setenv("PYTHONPATH", models)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = AppSettings(home=tmp_path, cache=tmp_path / "cache", model=MODEL)
    prepare(settings, [[noise(i) for i in range(6)], [noise(10 + i) for i in range(6)]], 150)
    kept: list[dict[str, object]] = []
    log = tmp_path / "server.log"
    with ServerProcess(tmp_path, SOURCES, log=log, settings=[f"model={MODEL}"]) as server:
        asyncio.run(
            measure(
                server, PARTS, TINY,
                keep=lambda result: kept.append(json.loads(json.dumps(result))), say=print,
            )
        )  # fmt: skip
    assert [set(result) for result in kept] == [
        {"first_questions", *PARTS[: n + 1]} for n in range(len(PARTS))
    ]
    result = kept[-1]
    first, storm = result["first_questions"], result["storm"]
    # What was prepared is remembered under the source that the server goes on with.
    assert first["a"]["range_frames"] >= 150 > first["b"]["range_frames"] > 0
    assert first["a"]["full_prefills"] == 1
    assert result["questions"]["answers"] == 2
    assert result["questions"]["first_delta_p95_s"] > 0
    assert set(storm["by_source"]) == {"a", "b"}
    assert storm["answers"] == sum(table["answers"] for table in storm["by_source"].values()) >= 3
    for part in ("questions", "storm", "soak"):
        sources = result[part]["sources"]
        assert set(sources) == {"a", "b"}
        assert all(source["frames_dropped"] == 0 for source in sources.values())
    assert result["soak"]["resident_start_mb"] > 50  # the interpreter and the captures alone
    assert len(result["idle"]["cores_without"]) == 2
    assert any(goal == "<= 2 %" for _, _, goal in rows_of(result))
    assert rows_of({}) == []


def test_a_server_that_does_not_start_says_why(tmp_path):
    with pytest.raises(RuntimeError, match="no setting named"):
        ServerProcess(tmp_path, SOURCES, log=tmp_path / "log", settings=["nonsense=1"])


def test_questions_are_new_each_time():
    texts = list(islice(questions(), 4000))
    assert len(set(texts)) == len(texts)
    assert all("  " not in text and "{" not in text for text in texts)


def test_a_percentile_is_one_of_the_values():
    values = [float(value) for value in range(100, 0, -1)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.95) == 95
    assert percentile([3.0], 0.95) == 3
    assert percentile([], 0.95) is None


def test_a_table_tells_what_the_server_did_and_what_is_in_none_of_its_shares():
    table = table_of([asked(0.6, prefills=1), asked(0.4, extended=9), asked(None)])
    assert (table["answers"], table["without_text"]) == (3, 1)
    assert (table["first_delta_p50_s"], table["first_delta_max_s"]) == (0.4, 0.6)
    assert table["server_median_s"]["rest"] == 0.125
    assert (table["full_prefills"], table["extended_tokens"]) == (1, 9)


def test_answers_that_failed_count_among_those_without_text():
    failed = replace(asked(None), done=ResponseDone("r", "failed", "failed"))
    table = table_of([failed])
    assert table["without_text"] == 1
    assert table["first_delta_p95_s"] is None
    assert table["server_median_s"] == {}


def test_growth_is_between_the_ends_and_not_fooled_by_one_sample():
    resident = [100, 500, 100, *[150] * 24, 110, 110, 900]
    assert growth(resident)["growth_percent"] == 10
    assert growth([7])["growth_percent"] == 0
