"""A change that is reviewed: what it says of itself, and the words at its gate."""

from agent_tui.domain.given import Given
from agent_tui.domain.own_changes import is_own
from agent_tui.domain.patch import Patch
from agent_tui.domain.state import State
from agent_tui.domain.text import counted, one_line
from agent_tui.ui.render.fitting import SEAM
from agent_tui.ui.render.text import BLANK, heading, paragraph, rows, safe
from agent_tui.ui.widgets.rows import Row


def given_of(state: State) -> Given | None:
    """The change that the session reviews, if it reviews one."""
    return state.session.given if state.session else None


def is_person_alone(state: State) -> bool:
    """Whether it is a review that no model has a part in: there will be no verdict."""
    session = state.session
    return session is not None and session.given is not None and not session.roles


def change_rows(state: State, given: Given, width: int) -> list[Row]:
    """What takes the place of a spec: the change's own words, and where it starts."""
    base = state.session.repo.commit[:10] if state.session else ""
    result = [heading("Change"), *rows(paragraph(given.title, width, style="bold"))]
    if not given.problem:
        result += rows([safe(f"on {base or 'nothing: it is the first commit'}", "$muted")])
    if given.author:
        result += rows([safe(f"by {given.author}", "$muted")])
    if given.problem:
        result += [BLANK, *rows(paragraph(given.problem, width, style="$warn"))]
    for note in given.notes:
        result += [BLANK, *rows(paragraph(note, width, style="$muted"))]
    if given.message:
        result += [BLANK, heading("Its message")]
        for line in given.message.split("\n"):
            result += rows(paragraph(line, width)) if line.strip() else [BLANK]
    result += [BLANK, heading("What happens to it"), *rows(paragraph(after(given), width))]
    return result


def after(given: Given) -> str:
    """What becomes of the accepted part, in a sentence."""
    if given.problem:
        return "Nothing is committed; comments and findings are printed at the end."
    if given.then == "patch":
        return "What you accept is written as a patch; nothing is committed."
    if given.then == "nothing":
        return "Nothing is committed."
    if given.apart:
        return "What you accept is committed on a branch of its own: it does not start from HEAD."
    rest = " Your files stay as they are." if given.kind == "worktree" else ""
    return f"What you accept is committed; you see the message first.{rest}"


def question(given: Given, state: State, patch: Patch) -> str:
    """What the gate asks, in sentences for :mod:`~agent_tui.ui.render.fitting`."""
    whose = "your revision of " if is_own(state.revisions) else ""
    hunks, files = patch.hunk_count, len(patch.files)
    size = f"{hunks} hunk{'s' * (hunks != 1)} in {files} file{'s' * (files != 1)}"
    waiting = len(state.waiting_comments)
    said = f" {waiting} comment{'s' * (waiting != 1)} open." if waiting else ""
    problem = " does not apply here" if given.problem else ""
    what = after(given).replace(". ", f".{SEAM}")  # each sentence as far as there is room
    if given.unshown:
        those = "it is named" if given.unshown == 1 else "they are named"
        size += f"; {counted(given.unshown, 'part')} cannot be shown, {those} in pane 1"
    return f"{whose}{one_line(given.title, 48)}{problem}, {size}.{said}{SEAM}{what}"


def approve_label(given: Given, out: str) -> str:
    """What the key does that approves; *out* says how much is left out, or ""."""
    if given.problem or given.then == "nothing":
        return "done"
    word = "write the patch" if given.then == "patch" else "commit"
    return f"{word} without {out}" if out else word
