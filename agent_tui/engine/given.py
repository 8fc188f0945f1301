"""A change that is given: it becomes the session's first attempt, and gets its words."""

from agent_tui.domain.patch import Patch
from agent_tui.domain.state import State
from agent_tui.engine import coder
from agent_tui.engine.context import Context

_NAMED = 3
"""File names that a made-up commit message mentions."""


async def take(ctx: Context) -> None:
    """Propose the given tree as the first attempt."""
    given = ctx.session.given
    if given is None:
        raise RuntimeError("the session was given no change")
    await coder.propose(ctx, given.tree, attempt=1, author="author")


def message_of(state: State, patch: Patch) -> str:
    """The commit message to begin with: the change's own, or which files it is about."""
    given = state.session.given if state.session else None
    text = given.message.strip() if given else ""
    if not text:
        names = [file.path.rpartition("/")[2] for file in patch.files]
        more = len(names) - _NAMED
        text = "Change " + ", ".join(names[:_NAMED])
        text += f" and {more} more" if more > 0 else ""
    if given is not None and given.author and given.author not in text:
        text += f"\n\nCo-authored-by: {given.author}"
    return text
