"""A very long session and very many sessions: opening, seeking, indexing, verifying, searching."""

import asyncio
import gc
import random
import shutil
import statistics
import time
from pathlib import Path

from agent_tui.sessions import index_file
from agent_tui.sessions.catalog import Catalog
from agent_tui.sessions.index import IndexBuilder, LogIndex, open_log
from agent_tui.sessions.indexed import IndexedLog
from agent_tui.sessions.store import SessionStore
from agent_tui.sessions.verify import verify_folder
from agent_tui.ui.app import AgentTui
from agent_tui.ui.launch import Launch
from agent_tui.ui.replay_controller import ReplayController
from tests.benchmarks.big_session import make_big_session
from tests.benchmarks.opening import home, opening
from tests.benchmarks.report import Row, limit_row, timed
from tests.benchmarks.startup import CHECKOUT, SESSION
from tests.ui.driver import Driver

EVENTS = "events.jsonl"


def big_session(folder: Path, count: int, runs: int) -> list[Row]:
    """Indexing, seeking and verifying a session of *count* records."""
    big = make_big_session(folder / "big", count)
    size = (big / EVENTS).stat().st_size
    rows = [_offsets(big, count, runs)]
    began = time.perf_counter()
    log = IndexedLog(big / EVENTS)
    while log.build(10_000):
        pass
    taken = time.perf_counter() - began
    note = f"{size / 1e6:.0f} MB; one run; with the states at intervals"
    rows.append(_rate("index and states, from nothing", count / taken, note, None))
    index_file.keep(log)
    rows.append(asyncio.run(_seek(big, 8 * runs)))
    rows += opening(folder, big, runs)
    seconds = timed(lambda: verify_folder(big)) * 100_000 / count
    rows.append(limit_row("sessions verify, for 100,000 records", [seconds], unit="s", limit=2))
    return rows


def _rate(name: str, value: float, note: str, least: float | None) -> Row:
    aim = f"≥ {least:,.0f} /s" if least else ""
    met = value >= least if least else None
    return Row(name, value, "/s", aim=aim, within=met, digits=0, note=note)


def _offsets(big: Path, count: int, runs: int) -> Row:
    def once() -> float:
        index = LogIndex()
        builder = IndexBuilder(big / EVENTS, index, lambda place, line: None)
        began = time.perf_counter()
        with open_log(big / EVENTS) as file:
            while builder.advance(file):
                pass
        if len(index) != count:
            raise RuntimeError("the index is not complete")
        return count / (time.perf_counter() - began)

    rates = [once() for _ in range(runs)]
    note = "offsets, types, and every checksum compared"
    return _rate("index of offsets", statistics.median(rates), note, 250_000)


async def _seek(big: Path, count: int) -> Row:
    """Key to screen: from the seek to when all of it is drawn, at random places, both ways."""
    app = AgentTui(Launch(kind="replay", folder=big, session=str(big), sessions=big.parent))
    figures = []
    async with app.run_test(size=(160, 48)) as pilot:
        person = Driver(app, pilot)
        await person.loaded()
        controller = person.controller
        if not isinstance(controller, ReplayController):
            raise RuntimeError("no replay")
        source = controller._source
        await person.until(lambda: source.saved.complete, "the index")
        gc.freeze()  # as the program does once it has started
        chance = random.Random(1)
        for _ in range(count):
            place = chance.randrange(1, source.replay.length)
            began = time.perf_counter()
            painted = asyncio.Event()
            app.presence.touched()  # as by the key that each of them stands for
            controller.seek(place)
            await controller.presenter.settled.wait()
            app.screen.call_after_refresh(painted.set)
            await painted.wait()
            figures.append((time.perf_counter() - began) * 1000)
    figures.sort()
    p95 = figures[int(len(figures) * 0.95)]
    note = f"p50 {statistics.median(figures):.0f} ms; until the screen is painted, in one process"
    return Row("seek to a random record, p95", p95, "ms", aim="≤ 50 ms", within=p95 <= 50,
               note=note)  # fmt: skip


def many_sessions(folder: Path, count: int, runs: int) -> list[Row]:
    """The list of *count* sessions from its catalog, and a search in all of them."""
    store = SessionStore(folder / "catalogued")
    source = CHECKOUT / "sessions" / SESSION
    for number in range(count):
        shutil.copytree(source, store.folder / f"20261122-{number:06}-copy")
    catalog = Catalog(store)
    cold = timed(catalog.refresh)
    known = [timed(catalog.known) for _ in range(runs)]
    fresh = [timed(catalog.refresh) for _ in range(runs)]
    found = [timed(lambda: catalog.search("durat picky")) * 1000 for _ in range(runs)]
    catalog.close()
    return [
        home(folder, store.folder, runs),
        Row(f"list of {count:,} sessions, as it was known", statistics.median(known), "s",
            digits=2),
        Row(f"list of {count:,} sessions, read again", statistics.median(fresh), "s", digits=2),
        Row(f"list of {count:,} sessions, from nothing", cold, "s", digits=1,
            note=f"{cold / count * 1000:.1f} ms a session"),
        limit_row(f"full-text query in {count:,} sessions", found, unit="ms", limit=100),
    ]  # fmt: skip
