"""What is told of a failure, and what never is."""

import ssl
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from agent_tui.providers.failures import Peer, classify, failure, payload_failure, retry_after

KEY = "sk-ant-api03-abcdef"
PEER = Peer("openai:m", "https://me:secret@gateway.test/v1?token=secret", SecretStr(KEY))
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "said",
    [
        f"key {KEY} is wrong",
        "Incorrect API key provided: sk-proj-********abcd. You can",
        "header Authorization: Bearer abc.def.ghi",
        "got gsk_1234567890 and xai-abcdefgh",
    ],
)
def test_keys_are_taken_out(said: str) -> None:
    text = str(failure("bad_request", PEER, said))
    assert "[key]" in text
    for part in (KEY, "abcd", "abc.def", "1234567890", "abcdefgh"):
        assert part not in text


def test_a_key_that_looks_like_a_word_is_taken_out() -> None:
    peer = Peer("local:m", key=SecretStr("swordfish"))
    assert "swordfish" not in str(failure("bad_request", peer, "bad swordfish"))


def test_the_place_is_told_without_its_password() -> None:
    assert PEER.place == "https://gateway.test/v1"
    found = classify(ssl.SSLError("secret"), PEER, NOW)
    assert found is not None
    assert str(found) == ("The connection to openai:m failed: SSLError at https://gateway.test/v1.")


def test_an_exception_of_ours_is_not_taken_for_the_servers() -> None:
    assert classify(RuntimeError("a bug"), PEER, NOW) is None
    assert classify(ValueError("a bug"), PEER, NOW) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "x"}, "overloaded"),
        ({"error": {"type": "rate_limit_error"}}, "rate_limit"),
        ({"error": "only words"}, "server"),
        ({"code": "insufficient_quota", "type": "rate_limit_error"}, "billing"),
        ({"code": 500, "type": None}, "server"),
        ("<html>", "server"),
        (None, "server"),
        (["odd"], "server"),
    ],
)
def test_payloads(error: object, kind: str) -> None:
    assert payload_failure(error, PEER).kind == kind


def test_a_long_message_of_many_lines_is_one_short_line() -> None:
    text = str(failure("server", PEER, "first\nsecond\u202e" + "x" * 5000, status=500))
    assert text == "openai:m had an error of its own (HTTP 500): first."


def test_no_retry_after() -> None:
    assert retry_after({}, NOW) is None
    assert retry_after({"retry-after": "Sun, 22 Nov 2026 12:00:30 -0000"}, NOW) == 30.0
