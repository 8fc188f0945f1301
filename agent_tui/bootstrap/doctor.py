"""What ``agent-tui doctor`` finds out about models, machine and repository. It spends nothing."""

import asyncio
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from agent_tui import __version__
from agent_tui.bootstrap.environment import Options, UsageError, load_configuration
from agent_tui.bootstrap.models import ROLES, SCRIPTED, PriceList, configured
from agent_tui.config import paths
from agent_tui.config.files import ConfigError
from agent_tui.config.settings import LoadedSettings
from agent_tui.domain.base import ModelRef, Role
from agent_tui.domain.text import counted
from agent_tui.domain.turn import ModelError
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.git import MINIMUM
from agent_tui.workspace.keys import blank_keys
from agent_tui.workspace.repository import open_repository, require_idle
from agent_tui.workspace.sandbox import find_sandbox

Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        level: ``problem`` keeps sessions from running, ``note`` is worth knowing.
        advice: What to do about it.
    """

    name: str
    level: Level
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ModelReport:
    """What was found out about one model and the roles that it plays."""

    model: ModelRef | None
    roles: tuple[Role, ...]
    source: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found out."""

    models: tuple[ModelReport, ...] = ()
    sections: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in order."""
        of_models = tuple(finding for report in self.models for finding in report.findings)
        return of_models + tuple(f for section in self.sections.values() for f in section)

    @property
    def healthy(self) -> bool:
        """Whether nothing keeps a session from running."""
        return all(finding.level != "problem" for finding in self.findings)


async def examine(
    options: Options, *, contact: bool = True, environ: Mapping[str, str] = os.environ
) -> Report:
    """Look at everything that a session needs.

    Args:
        contact: Whether to ask the servers for their lists of models, which costs nothing.
        environ: Where keys are looked for; only whether they are there is told.
    """
    repository, root = await _repository(options)
    try:
        loaded = load_configuration(options, root)
    except ConfigError as error:
        advice = "Correct the file; `agent-tui config` shows what is set."
        problem = Finding("configuration", "problem", str(error), advice)
        return Report((), {"setup": (problem, *repository), "machine": await _machine()})
    models = [
        _model_report(ref, roles, loaded, contact=contact, environ=environ)
        for ref, roles in _by_model(loaded).items()
    ]
    setup = (*_configuration(loaded), *repository)
    machine = asyncio.create_task(_machine())
    return Report(tuple(await asyncio.gather(*models)), {"setup": setup, "machine": await machine})


# -- models --------------------------------------------------------------------------------------


def _by_model(loaded: LoadedSettings) -> dict[ModelRef | None, tuple[Role, ...]]:
    found: dict[ModelRef | None, tuple[Role, ...]] = {}
    refs = loaded.settings.models()
    for role in ROLES:
        found[refs[role]] = (*found.get(refs[role], ()), role)
    return found


async def _model_report(
    ref: ModelRef | None,
    roles: tuple[Role, ...],
    loaded: LoadedSettings,
    *,
    contact: bool,
    environ: Mapping[str, str],
) -> ModelReport:
    source = str(loaded.sources.get(f"roles.{roles[0]}.model", ""))
    if ref is None:
        advice = (
            f"Give --preset NAME, or set roles.{roles[0]}.model in {paths.config_file()}, "
            'for example "anthropic:claude-opus-4-6".'
        )
        missing = Finding("model", "problem", "none is configured", advice)
        return ModelReport(None, roles, source, (missing,))
    if ref.provider == SCRIPTED:
        there = await asyncio.to_thread(_is_file, ref.model)
        text = "the script is there" if there else "there is no such script"
        return ModelReport(
            ref, roles, source, (Finding("script", "ok" if there else "problem", text),)
        )
    findings = await _provider(ref, loaded, contact=contact, environ=environ)
    return ModelReport(ref, roles, source, tuple(findings))


def _is_file(name: str) -> bool:
    return Path(name).expanduser().is_file()


async def _provider(
    ref: ModelRef, loaded: LoadedSettings, *, contact: bool, environ: Mapping[str, str]
) -> list[Finding]:
    from agent_tui.providers import catalog  # noqa: PLC0415 - not for --help

    try:
        config = catalog.find_provider(ref, configured(loaded.settings), environ)
    except ModelError as error:
        return [Finding("provider", "problem", str(error))]
    findings = []
    key = None
    try:
        key = catalog.key_of(ref, config, environ)
        text = f"found in {config.key_env}, from the environment" if key else "none is needed"
        findings.append(Finding("key", "ok", text))
    except ModelError as error:
        advice = f"Set {config.key_env} in the environment; keys never stand in a file."
        text = f"{config.key_env} is not set" if not environ.get(config.key_env or "") else ""
        findings.append(Finding("key", "problem", text or str(error), advice))
    findings += await _server(ref, config, key, contact=contact, environ=environ)
    return [*findings, *await asyncio.to_thread(_prices, ref, loaded)]


async def _server(
    ref: ModelRef, config: object, key: object, *, contact: bool, environ: Mapping[str, str]
) -> list[Finding]:
    from pydantic import SecretStr  # noqa: PLC0415 - not for --help

    from agent_tui.providers.catalog import ProviderConfig  # noqa: PLC0415 - see above
    from agent_tui.providers.failures import Peer  # noqa: PLC0415 - see above
    from agent_tui.providers.probe import probe, server_url  # noqa: PLC0415 - see above

    if not isinstance(config, ProviderConfig):
        raise TypeError("not the configuration of a provider")
    secret = key if isinstance(key, SecretStr) else None
    if not contact:
        place = Peer(str(ref), server_url(config, environ)).place
        return [Finding("server", "note", f"{place} was not asked")]
    found = await probe(ref, config, secret, environ)
    if found.state == "unreachable":
        advice = "Start the server, or check the address, the network and the proxy."
        return [Finding("server", "problem", f"{found.url}: {found.detail}", advice)]
    answers = f"{found.url} answers in {found.seconds:.1f} s"
    if found.state == "refused":
        if secret is None:
            return [Finding("server", "ok", f"{answers} (and wants a key)")]
        advice = "Check that the key is valid and that the address is its provider's."
        return [
            Finding("server", "problem", f"{answers}, but refuses the key ({found.detail})", advice)
        ]
    if found.state == "odd":
        text = f"{answers}, but does not list its models ({found.detail})"
        return [Finding("server", "note", text)]
    if found.lists_model:
        return [Finding("server", "ok", answers), Finding("model", "ok", "it is in the list")]
    has = f"; it has {', '.join(found.models)}" if found.models else ""
    advice = "Choose another model, or check the name."
    unknown = Finding("model", "problem", f"it is not in the server's list{has}", advice)
    return [Finding("server", "ok", answers), unknown]


def _prices(ref: ModelRef, loaded: LoadedSettings) -> list[Finding]:
    prices = PriceList(loaded.settings)
    rate = prices.per_million(ref)
    window = prices.window(ref)
    if rate is None:
        text = "unpriced: its calls are counted, and no limit in dollars can hold them"
        price = Finding("price", "note", text)
    else:
        text = f"${rate[0]:.2f} in, ${rate[1]:.2f} out for a million tokens"
        price = Finding("price", "ok", text)
    if window is None:
        advice = f"Set providers.{ref.provider}.context_window if you know it."
        return [price, Finding("window", "note", "unknown", advice)]
    return [price, Finding("window", "ok", f"{window:,} tokens")]


# -- the rest ------------------------------------------------------------------------------------


def _configuration(loaded: LoadedSettings) -> tuple[Finding, ...]:
    file = paths.config_file()
    there = str(file) if file.is_file() else f"{file} (does not exist; defaults hold)"
    found = [Finding("configuration", "ok", there)]
    if loaded.project_file is not None and loaded.project_content is not None:
        found.append(Finding("project", "ok", str(loaded.project_file)))
    if loaded.untrusted:
        wishes = ", ".join(str(wish) for wish in loaded.untrusted)
        advice = "Read the file, then `agent-tui config --trust`."
        found.append(Finding("trust", "note", f"left out: {wishes}", advice))
    checks = [check.name for check in loaded.settings.checks]
    if checks:
        found.append(Finding("checks", "ok", ", ".join(checks)))
    else:
        text = "none: only the reviewer judges"
        found.append(Finding("checks", "note", text, "Add [[checks]] to the configuration."))
    return tuple(found)


async def _repository(options: Options) -> tuple[tuple[Finding, ...], Path | None]:
    try:
        facts = await open_repository(options.folder)
        await require_idle(facts.root)
    except (WorkspaceError, UsageError) as error:
        return (Finding("repository", "problem", str(error)),), None
    branch = facts.branch or "detached"
    dirty = f", {counted(facts.dirty, 'path')} with changes" if facts.dirty else ""
    text = f"{facts.root} on {branch}{dirty}"
    return (Finding("repository", "ok", text),), Path(facts.root)


async def _machine() -> tuple[Finding, ...]:
    sandbox = await asyncio.to_thread(find_sandbox)
    if sandbox.protection == "none":
        advice = "Install bubblewrap: without it, commands can do what you can do."
        safe = Finding("sandbox", "note", f"none: {sandbox.reason}", advice)
    else:
        safe = Finding("sandbox", "ok", sandbox.protection)
    return (
        Finding("agent-tui", "ok", f"{__version__}, Python {platform.python_version()}, "
                f"Textual {_version('textual')}"),
        await _git(),
        safe,
        _terminal(os.environ),
        _disk(paths.state_folder()),
    )  # fmt: skip


async def _git() -> Finding:
    try:
        process = await asyncio.create_subprocess_exec(
            "git",
            "version",
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **blank_keys()},
        )
        said, _ = await process.communicate()
    except OSError as error:
        least = ".".join(str(number) for number in MINIMUM)
        why = f"cannot be run: {error.strerror}"
        return Finding("git", "problem", why, f"Install git {least} or newer.")
    words = said.decode("utf-8", "replace").split()
    number = words[2] if len(words) > 2 else "of an unknown version"
    return Finding("git", "ok", number)


def _terminal(environ: Mapping[str, str]) -> Finding:
    size = shutil.get_terminal_size((0, 0))
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    parts = [environ.get("TERM") or "no TERM"]
    if environ.get("TERM_PROGRAM"):
        parts.append(environ["TERM_PROGRAM"])
    parts.append("24-bit colour" if environ.get("COLORTERM") in ("truecolor", "24bit") else
                 "no sign of 24-bit colour")  # fmt: skip
    if environ.get("NO_COLOR"):
        parts.append("NO_COLOR is set")
    parts += [f"{size.columns}×{size.lines}"] if sys.stdout.isatty() else ["not a terminal"]
    parts.append(encoding)
    text = ", ".join(parts)
    if encoding.replace("-", "") != "utf8":
        return Finding("terminal", "note", text, "Use a UTF-8 locale: panes are drawn with it.")
    if sys.stdout.isatty() and (size.columns < 80 or size.lines < 24):
        return Finding("terminal", "note", text, "It is made for 80×24 and more.")
    return Finding("terminal", "ok", text)


def _disk(folder: Path) -> Finding:
    there = next((p for p in (folder, *folder.parents) if p.is_dir()), Path("/"))
    free = shutil.disk_usage(there).free
    text = f"{folder}, {free / (1 << 30):.1f} GiB free"
    if free < 200 << 20:
        return Finding("sessions", "note", text, "A session's log and worktree need room.")
    return Finding("sessions", "ok", text)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"
