"""What went wrong with a call, as a :class:`ModelError` with one clear sentence.

The SDKs' exceptions are told apart by the names of their classes, so that this module works
without importing them, and for both generations of their HTTP library. No sentence carries a
key or a header: what a server says is searched for keys, what the HTTP library says is not used
(it quotes headers that it finds illegal).
"""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from pydantic import SecretStr

from agent_tui.domain.text import one_line
from agent_tui.domain.turn import ModelError, ModelErrorKind
from agent_tui.ports import Clock

_SENTENCES: dict[ModelErrorKind, str] = {
    "rate_limit": "{} limits the rate of calls",
    "overloaded": "{} is overloaded",
    "server": "{} had an error of its own",
    "connection": "The connection to {} failed",
    "timeout": "{} did not answer in time",
    "truncated": "{} stopped before the end of its answer",
    "bad_stream": "{} sent something that is no valid answer",
    "bad_answer": "{} ended its answer in an unknown way",
    "auth": "{} refused the API key, or does not allow it this call",
    "billing": "{} refused the call because credit or quota is used up",
    "bad_request": "{} refused the request as invalid",
    "context": "The conversation is longer than {} can take",
    "not_found": "{} is not a model that the provider has for this key",
    "refused": "{} refused to answer",
}

_BY_STATUS: dict[int, ModelErrorKind] = {
    401: "auth",
    402: "billing",
    403: "auth",
    404: "not_found",
    408: "timeout",
    409: "server",
    425: "server",
    429: "rate_limit",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}

# Codes say more than a status: they come first. The names are those of the two SDKs'
# ErrorType and ResponseError, and of https://platform.openai.com/docs/guides/error-codes.
_BY_CODE: dict[str, ModelErrorKind] = {
    "insufficient_quota": "billing",
    "billing_hard_limit_reached": "billing",
    "billing_not_active": "billing",
    "credit_balance_too_low": "billing",
    "rate_limit_exceeded": "rate_limit",
    "server_is_overloaded": "overloaded",
    "slow_down": "overloaded",
    "invalid_api_key": "auth",
    "model_not_found": "not_found",
    "context_length_exceeded": "context",
    "invalid_prompt": "bad_request",
    "data_residency_mismatch": "bad_request",
    "bio_policy": "refused",
    "misalignment_policy_violation": "refused",
    "image_content_policy_violation": "refused",
    "content_filter": "refused",
}
_BY_TYPE: dict[str, ModelErrorKind] = {
    "overloaded_error": "overloaded",
    "api_error": "server",
    "server_error": "server",
    "rate_limit_error": "rate_limit",
    "authentication_error": "auth",
    "permission_error": "auth",
    "billing_error": "billing",
    "invalid_request_error": "bad_request",
    "not_found_error": "not_found",
    "timeout_error": "timeout",
}

_TOO_LONG = re.compile(
    r"(?i)prompt is too long|maximum context length|exceeds? the (?:available |model's )?context"
    r"|context[ _](?:length|size|window) (?:is |was )?exceeded"
)
"""As Anthropic, vLLM, llama.cpp and gateways say it."""

