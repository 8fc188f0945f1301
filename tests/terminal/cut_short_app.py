"""The home screen, which is gone as soon as its shutdown begins: ``cut_short_app FOLDER``."""

import os
import sys
from pathlib import Path

from agent_tui.ui.app import AgentTui
from agent_tui.ui.launch import Launch


class CutShort(AgentTui):
    """Nothing of Textual's shutdown is done."""

    async def _shutdown(self) -> None:
        os._exit(0)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    CutShort(Launch(kind="home", folder=folder, sessions=folder / "s")).run()
