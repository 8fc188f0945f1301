"""The providers that are known, and how one of their models is opened."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

from pydantic import SecretStr

from agent_tui.domain.base import ModelRef, Role
from agent_tui.domain.text import visible
from agent_tui.domain.turn import ModelError
from agent_tui.ports import Clock
from agent_tui.providers import anthropic, responses_request
from agent_tui.providers.anthropic import AnthropicModel
from agent_tui.providers.native_patch import has_native_patch
from agent_tui.providers.openai_chat import ChatModel
from agent_tui.providers.openai_responses import ResponsesModel
from agent_tui.providers.retry import RetryingModel, RetryPolicy
from agent_tui.providers.wire import Tape, Timeouts

Kind = Literal["anthropic", "openai", "chat"]


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """Where a provider is, and what it speaks.

    Attributes:
        kind: ``anthropic`` is the Messages API, ``openai`` the Responses API, ``chat`` Chat
            Completions.
        base_url: Where it is; None is the place that the SDK knows, or its environment variable.
        key_env: The environment variable that holds the key; None needs no key.
        priced_as: The provider's name in the price list; None leaves its calls unpriced.
        effort: How much the models think; None leaves it to the provider.
        thinking: Whether the models reason; False for those that refuse to be asked to.
        enforce_schema: Of ``chat``: whether the server enforces JSON schemas.
        max_output_tokens: Of ``chat``: the server's own limit.
        native_patch: Of ``openai``: whether the models have OpenAI's own tool for patches; None
            goes by the model's name.
        context_window: Tokens that the models take in and give out in one call, where the price
            list does not know it.
    """

    kind: Kind
    base_url: str | None = None
    key_env: str | None = None
    priced_as: str | None = None
    effort: str | None = None
    thinking: bool = True
    enforce_schema: bool = True
    max_output_tokens: int | None = None
    context_window: int | None = None
    native_patch: bool | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)


KNOWN: Mapping[str, ProviderConfig] = MappingProxyType(
    {
        "anthropic": ProviderConfig(
            "anthropic", key_env="ANTHROPIC_API_KEY", priced_as="anthropic"
        ),
        "openai": ProviderConfig("openai", key_env="OPENAI_API_KEY", priced_as="openai"),
        "local": ProviderConfig("chat", base_url="http://localhost:11434/v1"),  # Ollama's
    }
)


LOCAL_URL = "AGENT_TUI_LOCAL_URL"
"""The environment variable that says where the provider ``local`` is, unless it is configured."""


def _preset(planner: str, coder: str, reviewer: str) -> Mapping[Role, ModelRef]:
    def ref(text: str) -> ModelRef:
        provider, _, model = text.partition(":")
        return ModelRef(provider=provider, model=model)

    return MappingProxyType(
        {"planner": ref(planner), "coder": ref(coder), "reviewer": ref(reviewer)}
    )


PRESETS: Mapping[str, Mapping[Role, ModelRef]] = MappingProxyType(
    {
        "opus-codex": _preset(
            "anthropic:claude-opus-4-6", "openai:gpt-5.3-codex", "anthropic:claude-opus-4-6"
        ),
        "best": _preset(
            "anthropic:claude-opus-5-5", "openai:gpt-6.1-sol", "anthropic:claude-opus-5-5"
        ),
        "fast": _preset(
            "anthropic:claude-haiku-5-5", "openai:gpt-6.1-terra", "anthropic:claude-haiku-5-5"
        ),
        "local": _preset("local:gpt-oss:20b", "local:gpt-oss:20b", "local:gpt-oss:20b"),
    }
)
"""A name for a model in each role. Planner and reviewer are of another house than the coder, so
that a model's blind spots are not those of its reviewer."""


