"""Where a repository keeps its decision records, and how the next one is called."""

import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from agent_tui.domain.document import Document

AGENTS = "AGENTS.md"
ADR_DIR = ".adr-dir"
"""The file in which adr-tools keep the folder of records."""

DEFAULT = "docs/decisions"
"""Where MADR itself keeps records (https://adr.github.io/madr/)."""

_USUAL = (
    "docs/decisions", "docs/adr", "docs/adrs", "doc/adr", "doc/adrs", "doc/decisions",
    "docs/architecture/decisions", "doc/architecture/decisions", "docs/architecture/adr",
    "docs/architecture-decisions", "docs/dev/adr", "architecture/decisions", "decisions", "adr",
    "adrs",
)  # fmt: skip
_RECORD = re.compile(r"(\d{2,5})[-_ ].+\.(md|markdown)", re.I)
_TEMPLATE = re.compile(r".*template.*\.(md|markdown)", re.I)
MAX_SLUG = 60


def agents_document() -> Document:
    """AGENTS.md at the top of the repository (https://agents.md)."""
    return Document(kind="agents-md", path=AGENTS)


def next_record(paths: Sequence[str], title: str, configured: str = "") -> Document:
    """The next decision record.

    Args:
        paths: All files of the repository.
        title: The record's title.
        configured: What ``.adr-dir`` says, as adr-tools write it.
    """
    folder = _folder(paths, configured)
    inside = [path for path in paths if posixpath.dirname(path) == folder]
    records = sorted(p for p in inside if _RECORD.fullmatch(posixpath.basename(p)))
    numbers = [posixpath.basename(p) for p in records]
    widths = Counter(len(_number(name)) for name in numbers)
    width = widths.most_common(1)[0][0] if widths else 4
    number = max((int(_number(name)) for name in numbers), default=0) + 1
    templates = [p for p in inside if _TEMPLATE.fullmatch(posixpath.basename(p))]
    others = [path for path in records if path not in templates]
    example = next(iter([*sorted(templates, key=len), *reversed(others)]), "")
    name = f"{number:0{width}d}-{slug(title)}.md"
    return Document(
        kind="adr", path=posixpath.join(folder, name), title=title.strip(), example=example
    )


def _number(name: str) -> str:
    found = _RECORD.fullmatch(name)
    return found[1] if found else "0"


def _folder(paths: Sequence[str], configured: str) -> str:
    wanted = posixpath.normpath(configured.strip().removeprefix("./")) if configured.strip() else ""
    if wanted and not wanted.startswith(("/", "..")) and "\n" not in wanted:
        return wanted
    counted = Counter(
        posixpath.dirname(path) for path in paths if _RECORD.fullmatch(posixpath.basename(path))
    )
    usual = [name for name in _USUAL if counted[name]]
    if usual:
        return max(usual, key=lambda name: counted[name])
    named = [f for f in counted if posixpath.basename(f).lower() in ("adr", "adrs", "decisions")]
    if named:
        return max(named, key=lambda name: (counted[name], -len(name)))
    folders = {posixpath.dirname(path) for path in paths}
    return next((name for name in _USUAL if name in folders), DEFAULT)


def slug(title: str) -> str:
    """A title as part of a file name: small letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return words[:MAX_SLUG].rstrip("-") or "decision"
