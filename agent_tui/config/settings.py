"""Loading the settings: defaults < user < project < command line.

A project's file comes with a repository, so it can only make things stricter. What it may not set
is left out with a note; commands that it wants to run are left out until the user trusts exactly
this content of the file.
"""

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ValidationError

from agent_tui.config.files import ConfigError, read_config
from agent_tui.config.positions import Positions, parse
from agent_tui.config.restrictions import COMMANDS, refusal
from agent_tui.config.schema import Settings
from agent_tui.config.values import show
from agent_tui.domain.text import one_line, visible

Layer = Literal["default", "user", "project", "command line"]
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from."""

    layer: Layer
    file: Path | None = None
    line: int | None = None

    def __str__(self) -> str:
        return visible(f"{self.file}:{self.line}") if self.file else self.layer


@dataclass(frozen=True, slots=True)
class Untrusted:
    """A command that the project's file wants to set, and may not before it is trusted."""

    key: str
    value: str
    source: Source

    def __str__(self) -> str:
        return f"{self.source}: {self.key} = {self.value}"


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings, and how they came about.

    Attributes:
        sources: For each key (``gates.spec``), where its value comes from.
        untrusted: What the project's file may not set before the user trusts it.
        notes: What of the project's file was left out and why, a sentence each.
        project_file, project_content: The project's file as it was read: this path and these
            bytes are what the user trusts. None when there is none.
    """

    settings: Settings
    sources: Mapping[str, Source]
    untrusted: tuple[Untrusted, ...] = ()
    notes: tuple[str, ...] = ()
    project_file: Path | None = None
    project_content: bytes | None = None


@dataclass(slots=True)
class _Layer:
    values: dict[Key, Any]
    sources: dict[Key, Source]
    content: bytes | None = None


def load_settings(
    user_file: Path | None = None,
    project_file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    trusted: Callable[[bytes], bool] = lambda content: False,
) -> LoadedSettings:
    """Load and check all layers. A file that does not exist is an empty one.

    Args:
        overrides: From the command line: dotted key to value; a string is read as a TOML value
            where that fits, else as it is.
        trusted: Whether the user trusts this content of the project's file.

    Raises:
        ConfigError: If a file is malformed, or a key or value is wrong; all problems of all
            layers are in it.
    """
    problems: list[str] = []
    user = _read(user_file, "user", problems)
    project = _read(project_file, "project", problems)
    command_line = _override(overrides or {}, user.values, problems)
    if problems:
        raise ConfigError(*problems)

    values = dict(user.values)
    sources = dict(user.sources)
    notes: list[str] = []
    untrusted: list[Untrusted] = []
    may_run = bool(project.content and project.values and trusted(project.content))
    for key, value in project.values.items():
        source = project.sources[key]
        if key == ("rules",):
            strict = tuple(rule for rule in value if rule.action != "allow")
            if len(strict) < len(value):
                notes.append(f"{source}: rules that allow are ignored: a project may not allow")
            values[key], sources[key] = (*values.get(key, ()), *strict), source
            continue
        why = refusal(key, value, _current(key, values))
        if why:
            notes.append(f"{source}: {visible('.'.join(key))} is ignored: {why}")
        elif key in COMMANDS and not may_run:
            untrusted.append(Untrusted(".".join(key), show(value), source))
        else:
            values[key], sources[key] = value, source
    values |= command_line.values
    sources |= command_line.sources

    settings = Settings.model_validate(_nested(values))
    return LoadedSettings(
        settings,
        {
            ".".join(key): sources.get(key, Source("default"))
            for key in (key for key, _ in leaves(settings))
        },
        tuple(untrusted),
        tuple(notes),
        project_file if project.content is not None else None,
        project.content,
    )


def leaves(model: BaseModel, before: Key = ()) -> Iterable[tuple[Key, Any]]:
    """All keys of the settings with their values, in the order of the schema."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel) and name != "model":
            yield from leaves(value, (*before, name))
        elif isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, BaseModel):
                    yield from leaves(item, (*before, name, key))
                else:
                    yield (*before, name, key), item
        else:
            yield (*before, name), value


def _read(path: Path | None, layer: Layer, problems: list[str]) -> _Layer:
    empty = _Layer({}, {})
    if path is None:
        return empty
    try:
        content = read_config(path)
    except ConfigError as error:
        problems += error.problems
        return empty
    if content is None:
        return empty
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.append(f"{path}:{line}: is not UTF-8")
        return empty
    table, problem = parse(text, str(path))
    if problem:
        problems.append(problem)
        return empty
    lines = Positions(text)
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        problems += [f"{path}:{lines.line(where)}: {what}" for where, what in _explain(error)]
        return empty
    keys = list(_keys_of(table))
    values = {key: _get(settings, key) for key in keys}
    return _Layer(values, {k: Source(layer, path, lines.line(k)) for k in keys}, content)


