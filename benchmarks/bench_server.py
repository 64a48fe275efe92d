"""A server that watches two live sources while it is asked: waits, dropped frames, CPU, memory.

    python benchmarks/bench_server.py [--parts questions storm idle soak] [--questions 50]
        [--storm-minutes 5] [--idle-s 60] [--soak-minutes 20] [--videos FOLDER] [--out FILE.json]

A real ``streamvid serve`` with two made-up pictures at 25 a second, a tick a second of each. Source
``a`` has an hour behind it: a few hundred frames of real footage, encoded once, at 3,600 ticks in
scenes; the server goes on behind them. *questions*: one client, a new text each time, a pause in
between. *storm*: three clients, each asks again once it is answered, two about ``a`` and one about
``b``. *idle*: what CPU of the server twenty viewers take who ask nothing, the same time without
them before and after; then twenty who fetch what an open page does. *soak*: memory
of server and captures while a question comes every 20 s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from apps.client import Client, connect
from apps.models import model_loader
from apps.settings import AppSettings
from benchmarks.asked_server import Asked, Lookout, ask, questions, table_of, until_seeing
from benchmarks.open_page import OpenPage
from benchmarks.sampled_frames import scenes_of
from benchmarks.server_process import ServerProcess
from benchmarks.simulated_live import SimulatedLive, encode_footage
from memory import FrameRow, ModelIdentity
from streamvid.engine import Engine, Priority
from streamvid.ingest.ingest import model_identity
from streamvid.model.llama.precision import processor_name
from streamvid.model.seam import Picture

SOURCES = {
    "a": "lavfi:testsrc2=size=1280x720:rate=25",
    "b": "lavfi:testsrc=size=1280x720:rate=25",
}
PARTS = ("questions", "storm", "idle", "soak")
STORM = ("a", "a", "b")
"""What each of the clients asks about."""
SCENE_FRAMES = 10
RESIDENT_EVERY_S = 5.0
ENDS = 0.1
"""The share of the soak's samples that count as its start, and as its end."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    questions: int = 50
    pause_s: float = 2.0
    storm_s: float = 300.0
    idle_s: float = 60.0
    viewers: int = 20
    soak_s: float = 1200.0
    soak_every_s: float = 20.0


