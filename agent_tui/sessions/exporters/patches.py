"""The change as a patch that ``git apply`` takes."""

from agent_tui.domain.text import one_line, visible_lines
from agent_tui.sessions.exporters.prepare import ExportError, Prepared, removed_words


def export_patch(prepared: Prepared) -> bytes:
    """The revision in force; of an imported session the changes of all turns, in their order.

    What stands above the first diff is for people: ``git apply`` passes over it.

    Raises:
        ExportError: If there is no change, or its patch is not there.
    """
    started = prepared.started
    state = prepared.state
    revisions = state.revisions if started.source is not None else state.revisions[-1:]
    if not revisions:
        raise ExportError(f"session {prepared.id} has no change yet; there is no patch to export")
    if prepared.missing:
        raise ExportError(prepared.missing[0])
    subject = state.message or (state.spec.spec.title if state.spec else started.request)
    head = [visible_lines(subject).strip(), "", f"Agent-Tui-Session: {one_line(prepared.id)}"]
    if started.source is not None:
        head.append(f"Recorded-by: {one_line(str(started.source))}")
    if state.commit is not None:
        head.append(f"Agent-Tui-Tree: {one_line(state.commit.tree)}")
    for revision in revisions:
        head += [f"Not-known: {one_line(note, 300)}" for note in revision.notes]
    if prepared.in_patches:
        head.append(f"Redacted: {removed_words(prepared)}; this patch does not apply as it is")
    # No line of the head may look like the beginning of a diff.
    text = "\n".join(f" {line}" if line[:2] in ("di", "--", "@@") else line for line in head)
    body = b"".join(prepared.patches[revision.patch.digest] for revision in revisions)
    return text.encode("utf-8", "replace") + b"\n---\n\n" + body
