"""Small pieces of HTML around texts from outside, which are escaped here."""

import html
from collections.abc import Iterable

from agent_tui.domain.text import visible, visible_lines

FINDING = {"open": "bad", "disputed": "warn", "fixed": "ok", "waived": "muted", "deferred": "muted"}
"""How a finding is coloured, by its status."""


def esc(text: str) -> str:
    """One line of text from outside, safe inside an element or a quoted attribute."""
    return html.escape(visible(text))


def block(text: str, css: str = "") -> str:
    """A text of several lines as a paragraph that keeps its line ends."""
    shown = html.escape(visible_lines(text.strip("\n")))
    return f'<p class="text {css}">{shown}</p>' if shown else ""


def span(text: str, css: str) -> str:
    """A coloured word."""
    return f'<span class="{css}">{esc(text)}</span>'


def heading(text: str, note: str = "") -> str:
    """A small heading inside a pane."""
    more = f" {span(note, 'note')}" if note else ""
    return f"<h3>{esc(text)}{more}</h3>"


def seconds(value: float) -> str:
    """A duration for people."""
    if value < 60:
        return f"{value:.1f}s" if value < 10 else f"{value:.0f}s"
    minutes, rest = divmod(int(value), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def bullets(texts: Iterable[str]) -> str:
    """A list of texts from outside."""
    return "<ul>" + "".join(f"<li>{esc(text)}</li>" for text in texts) + "</ul>"


def lines(text: str) -> str:
    """Lines from outside as they are, for a ``pre``."""
    return html.escape(visible_lines(text.strip("\n")))