def find_provider(
    ref: ModelRef,
    configured: Mapping[str, ProviderConfig] = MappingProxyType({}),
    environ: Mapping[str, str] = os.environ,
) -> ProviderConfig:
    """The provider of a model; what is configured goes before what is known.

    Raises:
        ModelError: If there is none of that name.
    """
    providers = {**KNOWN, **configured}
    url = environ.get(LOCAL_URL, "").strip()
    if url and ref.provider == "local" and "local" not in configured:
        return replace(KNOWN["local"], base_url=url)
    if ref.provider not in providers:
        names = ", ".join(sorted(providers))
        raise ModelError(
            "not_found",
            f"There is no provider {visible(ref.provider)!r} for the model {visible(ref.model)}; "
            f"there are {names}. Choose one of them, or configure it.",
        )
    return providers[ref.provider]


def open_model(
    ref: ModelRef,
    config: ProviderConfig,
    clock: Clock,
    *,
    environ: Mapping[str, str] = os.environ,
    policy: RetryPolicy | None = None,
    tape: Tape | None = None,
) -> RetryingModel:
    """A model that is ready to be called, with retries. Nothing is imported or contacted yet.

    Raises:
        ModelError: If the configuration cannot work, above all if the key is missing.
    """
    key = None if tape is not None and tape.plays else key_of(ref, config, environ)
    _check_url(ref, config.base_url)
    return RetryingModel(_adapter(ref, config, key, clock, tape), policy)


def _adapter(
    ref: ModelRef,
    config: ProviderConfig,
    key: SecretStr | None,
    clock: Clock,
    tape: Tape | None,
) -> AnthropicModel | ResponsesModel | ChatModel:
    if config.kind == "chat":
        return ChatModel(
            ref,
            key,
            clock,
            base_url=config.base_url,
            effort=config.effort,
            enforce_schema=config.enforce_schema,
            max_output_tokens=config.max_output_tokens,
            timeouts=config.timeouts,
            tape=tape,
        )
    if config.kind == "anthropic":
        _check_effort(ref, config.effort, get_args(anthropic.Effort))
        return AnthropicModel(
            ref,
            key,
            clock,
            base_url=config.base_url,
            effort=cast(anthropic.Effort | None, config.effort),
            thinking=config.thinking,
            timeouts=config.timeouts,
            tape=tape,
        )
    _check_effort(ref, config.effort, get_args(responses_request.Effort))
    return ResponsesModel(
        ref,
        key,
        clock,
        base_url=config.base_url,
        effort=cast(responses_request.Effort | None, config.effort),
        thinking=config.thinking,
        native_patch=_native_patch(ref, config),
        timeouts=config.timeouts,
        tape=tape,
    )


def _native_patch(ref: ModelRef, config: ProviderConfig) -> bool:
    """Only OpenAI's own service is known to have the tool."""
    if config.native_patch is not None:
        return config.native_patch
    return config.base_url is None and has_native_patch(ref)


def key_of(ref: ModelRef, config: ProviderConfig, environ: Mapping[str, str]) -> SecretStr | None:
    """The key for a model's provider, or None where none is needed.

    Raises:
        ModelError: If it is missing, or cannot be a key.
    """
    if config.key_env is None:
        return None
    key = environ.get(config.key_env, "").strip()
    if not key:
        raise ModelError(
            "auth",
            f"There is no API key for {visible(str(ref))}: set {config.key_env} in the "
            "environment, or choose another model.",
        )
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise ModelError(
            "auth",
            f"{config.key_env} holds characters that no API key has: copy the key again.",
        )
    return SecretStr(key)


def _check_url(ref: ModelRef, url: str | None) -> None:
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ModelError(
            "bad_request",
            f"The base_url of {visible(ref.provider)} is no web address: write it like "
            "http://localhost:11434/v1.",
        )


def _check_effort(ref: ModelRef, effort: str | None, known: tuple[str, ...]) -> None:
    if effort is not None and effort not in known:
        raise ModelError(
            "bad_request",
            f"The effort {visible(effort)!r} is not one that {visible(ref.provider)} knows: "
            f"choose {', '.join(known)}.",
        )
