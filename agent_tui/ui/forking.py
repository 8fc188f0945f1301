"""Forks from a replay: what can be said otherwise there, and the session that goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from agent_tui.bootstrap.environment import USER_ERRORS, Environment, UsageError
from agent_tui.bootstrap.forking import (
    DECIDED,
    Decision,
    ForkWish,
    check_fork,
    fork_session,
    read_spec,
)
from agent_tui.domain.decision import GateKind
from agent_tui.domain.events import GateDecided
from agent_tui.domain.text import one_line, visible_lines
from agent_tui.engine.spec_text import spec_to_text
from agent_tui.ui.launch import Launch
from agent_tui.ui.screens.fork import ForkDialog
from agent_tui.ui.sources import ReplaySource

if TYPE_CHECKING:
    from agent_tui.ui.app import AgentTui

DECISIONS: dict[str, Decision] = {choice: choice for choice in get_args(Decision)}


class Forking:
    """Asks what is to be different, and begins the session.

    Args:
        app: The application.
        launch: What it was started for.
        environment: The repository, for a launch.
        go_on: Shows a session that goes on.
    """

    def __init__(
        self,
        app: AgentTui,
        launch: Launch,
        environment: Callable[[Launch], Awaitable[Environment]],
        go_on: Callable[[Launch], None],
    ) -> None:
        self._app, self._launch = app, launch
        self._environment, self._go_on = environment, go_on

    async def ask(self, source: ReplaySource) -> None:
        """Show the dialog, unless nothing can go on from this step: then say why."""
        position = source.replay.position
        state = source.state
        gate = gate_to_decide(source)
        try:
            env = await self._environment(self._launch)
            await asyncio.to_thread(check_fork, source.saved, position, env.facts)
        except USER_ERRORS as error:
            self._tell(str(error))
            return
        if state.session is None:
            return
        limits = state.session.limits
        shown = {str(role): one_line(str(ref), 60) for role, ref in state.session.roles.items()}
        dollars = "none" if limits.dollars is None else str(limits.dollars)
        shown |= {"iterations": str(limits.iterations), "dollars": dollars}

        def problem(text: str) -> str:
            try:
                read_spec(text, state)
            except UsageError as error:
                return str(error)
            return ""

        def done(fields: dict[str, str] | None) -> None:
            if fields is not None:
                self._app.run_worker(self._begin(source, position, fields), name="fork")

        dialog = ForkDialog(
            position,
            shown,
            gate=gate or "",
            spec=spec_to_text(state.spec.spec) if state.spec else "",
            check_spec=problem,
        )
        self._app.push_screen(dialog, done)

    async def _begin(self, source: ReplaySource, position: int, fields: dict[str, str]) -> None:
        settings = dict(self._launch.settings)
        for name, text in fields.items():
            if name in ("iterations", "dollars"):
                settings[f"limits.{name}"] = text
            elif name in ("planner", "coder", "reviewer"):
                settings[f"roles.{name}.model"] = text
        launch = replace(self._launch, settings=settings)
        try:
            env = await self._environment(launch)
            wish = ForkWish(
                reason=fields.get("reason", ""),
                spec=fields.get("spec", ""),
                decision=DECISIONS[fields.get("decision", "")],
            )
            session = await fork_session(env, source.saved, position, wish)
        except USER_ERRORS as error:
            self._tell(str(error))
            return
        self._go_on(replace(launch, kind="resume", session=session))

    def _tell(self, problem: str) -> None:
        self._app.notify(visible_lines(problem), severity="error", markup=False, timeout=10)


def gate_to_decide(source: ReplaySource) -> GateKind | None:
    """The gate that waits at a step, or that was decided with it, if a fork can decide it."""
    record, gate = source.replay.record, source.state.gate
    kind = gate.kind if gate is not None else None
    if record is not None and isinstance(record.event, GateDecided):
        before = source.saved.log.state_at(source.replay.position - 1).gate
        kind = before.kind if before is not None else None
    return kind if kind in DECIDED else None
