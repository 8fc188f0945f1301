"""The formats by name, and what each makes of a session."""

from collections.abc import Callable
from typing import Literal, get_args

from agent_tui.domain import events as e
from agent_tui.domain.state import State
from agent_tui.sessions.exporters.asciinema import export_asciinema
from agent_tui.sessions.exporters.atif import export_atif
from agent_tui.sessions.exporters.html import export_html
from agent_tui.sessions.exporters.markdown import export_markdown
from agent_tui.sessions.exporters.otlp import export_otlp
from agent_tui.sessions.exporters.patches import export_patch
from agent_tui.sessions.exporters.prepare import Prepared

Format = Literal["html", "markdown", "patch", "bundle", "atif", "asciinema", "otlp"]
FORMATS: tuple[Format, ...] = get_args(Format)
SUFFIX: dict[Format, str] = {
    "html": ".html",
    "markdown": ".md",
    "patch": ".patch",
    "bundle": ".bundle",
    "atif": ".atif.json",
    "asciinema": ".cast",
    "otlp": ".otlp.json",
}


def export(
    prepared: Prepared,
    format: Format,
    describe: Callable[[e.Record, State], str],
    bundle: Callable[[Prepared], bytes],
) -> bytes:
    """A session in another format.

    Args:
        describe: What a record means, in a line or two.
        bundle: Makes a git bundle, which needs git.

    Raises:
        ExportError: If the session cannot be put in that form.
    """
    makers: dict[Format, Callable[[], bytes]] = {
        "html": lambda: export_html(prepared, describe),
        "markdown": lambda: export_markdown(prepared),
        "patch": lambda: export_patch(prepared),
        "bundle": lambda: bundle(prepared),
        "atif": lambda: export_atif(prepared, describe),
        "asciinema": lambda: export_asciinema(prepared, describe),
        "otlp": lambda: export_otlp(prepared),
    }
    return makers[format]()
