"""Whether a provider's server answers, and knows a model: asked for its list of models.

Listing models is free with every provider. No SDK is needed for it.
"""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Literal

from pydantic import SecretStr

from agent_tui.domain.base import ModelRef
from agent_tui.domain.text import one_line
from agent_tui.providers.catalog import ProviderConfig
from agent_tui.providers.failures import Peer

TIMEOUT_S = 8.0
MAX_BYTES = 8 << 20
_HOMES = {"anthropic": "https://api.anthropic.com", "openai": "https://api.openai.com/v1"}
_URL_ENV = {"anthropic": "ANTHROPIC_BASE_URL", "openai": "OPENAI_BASE_URL"}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A key is for one server: it does not follow to wherever that one points."""

    def redirect_request(self, *arguments: object) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Probe:
    """What a server said.

    Attributes:
        url: Where it is, without user name and password.
        state: ``ready``; ``refused`` (the key); ``unreachable``; ``odd`` (it answers, but has no
            list of models).
        seconds: Until it answered.
        lists_model: Whether the model is in its list; None where there is no list.
        models: The first few of its models, when the wanted one is not there.
        detail: What went wrong, in words.
    """

    url: str
    state: Literal["ready", "refused", "unreachable", "odd"]
    seconds: float
    lists_model: bool | None = None
    models: tuple[str, ...] = ()
    detail: str = ""


def server_url(config: ProviderConfig, environ: Mapping[str, str]) -> str:
    """Where a provider's server is, as its SDK will find it."""
    if config.base_url:
        return config.base_url
    kind = "anthropic" if config.kind == "anthropic" else "openai"
    return environ.get(_URL_ENV[kind]) or _HOMES[kind]


async def probe(
    ref: ModelRef, config: ProviderConfig, key: SecretStr | None, environ: Mapping[str, str]
) -> Probe:
    """Ask a model's server for its list of models."""
    url = server_url(config, environ).rstrip("/")
    peer = Peer(str(ref), url, key)
    headers = {"Accept": "application/json", "User-Agent": "agent-tui"}
    secret = key.get_secret_value() if key else ""
    if config.kind == "anthropic":
        url += "/v1/models?limit=1000"
        headers["anthropic-version"] = "2023-06-01"
        if secret:
            headers["x-api-key"] = secret
    else:
        url += "/models"
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
    return await asyncio.to_thread(_ask, url, headers, ref.model, peer)


def _ask(url: str, headers: Mapping[str, str], model: str, peer: Peer) -> Probe:
    began = time.monotonic()

    def took() -> float:
        return time.monotonic() - began

    if not url.startswith(("http://", "https://")):
        return Probe(peer.place, "unreachable", 0.0, detail="it is no web address")
    try:
        request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - see above
        opener = urllib.request.build_opener(_NoRedirects)
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            names = _names(answer.read(MAX_BYTES))
    except urllib.error.HTTPError as error:
        state: Literal["refused", "odd"] = "refused" if error.code in (401, 403) else "odd"
        return Probe(peer.place, state, took(), detail=f"HTTP {error.code}")
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        words = peer.clean(one_line(str(reason), 200) or type(error).__name__)
        return Probe(peer.place, "unreachable", took(), detail=words)
    if names is None:
        return Probe(peer.place, "odd", took(), detail="its answer is no list of models")
    known = model in names
    return Probe(peer.place, "ready", took(), known, () if known else tuple(names[:5]))


def _names(body: bytes) -> list[str] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    items = found.get("data") if isinstance(found, dict) else None
    if not isinstance(items, list):
        return None
    names = (item.get("id") for item in items if isinstance(item, dict))
    return [one_line(name, 100) for name in names if isinstance(name, str)]
