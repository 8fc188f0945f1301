"""Lines that give up whole parts where they do not fit, instead of being cut within a word."""

from textual.content import Content

SEAM = "\x1f"
"""Stands between the sentences of a line whose last ones may be left out. What comes from outside
never holds it: :func:`~agent_tui.domain.text.one_line` shows control characters."""
GAP = "  "
"""Stands between the keys of a line."""
MORE = ("…", "$muted")


def fit_sentences(line: Content, width: int) -> Content:
    """A line with as many of its sentences as fit, in order; an ellipsis says that there is more.

    The first one stays in any case.

    Args:
        width: Cells.
    """
    sentences = line.split(SEAM)
    whole = Content(" ").join(sentences)
    kept = len(sentences)
    while kept > 1 and whole.cell_length > width:
        kept -= 1
        whole = Content.assemble(Content(" ").join(sentences[:kept]), " ", MORE)
    return whole


def fit_keys(line: Content, width: int) -> Content:
    """A line with as many keys as fit; the last one, which shows all of them, always stays.

    Args:
        width: Cells.
    """
    keys = [key for key in line.split(GAP) if key]
    whole = Content(GAP).join(keys)
    shown = len(keys) - 1
    while shown > 0 and whole.cell_length > width:
        shown -= 1
        whole = Content(GAP).join([*keys[:shown], Content.styled(*MORE), keys[-1]])
    return whole
