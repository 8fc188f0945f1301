"""What is left of a crash: a file for a report, without secrets, and one sentence."""

import os
import platform
import secrets
import time
import traceback
from pathlib import Path

from agent_tui import __version__
from agent_tui.config import paths
from agent_tui.domain.text import one_line, visible_lines
from agent_tui.sessions.redact import Redactor
from agent_tui.workspace.keys import model_keys


def report(error: BaseException, hint: str = "") -> str:
    """Write a report on an error that nobody expected.

    It holds the traceback without the values of variables, and versions: no text of a session but
    what stands in the error's own message, no arguments, no environment. Known secrets are taken
    out, and controls are visible.

    Args:
        error: The error.
        hint: A sentence on how to go on.

    Returns:
        The sentences to print.
    """
    text = _text(error)
    kind = type(error).__name__
    try:
        file = _write(text)
    except OSError:
        return f"{text}\nagent-tui: it failed ({kind}), and its report is above. {hint}".rstrip()
    where = one_line(str(file), 1000)
    return f"agent-tui: it failed ({kind}). A report is in {where}. {hint}".rstrip()


def _text(error: BaseException) -> str:
    lines = [
        f"agent-tui {__version__}, Python {platform.python_version()}, {platform.platform()}",
        time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "",
        "".join(traceback.format_exception(error)),
    ]
    return visible_lines(Redactor(os.environ, model_keys()).text("\n".join(lines)))


def _write(text: str) -> Path:
    folder = paths.crashes_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}.txt"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(folder / name, flags, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return folder / name
