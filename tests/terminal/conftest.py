"""An environment for the real program."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A terminal's environment, with a home and a folder of modules of its own."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "modules").mkdir()
    package = Path(__file__).parents[2]
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{tmp_path / 'modules'}{os.pathsep}{package}",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
    }
