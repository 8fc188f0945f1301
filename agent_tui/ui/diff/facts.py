"""What there is to say about a file besides its lines: modes, kinds, sizes, line ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len

from agent_tui.domain.patch import FilePatch, Line
from agent_tui.domain.text import visible
from agent_tui.ui.diff.model import Tone
from agent_tui.ui.diff.text import graphemes

_KINDS = {"120": "symbolic link", "160": "submodule", "100": "file", "040": "folder"}
_MODES = {"100755": "executable", "100644": "not executable"}
_BOM = b"\xef\xbb\xbf"
_SIGNATURES = (
    (b"\x89PNG\r\n", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF8", "GIF image"),
    (b"RIFF", "RIFF container"),
    (b"%PDF", "PDF document"),
    (b"PK\x03\x04", "ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x7fELF", "ELF binary"),
    (b"SQLite format 3", "SQLite database"),
    (b"wOFF", "web font"),
    (b"wOF2", "web font"),
    (b"\x00\x00\x01\x00", "icon"),
)


class Detail(NamedTuple):
    """A line under a file's head.

    Attributes:
        about: ``mode``, ``move``, ``original`` (its old name), ``end`` (of the last line),
            ``kind``, ``content`` or ``ends``.
    """

    about: str
    text: str
    tone: Tone = "warn"


def details(file: FilePatch) -> list[Detail]:
    """What the patch itself says."""
    result: list[Detail] = []
    old, new = file.old_mode, file.new_mode
    if old and new and old[:3] != new[:3]:
        result.append(Detail("kind", f"{_kind(old)} becomes {_kind(new)}"))
    elif file.mode_changed:
        word = _MODES.get(new or "", "")
        result.append(Detail("mode", f"mode {old} → {new}" + (f": now {word}" if word else "")))
    else:
        mode = new or old or ""
        if mode[:3] in ("120", "160"):
            result.append(Detail("kind", _kind(mode), "muted"))
        elif mode == "100755" and file.status == "added":
            result.append(Detail("kind", "executable", "muted"))
    if file.status == "renamed" and file.old_path:
        result.append(Detail("move", f"moved from {visible(file.old_path)}"))
        result.append(Detail("original", f"{visible(file.old_path)} is removed"))
    elif file.status == "copied" and file.old_path:
        result.append(Detail("kind", f"copied from {visible(file.old_path)}", "muted"))
    if file.binary:
        result.append(Detail("content", "binary: no lines to show"))
    elif not file.hunks:
        text = {
            "added": "empty file",
            "deleted": "was empty",
            "renamed": "content unchanged",
            "copied": "content unchanged",
        }.get(file.status)
        if text:
            result.append(Detail("content", text, "muted"))
    elif (old or new or "")[:3] == "100":
        result += _ends(file)
        result += _last_end(file)
    return result


def _kind(mode: str) -> str:
    return _KINDS.get(mode[:3], f"mode {mode}")


def _ends(file: FilePatch) -> list[Detail]:
    """Changes that the lines themselves hardly show: a byte order mark, and line ends."""
    result: list[Detail] = []
    hunk = file.hunks[0]
    if hunk.size <= 20_000 and (_BOM in hunk.body[:100_000]):
        first = [line for line in hunk.lines if line.data.startswith(_BOM)]
        kinds = {line.kind for line in first}
        if kinds in ({"+"}, {"-"}):
            word = "added" if kinds == {"+"} else "removed"
            result.append(Detail("ends", f"byte order mark {word}"))
    if not any(b"\r\n" in hunk.body for hunk in file.hunks[:8]):
        return result
    old = _style(line for hunk in file.hunks[:8] for line in hunk.lines if line.kind != "+")
    new = _style(line for hunk in file.hunks[:8] for line in hunk.lines if line.kind != "-")
    if old and new and old != new:
        result.append(Detail("ends", f"line ends: {old} → {new}"))
    elif new == "mixed":
        result.append(Detail("ends", "line ends: mixed"))
    return result


def _last_end(file: FilePatch) -> list[Detail]:
    """Whether the last line loses its end, or gets one."""
    hunk = file.hunks[-1]
    if file.status in ("added", "deleted") or hunk.size > 20_000 or b"\n\\ " not in hunk.body:
        return []
    without = {line.kind for line in hunk.lines if not line.ends}
    if without not in ({"+"}, {"-"}):
        return []
    word = "no line end any more" if without == {"+"} else "a line end now"
    return [Detail("end", f"last line: {word}")]


def _style(lines: Iterable[Line]) -> str:
    returns = plain = 0
    for line in lines:
        if line.ends:
            if line.data.endswith(b"\r"):
                returns += 1
            else:
                plain += 1
    if returns and plain:
        return "mixed"
    return "CRLF" if returns else "LF" if plain else ""


def size(count: int) -> str:
    """A number of bytes for people."""
    if count < 1000:
        return f"{count} B"
    value = count / 1000
    for unit in ("kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.1f} {unit}"
        value /= 1000
    return f"{count} B"


def kind_of(data: bytes) -> str:
    """What a binary file is, by its first bytes."""
    return next((name for start, name in _SIGNATURES if data.startswith(start)), "binary file")


def binary_facts(old: bytes | None, new: bytes | None) -> tuple[Detail, ...]:
    """What the two contents of a binary file say."""
    sides = [f"{kind_of(data)}, {size(len(data))}" for data in (old, new) if data is not None]
    return (Detail("content", " → ".join(sides)),) if sides else ()


def file_name(file: FilePatch, room: int) -> str:
    """A file's name, safe to show, with the old one where it was renamed or copied.

    Args:
        room: Cells for it. What does not fit is cut at the left, as the end tells more.
    """
    name = visible(file.path)
    if not file.old_path:
        return cut_left(name, room)
    before, arrow = visible(file.old_path), " → "
    room -= len(arrow)
    half = room // 2
    after = cut_left(name, max(half, room - cell_len(before)))
    return cut_left(before, room - cell_len(after)) + arrow + after


def cut_left(path: str, room: int) -> str:
    """The end of a path, from a folder's beginning where that leaves enough of it."""
    if cell_len(path) <= room:
        return path
    at, used = len(path), 1
    for begin, width in reversed(list(graphemes(path))):
        used += width
        if used > room:
            break
        at = begin
    folder = path.find("/", at, at + room // 2)
    return "…" + path[at if folder < 0 else folder :]
