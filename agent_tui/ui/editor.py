"""The person's own editor, in the same terminal, while the loop waits at a gate."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from textual.app import App, SuspendNotSupported

from agent_tui.workspace.keys import model_keys


class EditorError(Exception):
    """The editor could not be run; the text says why."""


def editor_command(configured: Sequence[str]) -> list[str]:
    """The configured command, else ``$VISUAL``, else ``$EDITOR``.

    Raises:
        EditorError: If there is none, or it is not installed.
    """
    words = list(configured) or shlex.split(
        os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    )
    if not words:
        raise EditorError("Set $VISUAL or $EDITOR, or editor.command in the configuration.")
    if shutil.which(words[0]) is None:
        raise EditorError(f"The editor {words[0]!r} was not found.")
    return words


def edit_file(app: App[None], command: Sequence[str], path: Path, line: int = 1) -> None:
    """Let the person edit a file; returns when the editor has ended.

    Raises:
        EditorError: If the editor fails, or this terminal cannot be handed over.
    """
    words = [*command, str(path)]
    if Path(command[0]).name in ("vi", "vim", "nvim", "nano", "emacs", "micro"):
        words.insert(-1, f"+{max(1, line)}")
    try:
        with app.suspend():
            status = _run(words)
    except SuspendNotSupported as error:
        raise EditorError("This terminal cannot be handed to an editor; edit with e.") from error
    except OSError as error:
        raise EditorError(f"The editor could not be started: {error.strerror}.") from error
    if status != 0:
        raise EditorError(f"The editor ended with status {status}; nothing was changed.")


def _run(words: Sequence[str]) -> int:
    """Run a program in the foreground; its exit status.

    One that stops itself alone takes us with it, as a shell expects of a job: nobody could go on
    with it otherwise. Most stop their whole process group, and us in it, by themselves.
    """
    process = subprocess.Popen(words, env=_environment())
    while True:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode
        since = os.waitpid(process.pid, os.WCONTINUED | os.WNOHANG)[0]
        if since != process.pid:  # it has not been continued meanwhile, together with us
            handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTSTP)  # has no effect where no shell could continue us
            signal.signal(signal.SIGTSTP, handler)
            os.kill(process.pid, signal.SIGCONT)


def _environment() -> dict[str, str]:
    keys = model_keys()
    return {name: value for name, value in os.environ.items() if name not in keys}


def edit_text(app: App[None], command: Sequence[str], text: str, name: str) -> str:
    """Let the person edit a text in a private temporary file.

    Raises:
        EditorError: If the editor fails, or leaves a text that is not UTF-8.
    """
    with tempfile.TemporaryDirectory(prefix="agent-tui-edit-") as folder:
        path = Path(folder) / name
        path.write_text(text, encoding="utf-8", newline="")
        edit_file(app, command, path)
        try:
            return path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise EditorError("The edited text is not UTF-8; nothing was changed.") from error
