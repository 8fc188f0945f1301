"""The one registry of actions: bindings, gate bar, help, palette, keymap and the README's table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a person can do.

    Attributes:
        id: Its name in a keymap.
        keys: Default keys, separated by commas, in Textual's names.
        label: One or two words for the gate bar.
        help: A sentence for help and palette.
        group: Heading in the help.
        where: ``session``, ``replay`` or ``both``.
    """

    id: str
    keys: str
    label: str
    help: str
    group: str
    where: str = "both"

    def binding(self, keys: str | None = None) -> Binding:
        """As Textual binds it."""
        return Binding(keys or self.keys, f"do('{self.id}')", self.label, show=False, id=self.id)


_KEY_NAMES = {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "question_mark": "?",
    "slash": "/",
    "comma": ",",
    "colon": ":",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "at": "@",
    "equals_sign": "=",
    "space": "space",
    "escape": "esc",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "shift+left": "shift+←",
    "shift+right": "shift+→",
    "pagedown": "pgdn",
    "pageup": "pgup",
}


def key_names(keys: str) -> str:
    """Keys as a person reads them."""
    return " ".join(_KEY_NAMES.get(key.strip(), key.strip()) for key in keys.split(","))


ACTIONS: tuple[Action, ...] = (
    Action("approve", "a", "approve", "Approve what the gate asks about.", "Gate", "session"),
    Action("always", "A", "always", "Allow such tool calls from now on, by a rule of yours.",
           "Gate", "session"),
    Action("reject", "r", "reject", "Reject it: again with a reason, or stop.", "Gate", "session"),
    Action("edit", "e", "edit", "Edit the spec, the file at the cursor, or the message; after a "
           "fault, choose another model.", "Gate", "session"),
    Action("edit-outside", "E", "edit in $EDITOR", "The same in $VISUAL or $EDITOR.", "Gate",
           "session"),
    Action("toggle", "space", "keep/drop", "Leave out or take in the hunk, file or range.",
           "Review", "session"),
    Action("range", "v", "range", "Begin or end a range of lines.", "Review", "session"),
    Action("undo", "z", "undo", "Take back the last change of the selection.", "Review", "session"),
    Action("redo", "Z", "redo", "Do again what was taken back.", "Review", "session"),
    Action("comment", "c", "comment", "Comment on the lines, the file or the attempt; on the "
           "verdict, add a finding of your own.", "Review", "session"),
    Action("comments", "C", "comments", "List the comments, and go to one.", "Review"),
    Action("since", "D", "what changed", "Show the difference to what you looked at last, or the "
           "whole change again.", "Review"),
    Action("waive", "w", "waive", "Waive the finding at the cursor, or open it again.", "Review",
           "session"),
    Action("next-hunk", "right_square_bracket", "next hunk", "Go to the next hunk.", "Move"),
    Action("previous-hunk", "left_square_bracket", "previous hunk", "Go to the hunk before.",
           "Move"),
    Action("next-note", "right_parenthesis", "next finding", "Go to the next finding or comment "
           "in the diff.", "Move"),
    Action("previous-note", "left_parenthesis", "finding before", "Go to the finding or comment "
           "before.", "Move"),
    Action("next-file", "right_curly_bracket", "next file", "Go to the next file.", "Move"),
    Action("previous-file", "left_curly_bracket", "previous file", "Go to the file before.",
           "Move"),
    Action("follow", "enter", "follow", "Jump to what is linked to the selection.", "Move"),
    Action("down", "j,down", "down", "Move down.", "Move"),
    Action("up", "k,up", "up", "Move up.", "Move"),
    Action("page-down", "pagedown,ctrl+d", "page down", "Move down a page.", "Move"),
    Action("page-up", "pageup,ctrl+u", "page up", "Move up a page.", "Move"),
    Action("bottom", "G", "bottom", "Go to the end of the pane.", "Move"),
    Action("top", "g", "top", "Go to the top of the pane.", "Move"),
    Action("next-pane", "tab", "next pane", "Go to the next pane.", "Panes"),
    Action("previous-pane", "shift+tab", "previous pane", "Go to the pane before.", "Panes"),
    Action("pane-spec", "1", "spec", "Go to the spec.", "Panes"),
    Action("pane-diff", "2", "diff", "Go to the diff.", "Panes"),
    Action("pane-verdict", "3", "verdict", "Go to the verdict; in a review without a model, to "
           "checks and comments.", "Panes"),
    Action("side-by-side", "s", "side by side", "Show the diff side by side, or in one column.",
           "Diff"),
    Action("files", "d", "files", "List the files of the diff, with what was seen.", "Diff"),
    Action("go-to-file", "ctrl+t", "go to file", "Go to a file by a part of its name.", "Diff"),
    Action("go-to-line", "colon", "go to line", "Go to a line of the file.", "Diff"),
    Action("next-unseen", "u", "next unseen", "Go to the next hunk that was not on the screen.",
           "Diff"),
    Action("more-context", "x", "more context", "Show more lines around the hunk.", "Diff"),
    Action("whole-file", "X", "whole file", "Show the whole file, or its changes alone.", "Diff"),
    Action("fold-space", "i", "fold white space",
           "Fold changes of white space alone, or show them.", "Diff"),
    Action("wrap", "W", "wrap", "Wrap long lines of the diff, or scroll them.", "Diff"),
    Action("scroll-left", "h", "left", "Scroll long lines to the left.", "Diff"),
    Action("scroll-right", "l", "right", "Scroll long lines to the right.", "Diff"),
    Action("activity", "o", "activity", "Show the coder's activity instead of the diff.", "Panes"),
    Action("zoom", "m", "zoom", "Give the pane the whole screen, or take it back.", "Panes"),
    Action("timeline", "t", "timeline", "Show every step with its cost and time.", "Panes"),
    Action("search", "slash", "search", "Search in the pane.", "Search"),
    Action("next-match", "n", "next match", "Go to the next match.", "Search"),
    Action("previous-match", "N", "previous match", "Go to the match before.", "Search"),
    Action("copy", "y", "copy", "Copy what is selected.", "Search"),
    Action("step-forward", "right", "step", "Step to the next event.", "Replay", "replay"),
    Action("step-back", "left", "back", "Step to the event before.", "Replay", "replay"),
    Action("next-gate", "full_stop", "next decision", "Go to the next decision.", "Replay",
           "replay"),
    Action("previous-gate", "comma", "decision before", "Go to the decision before.", "Replay",
           "replay"),
    Action("next-attempt", "shift+right", "next attempt", "Go to the next attempt.", "Replay",
           "replay"),
    Action("previous-attempt", "shift+left", "attempt before", "Go to the attempt before.",
           "Replay", "replay"),
    Action("replay-start", "home", "start", "Go to the start of the session.", "Replay",
           "replay"),
    Action("replay-end", "end", "end", "Go to the end of the session.", "Replay", "replay"),
    Action("play", "p", "play", "Play, or pause.", "Replay", "replay"),
    Action("retry", "R", "retry now", "Make a failed call again without waiting.", "Session",
           "session"),
    Action("take-back", "U", "take back", "Take the landed commit back, or bring it again.",
           "Session", "session"),
    Action("faster", "greater_than_sign", "faster", "Play faster, up to 20 times.", "Replay",
           "replay"),
    Action("slower", "less_than_sign", "slower", "Play slower, down to half the speed.", "Replay",
           "replay"),
    Action("go-to-step", "at", "go to", "Go to a step, a time or an attempt.", "Replay", "replay"),
    Action("search-session", "S", "search all", "Search in everything that was said.", "Replay",
           "replay"),
    Action("next-rejection", "ctrl+r", "next rejection", "Go to the next rejection.", "Replay",
           "replay"),
    Action("previous-rejection", "alt+r", "rejection before", "Go to the rejection before.",
           "Replay", "replay"),
    Action("next-failure", "ctrl+f", "next failing check", "Go to the next check that fails.",
           "Replay", "replay"),
    Action("previous-failure", "alt+f", "failing check before",
           "Go to the failing check before.", "Replay", "replay"),
    Action("next-finding", "ctrl+n", "next finding", "Go to where a finding was made next.",
           "Replay", "replay"),
    Action("previous-finding", "alt+n", "finding before", "Go to where one was made before.",
           "Replay", "replay"),
    Action("next-commit", "ctrl+k", "next commit", "Go to the next commit.", "Replay", "replay"),
    Action("previous-commit", "alt+k", "commit before", "Go to the commit before.", "Replay",
           "replay"),
    Action("step-files", "F", "files", "Show the files at this step, or compare them with another.",
           "Replay", "replay"),
    Action("fork", "f", "fork", "Begin a new session from this step.", "Replay", "replay"),
    Action("compare", "equals_sign", "compare", "Show the session beside its parent, its forks or "
           "another one.", "Replay", "replay"),
    Action("bookmark", "b", "bookmark", "Set a bookmark here, with a note.", "Replay", "replay"),
    Action("bookmarks", "B", "bookmarks", "Show the bookmarks.", "Replay", "replay"),
    Action("interrupt", "escape", "stop step", "Stop the step that runs; the session stays. In a "
           "replay, go back.", "Session"),
    Action("help", "question_mark", "help", "Show all keys.", "Session"),
    Action("leave", "q", "leave", "Go back to the list, or quit; the session stays and can be "
           "resumed.", "Session"),
)  # fmt: skip

BY_ID = {action.id: action for action in ACTIONS}


def bindings() -> list[Binding]:
    """The bindings of a session screen. One that has no use there says so when it is pressed."""
    return [action.binding() for action in ACTIONS]


def key_table(actions: Iterable[Action] = ACTIONS) -> str:
    """The table of keys in Markdown, for the README."""
    lines = ["| Key | What it does | Name in a keymap |", "|---|---|---|"]
    for action in actions:
        keys = " ".join(f"`{name}`" for name in key_names(action.keys).split(" "))
        lines.append(f"| {keys} | {action.help} | `{action.id}` |")
    return "\n".join(lines)
