"""The models of the roles, from settings, keys and scripts."""

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from agent_tui.bootstrap.environment import Environment, UsageError, redactor_of
from agent_tui.config import paths
from agent_tui.config.schema import Settings
from agent_tui.domain.base import ModelRef, Role
from agent_tui.domain.state import State
from agent_tui.domain.turn import ModelError
from agent_tui.domain.usage import Cost, Usage
from agent_tui.ports import Model
from agent_tui.providers.scripted import ScriptedModel, load_script
from agent_tui.workspace.keys import hide_process

if TYPE_CHECKING:
    from agent_tui.providers.cassettes import Player, Recorder
    from agent_tui.providers.catalog import ProviderConfig

ROLES: tuple[Role, ...] = get_args(Role)
SCRIPTED = "scripted"


class ModelSource:
    """Opens models, each once however many roles it plays, and closes them all in the end.

    Args:
        roles: The roles that are needed.
    """

    def __init__(self, env: Environment, roles: Sequence[Role] = ROLES) -> None:
        self._env = env
        self._roles = roles
        self._opened: dict[ModelRef, Model] = {}
        self._tape: Recorder | Player | None = None

    def roles(self, state: State) -> dict[Role, Model]:
        """The model of each role.

        A session that is taken up again keeps its models, unless the command line names others.

        Raises:
            UsageError: If a role has none, a key is missing, or a script cannot be read.
        """
        script = self._env.options.script
        refs = self._refs(state)
        if script is not None:
            other = {role: ref for role, ref in state.chosen.items() if ref.provider != SCRIPTED}
            scripted = {role: refs[role] for role in self._roles if role not in other}
            return _scripted(scripted, script, self._env.options.words_per_s) | {
                role: self._open(ref) for role, ref in other.items()
            }
        missing = [role for role in self._roles if refs[role] is None]
        if missing:
            *first, last = (f"the {role}" for role in missing)
            names = f"{', '.join(first)} and {last}" if first else last
            raise UsageError(
                f"No model is configured for {names}. Set it in "
                f"{paths.config_file()}, for example [roles.{missing[0]}] model = "
                '"anthropic:claude-opus-4-6", or give --preset NAME, or try `agent-tui demo`.'
            )
        models: dict[Role, Model] = {}
        for role, ref in refs.items():
            if ref is not None and ref.provider == SCRIPTED:
                path = Path(ref.model).expanduser()
                models |= _scripted({role: ref}, path, self._env.options.words_per_s)
            elif ref is not None:
                models[role] = self._open(ref)
        return models

    def _refs(self, state: State) -> dict[Role, ModelRef | None]:
        refs = self._env.loaded.settings.models()
        for role, ref in state.roles.items():
            told = f"roles.{role}.model" in self._env.options.settings
            if not told and ref.provider != SCRIPTED:  # a script's path is not in the log
                refs[role] = ref
        return {role: refs[role] for role in self._roles}

    def _open(self, ref: ModelRef) -> Model:
        if ref not in self._opened:
            from agent_tui.providers import catalog  # noqa: PLC0415 - 0.3 s, not for scripts

            hide_process()  # it has a key in its environment
            try:
                provider = catalog.find_provider(ref, configured(self._env.loaded.settings))
                opened = catalog.open_model(ref, provider, self._env.clock, tape=self._cassette())
                self._opened[ref] = opened
            except ModelError as error:
                raise UsageError(str(error)) from error
        return self._opened[ref]

    def _cassette(self) -> "Recorder | Player | None":
        options = self._env.options
        if self._tape is None and (options.record or options.cassette):
            from agent_tui.providers import cassettes  # noqa: PLC0415 - rarely used

            redact = redactor_of(self._env.loaded.settings).data
            try:
                if options.record:
                    self._tape = cassettes.Recorder(options.record, redact)
                elif options.cassette:
                    speed = options.cassette_speed
                    self._tape = cassettes.Player(options.cassette, redact, speed=speed)
            except cassettes.CassetteError as error:
                raise UsageError(str(error)) from error
        return self._tape

    async def open(self, ref: ModelRef) -> Model:
        """A model that takes the place of another.

        Raises:
            ModelError: If it cannot be opened.
        """
        await asyncio.to_thread(importlib.import_module, "agent_tui.providers.catalog")
        try:
            return self._open(ref)
        except UsageError as error:
            raise ModelError("not_found", str(error)) from error

    async def close(self) -> None:
        """Close all that were opened."""
        for model in self._opened.values():
            await model.close()
        if self._tape is not None:
            self._tape.close()