class Bench:
    """Parts measured on one running ``server``; ``client`` is connected to it."""

    def __init__(self, server: ServerProcess, client: Client, sizes: Sizes, say: Say) -> None:
        self._server, self._client, self._sizes, self._say = server, client, sizes, say
        self._texts = questions()

    async def measure(self, part: str) -> dict[str, Any]:
        """The figures of one of ``PARTS``."""
        match part:
            case "questions":
                return await self._questions()
            case "storm":
                return await self._storm()
            case "idle":
                return await self._idle()
            case _:
                return await self._soak()

    async def warm_up(self) -> dict[str, Any]:
        """One question about each source, which begins its context; not among the others."""
        first = [await self._ask(self._client, name) for name in SOURCES]
        return {asked.source: table_of([asked]) for asked in first}

    async def _ask(self, client: Client, source: str) -> Asked:
        return await ask(client, source, next(self._texts))

    async def _questions(self) -> dict[str, Any]:
        answers = []
        with self._watching() as lookout:
            for number in range(self._sizes.questions):
                answers.append(await self._ask(self._client, "a"))
                self._say(f"question {number + 1}: first text {answers[-1].first_delta_s} s")
                await asyncio.sleep(self._sizes.pause_s)
        return table_of(answers) | {"sources": lookout.report()}

    async def _storm(self) -> dict[str, Any]:
        answers: list[Asked] = []
        began_s = time.monotonic()

        async def go_on(source: str) -> None:
            async with connect(self._server.url) as client:
                while time.monotonic() - began_s < self._sizes.storm_s:
                    answers.append(await self._ask(client, source))
                    if len(answers) % 20 == 0:
                        self._say(f"storm: {len(answers)} answers")

        with self._watching() as lookout:
            await asyncio.gather(*map(go_on, STORM))
            took_s = time.monotonic() - began_s
            await asyncio.sleep(1.5)  # a status comes every second
        return {
            **table_of(answers),
            "answers_per_minute": round(60 * len(answers) / took_s, 1),
            "by_source": {
                name: table_of([asked for asked in answers if asked.source == name])
                for name in sorted({*STORM})
            },
            "sources": lookout.report(),
        }

    async def _idle(self) -> dict[str, Any]:
        before = await self._cpu_share()
        self._say(f"idle: {before:.3f} of a core with nobody")
        async with AsyncExitStack() as stack:
            for _ in range(self._sizes.viewers):
                await stack.enter_async_context(connect(self._server.url))
            watched = await self._cpu_share()
        after = await self._cpu_share()
        self._say(f"idle: {watched:.3f} with {self._sizes.viewers} viewers, {after:.3f} after")
        paged, requests_per_s = await self._paged()
        alone = statistics.mean((before, after))
        return {
            "viewers": self._sizes.viewers,
            "cores_without": [round(before, 4), round(after, 4)],
            "cores_with": round(watched, 4),
            "cores_of_viewers": round(watched - alone, 4),
            "cores_of_pages": round(paged - alone, 4),
            "requests_of_pages_per_s": round(requests_per_s, 1),
        }

    async def _paged(self) -> tuple[float, float]:
        """Cores that the server takes with open pages, and how much they fetch a second."""
        async with AsyncExitStack() as stack:
            pages = []
            for _ in range(self._sizes.viewers):
                viewer = await stack.enter_async_context(connect(self._server.url))
                await until_seeing(viewer, SOURCES)
                pages.append(OpenPage(viewer, tuple(SOURCES)))
                looking = asyncio.create_task(pages[-1].look())
                stack.push_async_callback(_end, looking)
            fetched, began_s = sum(page.fetched for page in pages), time.monotonic()
            cores = await self._cpu_share()
            fetched = sum(page.fetched for page in pages) - fetched
            return cores, fetched / (time.monotonic() - began_s)

    async def _soak(self) -> dict[str, Any]:
        sizes, answers = self._sizes, list[Asked]()
        resident: list[int] = []
        began_s = time.monotonic()

        async def weigh() -> None:
            while True:
                resident.append(self._server.resident_bytes())
                await asyncio.sleep(min(RESIDENT_EVERY_S, sizes.soak_s / 20))

        weighing = asyncio.create_task(weigh())
        with self._watching() as lookout:
            while (now_s := time.monotonic() - began_s) < sizes.soak_s:
                answers.append(await self._ask(self._client, "a"))
                self._say(f"soak: {now_s:.0f} s, {self._server.resident_bytes() / 1e6:.1f} MB")
                behind_s = time.monotonic() - began_s - now_s
                await asyncio.sleep(max(0.0, sizes.soak_every_s - behind_s))
        await _end(weighing)
        return table_of(answers) | growth(resident) | {"sources": lookout.report()}

    async def _cpu_share(self) -> float:
        """Cores that the server takes."""
        before_s, began_s = self._server.cpu_s(), time.monotonic()
        await asyncio.sleep(self._sizes.idle_s)
        return (self._server.cpu_s() - before_s) / (time.monotonic() - began_s)

    @contextmanager
    def _watching(self) -> Iterator[Lookout]:
        lookout = Lookout(self._client)
        looking = asyncio.create_task(lookout.look())
        try:
            yield lookout
        finally:
            looking.cancel()


def growth(resident: Sequence[int]) -> dict[str, float]:
    """Memory at the start and the end, as medians, in MB; and how many percent it grew."""
    some = max(1, round(len(resident) * ENDS))
    first, last = statistics.median(resident[:some]), statistics.median(resident[-some:])
    return {
        "resident_start_mb": round(first / 1e6, 1),
        "resident_end_mb": round(last / 1e6, 1),
        "growth_percent": round(100 * (last / first - 1), 2),
    }


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def prepare(settings: AppSettings, scenes: Sequence[Sequence[Picture]], seconds: int) -> None:
    """Remember ``seconds`` of source ``a`` that end now."""
    footage, identity = _encoded(settings, scenes)
    live = SimulatedLive(
        settings.recordings, identity, footage, name=SOURCES["a"],
        began_wall_s=time.time() - seconds,
    )  # fmt: skip
    live.film(seconds)
    live.close()


def _encoded(
    settings: AppSettings, scenes: Sequence[Sequence[Picture]]
) -> tuple[list[list[FrameRow]], ModelIdentity]:
    with Engine(model_loader(settings, note=print)) as engine:
        rows = engine.submit(
            lambda model: encode_footage(model, scenes), priority=Priority.FILE, owner="footage"
        ).result()
        return rows, model_identity(engine.facts())


