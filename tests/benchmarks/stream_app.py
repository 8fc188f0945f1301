"""The session screen with a change of the working tree: ``stream_app.py FOLDER WORDS_PER_SECOND``.

The folder is a repository. With a speed, a scripted reviewer streams into its pane as long as it
runs; with 0, nobody looks at the change but the person.
"""

import sys
from pathlib import Path

from agent_tui.ui.app import AgentTui
from agent_tui.ui.launch import Launch, ReviewRequest

WORDS = 400_000
"""More than is streamed while it is measured."""


def main() -> None:
    """Run the application until it is ended."""
    folder, speed = Path(sys.argv[1]), float(sys.argv[2])
    script = None
    if speed:
        lines = "\n".join(f"word {n} of what the model says about it" for n in range(WORDS // 9))
        script = folder.parent / "stream.toml"
        script.write_text(f'[[reviewer]]\n[[reviewer.call]]\nthinking = """\n{lines}"""\n', "utf-8")
    launch = Launch(
        kind="review",
        folder=folder,
        sessions=folder.parent / "streamed",
        script=script,
        words_per_s=speed,
        grace_ms=0,
        review=ReviewRequest(models=bool(speed)),
    )
    AgentTui(launch).run()


if __name__ == "__main__":
    main()
