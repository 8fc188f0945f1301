"""The planner: from a request to a spec."""

from agent_tui.domain.base import Actor
from agent_tui.domain.decision import EditSpec
from agent_tui.domain.events import SourcesRead, SpecProposed
from agent_tui.domain.spec import Spec
from agent_tui.engine.answers import SpecAnswer, read_answer, schema
from agent_tui.engine.briefs import planner_brief, system_prompt
from agent_tui.engine.context import Context, user
from agent_tui.engine.conversation import converse
from agent_tui.engine.instructions import instructions
from agent_tui.engine.spec_text import number_criteria
from agent_tui.engine.tools import READING_TOOLS, Desk, Toolbox


async def plan(ctx: Context) -> None:
    """Ask for a spec and propose it."""
    async with ctx.step("plan", role="planner") as step:
        told, paths = await instructions(ctx)
        desk = Desk(ctx, step, "planner", ctx.workspace.base_tree)
        done = await converse(
            ctx,
            step,
            role="planner",
            system=system_prompt("planner"),
            opening=user("\n\n".join(part for part in (told, planner_brief(ctx.state)) if part)),
            toolbox=Toolbox(READING_TOOLS, desk),
            answer_schema=schema(SpecAnswer),
        )
        await ctx.recorder.append(
            SourcesRead(step=step, role="planner", instructions=paths, files=desk.files_read),
            "engine",
        )
        answer = read_answer(SpecAnswer, done.message.text, "planner")
        criteria = number_criteria(((c.id, c.text) for c in answer.criteria), _used_ids(ctx))
        fields = answer.model_dump(exclude={"criteria"})
        await _propose(ctx, Spec.model_validate({**fields, "criteria": criteria}), "planner")


async def take_edit(ctx: Context, edit: EditSpec) -> None:
    """Propose the person's own version."""
    await _propose(ctx, edit.spec, "person")


async def _propose(ctx: Context, spec: Spec, author: Actor) -> None:
    version = len(ctx.state.specs) + 1
    await ctx.recorder.append(SpecProposed(version=version, spec=spec, author=author), author)


def _used_ids(ctx: Context) -> set[str]:
    return {c.id for version in ctx.state.specs for c in version.spec.criteria}
