"""A widget to review a patch in: drawn line by line, as fast for a million lines as for ten.

It knows nothing of sessions, git or models. It is given a patch and what to draw over it, and it
tells by messages what the person did. Alone, with keys of its own, it needs ten lines::

    from pathlib import Path
    from textual.app import App
    from agent_tui.domain.patch import parse_patch
    from agent_tui.ui.diff import DiffViewer

    class Viewer(App[None]):
        def compose(self):
            yield DiffViewer()
        def on_mount(self):
            self.query_one(DiffViewer).show(parse_patch(Path("my.patch").read_bytes()))
    if __name__ == "__main__": Viewer().run()

What is drawn over the patch is plain data (:class:`Overlays`): what is left out, notes (findings
and comments), who claims which hunk, what was seen before. The same patch with other overlays keeps
the cursor, and costs as much as what has changed::

    note = Note("F1", "a.py", 12, sign="▲", tone="bad", label="F1 major", text="Off by one.")
    view.show(patch, Overlays(notes=(note,)))

A note stands under the last of its lines, with its sign in the margin; ``side="old"`` means a line
that was removed. One without a line stands under the file's head, as does one whose line the patch
does not show, or one that is ``outdated``, with the ``excerpt`` that it was written about. One
without a path stands above the first file.

``view.place`` says what the cursor is on (:class:`Place`), ``view.selected_lines()`` which changed
lines are chosen, and ``view.selected_text()`` what they say. The messages: ``Moved`` and
``Activated`` (with the place), ``RangeChanged``, ``HunksSeen``, ``Searched`` and ``Refused``.

How it is fast: :mod:`blocks` keeps heights of blocks in arrays and finds a row by bisection,
:mod:`layout` makes the rows of a block when it comes near the screen, :mod:`paint` draws one row,
and :mod:`background` has syntax, words and moved blocks worked out in threads.
"""

from agent_tui.ui.diff.linking import Spot
from agent_tui.ui.diff.model import LeftOut, Note, NothingLeftOut, Overlays, Paragraph, Place, Read
from agent_tui.ui.diff.view import DiffView
from agent_tui.ui.diff.viewer import DiffViewer

__all__ = [
    "DiffView",
    "DiffViewer",
    "LeftOut",
    "Note",
    "NothingLeftOut",
    "Overlays",
    "Paragraph",
    "Place",
    "Read",
    "Spot",
]
