"""What a source tells of files: states that are known whole, and hunks where they are not."""

import difflib
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from agent_tui.domain.text import one_line
from agent_tui.sessions.importers.sparse import (
    DoesNotFit,
    SparseFile,
    hunks_of,
    render,
    split_lines,
)

MAX_PATH = 4096
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Content = bytes | None
"""A file's bytes, or None where there is no file."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one turn did to files.

    Attributes:
        whole: Path → content before and after, for files that are known whole.
        patches: Diffs of the other files, as far as the source shows them, in git's form.
        notes: What is not known of them, one sentence each.
    """

    whole: dict[str, tuple[Content, Content]] = field(default_factory=dict)
    patches: tuple[bytes, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.whole or self.patches)


def safe_path(path: str, folder: str) -> str | None:
    """A path relative to the session's folder, or None if it is not one below it.

    Args:
        path: As the source has it, absolute or relative.
        folder: The folder that the agent worked in; when the source does not say, paths are taken
            from the top of its disk.
    """
    if _DRIVE.match(path) or _DRIVE.match(folder):
        path, folder = path.replace("\\", "/"), folder.replace("\\", "/")
    if not path or len(path) > MAX_PATH or _CONTROL.search(path):
        return None
    if path.startswith("/") or _DRIVE.match(path):
        base = folder.rstrip("/") + "/" if folder else path[: path.index("/") + 1]
        if not path.startswith(base):
            return None
        path = path[len(base) :]
    parts = PurePosixPath(path).parts
    if not parts or any(p in ("..", "/") or p.lower() == ".git" for p in parts):
        return None
    try:
        path.encode()
    except UnicodeEncodeError:
        return None
    return "/".join(parts)