def configured(settings: Settings) -> "dict[str, ProviderConfig]":
    """The providers of the configuration."""
    from agent_tui.providers.catalog import ProviderConfig  # noqa: PLC0415 - see above
    from agent_tui.providers.wire import Timeouts  # noqa: PLC0415 - see above

    return {
        name: ProviderConfig(
            **provider.model_dump(exclude={"timeout_s"}),
            timeouts=Timeouts(silence_s=provider.timeout_s),
        )
        for name, provider in settings.providers.items()
    }


def _scripted(
    roles: Mapping[Role, ModelRef | None], path: Path, words_per_s: float
) -> dict[Role, Model]:
    try:
        script = load_script(path)
    except ValueError as error:
        raise UsageError(str(error)) from error
    models: dict[Role, Model] = {}
    for role, ref in roles.items():
        if ref is None or ref.provider != SCRIPTED:
            ref = ModelRef(provider=SCRIPTED, model=path.stem)  # noqa: PLW2901
        models[role] = ScriptedModel(ref, script, words_per_s=words_per_s)
    return models


class PriceList:
    """What models cost and how much they take in, by the names of the settings' providers.

    Local servers are never priced: only a provider that says under which name it is in the price
    list is looked for there.
    """

    def __init__(self, settings: Settings) -> None:
        from agent_tui.providers.prices import PRICED  # noqa: PLC0415 - not for --help

        providers = settings.providers
        self._windows = {name: p.context_window for name, p in providers.items()}
        # A configured provider takes the place of the known one, its price included.
        known = {name: priced for name, priced in PRICED.items() if name not in providers}
        self._priced = known | {n: p.priced_as for n, p in providers.items() if p.priced_as}

    async def load(self, models: Mapping[Role, Model]) -> None:
        """Read the list in a thread, if one of these models may be in it."""
        for model in models.values():
            if model.ref.provider in self._priced:
                await asyncio.to_thread(self.price, model.ref, Usage())
                return

    def price(self, ref: ModelRef, usage: Usage) -> Cost:
        """The cost of a call."""
        from agent_tui.providers.prices import price  # noqa: PLC0415 - see above

        return price(ref, usage, self._priced)

    def per_million(self, ref: ModelRef) -> tuple[Decimal, Decimal] | None:
        """Dollars for a million tokens in, and out; None where they are not known."""
        from agent_tui.providers.prices import per_million  # noqa: PLC0415 - see above

        return per_million(ref, self._priced)

    def window(self, ref: ModelRef) -> int | None:
        """How many tokens a model takes in and gives out in one call; None if nobody knows."""
        from agent_tui.providers.prices import context_window  # noqa: PLC0415 - see above

        return self._windows.get(ref.provider) or context_window(ref, self._priced)


def preset_settings(name: str) -> dict[str, str]:
    """The models of a preset, as settings by dotted key.

    Raises:
        UsageError: If there is none of that name.
    """
    from agent_tui.providers.catalog import PRESETS  # noqa: PLC0415

    if name not in PRESETS:
        raise UsageError(f"There is no preset {name!r}; there are {', '.join(PRESETS)}.")
    return {f"roles.{role}.model": str(ref) for role, ref in PRESETS[name].items()}


def known_models(settings: Settings) -> dict[ModelRef, str]:
    """Models that can be chosen, each with a word on where it comes from."""
    from agent_tui.providers.catalog import PRESETS  # noqa: PLC0415

    found: dict[ModelRef, list[str]] = {}
    for role, ref in settings.models().items():
        if ref is not None and ref.provider != SCRIPTED:
            found.setdefault(ref, []).append(f"your {role}")
    for name, roles in PRESETS.items():
        for ref in dict.fromkeys(roles.values()):
            found.setdefault(ref, []).append(name)
    return {ref: ", ".join(words) for ref, words in found.items()}
