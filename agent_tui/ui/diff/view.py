"""The widget: a patch, what is drawn over it, and everything that can be done in it."""

from __future__ import annotations

from agent_tui.domain.patch import Patch
from agent_tui.ui.diff.blocks import Stream
from agent_tui.ui.diff.expanding import Expander
from agent_tui.ui.diff.linking import Spot, file_at, go_to_spot, spot_of
from agent_tui.ui.diff.model import Overlays, Read
from agent_tui.ui.diff.placing import ABOVE
from agent_tui.ui.widgets.lines import AT_ONCE


class DiffView(Expander):
    """A review of a patch, in one stream over all files."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._partial = False

    # -- what it shows -----------------------------------------------------------------------

    def show(
        self,
        patch: Patch,
        overlays: Overlays | None = None,
        read: Read | None = None,
        *,
        at: Spot | None = None,
    ) -> None:
        """Show a patch. The same patch again keeps the cursor, and takes other overlays alone.

        Args:
            overlays: What is drawn over it.
            read: Gives whole files: for context, for colours that are right in the middle of a
                long string, and for the sizes of binary files.
            at: Where the person was in another patch, and is to be in this one. Without it, or if
                that file is not in this one, it begins at the top.
        """
        overlays = overlays or Overlays()
        self.read = read
        if patch is self.stream.patch:
            self._overlay(overlays)
            return
        partial, self._partial = self._partial, False
        if partial and self._begins(patch):
            self._go_on(patch, overlays)
            return
        self.stream = Stream(patch)
        self.overlays = overlays
        self.forget()
        self.forget_matches()
        self._end_drag()
        self._cursor = self._item = self._anchor = self.scene.selected = self._unshown = None
        self.scroll_to(0, 0, **AT_ONCE)
        file = file_at(self, at) if at is not None else None
        self._lay_out(self.stream.first[file + 1] if file is not None else 0)
        self._count_carried()
        self.to_end(top=True)
        if at is not None:
            go_to_spot(self, at)
        self.call_after_refresh(self.look)

    @property
    def spot(self) -> Spot:
        """Where the person is, for another patch to begin there."""
        return spot_of(self)

    def show_first(self, patch: Patch) -> None:
        """Show the first files of a patch, of which the rest is still being read.

        When :meth:`show` is called with all of it, the cursor and what was seen stay.
        """
        self.show(patch)
        self._partial = True

    def _begins(self, patch: Patch) -> bool:
        """Whether the files that are shown are the first ones of a patch."""
        mine, theirs = self.stream.files, patch.files[: len(self.stream.files)]
        return [file.path for file in mine] == [file.path for file in theirs] and all(
            a.body == b.body
            for one, other in zip(mine, theirs, strict=True)
            for a, b in zip(one.hunks, other.hunks, strict=False)
        )

    def _go_on(self, patch: Patch, overlays: Overlays) -> None:
        self.stream = Stream(patch)
        self.overlays = overlays
        self.forget_matches()  # they are those of its beginning, and so are the moved blocks
        self._moved_asked = False
        self.keep_place(self._lay_out)
        self._count_carried()

    def _overlay(self, overlays: Overlays) -> None:
        before, self.overlays = self.overlays, overlays
        if before == overlays:  # but what is left out may be other lines of the same draft
            self.redraw_left_out()
            return
        layout = self.plan
        if (before.notes, before.folded, before.intro) == (
            overlays.notes, overlays.folded, overlays.intro,
        ):  # fmt: skip
            layout.overlays = overlays
        else:
            self.keep_place(lambda: self._take_overlays(overlays))
        self._count_carried()
        self.redraw()

    def _take_overlays(self, overlays: Overlays) -> None:
        """Measure again what other notes and folded hunks can have changed."""
        layout = self.plan
        folded, at = layout.folded, layout.at
        layout.set_overlays(overlays)
        layout.remeasure(
            (folded ^ layout.folded) | at.expanded_hunks | layout.at.expanded_hunks,
            {*at.heads, *layout.at.heads, ABOVE},
            at.all_lines | layout.at.all_lines,
        )

    def _count_carried(self) -> None:
        for hunk in self.overlays.seen:
            number = self.stream.number_of(hunk)
            if number is not None:
                self.scene.seen.add(number)

    def on_resize(self) -> None:
        """The rows are made anew for another width."""
        if self.options != self.plan.options:
            self.keep_place(self._lay_out)
        else:
            self._resize_world()
        self._show_unshown()
        self.call_after_refresh(self.look)

    # -- ways to show it ---------------------------------------------------------------------

    def toggle_split(self) -> bool:
        """Side by side, or unified. True if it is side by side now."""
        self._split = not self.options.split
        self.keep_place(self._lay_out)
        return self._split

    def toggle_wrap(self) -> bool:
        """Wrap long lines, or scroll them. True if they are wrapped now."""
        self._wrap = not self._wrap
        self.scroll_to(x=0, **AT_ONCE)
        self.keep_place(self._lay_out)
        return self._wrap

    def toggle_space(self) -> bool:
        """Fold blocks that differ in white space alone, or show them. True if they are folded."""
        self._fold_space = not self._fold_space
        self.keep_place(self._lay_out)
        return self._fold_space

    def toggle_fold(self) -> bool:
        """Open the folded hunk or the long line at the cursor. False if nothing is folded."""
        place = self.place
        if place is None or place.number is None:
            return False
        if place.number not in self.plan.folded:
            return self._toggle_long(place.number)
        number = place.number
        self.plan.opened.add(number)
        self.plan.folded.discard(number)
        self.keep_place(lambda: self.plan.remeasure([number]))
        return True

    def _toggle_long(self, number: int) -> bool:
        row = self.row_at(self._cursor) if self._cursor is not None else None
        if row is None or row.kind != "line" or not self._wrap:
            return False
        if not self.plan.toggle_long(number, row.left, row.right):
            return False
        self.keep_place(lambda: self.plan.remeasure([number]))
        return True

    def sideways(self, cells: int) -> None:
        """Scroll long lines that are not wrapped."""
        self.scroll_relative(x=cells, **AT_ONCE)
