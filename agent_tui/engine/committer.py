"""From an approved revision to a commit, and to the deploy command behind its own gate."""

from agent_tui.domain.base import Actor, Role
from agent_tui.domain.decision import Approval
from agent_tui.domain.events import (
    CommitDone,
    CommitRefused,
    CommitStarted,
    DeployFinished,
    FindingAdded,
    MessageProposed,
)
from agent_tui.domain.state import State
from agent_tui.domain.text import decode
from agent_tui.domain.turn import ModelError
from agent_tui.engine.briefs import message_brief, system_prompt
from agent_tui.engine.coder import current_patch, propose
from agent_tui.engine.context import Context, user
from agent_tui.engine.conversation import converse
from agent_tui.engine.given import message_of
from agent_tui.engine.left_behind import left_behind
from agent_tui.engine.reviewer import hook_finding
from agent_tui.ports import CommitError, Committed


async def message(ctx: Context) -> None:
    """Propose a commit message: the coder's own at first, a new one after a rejection."""
    report = ctx.state.revision.report if ctx.state.revision else None
    role: Role = "planner" if ctx.session.document else "coder"
    if ctx.session.given is not None:
        if not ctx.state.messages:
            text = message_of(ctx.state, await current_patch(ctx))
            await propose_message(ctx, text, "author" if ctx.session.given.message else "engine")
        else:  # the person's own words stay when they went back to the change
            await propose_message(ctx, ctx.state.message, ctx.state.messages[-1].author)
        return
    if not ctx.state.rejection:
        spec = ctx.state.spec
        fallback = spec.spec.title if spec else "Change"
        text = (report.commit_message if report else "").strip() or fallback
        await propose_message(ctx, text, role if report else "engine")
        return
    async with ctx.step("message", role=role) as step:
        done = await converse(
            ctx,
            step,
            role=role,
            system=system_prompt("message"),
            opening=user(message_brief(ctx.state)),
        )
        text = done.message.text.strip()
        if not text:
            raise ModelError("bad_answer", f"The {role}'s commit message is empty.")
        await propose_message(ctx, text, role)


async def propose_message(ctx: Context, text: str, author: Actor) -> None:
    """Record a commit message as the one in force."""
    version = len(ctx.state.messages) + 1
    event = MessageProposed(version=version, message=text, author=author)
    await ctx.recorder.append(event, author)


def full_message(state: State, signoff: str | None = None) -> str:
    """The approved message with its trailers: the session, the models, and what the person asked.

    ``Assisted-by`` names each model once, in the order of the roles.
    """
    text = state.message.strip()
    trailers = []
    if state.session:
        trailers.append(f"Agent-Tui-Session: {state.session.session}")
        used = {step.role for step in state.steps if step.calls and step.role}
        models = [str(ref) for role, ref in state.session.roles.items() if role in used]
        trailers += [f"Assisted-by: {name}" for name in dict.fromkeys(models)]
    if signoff:
        trailers.append(f"Signed-off-by: {signoff}")
    return "\n".join([text, "", *trailers]) + "\n"


async def commit(ctx: Context) -> None:
    """Commit what was approved, or record why there is no commit.

    The approval of the diff and that of the message must name the same bytes.
    """
    approval = ctx.state.approval()
    revision = ctx.state.revision
    async with ctx.step("commit", actor="engine"):
        if revision is None or revision.approval is None or revision.approval != approval:
            await _refuse(ctx, CommitError("moved", "The approval is not for these bytes."))
            return
        started = ctx.state.commit_started
        if started is not None and started.approval == approval:
            found = await ctx.workspace.find_commit(approval, ctx.session.session)
            if found is not None:
                await _done(ctx, found)
                return
        try:
            run = await ctx.workspace.run_hooks(approval.tree, full_message(ctx.state, ctx.signoff))
            if run.failed:
                raise CommitError("hook", f"The {run.failed} hook failed.\n{run.output}".strip())
            if run.tree != approval.tree:
                await _propose_hook_change(ctx, approval, run.tree)
                return
            await ctx.recorder.append(
                CommitStarted(approval=approval, message=run.message), "engine"
            )
            await _done(ctx, await ctx.workspace.commit(approval, run.message, ctx.session.session))
        except CommitError as error:
            await _refuse(ctx, error)


async def _propose_hook_change(ctx: Context, approval: Approval, tree: str) -> None:
    change = decode(await ctx.workspace.diff(approval.tree, tree))
    await propose(ctx, tree, attempt=ctx.state.attempt, author="hooks", change=change)


async def _done(ctx: Context, made: Committed) -> None:
    behind = await left_behind(ctx, made)
    await ctx.recorder.append(
        CommitDone(
            commit=made.commit,
            tree=made.tree,
            ref=made.ref,
            landed=made.landed,
            detail=" ".join(part for part in (made.detail, behind) if part),
        ),
        "engine",
    )


async def _refuse(ctx: Context, error: CommitError) -> None:
    if error.cause == "hook":
        title, _, body = str(error).partition("\n")
        finding = hook_finding(ctx.state, title.rstrip("."), body)
        await ctx.recorder.append(FindingAdded(finding=finding), "hooks")
    await ctx.recorder.append(CommitRefused(cause=error.cause, detail=str(error)), "engine")


async def deploy(ctx: Context) -> None:
    """Run the configured command after the commit."""
    made = ctx.state.commit
    if made is None:
        raise RuntimeError("there is no commit to deploy")
    async with ctx.step("deploy", actor="engine") as step:
        async with ctx.recorder.stream(step, "engine") as output:
            output.write("tool", f"$ {' '.join(ctx.state.deploy_command)}\n")
            result = await ctx.checks.deploy(
                made.commit, ctx.state.deploy_command, lambda text: output.write("output", text)
            )
        await ctx.recorder.append(
            DeployFinished(
                ok=result.exit_code == 0,
                exit_code=result.exit_code,
                output=result.problem or result.output,
            ),
            "engine",
        )