class FileTracker:
    """Follows the files of a session from edit to edit, and gives each turn's change.

    Attributes:
        folder: The folder that the agent worked in, as the source says.
    """

    def __init__(self) -> None:
        self.folder = ""
        self._whole: dict[str, Content] = {}
        self._sparse: dict[str, SparseFile] = {}
        self._before: dict[str, Content] = {}
        self._shown: dict[str, SparseFile] = {}
        self._loose: dict[str, list[bytes]] = {}
        self._moved: dict[str, str] = {}
        self._notes: dict[str, None] = {}

    def saw(self, path: str, content: str) -> None:
        """The source shows a file's whole content, which counts where nothing is known yet."""
        name = safe_path(path, self.folder)
        if name is not None and name not in self._whole and name not in self._shown:
            self._whole[name] = encode(content)

    def content(self, path: str) -> Content:
        """A file's present content, as far as it is known whole."""
        name = safe_path(path, self.folder)
        return self._whole.get(name) if name is not None else None

    def wrote(self, path: str, before: str | None, after: str | None) -> bool:
        """A file was written, or deleted, and its content before is known (None: there was none).

        Returns:
            Whether the path is one below the session's folder.
        """
        name = self._name(path)
        if name is None:
            return False
        self._note_drift(name, before)
        self._set(name, _bytes(before), _bytes(after))
        return True

    def overwrote(self, path: str, after: str) -> bool:
        """A file was written whole, and the source does not say what was there before."""
        name = self._name(path)
        if name is None:
            return False
        if name not in self._whole:
            self._note(f"whether {name} was there before, and what it held")
        self._set(name, self._whole.get(name), encode(after))
        return True

    def replaced(
        self, path: str, old: str, new: str, *, everywhere: bool = False, before: str | None = None
    ) -> bool:
        """A text in a file was replaced by another.

        Args:
            everywhere: All places where it stands, not only the first.
            before: The file's whole content before, where the source has it.
        """
        name = self._name(path)
        if name is None:
            return False
        if before is not None:
            self._note_drift(name, before)
            self._whole[name] = encode(before) if name not in self._before else self._whole[name]
            start = encode(before)
        else:
            start = self._whole.get(name) or b""
        known = before is not None or name in self._whole
        if not old and known and not start:
            self._set(name, start if before is not None else None, encode(new))
        elif known and old and encode(old) in start:
            after = start.replace(encode(old), encode(new), -1 if everywhere else 1)
            self._set(name, start, after)
        elif not old and not known:
            self.overwrote(path, new)
        else:
            if known:
                self._note(f"{name} as it was: the source's edit does not fit what it showed")
            self._fragment(name, old, new)
        return True

    def patched(self, path: str, diff: str, moved_to: str = "") -> bool:
        """Hunks of a unified diff were applied to a file.

        Raises:
            ValueError: If the diff has a hunk that is cut short.
        """
        name = self._name(path)
        if name is None:
            return False
        hunks = hunks_of(diff)
        start = self._whole.get(name)
        file = SparseFile.of(start) if start is not None else self._sparse_of(name)
        try:
            file.apply(hunks)
        except DoesNotFit:
            self._note(f"{name} as it was: the source's hunks do not fit what it showed before")
            for hunk in hunks:
                self._loose.setdefault(name, []).append(render(list(hunk.lines), 0, 0, "apart"))
            self._forget(name)
            return True
        whole = file.whole
        if start is not None and whole is not None:
            self._set(name, start, whole)
        target = safe_path(moved_to, self.folder) if moved_to else None
        if target is not None and target != name:
            self._move(name, target)
        return True

    def turn(self) -> Change:
        """What changed since the last call."""
        whole = {
            name: (before, self._whole[name])
            for name, before in self._before.items()
            if name in self._whole and before != self._whole[name]
        }
        patches = []
        notes = dict(self._notes)
        hunks_alone = []
        for name, file in self._shown.items():
            diff = file.diff()
            source = next((a for a, b in self._moved.items() if b == name), name)
            if diff or source != name:
                patches.append(_header(source, name) + diff)
                hunks_alone.append(name)
            file.rebase()
        for name, hunks in self._loose.items():
            patches.append(_header(name, name) + b"".join(hunks))
        if hunks_alone:
            some = ", ".join(hunks_alone[:5]) + (", …" if len(hunks_alone) > 5 else "")
            notes[f"what stands outside of the hunks of {some}: the source shows no more"] = None
        self._before, self._shown, self._loose = {}, {}, {}
        self._moved, self._notes = {}, {}
        return Change(whole, tuple(patches), tuple(notes))

    def _name(self, path: str) -> str | None:
        name = safe_path(path, self.folder)
        if name is None:
            self._note(f"{one_line(path, 200)}: it is not in the session's folder, and left out")
        return name

    def _note(self, text: str) -> None:
        self._notes[text] = None

    def _note_drift(self, name: str, before: str | None) -> None:
        known = self._whole.get(name)
        if known is not None and before is not None and known != encode(before):
            self._note(f"who changed {name} between two edits of the agent; it is in this diff")

    def _set(self, name: str, before: Content, after: Content) -> None:
        if name not in self._before:
            self._before[name] = self._whole.get(name, before)
        self._whole[name] = after
        self._sparse.pop(name, None)
        self._shown.pop(name, None)

    def _sparse_of(self, name: str) -> SparseFile:
        file = self._sparse.setdefault(name, SparseFile())
        self._shown.setdefault(name, file)
        return file

    def _forget(self, name: str) -> None:
        for states in (self._whole, self._before, self._sparse, self._shown):
            states.pop(name, None)

    def _move(self, name: str, target: str) -> None:
        if name in self._whole:
            content = self._whole[name]
            self._set(name, content, None)
            self._set(target, None, content)
        elif name in self._sparse:
            self._sparse[target] = self._sparse.pop(name)
            self._shown.pop(name, None)
            self._shown[target] = self._sparse[target]
            self._moved[name] = target

    def _fragment(self, name: str, old: str, new: str) -> None:
        """A replacement whose place nobody knows: its lines, and no line numbers."""
        before, after = split_lines(encode(old)), split_lines(encode(new))
        signed: list[tuple[str, bytes]] = []
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        for kind, a, b, c, d in matcher.get_opcodes():
            if kind == "equal":
                signed += [(" ", line) for line in before[a:b]]
                continue
            signed += [("-", line) for line in before[a:b]] + [("+", line) for line in after[c:d]]
        signed = [(sign, line if line.endswith(b"\n") else line + b"\n") for sign, line in signed]
        if any(sign != " " for sign, _ in signed):
            self._note(f"where in {name} this stands: the source gives no line numbers")
            self._loose.setdefault(name, []).append(render(signed, 0, 0, "place not known"))
        self._forget(name)


def encode(content: str) -> bytes:
    """A text's bytes; a lone surrogate, which no file can hold, becomes ``?``."""
    try:
        return content.encode()
    except UnicodeEncodeError:
        return content.encode("utf-8", "replace")


def _bytes(content: str | None) -> Content:
    return None if content is None else encode(content)


def _quoted(name: str) -> bytes:
    raw = name.encode()
    if b'"' in raw or b"\\" in raw:
        return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return raw + b"\t" if b" " in raw else raw


def _header(old: str, new: str) -> bytes:
    a, b = _quoted(f"a/{old}"), _quoted(f"b/{new}")
    head = b"diff --git " + a.rstrip(b"\t") + b" " + b.rstrip(b"\t") + b"\n"
    if old != new:
        moved = b"rename from " + _quoted(old).rstrip(b"\t") + b"\n"
        head += moved + b"rename to " + _quoted(new).rstrip(b"\t") + b"\n"
    return head + b"--- " + a + b"\n+++ " + b + b"\n"
