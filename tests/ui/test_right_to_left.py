"""Words that run from right to left: a terminal may turn them round, and nothing else."""

import shutil
import subprocess

import pytest
from rich.style import Style

from agent_tui.domain.patch import parse_patch
from agent_tui.domain.text import LEFT_TO_RIGHT
from agent_tui.ui.diff.blocks import Options, Stream
from agent_tui.ui.diff.layout import Layout
from agent_tui.ui.diff.model import Overlays
from agent_tui.ui.diff.paint import Painter, Scene

PLAIN = Style()
PATCH = """diff --git a/a.py b/a.py
index 1..2 100644
--- a/a.py
+++ b/a.py
@@ -12,2 +12,2 @@ def שלום():
-name = "שלום עולם" + 12 - total
+name = "مرحبا" + 34 * 5  # שלום
 y = 2
"""


def drawn(*, split: bool) -> list[str]:
    layout = Layout(Stream(parse_patch(PATCH.encode())), Overlays(), Options(99, split=split))
    layout.measure()
    painter = Painter(layout, Scene(), lambda names: PLAIN)
    rows = [(number, layout.row(number)) for number in range(layout.blocks.rows)]
    return [painter.draw(number, row).text for number, row in rows if row is not None]


@pytest.mark.parametrize("split", [False, True])
def test_a_mark_stands_behind_each_run_of_words(split: bool) -> None:
    text = "\n".join(drawn(split=split))
    assert f'"שלום עולם{LEFT_TO_RIGHT}" + 12 - total' in text
    assert f'"مرحبا{LEFT_TO_RIGHT}" + 34 * 5  # שלום{LEFT_TO_RIGHT} ' in text
    assert f"def שלום{LEFT_TO_RIGHT}():" in text


@pytest.mark.skipif(shutil.which("fribidi") is None, reason="fribidi is not installed")
@pytest.mark.parametrize("split", [False, True])
def test_what_turns_words_round_leaves_everything_else_in_place(split: bool) -> None:
    for row in drawn(split=split):
        command = ["fribidi", "--ltr", "--nopad", "--nobreak"]
        done = subprocess.run(command, input=row, capture_output=True, text=True, check=True)
        shown = done.stdout.rstrip("\n").replace(LEFT_TO_RIGHT, "")
        logical = row.replace(LEFT_TO_RIGHT, "")
        assert len(shown) == len(logical)
        for one, other in zip(logical, shown, strict=True):
            assert one == other or not (one.isascii() and one != " "), (logical, shown)
