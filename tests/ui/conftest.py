"""What the pictures show does not depend on the machine that they are drawn on."""

import pytest

from agent_tui.bootstrap import protection
from agent_tui.workspace.sandbox import unprotected


@pytest.fixture(autouse=True)
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without bubblewrap."""
    monkeypatch.setattr(protection, "find_sandbox", lambda: unprotected("this is a test"))
