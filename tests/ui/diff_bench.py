"""An application that has the diff widget and nothing else, and a person in front of it."""

import contextlib
from collections.abc import AsyncIterator

from textual import on
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from agent_tui.ui.diff import DiffView, DiffViewer


class Bench(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []

    def compose(self) -> ComposeResult:
        yield DiffViewer()

    @on(DiffView.Moved)
    @on(DiffView.Activated)
    @on(DiffView.HunksSeen)
    @on(DiffView.Searched)
    @on(DiffView.Refused)
    def _keep(self, message: Message) -> None:
        self.messages.append(message)

    def last(self, kind: type[Message]) -> Message:
        return next(m for m in reversed(self.messages) if type(m) is kind)


class Person:
    def __init__(self, app: Bench, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.view = app.query_one(DiffViewer)

    async def show(self, *args: object) -> None:
        self.view.show(*args)  # type: ignore[arg-type]
        self.view.focus()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(6):
            await self.pilot.pause()
            await self.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    @property
    def lines(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@contextlib.asynccontextmanager
async def bench(size: tuple[int, int] = (100, 30)) -> AsyncIterator[Person]:
    app = Bench()
    async with app.run_test(size=size) as pilot:
        yield Person(app, pilot)


def python(count: int, **changes: str) -> bytes:
    lines = [f"value_{n} = {n}" for n in range(1, count + 1)]
    for name, text in changes.items():
        lines[int(name[1:]) - 1] = text
    return ("\n".join(lines) + "\n").encode()
