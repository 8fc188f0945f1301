"""Sessions in which the planner writes a document."""

from agent_tui.bootstrap.environment import Environment, UsageError
from agent_tui.bootstrap.live import LiveSession
from agent_tui.bootstrap.models import ModelSource
from agent_tui.bootstrap.starting import Opening, begin
from agent_tui.domain.document import Document
from agent_tui.ports import Gatekeeper


async def write_document(
    env: Environment, kind: str, title: str, person: Gatekeeper | None = None
) -> LiveSession:
    """Begin a session in which the planner writes AGENTS.md or the next decision record.

    Args:
        kind: ``agents-md`` or ``adr``.
        title: The decision, for a record.

    Raises:
        UsageError: If a record has no title, or a role has no model.
        WorkspaceError: If the worktree cannot be made.
    """
    if kind == "adr":
        if not title.strip() or "\n" in title:
            raise UsageError("Say in one line what was decided: agent-tui adr 'TITLE'.")
        document = Document(kind="adr", title=title.strip())
        request = f"Write the decision record “{title.strip()}”"
    else:
        document = Document(kind="agents-md")
        request = "Write AGENTS.md"
    settings = env.loaded.settings
    opening = Opening(
        request=request,
        facts=env.facts,
        source=ModelSource(env, ("planner", "reviewer")),
        checks=settings.check_commands(),
        deploy=settings.deploy.command,
        document=document,
    )
    return await begin(env, env.store.new_id(), opening, person)
