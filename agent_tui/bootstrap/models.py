"""The models of the roles, from settings, keys and scripts."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from agent_tui.bootstrap.environment import Environment, UsageError
from agent_tui.config import paths
from agent_tui.config.schema import Settings
from agent_tui.domain.base import ModelRef, Role
from agent_tui.domain.turn import ModelError
from agent_tui.domain.usage import Cost, Usage
from agent_tui.ports import Clock, Model
from agent_tui.providers.scripted import ScriptedModel, load_script


def open_models(env: Environment) -> dict[Role, Model]:
    """The model of each role.

    Raises:
        UsageError: If a role has none, a key is missing, or a script cannot be read.
    """
    configured = env.loaded.settings.models()
    missing = [role for role, ref in configured.items() if ref is None]
    if missing and env.options.script is None:
        raise UsageError(
            f"No model is configured for the {' and the '.join(missing)}. Set it in "
            f"{paths.config_file()}, for example [roles.{missing[0]}] model = "
            '"anthropic:claude-opus-4-6", or give --preset NAME, or try `agent-tui demo`.'
        )
    if env.options.script is not None:
        return _scripted(configured, env.options.script, env.options.words_per_s)
    refs = {role: ref for role, ref in configured.items() if ref is not None}
    real = [ref for ref in refs.values() if ref.provider != "scripted"]
    opened = _open_models(real, env.loaded.settings, env.clock) if real else {}
    models: dict[Role, Model] = {}
    for role, ref in refs.items():
        if ref.provider == "scripted":
            models |= _scripted({role: ref}, Path(ref.model).expanduser(), env.options.words_per_s)
        else:
            models[role] = opened[ref]
    return models


def _scripted(
    roles: Mapping[Role, ModelRef | None], path: Path, words_per_s: float
) -> dict[Role, Model]:
    try:
        script = load_script(path)
    except ValueError as error:
        raise UsageError(str(error)) from error
    models: dict[Role, Model] = {}
    for role, ref in roles.items():
        if ref is None or ref.provider != "scripted":
            ref = ModelRef(provider="scripted", model=path.stem)  # noqa: PLW2901
        models[role] = ScriptedModel(ref, script, words_per_s=words_per_s)
    return models


def _open_models(
    refs: Iterable[ModelRef], settings: Settings, clock: Clock
) -> dict[ModelRef, Model]:
    """Each model once, however many roles it plays."""
    from agent_tui.providers import catalog  # noqa: PLC0415 - 0.3 s, not needed with scripts

    configured = {
        name: catalog.ProviderConfig(**provider.model_dump())
        for name, provider in settings.providers.items()
    }
    try:
        return {
            ref: catalog.open_model(ref, catalog.find_provider(ref, configured), clock)
            for ref in dict.fromkeys(refs)
        }
    except ModelError as error:
        raise UsageError(str(error)) from error


Pricing = Callable[[ModelRef, Usage], Cost]


async def pricing(models: Iterable[Model], settings: Settings) -> Pricing:
    """What prices the calls. The price list is read here, once and in a thread."""
    from agent_tui.providers.prices import PRICED, price  # noqa: PLC0415

    names = {n: p.priced_as for n, p in settings.providers.items() if p.priced_as}
    priced = {**PRICED, **names}
    for model in models:
        if model.ref.provider in priced:
            await asyncio.to_thread(price, model.ref, Usage(), priced)
            break
    return partial(price, priced=priced)


def preset_settings(name: str) -> dict[str, str]:
    """The models of a preset, as settings by dotted key.

    Raises:
        UsageError: If there is none of that name.
    """
    from agent_tui.providers.catalog import PRESETS  # noqa: PLC0415

    if name not in PRESETS:
        raise UsageError(f"There is no preset {name!r}; there are {', '.join(PRESETS)}.")
    return {f"roles.{role}.model": str(ref) for role, ref in PRESETS[name].items()}