_KEYLIKE = re.compile(r"(?i)\bbearer\s+\S+|\b(?:sk|pk|rk|key|gsk|xai)[-_][\w.*-]{4,}")


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom a call goes to, for the words of an error.

    Attributes:
        name: Provider and model.
        base_url: Where it is, when that was configured.
        key: The key that must appear nowhere.
    """

    name: str
    base_url: str | None = None
    key: SecretStr | None = None

    def clean(self, text: object) -> str:
        """What a server said, in one line that is safe to show and holds no key."""
        said = str(text)
        secret = self.key.get_secret_value() if self.key else ""
        if secret:
            said = said.replace(secret, "[key]")
        return one_line(_KEYLIKE.sub("[key]", said), 300)

    @property
    def place(self) -> str:
        """Where it is, without user name, password and query; empty when not configured."""
        if not self.base_url:
            return ""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def failure(
    kind: ModelErrorKind,
    peer: Peer,
    detail: object = "",
    *,
    status: int | None = None,
    retry_after_s: float | None = None,
) -> ModelError:
    """One sentence: whom it is about, what happened, and what the server said of it."""
    sentence = _SENTENCES.get(kind, "{} failed").format(peer.name)
    shown = f" (HTTP {status})" if status is not None and status >= 300 else ""
    said = peer.clean(detail).rstrip(". ")
    text = f"{sentence}{shown}{': ' if said else ''}{said}."
    return ModelError(kind, text, retry_after_s)


def payload_failure(
    error: object,
    peer: Peer,
    *,
    status: int | None = None,
    retry_after_s: float | None = None,
    otherwise: ModelErrorKind = "server",
) -> ModelError:
    """The failure that a server describes in JSON, with or without a status code.

    Args:
        error: ``{"type", "code", "message"}``, or the body around it.
        otherwise: The kind when nothing in it is known.
    """
    body = error if isinstance(error, Mapping) else {"message": error or ""}
    inner = body.get("error")
    if isinstance(inner, Mapping):
        body = inner
    elif isinstance(inner, str):
        body = {"message": inner, **body}
    message = str(body.get("message") or "")
    kind = _kind(body, status, message) or otherwise
    param = body.get("param")
    where = f" [{param}]" if isinstance(param, str) and param not in message else ""
    detail = "" if status == 401 else message + where  # a refused key is often quoted in part
    return failure(kind, peer, detail, status=status, retry_after_s=retry_after_s)


def _kind(body: Mapping[object, object], status: int | None, message: str) -> ModelErrorKind | None:
    for name in (body.get("code"), body.get("type")):
        if isinstance(name, str) and name in _BY_CODE:
            return _BY_CODE[name]
    if status == 400 and "credit balance" in message.lower():
        return "billing"  # Anthropic has no code for it
    if status in (400, 413) and _TOO_LONG.search(message):
        return "context"  # only OpenAI has a code for it
    if status is not None and status >= 400:
        return _BY_STATUS.get(status, "server" if status >= 500 else "bad_request")
    for name in (body.get("type"), body.get("code")):
        if isinstance(name, str) and name in _BY_TYPE:
            return _BY_TYPE[name]
    return None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the server asks to wait, from ``retry-after-ms`` or ``retry-after``.

    The latter is a number of seconds or a date (RFC 9110, section 10.2.3).
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    try:
        when = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())


def classify(error: Exception, peer: Peer, now: datetime) -> ModelError | None:
    """The failure that an exception of an SDK, or of what is below it, stands for."""
    if isinstance(error.__cause__, ModelError):
        return error.__cause__  # a cassette's own words
    names = {cls.__name__ for cls in type(error).__mro__}
    what = type(error).__name__
    if names & {"APITimeoutError", "TimeoutException"}:
        return failure("timeout", peer, _at(peer, what))
    if "APIStatusError" in names:
        return _status_failure(error, peer, now)
    if names & {"APIResponseValidationError", "DecodingError", "JSONDecodeError"}:
        return failure("bad_stream", peer, what)
    if isinstance(error, UnicodeDecodeError):
        return failure("bad_stream", peer, "it is not UTF-8")
    if isinstance(error, RecursionError):
        return failure("bad_stream", peer, "it is nested too deeply")
    if names & {"APIConnectionError", "TransportError", "RequestError", "SSLError", "EndOfStream"}:
        cause = error.__cause__
        return failure("connection", peer, _at(peer, type(cause).__name__ if cause else what))
    if "APIError" in names:  # in the middle of a stream: no status, only what the server says
        body = getattr(error, "body", None)
        return payload_failure(body or getattr(error, "message", ""), peer)
    return None


def _at(peer: Peer, what: str) -> str:
    return f"{what} at {peer.place}" if peer.place else what


def _status_failure(error: Exception, peer: Peer, now: datetime) -> ModelError:
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None)
    headers = getattr(response, "headers", {})
    return payload_failure(
        getattr(error, "body", None),
        peer,
        status=status if isinstance(status, int) and status >= 300 else None,
        retry_after_s=retry_after(headers, now),
    )


@contextmanager
def translated(peer: Peer, clock: Clock) -> Iterator[None]:
    """Turn the exceptions of an SDK into :class:`ModelError`; all others pass as they are."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        known = classify(error, peer, clock.now())
        if known is None:
            raise
        raise known from None  # the SDK's exception holds the request, with its headers