async def measure(
    server: ServerProcess,
    parts: Sequence[str],
    sizes: Sizes,
    *,
    keep: Callable[[dict[str, Any]], None],
    say: Say,
) -> None:
    """Measure ``parts``, handing ``keep`` all there is after each."""
    result: dict[str, Any] = {}
    async with connect(server.url) as client:
        await until_seeing(client, SOURCES)
        bench = Bench(server, client, sizes, say)
        result["first_questions"] = await bench.warm_up()
        for part in parts:
            began_load = os.getloadavg()[0]
            say(f"measuring {part}")
            result[part] = await bench.measure(part)
            result[part]["load_average"] = [round(began_load, 2), round(os.getloadavg()[0], 2)]
            keep(result)


def rows_of(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What was measured of what the goals are about: name, value, goal."""
    rows: list[tuple[str, str, str]] = []
    for part in ("questions", "storm", "soak"):
        if found := result.get(part):
            goal = "<= 1.5 s" if part == "questions" else ""
            rows.append((f"{part}: first delta p50", f"{found['first_delta_p50_s']} s", ""))
            rows.append((f"{part}: first delta p95", f"{found['first_delta_p95_s']} s", goal))
            counts = f"{found['full_prefills']}, {found['extended_tokens']}"
            rows.append((f"{part}: full prefills, extended tokens", counts, ""))
            for name, source in found["sources"].items():
                dropped = f"{source['frames_dropped']} of {source['frames_seen']} seen"
                rows.append((f"{part}: {name} dropped", dropped, "0"))
                rows.append(
                    (f"{part}: {name} oldest frame", f"{source['oldest_frame_age_s']} s", "")
                )
    if found := result.get("storm"):
        rows.append(("storm: answers a minute", f"{found['answers_per_minute']}", ""))
    if found := result.get("idle"):
        viewers = f"{found['viewers']} viewers"
        rows.append((f"idle: {viewers}", f"{100 * found['cores_of_viewers']:.1f} % CPU", "<= 5 %"))
        rows.append((f"idle: {viewers}' pages", f"{100 * found['cores_of_pages']:.1f} % CPU", ""))
    if found := result.get("soak"):
        rows.append(("soak: memory", f"{found['growth_percent']} % growth", "<= 2 %"))
    return rows


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--pause-s", type=float, default=2.0)
    parser.add_argument("--storm-minutes", type=float, default=5.0)
    parser.add_argument("--idle-s", type=float, default=60.0)
    parser.add_argument("--soak-minutes", type=float, default=20.0)
    parser.add_argument("--remembered-s", type=int, default=3600)
    parser.add_argument("--videos", type=Path, help="default: STREAMVID_DATA's, else a clip")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "streamvid")
    parser.add_argument("--out", type=Path, default=Path("out/bench_server.json"))
    return parser.parse_args()


def main() -> None:
    """Prepare, measure, print; what was measured is in the file after each part."""
    arguments = _parsed()
    # As Ctrl-C: the server and its captures must not outlive this.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    data = os.environ.get("STREAMVID_DATA")
    folder = arguments.videos or (Path(data) / "videos" / "content" if data else None)
    scenes = scenes_of(folder, SCENE_FRAMES)
    sizes = Sizes(
        arguments.questions, arguments.pause_s, 60 * arguments.storm_minutes, arguments.idle_s,
        soak_s=60 * arguments.soak_minutes,
    )  # fmt: skip
    result: dict[str, Any] = {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "model": arguments.model,
        "remembered_s": arguments.remembered_s,
        "pictures_encoded": sum(map(len, scenes)),
        "videos": "packaged clip" if folder is None else len(scenes),
    }

    def keep(measured: dict[str, Any]) -> None:
        result.update(measured)
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")

    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        settings = AppSettings(home=home, cache=arguments.cache, model=arguments.model)
        _say(f"encoding {result['pictures_encoded']} pictures, the rows of an hour")
        prepare(settings, scenes, arguments.remembered_s)
        values = [f"cache={arguments.cache.absolute()}", f"model={arguments.model}"]
        # Ctrl-C keeps the parts that are done, in the file and in the table.
        with (
            suppress(KeyboardInterrupt),
            ServerProcess(home, SOURCES, log=home / "server.log", settings=values) as server,
        ):
            asyncio.run(measure(server, arguments.parts, sizes, keep=keep, say=_say))
    for name, value, goal in rows_of(result):
        print(f"{name:45} {value:>20}  {goal}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
