"""Draws the README's pictures: ``python -m tests.draw_pictures``, or ``--check`` to compare.

The pictures come from a replay of the saved sessions that ship, so that they are the same on every
machine.
"""

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path

os.environ |= {"TEXTUAL_ANIMATIONS": "none", "COLORTERM": "truecolor"}
for _name in ("NO_COLOR", "TEXTUAL_THEME"):
    os.environ.pop(_name, None)

FOLDER = Path(__file__).parent / "pictures"


async def draw() -> dict[str, str]:
    """The pictures as SVG, by name."""
    from tests.ui import test_snapshots as states

    wanted = {
        "verdict": ("second-attempt-passes", states.at(states.gate("verdict"), "3"), (150, 42)),
        "diff": ("second-attempt-passes", states.at(states.gate("diff", 2), "2"), (120, 34)),
        "small": ("second-attempt-passes", states.at(states.gate("spec")), (80, 24)),
    }
    pictures = {}
    for name, (session, before, size) in wanted.items():
        app = states.replay(session)
        async with app.run_test(size=size) as pilot:
            await before(pilot)
            pictures[name] = clean(app.export_screenshot(title="agent-tui"))
    return pictures


def clean(svg: str) -> str:
    """Without fonts from elsewhere, and with ids that do not change from run to run."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"terminal-\d{4,}", "terminal", svg)
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


def main(check: bool) -> int:
    """Write the pictures, or say which differ from those that are there."""
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
        pictures = asyncio.run(draw())
    wrong = []
    for name, svg in pictures.items():
        path = FOLDER / f"{name}.svg"
        if not check:
            path.write_text(svg, encoding="utf-8")
        elif not path.is_file() or path.read_text("utf-8") != svg:
            wrong.append(path.name)
    if wrong:
        print(f"these pictures are old: {', '.join(wrong)}; run python -m tests.draw_pictures")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
