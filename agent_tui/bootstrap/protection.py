"""The sandbox that the settings ask for."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from agent_tui.bootstrap.environment import Environment, UsageError
from agent_tui.config import paths
from agent_tui.config.schema import SandboxSettings
from agent_tui.workspace.confinement import Confinement
from agent_tui.workspace.sandbox import Limits, Sandbox, find_sandbox, unprotected


async def open_confinement(env: Environment) -> Confinement:
    """Find the sandbox and prove it.

    Raises:
        UsageError: If there is none and the settings require one.
    """
    settings = env.loaded.settings.sandbox
    sandbox = await asyncio.to_thread(_sandbox, settings)
    if settings.require and sandbox.protection == "none":
        raise UsageError(
            f"There is no sandbox: {sandbox.reason}. The settings require one "
            "(sandbox.require = true)."
        )
    return Confinement(
        replace(sandbox, limits=_limits(settings)),
        read=_paths(settings.read),
        caches=_paths(settings.caches),
        cache_folder=paths.caches_folder(),
    )


def _sandbox(settings: SandboxSettings) -> Sandbox:
    if settings.use == "none":
        return unprotected('it is switched off (sandbox.use = "none")')
    return find_sandbox()


def _paths(names: Iterable[str]) -> tuple[Path, ...]:
    return tuple(Path(name).expanduser() for name in names)


def _limits(settings: SandboxSettings) -> Limits:
    memory = settings.memory_mb
    return Limits(
        memory=None if memory is None else memory << 20,
        processes=settings.processes,
    )
