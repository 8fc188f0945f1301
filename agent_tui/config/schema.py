"""What can be set, with types and defaults."""

import shlex
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from agent_tui.config.themes import DEFAULT
from agent_tui.domain.base import ModelRef, Role
from agent_tui.domain.checks import CheckCommand
from agent_tui.domain.decision import GateKind, GatePolicy
from agent_tui.domain.events import Limits
from agent_tui.domain.rules import Effect, Rule

NO_LIMIT = "none"
"""How a limit is switched off in TOML, which has no null."""


def _model(value: Any) -> Any:
    if not isinstance(value, str):
        if value is None or isinstance(value, ModelRef):
            return value
        raise ValueError('should be "provider:model"')
    provider, colon, model = value.strip().partition(":")
    if not (provider and colon and model):
        raise ValueError('should be "provider:model"')
    return ModelRef(provider=provider, model=model)


def _command(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = shlex.split(value)
        except ValueError as error:
            raise ValueError(f"cannot be split into words ({error})") from None
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise ValueError("should be a string or a list of strings")
    if any("\0" in word for word in value):
        raise ValueError("may not contain a NUL character")
    return tuple(value)


def _limit(value: Any) -> Any:
    return None if value == NO_LIMIT else value


def _paths(value: Any) -> Any:
    if not isinstance(value, list | tuple) or not all(isinstance(p, str) and p for p in value):
        raise ValueError("should be a list of paths")
    for path in value:
        if "\0" in path or ".." in Path(path).parts or Path(path) == Path():
            raise ValueError(f"should name a file or folder without '..', not {path!r}")
        _home(path)
    return tuple(value)


def _home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError("begins with a ~ that names no home folder") from None


def _folder(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    path = _home(value)
    if not path.is_absolute():
        raise ValueError("should be an absolute path, or begin with ~/")
    return path


Model = Annotated[ModelRef | None, BeforeValidator(_model)]
Command = Annotated[tuple[str, ...], BeforeValidator(_command)]
Paths = Annotated[tuple[str, ...], BeforeValidator(_paths)]
Count = Annotated[Annotated[int, Field(strict=True, ge=1)] | None, BeforeValidator(_limit)]
Amount = Annotated[
    Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] | None, BeforeValidator(_limit)
]
Seconds = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A table of the settings. A key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RoleSettings(Section):
    """``[roles.<role>]``: the model of a role as ``provider:model``."""

    model: Model = None


class RolesSettings(Section):
    """``[roles]``."""

    planner: RoleSettings = RoleSettings()
    coder: RoleSettings = RoleSettings()
    reviewer: RoleSettings = RoleSettings()


class GateSettings(Section):
    """``[gates]``: which steps wait for a person.

    Attributes:
        grace_ms: Milliseconds for which keys do nothing after a gate appears.
    """

    spec: GatePolicy = "ask"
    diff: GatePolicy = "ask"
    verdict: GatePolicy = "ask"
    message: GatePolicy = "ask"
    deploy: GatePolicy = "ask"
    grace_ms: Annotated[int, Field(strict=True, ge=0, le=10_000)] = 400


class LimitSettings(Section):
    """``[limits]``, as in :class:`~agent_tui.domain.events.Limits`; ``"none"`` is no limit."""

    iterations: Count = Limits().iterations
    dollars: Amount = None
    minutes: Amount = None


class CheckSettings(Section):
    """``[[checks]]``, as in :class:`~agent_tui.domain.checks.CheckCommand`."""

    name: Text
    command: Annotated[Command, Field(min_length=1)]
    timeout_s: Seconds = 300.0
    network: Flag = False


class DeploySettings(Section):
    """``[deploy]``: the command to run after a commit; empty for none."""

    command: Command = ()


class CommitSettings(Section):
    """``[commit]``.

    Attributes:
        signoff: Whether to add ``Signed-off-by``.
        hooks: Whether the repository's commit hooks run, or a repository with hooks is refused.
    """

    signoff: Flag = False
    hooks: Literal["run", "refuse"] = "run"


class SandboxSettings(Section):
    """``[sandbox]``: how checks and the coder's commands are kept from the rest of the machine.

    Attributes:
        use: Whether bubblewrap is used where it is there and holds, or never.
        require: Whether no session begins without it.
        read: What they may read besides programs: absolute paths, ``~/…``, or names in the
            checkout, such as a virtual environment that git ignores.
        caches: Folders that they may write and share: as above; those with a name in the checkout
            are kept apart from the checkout itself.
        memory_mb: MiB that one command and all that it starts may use.
        processes: How many of them there may be at the same time.
    """

    use: Literal["auto", "none"] = "auto"
    require: Flag = False
    read: Paths = ()
    caches: Paths = ()
    memory_mb: Count = 8192
    processes: Count = 1024


class SessionSettings(Section):
    """``[sessions]``: where they are kept; None for the user's state folder.

    Attributes:
        redact: Shapes of secrets; see :mod:`agent_tui.domain.own_secrets`.
    """

    folder: Annotated[Path | None, BeforeValidator(_folder)] = None
    redact: tuple[str, ...] = ()

    @field_validator("redact")
    @classmethod
    def _shapes(cls, shapes: tuple[str, ...]) -> tuple[str, ...]:
        if shapes:
            from agent_tui.domain.own_secrets import checked  # noqa: PLC0415 - for few

            return tuple(map(checked, shapes))
        return shapes


class ProviderSettings(Section):
    """``[providers.<name>]``: a server of models, or other settings for a known one.

    Attributes:
        kind: ``anthropic`` is the Messages API, ``openai`` the Responses API, ``chat`` Chat
            Completions, which local servers and gateways speak.
        key_env: The environment variable that holds the key. Keys never stand in a file.
        priced_as: The provider's name in the price list; without it calls are unpriced.
        effort: How much the models think, in the provider's words.
        thinking: Whether the models reason.
        enforce_schema: Of ``chat``: whether the server enforces JSON schemas.
        max_output_tokens: Of ``chat``: the server's own limit.
        native_patch: Of ``openai``: whether the models have OpenAI's own tool for patches.
        context_window: Tokens that the models take in and give out in one call, where the price
            list does not know it.
        timeout_s: Seconds of silence after which a call counts as stalled, and is made again. Long
            by default, as in the providers' own SDKs: models that think say nothing for minutes,
            and a local server reads a long prompt as slowly.
    """

    kind: Literal["anthropic", "openai", "chat"]
    base_url: Text | None = None
    key_env: Text | None = None
    priced_as: Text | None = None
    effort: Text | None = None
    thinking: Flag = True
    enforce_schema: Flag = True
    max_output_tokens: Annotated[int, Field(strict=True, ge=1)] | None = None
    context_window: Annotated[int, Field(strict=True, ge=1)] | None = None
    native_patch: Flag | None = None
    timeout_s: Annotated[Seconds, Field(le=86_400)] = 600.0


class RuleSettings(Section):
    """``[[rules]]``, as in :class:`~agent_tui.domain.rules.Rule`.

    Attributes:
        command: The first words of a command, as a string that is split into words, or a list.
    """

    action: Effect
    tool: Text = "*"
    command: Command = ()
    line: str = ""
    path: str = ""
    min_bytes: Annotated[int, Field(strict=True, ge=0)] | None = None
    max_bytes: Annotated[int, Field(strict=True, ge=0)] | None = None
    network: Flag | None = None
    reason: str = ""

    @model_validator(mode="after")
    def _makes_a_rule(self) -> Self:
        if problem := self.rule().contradiction:
            raise ValueError(problem)
        return self

    def rule(self) -> Rule:
        """The same in the domain's form."""
        return Rule(**self.model_dump())


class ReviewSettings(Section):
    """``[review]``.

    Attributes:
        checklists: What to look for in the work of a coder's model, by a pattern of
            ``provider:model``. An empty list takes away the one that ships under that name.
    """

    checklists: dict[str, tuple[Text, ...]] = {}


class EditorSettings(Section):
    """``[editor]``: the command, to which a file's path is added; empty for ``$EDITOR``."""

    command: Command = ()


class Settings(Section):
    """Everything that can be set."""

    roles: RolesSettings = RolesSettings()
    providers: dict[str, ProviderSettings] = {}
    gates: GateSettings = GateSettings()
    limits: LimitSettings = LimitSettings()
    checks: tuple[CheckSettings, ...] = ()
    rules: tuple[RuleSettings, ...] = ()
    review: ReviewSettings = ReviewSettings()
    deploy: DeploySettings = DeploySettings()
    commit: CommitSettings = CommitSettings()
    theme: Text = DEFAULT
    keymap: dict[str, Text] = {}
    sandbox: SandboxSettings = SandboxSettings()
    sessions: SessionSettings = SessionSettings()
    editor: EditorSettings = EditorSettings()

    @field_validator("keymap")
    @classmethod
    def _no_empty_keys(cls, keymap: dict[str, str]) -> dict[str, str]:
        for action, keys in keymap.items():
            if not all(key.strip() for key in keys.split(",")):
                raise ValueError(f"the keys of {action!r} should be separated by single commas")
        return keymap

    @model_validator(mode="after")
    def _names_of_checks(self) -> Self:
        names = [check.name for check in self.checks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two checks are named {twice[0]!r}; each needs a name of its own")
        return self

    def models(self) -> dict[Role, ModelRef | None]:
        """The model of each role; None where none is configured."""
        return {
            "planner": self.roles.planner.model,
            "coder": self.roles.coder.model,
            "reviewer": self.roles.reviewer.model,
        }

    def gate_policies(self) -> dict[GateKind, GatePolicy]:
        """What each gate does. Those about limits and faults always ask."""
        gates = self.gates
        return {
            "spec": gates.spec,
            "diff": gates.diff,
            "verdict": gates.verdict,
            "message": gates.message,
            "deploy": gates.deploy,
        }

    def loop_limits(self) -> Limits:
        """The limits in the domain's form."""
        return Limits(**self.limits.model_dump())

    def rules_in_force(self) -> tuple[Rule, ...]:
        """The rules for tool calls in the domain's form."""
        return tuple(rule.rule() for rule in self.rules)

    def check_commands(self) -> tuple[CheckCommand, ...]:
        """The checks in the domain's form."""
        return tuple(CheckCommand(**check.model_dump()) for check in self.checks)