def _override(
    overrides: Mapping[str, Any], beneath: Mapping[Key, Any], problems: list[str]
) -> _Layer:
    """The command line's layer.

    The keys of one table are checked together, and with the keys *beneath*, those of the user's
    file: the table may need them all to be complete.
    """
    layer = _Layer({}, {})
    tables: dict[Key, dict[Key, tuple[Any, ...]]] = {}
    for dotted, value in overrides.items():
        first, _, rest = dotted.partition(".")
        key = (first, rest) if first == "keymap" else tuple(dotted.split("."))
        tables.setdefault(key[:-1], {})[key] = tuple(_candidates(value))
    for parent in sorted(tables, key=len):
        below = {
            key: value
            for key, value in (*beneath.items(), *layer.values.items())
            if key[: len(parent)] == parent and len(key) > len(parent)
        }
        chosen, found = _chosen(tables[parent], below)
        if found:
            problems += [f"command line: {what}" for _, what in _explain(found)]
            continue
        settings = Settings.model_validate(_nested(below | chosen))
        leaf = tuple(_keys_of(_nested(chosen)))
        layer.values |= {key: _get(settings, key) for key in leaf}
        layer.sources |= dict.fromkeys(leaf, Source("command line"))
    return layer


def _chosen(
    keys: Mapping[Key, Sequence[Any]], below: dict[Key, Any]
) -> tuple[dict[Key, Any], ValidationError | None]:
    """For each key the first of its candidates that fits, and what is wrong where none does."""
    tried = dict.fromkeys(keys, 0)
    while True:
        chosen = {key: keys[key][number] for key, number in tried.items()}
        error = _error(below | chosen)
        if error is None:
            return chosen, None
        wrong = [key for key in keys if _is_wrong(key, error)]
        more = [key for key in wrong if tried[key] + 1 < len(keys[key])]
        if not more:
            first = chosen | {key: keys[key][0] for key in wrong}
            return first, _error(below | first) or error
        for key in more:
            tried[key] += 1


def _error(values: Mapping[Key, Any]) -> ValidationError | None:
    try:
        Settings.model_validate(_nested(values))
    except ValidationError as error:
        return error
    return None


def _is_wrong(key: Key, error: ValidationError) -> bool:
    return any(item["loc"][: len(key)] == key for item in error.errors(include_url=False))


def _candidates(value: Any) -> Iterable[Any]:
    if isinstance(value, str):
        try:
            yield tomllib.loads(f"value = {value}")["value"]
        except (tomllib.TOMLDecodeError, RecursionError):
            pass  # a bare word such as auto, which stands for itself
    yield value


def _nested(values: Mapping[Key, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in values.items():
        table = out
        for part in key[:-1]:
            table = table.setdefault(part, {})
        table[key[-1]] = value
    return out


def _keys_of(table: Mapping[str, Any], before: Key = ()) -> Iterable[Key]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _keys_of(value, (*before, name))
        else:
            yield (*before, name)


def _get(settings: BaseModel, key: Key) -> Any:
    value: Any = settings
    for part in key:
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    return value


def _current(key: Key, values: Mapping[Key, Any]) -> Any:
    if key in values or key[0] in ("keymap", "providers", "review"):
        return values.get(key)
    return _get(Settings(), key)


def _explain(error: ValidationError) -> Iterable[tuple[Key, str]]:
    for item in error.errors(include_url=False):
        where: tuple[Any, ...] = item["loc"]
        name = ".".join(str(part) for part in where)
        value = one_line(repr(item["input"]), 60)
        message = item["msg"].removeprefix("Value error, ").replace("Input should", "should")
        if item["type"] == "extra_forbidden":
            yield where, f"unknown setting {name!r}{_meant(where)}"
        elif item["type"] == "missing":
            yield where, f"{name} is missing"
        elif not where:
            yield ("checks",), message
        elif isinstance(item["input"], dict) or len(value) == 60:
            yield where, f"{name} {message}"
        else:
            yield where, f"{name} {message}, not {value}"


def _meant(where: tuple[Any, ...]) -> str:
    model: Any = Settings
    for part in where[:-1]:
        if isinstance(part, int) or part not in model.model_fields:
            continue  # a place in a list, or a name that the user chose
        kind = model.model_fields[part].annotation
        parts = (arg for arg in get_args(kind) if isinstance(arg, type))
        model = next((arg for arg in parts if issubclass(arg, BaseModel)), kind)
    close = difflib.get_close_matches(str(where[-1]), list(model.model_fields), 1)
    return f"; did you mean {close[0]!r}?" if close else ""
