"""Records the saved sessions that ship in ``sessions/``: ``python -m tests.record_sessions``.

A real demo is driven by keys at the pace of a person, so that the times in the log are real ones.
This is a tool, not a test: it waits as a person would.
"""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from agent_tui.domain.links import Node
from tests.ui.driver import Driver, demo, drive

SESSIONS = Path(__file__).parent.parent / "sessions"


async def think(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def read_on(person: Driver, pages: int) -> None:
    """Page through the diff, so that the hunks are seen."""
    for _ in range(pages):
        await think(1.2)
        await person.press("pagedown")
    await think(0.8)


async def straight(person: Driver) -> None:
    """The first attempt fails a check, the second one passes; everything is approved."""
    await person.gate("spec")
    await think(4)
    await person.press("a")
    await person.gate("diff")
    await read_on(person, 3)
    await person.press("a")
    await person.gate("verdict")
    await think(4)
    await person.press("a")
    await person.gate("diff")
    await read_on(person, 3)
    await person.press("a")
    await person.gate("verdict")
    await think(3)
    await person.press("a")
    await person.gate("message")
    await think(2)
    await person.press("a")
    await person.gate("deploy")
    await think(2)
    await person.press("a")
    await person.finished()


async def stepping_in(person: Driver) -> None:
    """The person rejects the spec, drops a hunk, edits a file, waives a finding, and adds one."""
    await person.gate("spec")
    await think(3)
    await person.press("r")
    await person.type("people type 90 and mean seconds: read bare numbers")
    await think(1)
    await person.press("ctrl+s")
    await person.gate("spec")
    await think(3)
    await person.press("a")
    await person.gate("diff")
    await read_on(person, 2)
    await person.press("g", "right_square_bracket", "space")
    await person.settle()
    await think(1)
    await person.press("a")
    await person.gate("verdict")
    await think(3)
    await person.press("3")
    view = person.screen.active_view
    view.select_key(Node("finding", "F2"))
    await person.press("w")
    await person.type("the message is good enough for now")
    await person.press("ctrl+s")
    await person.gate("verdict", same=True)
    await think(1)
    await person.press("a")
    await person.gate("diff")
    await read_on(person, 2)
    await person.press("g", "e")
    area = person.app.screen.query_one("#text")
    assert "file=sys.stderr" in area.text
    area.text = area.text.replace("print(error, file=", 'print(f"durations: {error}", file=')
    await think(2)
    await person.press("ctrl+s")
    await person.gate("diff")
    await think(1)
    await person.press("a")
    await person.gate("verdict")
    await think(3)
    await person.press("a")
    await person.gate("message")
    await think(1)
    await person.press("r")
    await person.type("say why, not what")
    await person.press("ctrl+s")
    await person.gate("message")
    await think(2)
    await person.press("a")
    await person.gate("deploy")
    await think(1)
    await person.press("r")
    await person.type("not before the release")
    await person.press("ctrl+s")
    await person.finished()


SCRIPTS: dict[str, Callable[[Driver], Awaitable[None]]] = {
    "second-attempt-passes": straight,
    "person-steps-in": stepping_in,
}


async def record(name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="agent-tui-record-") as temporary:
        folder = Path(temporary)
        async with drive(demo(folder, words_per_s=45.0)) as person:
            await SCRIPTS[name](person)
        (saved,) = (folder / "demo" / "sessions").iterdir()
        target = SESSIONS / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        shutil.copy(saved / "events.jsonl", target)
        shutil.copytree(saved / "blobs", target / "blobs")


async def main(names: list[str]) -> None:
    for name in names or list(SCRIPTS):
        await record(name)
        print(f"recorded {SESSIONS / name}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
