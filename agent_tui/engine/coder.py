"""The coder: from a spec to a tree, and the person's own revisions of it."""

from agent_tui.domain.base import Actor
from agent_tui.domain.carry import last_look
from agent_tui.domain.decision import EditFiles, Selection
from agent_tui.domain.events import AttemptProposed, CoderReport, Since
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.text import decode
from agent_tui.domain.turn import ModelError
from agent_tui.engine.briefs import coder_brief, selection_text, system_prompt
from agent_tui.engine.context import Context, user
from agent_tui.engine.conversation import converse
from agent_tui.engine.instructions import instructions
from agent_tui.engine.tools import CODER_TOOLS, Desk, Report, Toolbox


async def code(ctx: Context) -> None:
    """Let the coder make the next attempt, starting from where the last one stands."""
    number = ctx.state.attempt + 1
    before = ctx.state.revision
    start = before.tree if before else ctx.workspace.base_tree
    async with ctx.step("code", role="coder", attempt=number) as step:
        await ctx.workspace.reset(start)
        desk = Desk(ctx, step, "coder", start)
        told, _ = await instructions(ctx)
        brief = coder_brief(ctx.state, await current_patch(ctx))
        done = await converse(
            ctx,
            step,
            role="coder",
            system=system_prompt("coder"),
            opening=user("\n\n".join(part for part in (told, brief) if part)),
            toolbox=Toolbox(CODER_TOOLS, desk),
            until=Report.name,
        )
        tree = await ctx.workspace.snapshot()
        if tree == start:
            said = done.message.text.strip() or "It said nothing about it."
            raise ModelError("bad_answer", f"The coder changed nothing. {said}")
        if tree == ctx.workspace.base_tree:
            raise ModelError("bad_answer", "The coder took everything back; no change is left.")
        report = desk.report or CoderReport(summary=done.message.text.strip())
        await propose(ctx, tree, attempt=number, author="coder", report=report)


async def propose(
    ctx: Context,
    tree: str,
    *,
    attempt: int,
    author: Actor,
    report: CoderReport | None = None,
    left_out: Selection | None = None,
    change: str = "",
) -> None:
    """Record a tree as the revision in force, with the patch that leads to it."""
    base = ctx.workspace.base_tree
    blob = await ctx.recorder.put_blob(await ctx.workspace.diff(base, tree))
    since = await _since(ctx, tree, by_coder=author == "coder")
    same = [r for r in ctx.state.revisions if r.attempt == attempt]
    await ctx.recorder.append(
        AttemptProposed(
            attempt=attempt,
            revision=len(same) + 1,
            tree=tree,
            base_tree=base,
            patch=blob,
            author=author,
            report=report,
            left_out=left_out,
            change=change,
            since=since,
        ),
        author,
    )


async def _since(ctx: Context, tree: str, *, by_coder: bool) -> Since | None:
    """What the person, who knows an earlier revision, finds different in this one."""
    look = last_look(ctx.state) if by_coder else None
    before = look.revision if look is not None and look.kept is None else ctx.state.revision
    if look is not None and look.kept is not None:
        before = next(r for r in reversed(ctx.state.revisions) if r.patch == look.kept)
    if before is None or not before.tree:
        return None
    patch = await ctx.recorder.put_blob(await ctx.workspace.diff(before.tree, tree))
    return Since(attempt=before.attempt, revision=before.revision, tree=before.tree, patch=patch)


async def take_edit(ctx: Context, edit: EditFiles) -> bool:
    """Make the person's edit of the worktree's files their revision of the attempt.

    Returns:
        Whether anything was changed.
    """
    revision = ctx.state.revision
    if revision is None:
        return False
    if edit.files is not None:
        await ctx.workspace.reset(revision.tree)
        await ctx.workspace.write_files(
            {path: None if text is None else text.encode() for path, text in edit.files.items()}
        )
    tree = await ctx.workspace.snapshot()
    if tree == revision.tree:
        return False
    change = decode(await ctx.workspace.diff(revision.tree, tree))
    await propose(ctx, tree, attempt=revision.attempt, author="person", change=change)
    return True


async def go_back(ctx: Context, number: int) -> bool:
    """Make the tree of another revision of the attempt the person's revision in force.

    Returns:
        False if there is none of that number, or none with another tree.
    """
    revision = ctx.state.revision
    found = [r for r in ctx.state.revisions if revision and r.attempt == revision.attempt]
    target = next((r for r in found if r.revision == number), None)
    if revision is None or target is None or target.tree == revision.tree:
        return False
    change = decode(await ctx.workspace.diff(revision.tree, target.tree))
    await propose(ctx, target.tree, attempt=target.attempt, author="person", change=change)
    return True


async def unselect(ctx: Context) -> Selection:
    """Make the revision that a selection was made from the one in force again.

    Returns:
        The selection: what was left out; nothing where the revision in force is no selection.
    """
    revision, revisions = ctx.state.revision, ctx.state.revisions
    if revision is None or revision.left_out is None or len(revisions) < 2:
        return Selection()
    before = revisions[-2]
    if before.attempt != revision.attempt:
        return Selection()
    await propose(
        ctx,
        before.tree,
        attempt=before.attempt,
        author=before.author,
        left_out=before.left_out,
        change=before.change,
    )
    return revision.left_out


async def take_selection(ctx: Context, selection: Selection) -> bool:
    """Make what the person kept of the patch the revision in force.

    Returns:
        False if nothing is left of the change.
    """
    revision = ctx.state.revision
    if revision is None:
        return False
    patch = await current_patch(ctx)
    tree = await ctx.workspace.select(revision.base_tree, revision.tree, patch, selection)
    if tree == revision.base_tree:
        return False
    change = selection_text(patch, selection, ctx.state.waiting_comments)
    await propose(
        ctx,
        tree,
        attempt=revision.attempt,
        author="person",
        left_out=selection,
        change=change,
    )
    return True


async def current_patch(ctx: Context) -> Patch:
    """The patch of the revision in force, derived from its trees."""
    revision = ctx.state.revision
    if revision is None:
        return Patch()
    return parse_patch(await ctx.workspace.diff(revision.base_tree, revision.tree))
