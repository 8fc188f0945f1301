"""A loopback server, a clock that the test owns, and the three APIs."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
from provider_frames import APIS, AnyModel, Api
from provider_loopback import Loopback


class StepClock:
    """A clock that goes on by one second with every look at the monotonic time."""

    def __init__(self) -> None:
        self.ticks = 0

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)

    def monotonic_ns(self) -> int:
        self.ticks += 1
        return self.ticks * 1_000_000_000


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Loopback]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    loopback = Loopback()
    await loopback.start()
    yield loopback
    await loopback.stop()


@pytest.fixture(params=APIS, ids=lambda api: api.name)
def api(request: pytest.FixtureRequest) -> Api:
    found: Api = request.param
    return found


@pytest.fixture
async def open_api(server: Loopback, clock: StepClock) -> AsyncIterator[Callable[..., AnyModel]]:
    """Opens an API's model at the server, and closes it in the end."""
    opened: list[AnyModel] = []

    def start(api: Api, **more: object) -> AnyModel:
        opened.append(api.open(server.url, clock, **more))
        return opened[-1]

    yield start
    for model in opened:
        await model.close()
