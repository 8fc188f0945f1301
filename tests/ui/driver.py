"""Drives the application as a person does: keys and mouse in, the screen's text out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from agent_tui.domain.state import State
from agent_tui.ui.app import AgentTui
from agent_tui.ui.controller import SessionController
from agent_tui.ui.launch import Launch
from agent_tui.ui.live_controller import LiveController
from agent_tui.ui.screens.session import SessionScreen
from agent_tui.ui.widgets.lines import ASKED

LIMIT_S = 60
"""A step that takes longer than this hangs."""


class Driver:
    def __init__(self, app: AgentTui, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self._gate = ""
        self._paints = 0
        display = app._display

        def counted(*arguments: Any) -> None:
            self._paints += 1
            display(*arguments)

        app._display = counted  # type: ignore[method-assign]

    async def until(self, condition: Callable[[], object], what: str) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                while not condition():
                    await self.pilot.pause()
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}; the screen:\n{self.text}") from None

    @property
    def screen(self) -> SessionScreen:
        found = [s for s in self.app.screen_stack if isinstance(s, SessionScreen)]
        assert found, "no session screen"
        return found[-1]

    @property
    def controller(self) -> SessionController:
        assert self.screen.controller is not None
        return self.screen.controller

    @property
    def live(self) -> LiveController:
        assert isinstance(self.controller, LiveController)
        return self.controller

    @property
    def state(self) -> State:
        return self.controller.state

    async def loaded(self) -> None:
        await self.until(
            lambda: (
                any(isinstance(s, SessionScreen) for s in self.app.screen_stack)
                and self.screen.controller is not None
                and hasattr(self.screen.controller, "presenter")
            ),
            "the session to load",
        )
        await self.settle()

    async def gate(self, kind: str, *, same: bool = False) -> None:
        """Wait until the loop is parked at the next gate, and the screen shows it.

        Args:
            same: Wait for the gate that was waited for before, which is asked again.
        """
        await self.loaded()
        conductor = self.app.conductor
        assert conductor is not None
        assert conductor.running is not None
        gates = conductor.running.gates

        def parked() -> bool:
            gate = gates.waiting
            return gate is not None and (gate.id == self._gate) is same

        await self.until(parked, f"a gate ({kind})")
        gate = gates.waiting
        assert gate is not None
        assert gate.kind == kind, f"parked at {gate.kind} ({gate.question}), not at {kind}"
        self._gate = gate.id
        await self.until(lambda: self.state.gate == gate, f"the {kind} gate on the screen")
        await self.settle()

    async def finished(self) -> None:
        await self.until(lambda: self.state.finished is not None, "the end of the session")
        await self.settle()

    async def drawn(self) -> None:
        """Wait until no frame is due; an application that broke says so instead of hanging."""
        settled = self.controller.presenter.settled
        await self.until(lambda: settled.is_set() or self.app.failure, "the frame")
        if self.app.failure is not None:
            raise self.app.failure

    async def settle(self) -> None:
        """Wait until all that happened is on the screen."""
        await self.pilot.pause()
        for _ in range(3):
            await self.drawn()
            behind = [w for w in self.app.workers if w.group in ("behind", ASKED)]
            if behind:
                await self.app.workers.wait_for_complete(behind)
            await self.pilot.pause()
        # Scrolling and reports of what is in view follow a refresh: until nothing changes any more.
        before, same = self._paints, 0
        while same < 3:
            await self.pilot.pause()
            await self.drawn()
            before, same = self._paints, same + 1 if self._paints == before else 0

    async def still(self) -> None:
        """Wait until what is worked out behind a screen without a session is on it."""
        before, same = self._paints, 0
        while same < 3:
            behind = [w for w in self.app.workers if w.group in ("behind", ASKED)]
            if behind:
                await self.app.workers.wait_for_complete(behind)
            await self.pilot.pause()
            before, same = self._paints, same + 1 if self._paints == before else 0

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        names = {" ": "space", "\n": "enter"}
        await self.press(*(names.get(char, char) for char in text))

    @property
    def text(self) -> str:
        """The screen as text, line by line."""
        height = self.app.size.height
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in lines[:height])


@contextlib.asynccontextmanager
async def drive(launch: Launch, size: tuple[int, int] = (160, 48)) -> AsyncIterator[Driver]:
    app = AgentTui(launch)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Driver(app, pilot)
        if app.is_running and app.conductor is not None and app.conductor.session is not None:
            await app.conductor.leave()


def demo(folder: Path, **options: object) -> Launch:
    return Launch(kind="demo", folder=folder, demo_folder=folder / "demo", grace_ms=0, **options)
