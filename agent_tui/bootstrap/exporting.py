"""Sessions that leave for other programs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_tui.bootstrap.environment import Options, load_configuration, redactor_of
from agent_tui.bootstrap.saved import find_saved
from agent_tui.bootstrap.whole_patches import with_binaries
from agent_tui.domain.events import Record
from agent_tui.domain.state import State
from agent_tui.sessions.exporters.export import Format, export
from agent_tui.sessions.exporters.prepare import ExportError, Prepared, prepare, removed_words
from agent_tui.sessions.store import ReadSession
from agent_tui.workspace.git import Git, Place


@dataclass(frozen=True, slots=True)
class Exported:
    """A session in another format.

    Attributes:
        removed: What was taken out of it, in a sentence; empty when nothing was.
        notes: What a reader of the file should know.
    """

    data: bytes
    session: str
    removed: str = ""
    notes: tuple[str, ...] = ()


def export_session(
    options: Options,
    name: str,
    format: Format,
    describe: Callable[[Record, State], str],
    *,
    keep_secrets: bool = False,
    screen: Callable[[Prepared], bytes] | None = None,
) -> Exported:
    """A session, or another agent's file, in another format.

    Args:
        name: As for :func:`agent_tui.bootstrap.saved.find_saved`.
        describe: What a record means, in a line or two.
        keep_secrets: Take nothing out.
        screen: Records the screen of a replay; without it, asciinema has lines of text.

    Raises:
        UsageError: If nothing has that name.
        LogError: If it cannot be read, or not be put in that form.
    """
    saved = find_saved(options, name)
    redactor = redactor_of(load_configuration(options, None).settings)
    prepared = prepare(saved.id, saved.records, saved.blob, redactor, keep_secrets=keep_secrets)
    incomplete: tuple[str, ...] = ()
    if format == "patch":
        prepared, incomplete = with_binaries(prepared, saved)
    if format == "asciinema" and screen is not None:
        data = screen(prepared)
    else:
        data = export(prepared, format, describe, lambda p: _bundle(p, saved))
    notes = [*saved.problems, *prepared.missing, *incomplete]
    if prepared.in_patches and format == "patch":
        notes.append("Secrets were taken out of the patch, so it does not apply as it is.")
    return Exported(data, saved.id, removed_words(prepared), tuple(notes))


def _bundle(prepared: Prepared, saved: ReadSession) -> bytes:
    """A git bundle: of the commit in its repository, or of what an import could rebuild."""
    if prepared.in_patches:
        raise ExportError(
            "the change holds what looks like secrets, and nothing can be taken out of a bundle; "
            "look with --format patch, and say --keep-secrets if they are none"
        )
    state = prepared.state
    if state.imported is not None:
        if state.imported.objects is None:
            raise ExportError("the source does not show any file whole; export the patch instead")
        return saved.blob(state.imported.objects)
    made = state.commit
    if made is None:
        raise ExportError("nothing was committed in this session; export the patch instead")
    git, at = Git(), Place(Path(prepared.started.repo.root))
    found = git.line("rev-parse", "--verify", "--quiet", f"{made.ref}^{{commit}}", at=at, ok=(0, 1))
    if found != made.commit:
        raise ExportError(
            f"{made.ref} is not at {made.commit[:12]} any more; export the patch instead"
        )
    parent = prepared.started.repo.commit
    without = (f"^{parent}",) if parent else ()
    return git.run("bundle", "create", "--quiet", "-", made.ref, *without, at=at)
