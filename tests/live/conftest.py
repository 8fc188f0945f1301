"""A server on the loopback, and keys in the environment."""

from collections.abc import AsyncIterator

import pytest
from live_session import KEYS
from provider_loopback import Loopback


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Loopback]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    loopback = Loopback()
    await loopback.start()
    yield loopback
    await loopback.stop()
