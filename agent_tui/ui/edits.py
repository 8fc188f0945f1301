"""Editing what a gate asks about: in a dialog, or in the person's own editor."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from textual.app import App

from agent_tui.bootstrap.live import LiveSession
from agent_tui.domain.base import ModelRef
from agent_tui.domain.decision import (
    ChangeModel,
    EditDeploy,
    EditFiles,
    EditMessage,
    EditSpec,
    Gate,
)
from agent_tui.domain.patch import Hunk
from agent_tui.domain.text import one_line, visible
from agent_tui.engine.spec_text import SpecTextError, spec_from_text, spec_to_text
from agent_tui.ui.diff import DiffView
from agent_tui.ui.editor import EditorError, edit_file, edit_text, editor_command
from agent_tui.ui.live_controller import LiveController
from agent_tui.ui.offers import failed_role
from agent_tui.ui.render.given import given_of
from agent_tui.ui.screens.model import ModelDialog
from agent_tui.ui.screens.writing import EditDialog

_NO_LINE_END = re.compile("[\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029]|\\r(?!\\n)")
"""Characters in a text that the dialog would take for line ends, and write as such."""


class Edits:
    """Opens the right editor for the gate that waits, and gives the result as an answer.

    Args:
        app: The application, which hands over the terminal.
        session: The session.
        controller: Takes the answer.
        command: The configured editor.
    """

    def __init__(
        self,
        app: App[None],
        session: LiveSession,
        controller: LiveController,
        command: Sequence[str],
    ) -> None:
        self._app = app
        self._session = session
        self._controller = controller
        self._command = command

    async def edit(self, outside: bool) -> None:
        """Edit what the gate asks about.

        Args:
            outside: In the person's own editor.
        """
        gate = self._controller.state.gate
        if gate is None:
            return
        try:
            if gate.kind == "spec":
                self._spec(gate, outside)
            elif gate.kind == "message":
                self._message(gate, outside)
            elif gate.kind == "deploy":
                self._deploy(gate, outside)
            elif gate.kind == "fault":
                self._model(gate)
            else:
                await self._file(gate, outside)
        except EditorError as error:
            self._controller.tell(str(error), "error")

    # -- spec and message --------------------------------------------------------------------

    def _spec(self, gate: Gate, outside: bool) -> None:
        state = self._controller.state
        if state.spec is None:
            return
        before = state.spec.spec
        used = {c.id for version in state.specs for c in version.spec.criteria}

        def problem(text: str) -> str:
            try:
                spec_from_text(text, used)
            except SpecTextError as error:
                return visible(str(error))
            return ""

        def done(text: str | None) -> None:
            if text is None:
                return
            spec = spec_from_text(text, used)
            if spec == before:
                self._controller.tell("The spec is unchanged.")
            else:
                self._controller.answer(gate.id, EditSpec(spec=spec))

        text = spec_to_text(before)
        if outside:
            text = edit_text(self._app, editor_command(self._command), text, "spec.md")
            if not problem(text):
                done(text)
                return
            # What was written is not lost: it goes on in the dialog, which says what is wrong.
        dialog = EditDialog(
            "Edit the spec",
            text,
            check=problem,
            soft_wrap=True,
            draft=self._controller.draft(gate.id, "spec"),
        )
        self._app.push_screen(dialog, done)

    def _message(self, gate: Gate, outside: bool) -> None:
        before = self._controller.state.message

        def done(text: str | None) -> None:
            if text is None:
                return
            if text.strip() == before.strip():
                self._controller.tell("The message is unchanged.")
            else:
                self._controller.answer(gate.id, EditMessage(message=text.strip()))

        def problem(text: str) -> str:
            return "" if text.strip() else "A commit needs a message."

        if outside:
            command = editor_command(self._command)
            text = edit_text(self._app, command, before + "\n", "COMMIT_EDITMSG")
            if problem(text):
                raise EditorError(problem(text))
            done(text)
            return
        draft = self._controller.draft(gate.id, "message")
        dialog = EditDialog("Edit the commit message", before, check=problem, draft=draft)
        self._app.push_screen(dialog, done)

    def _deploy(self, gate: Gate, outside: bool) -> None:
        before = shlex.join(self._controller.state.deploy_command)
        draft = self._controller.draft(gate.id, "deploy")

        def problem(text: str) -> str:
            try:
                return "" if shlex.split(text) else "Write a command, or skip with r."
            except ValueError as error:
                return f"The command cannot be split into words: {error}."

        def done(text: str | None) -> None:
            if text is not None and text.strip() != before:
                command = tuple(shlex.split(text))
                self._controller.answer(gate.id, EditDeploy(command=command))
                draft.save("")

        if outside:
            text = edit_text(self._app, editor_command(self._command), before + "\n", "deploy.txt")
            if problem(text):
                raise EditorError(problem(text))
            done(text)
            return
        title = "Edit the deploy command (words as a shell splits them; no shell takes part)"
        self._app.push_screen(EditDialog(title, before, check=problem, draft=draft), done)

    # -- model -------------------------------------------------------------------------------

    def _model(self, gate: Gate) -> None:
        state = self._controller.state
        role = failed_role(state)
        if role is None:
            return
        present = state.roles.get(role)
        others = {
            visible(str(ref)): why
            for ref, why in self._session.other_models().items()
            if ref != present
        }

        async def problem(text: str) -> str:
            ref = model_named(text)
            if ref is None:
                return "Write it as provider:model, for example local:gpt-oss:20b."
            return visible(await self._session.check_model(ref))

        def done(text: str | None) -> None:
            ref = model_named(text or "")
            if ref is not None:
                self._controller.answer(gate.id, ChangeModel(role=role, model=ref))

        title = f"Another model for the {role}, in place of {visible(str(present))}"
        self._app.push_screen(ModelDialog(title, others, problem), done)

    # -- files -------------------------------------------------------------------------------

    def _place(self) -> tuple[str, int] | None:
        """The file and line at the cursor, or the first file of the patch."""
        view, patch = self._controller.view, self._controller.presenter.patch
        place = view.place if isinstance(view, DiffView) else None
        if place is not None and place.file is not None:
            start = place.hunk.new_start if place.hunk is not None else 1
            return place.path, place.new_line or start
        return (patch.files[0].path, 1) if patch.files else None

    async def _file(self, gate: Gate, outside: bool) -> None:
        place = self._place()
        if place is None:
            raise EditorError("There is no file to edit.")
        path, line = place
        data = await self._session.read_file(path)
        if data is None:
            raise EditorError(
                f"{one_line(path)} is deleted in this attempt; drop the deletion first."
            )
        if outside:
            await self._file_outside(gate, path, line)
            return
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text or (b"\r\n" in data and data.count(b"\r\n") != data.count(b"\n")):
            raise EditorError(f"{one_line(path)} is not plain UTF-8 text; edit it with E.")
        hunk = self._hunk()
        before, piece, after = _around(text.replace("\r\n", "\n"), hunk)
        if found := _NO_LINE_END.search(piece):
            what = visible(found[0])
            raise EditorError(f"{one_line(path)} has {what} here, which only E would keep.")
        ends = "\r\n" if b"\r\n" in data else "\n"

        def done(edited: str | None) -> None:
            if edited is None:
                return
            whole = edited.replace("\r\n", "\n").replace("\n", ends)
            if whole == text:
                self._controller.tell("The file is unchanged.")
            else:
                self._controller.answer(
                    gate.id, EditFiles(files={path: whole}, seen=self._controller.seen())
                )

        given = given_of(self._controller.state) is not None
        whose = "the change" if given else "the attempt"
        title = f"Edit {visible(path)} (your own revision of {whose})"
        if hunk is not None:
            title = title.replace("Edit ", f"Edit the hunk at line {hunk.new_start} of ", 1)
            draft = self._controller.draft(gate.id, f"file {path} from line {hunk.new_start}")
            dialog = EditDialog(title, piece, numbered_from=max(1, hunk.new_start), draft=draft)

            def join(edited: str | None) -> None:
                if edited is not None:
                    middle = edited if not edited or edited.endswith("\n") else edited + "\n"
                    ended = piece.endswith("\n") or bool(after)
                    done(before + (middle if ended else edited) + after)

            self._app.push_screen(dialog, join)
            return
        draft = self._controller.draft(gate.id, f"file {path}")
        self._app.push_screen(EditDialog(title, piece, line=line, draft=draft), done)

    def _hunk(self) -> Hunk | None:
        """The hunk whose head the cursor is on: it is edited by itself, in place."""
        view = self._controller.view
        place = view.place if isinstance(view, DiffView) else None
        return place.hunk if place is not None and place.kind == "hunk" else None

    async def _file_outside(self, gate: Gate, path: str, line: int) -> None:
        command = editor_command(self._command)
        await self._session.restore_worktree()
        root = self._session.worktree.resolve()
        target = root / path
        if not _is_plain_file(root, target):
            raise EditorError(f"{one_line(path)} is not a plain file of the worktree.")
        before = target.read_bytes()
        edit_file(self._app, command, target, line)
        if _is_plain_file(root, target) and target.read_bytes() == before:
            self._controller.tell("The file is unchanged.")
        # The editor can open other files, too.
        self._controller.answer(gate.id, EditFiles(files=None, seen=self._controller.seen()))


def _around(text: str, hunk: Hunk | None) -> tuple[str, str, str]:
    """The new file cut into what is above a hunk, the hunk's lines, and what is below.

    Without a hunk all of it is in the middle.
    """
    if hunk is None:
        return "", text, ""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)  # as git counts lines
    start = hunk.new_start - 1 if hunk.new_count else hunk.new_start
    end = start + hunk.new_count
    return "".join(lines[:start]), "".join(lines[start:end]), "".join(lines[end:])


def model_named(text: str) -> ModelRef | None:
    """A model as a person writes it, or None."""
    provider, colon, model = text.strip().partition(":")
    return ModelRef(provider=provider, model=model) if provider and colon and model else None


def _is_plain_file(root: Path, target: Path) -> bool:
    """Whether no link leads away from the worktree."""
    return target.is_file() and target.resolve() == target and target.is_relative_to(root)
