"""Sessions that review a change which is there already."""

from dataclasses import dataclass

from agent_tui.bootstrap.environment import Environment, UsageError
from agent_tui.bootstrap.live import LiveSession
from agent_tui.bootstrap.models import ModelSource
from agent_tui.bootstrap.starting import Opening, begin
from agent_tui.config import paths
from agent_tui.domain.base import Role
from agent_tui.domain.given import Then
from agent_tui.domain.own_changes import is_own
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.review_report import ReviewReport, review_report
from agent_tui.domain.state import State
from agent_tui.domain.text import counted
from agent_tui.ports import Gatekeeper
from agent_tui.sessions.catalog import Catalog
from agent_tui.sessions.saved import SavedSession
from agent_tui.workspace.given import find_change
from agent_tui.workspace.repository import require_idle

LOOKED_AT = 5
"""Reviews called the same that are looked into for being of the same change."""


@dataclass(frozen=True)
class ReviewWish:
    """What is to be reviewed, and how.

    Attributes:
        what: A revision, a branch, a range, a patch's name, or "" for the working tree.
        data: The patch, when it is one.
        then: What becomes of what is accepted.
        checks: Whether the configured checks run on it. Off unless asked for: a patch from
            elsewhere may hold anything.
        models: Whether a configured reviewer looks at it.
    """

    what: str = ""
    data: bytes | None = None
    then: Then = "commit"
    checks: bool = False
    models: bool = True


def has_reviewer(env: Environment) -> bool:
    """Whether a model is configured that reviews."""
    return bool(env.options.script or env.loaded.settings.roles.reviewer.model)


async def start_review(
    env: Environment, wish: ReviewWish, person: Gatekeeper | None = None
) -> LiveSession:
    """Begin a review.

    Args:
        person: Who decides; None lets a reviewer look and decides nothing.

    Raises:
        UsageError: If there is nothing to review it with.
        WorkspaceError: If there is no such change, or nothing is changed.
    """
    if not wish.what and wish.data is None:
        await require_idle(env.facts.root)  # what lies in the working tree is half of something
    roles: tuple[Role, ...] = ("reviewer",) if wish.models and has_reviewer(env) else ()
    session_id = env.store.new_id()
    folder = env.options.worktrees or paths.worktrees_folder()
    can_begin = person is not None or bool(roles)
    # A name that is wrong is said first, also where nobody is there to review what it names.
    found = await find_change(env.facts, session_id, folder, wish.what, wish.data, keep=can_begin)
    if not can_begin:
        raise UsageError("Without a screen a reviewer is needed: give --reviewer PROVIDER:MODEL.")
    given = found.given.model_copy(update={"then": "nothing" if person is None else wish.then})
    settings = env.loaded.settings
    opening = Opening(
        request=f"Review of {given.title}",
        facts=found.facts,
        source=ModelSource(env, roles),
        checks=settings.check_commands() if wish.checks else (),
        given=given,
    )
    return await begin(env, session_id, opening, person)


def report_of(session: LiveSession) -> tuple[ReviewReport, Patch]:
    """What a review found, and the patch that it is about. Blocks."""
    revision = session.state.revision
    patch = parse_patch(session.blob(revision.patch)) if revision else Patch()
    return review_report(session.state, patch), patch


@dataclass(frozen=True, slots=True)
class EarlierReview:
    """A review that a person has left unfinished.

    Attributes:
        session: Its id.
        said: What is in it, in words: ``2 comments``.
    """

    session: str
    said: str


def earlier_review(env: Environment, state: State) -> EarlierReview | None:
    """The last review of the very same change that was left with something in it. Blocks.

    Args:
        state: Of the review that has begun.

    Raises:
        LogError: If the sessions' folder cannot be read.
    """
    session = state.session
    if session is None or session.given is None:
        return None
    catalog = Catalog(env.store)
    try:
        listed = catalog.refresh()
    finally:
        catalog.close()
    left = [
        row
        for row in listed
        if row.state in ("left", "interrupted")
        and (row.root, row.request) == (session.repo.root, session.request)
        and row.id != session.session
    ]
    for row in left[:LOOKED_AT]:
        saved = SavedSession.open(row.path)
        saved.read_all()
        before = saved.log.state_at(len(saved.log))
        other = before.session
        if other is None or other.given is None:
            continue
        same = (other.given.tree, other.repo.commit) == (session.given.tree, session.repo.commit)
        if same and (said := _said(before)):
            return EarlierReview(row.id, said)
    return None


def _said(state: State) -> str:
    parts = []
    waiting = [entry for entry in state.comments if not entry.resolved]
    if waiting:
        parts.append(counted(len(waiting), "comment"))
    if state.comment_drafts:
        parts.append(counted(len(state.comment_drafts), "unfinished comment"))
    if state.marked:
        parts.append("a selection")
    if is_own(state.revisions):
        parts.append("edits of yours")
    return ", ".join(parts)
