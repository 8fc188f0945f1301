"""Unified diffs, also those whose counts, numbers, fences or blank lines are wrong."""

import re
from dataclasses import dataclass, field

from agent_tui.domain.edits import EditFormatError
from agent_tui.domain.patch import PatchError, path_from_bytes, path_to_bytes
from agent_tui.domain.text import decode
from agent_tui.workspace.edits.markup import fenced
from agent_tui.workspace.edits.model import Change, FileChange, Hunk, Kind, Op

_HEADER = re.compile(rb"^@@+ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@+(.*)$")
_PREFIXES = ((b"a/", b"b/"), (b"i/", b"w/"), (b"c/", b"i/"), (b"c/", b"w/"), (b"o/", b"w/"))
_EXTENDED = (
    b"index ", b"old mode ", b"new mode ", b"new file mode ", b"deleted file mode ",
    b"similarity index ", b"dissimilarity index ", b"rename from ", b"rename to ",
    b"copy from ", b"copy to ", b"Index: ", b"=====",
)  # fmt: skip
_MODES = (b"100644", b"100755")
_MAIL_END = re.compile(rb"^-- ?$")


def is_diff(lines: list[bytes]) -> bool:
    """Whether the text holds a diff."""
    return any(
        line.startswith(b"diff --git ") or _HEADER.match(line) or _is_names(lines, number)
        for number, line in enumerate(lines)
    )


def parse(lines: list[bytes]) -> list[FileChange]:
    """The changes, one for each file of the diff.

    Raises:
        EditFormatError: If there is no diff.
    """
    blocks = [block for block in fenced(lines) if is_diff(block.lines)]
    if not blocks:
        return _Reader(lines, fence=False, cut=True).read()
    changes: list[FileChange] = []
    for block in blocks:
        changes += _Reader(block.lines, fence=True, cut=not block.closed).read()
    return changes


def _is_names(lines: list[bytes], at: int) -> bool:
    """Whether the two lines from *at* on name the old and the new file."""
    return (
        at + 1 < len(lines) and lines[at].startswith(b"--- ") and lines[at + 1].startswith(b"+++ ")
    )


@dataclass
class _File:
    """The headers of one file, as far as they were read."""

    git: bool = False
    old: bytes | None = None
    new: bytes | None = None
    names: list[bytes] = field(default_factory=list)
    base: str = ""
    mode: str | None = None
    created: bool = False
    deleted: bool = False
    moved: str = ""
    source: bytes = b""
    target: bytes = b""
    problem: str = ""
    hunks: list[Hunk] = field(default_factory=list)


class _Reader:
    def __init__(self, lines: list[bytes], *, fence: bool, cut: bool) -> None:
        self.lines = lines
        self.fence = fence
        self.cut = cut
        self.at = 0
        self.files: list[_File] = []

    def read(self) -> list[FileChange]:
        current: _File | None = None
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.startswith(b"diff --git "):
                current = self._git_header()
            elif _is_names(self.lines, self.at):
                if current is None or current.hunks or current.old is not None:
                    current = self._start()
                current.old, current.new = line[4:], self.lines[self.at + 1][4:]
                self.at += 2
                following = self.lines[self.at : self.at + 1]
                if following and following[0][:1] in (b" ", b"+", b"-"):
                    current.hunks.append(self._hunk(current, None))
            elif line.startswith(b"@@"):
                if current is None:
                    current = self._start()
                    current.problem = "the hunk has no '--- a/FILE' and '+++ b/FILE' above it"
                self.at += 1
                current.hunks.append(self._hunk(current, line))
            else:
                if current is not None:
                    self._other(current, line)
                self.at += 1
        if not self.files:
            raise EditFormatError("There is no diff with '--- a/FILE' and '+++ b/FILE'.")
        return [_change(file) for file in self.files]

    def _start(self) -> _File:
        self.files.append(_File())
        return self.files[-1]

    def _git_header(self) -> _File:
        file = self._start()
        file.git = True
        file.names = _git_names(self.lines[self.at][11:])
        self.at += 1
        while self.at < len(self.lines) and self.lines[self.at].startswith(_EXTENDED):
            self._extended(file, self.lines[self.at])
            self.at += 1
        return file

    def _extended(self, file: _File, line: bytes) -> None:
        word, _, value = line.partition(b" ")
        value = value.rpartition(b" ")[2] if word in (b"old", b"new", b"deleted") else value
        if word == b"index":
            names, _, mode = value.partition(b" ")
            file.base = names.partition(b"..")[0].decode("ascii", "replace")
            if mode in (b"120000", b"160000"):
                file.problem = "it is a symbolic link or a submodule: change it yourself"
        elif line.startswith((b"new mode ", b"new file mode ")):
            file.created = file.created or (word == b"new" and b"file" in line)
            file.mode = value.decode("ascii", "replace")
            if value not in _MODES:
                file.problem = f"the mode {decode(value)[:20]} is not that of a plain file"
        elif word == b"deleted":
            file.deleted = True
            if value not in _MODES:
                file.problem = f"the mode {decode(value)[:20]} is not that of a plain file"
        elif line.startswith((b"rename from ", b"copy from ")):
            file.moved, file.source = word.decode(), value.partition(b" ")[2]
        elif line.startswith((b"rename to ", b"copy to ")):
            file.moved, file.target = word.decode(), value.partition(b" ")[2]

    def _other(self, file: _File, line: bytes) -> None:
        if line.startswith((b"Binary files ", b"GIT binary patch")):
            file.problem = "it is a change of a binary file: apply it with git apply --binary"
        elif self.fence and file.hunks and line.strip() and not line.startswith(b"\\"):
            text = decode(line)[:60]
            file.problem = file.problem or (
                f"line {self.at + 1} of the diff, «{text}», begins with neither ' ', '+' nor '-'"
            )

    def _hunk(self, file: _File, header: bytes | None) -> Hunk:
        found = _HEADER.match(header) if header is not None else None
        start = self.at
        doubts: tuple[str, ...] = ()
        counts = (int(found[2] or 1), int(found[4] or 1)) if found else None
        end = self._counted(start, *counts) if counts else None
        if end is None:
            end, doubts = self._uncounted(start, counts, file)
        ops, ends = _ops(self.lines[start:end])
        if not self.fence or doubts:
            # Blank lines between the diff and what follows it are not context.
            while self._loose(start, end, ops):
                ops.pop()
        self.at = end
        anchor = header[2:].strip(b"@ \t") if header is not None and found is None else b""
        return Hunk(
            ops=tuple(ops),
            name=f"hunk {len(file.hunks) + 1}",
            anchors=(anchor,) if anchor else (),
            old_ends=ends[0],
            new_ends=ends[1],
            line=int(found[1]) if found else None,
            doubts=doubts,
        )

    def _loose(self, start: int, end: int, ops: list[Op]) -> bool:
        return bool(ops) and ops[-1] == (" ", b"") and not self.lines[start + len(ops) - 1]

    def _counted(self, start: int, old: int, new: int) -> int | None:
        """Where the hunk ends if the header's counts are right, else None."""
        at = start
        if max(old, new) > len(self.lines):
            return None
        while (old > 0 or new > 0) and at < len(self.lines):
            kind = self.lines[at][:1]
            if kind == b"\\":
                at += 1
                continue
            if kind not in (b" ", b"+", b"-", b""):
                return None
            old -= kind != b"+"
            new -= kind != b"-"
            at += 1
        while at < len(self.lines) and self.lines[at].startswith(b"\\"):
            at += 1
        if old or new:
            return None
        following = self.lines[at] if at < len(self.lines) else b""
        more = following[:1] in (b" ", b"+", b"-") and not _is_names(self.lines, at)
        return None if more and not _MAIL_END.match(following) else at

    def _uncounted(
        self, start: int, counts: tuple[int, int] | None, file: _File
    ) -> tuple[int, tuple[str, ...]]:
        """Where the hunk ends by the look of its lines."""
        at = start
        doubts: list[str] = []
        while at < len(self.lines):
            line = self.lines[at]
            if line.startswith((b"@@", b"diff --git ")) or _is_names(self.lines, at):
                break
            if _MAIL_END.match(line) and at + 3 >= len(self.lines):
                break
            if line[:1] not in (b" ", b"+", b"-", b"\\", b""):
                if not self.fence:
                    break
                doubts.append(f"line {at + 1} of the diff has lost its first blank")
            at += 1
        # Trailing blank lines belong to what follows, unless the header counts them.
        while at > start and not self.lines[at - 1]:
            at -= 1
        kinds = [line[:1] for line in self.lines[start:at] if line[:1] != b"\\"]
        if counts is not None:
            short = (
                sum(kind != b"+" for kind in kinds) < counts[0]
                or sum(kind != b"-" for kind in kinds) < counts[1]
            )
            stopped = at < len(self.lines) and self.lines[at][:1] not in (b"@", b"d", b"-", b"")
            if short and stopped and not self.fence:
                file.problem = (
                    f"line {at + 1} of the text, «{decode(self.lines[at])[:60]}», begins with "
                    "neither ' ', '+' nor '-', and the hunk is not complete before it"
                )
            elif short and self.cut and at >= len(self.lines):
                doubts.append("the last hunk is shorter than its header says: was it cut off?")
        return at, tuple(doubts[:3])


def _ops(lines: list[bytes]) -> tuple[list[Op], tuple[bool | None, bool | None]]:
    """The lines of a hunk, and whether the old and the new last line have an end."""
    ops: list[Op] = []
    unended = {"-": False, "+": False}
    for line in lines:
        mark = line[:1]
        if mark == b"\\":
            if ops and ops[-1][0] in (" ", "-"):
                unended["-"] = True
            if ops and ops[-1][0] in (" ", "+"):
                unended["+"] = True
            continue
        kind: Kind = "-" if mark == b"-" else "+" if mark == b"+" else " "
        ops.append((kind, line[1:] if mark in (b" ", b"+", b"-") else line))
    if not any(unended.values()):
        return ops, (None, None)
    return ops, (not unended["-"], not unended["+"])


def _git_names(rest: bytes) -> list[bytes]:
    """The two names of a ``diff --git`` line, where they can be told apart."""
    if rest.startswith(b'"') or rest.endswith(b'"'):
        quoted = re.findall(rb'"(?:[^"\\]|\\.)*"|\S+', rest)
        return quoted if len(quoted) == 2 else []
    half = (len(rest) - 1) // 2
    one, two = rest[:half], rest[half + 1 :]
    if one.partition(b"/")[2] == two.partition(b"/")[2]:
        return [one, two]
    words = rest.split(b" ")
    return words if len(words) == 2 else []


def _change(file: _File) -> FileChange:
    old, new = _names(file)
    hunks: tuple[Change, ...] = tuple(file.hunks)
    path = new or old
    if path is None:
        text = "the hunk has no '--- a/FILE' and '+++ b/FILE' above it"
        return FileChange("?", "edit", problem=file.problem or text, changes=hunks)
    if file.problem:
        return FileChange(path, "edit", problem=file.problem, name="the diff")
    if old is None or file.created:
        content, bad = _created(file.hunks)
        name = "the new file"
        return FileChange(path, "create", content, mode=file.mode, problem=bad, name=name)
    if new is None or file.deleted:
        return FileChange(old, "delete", changes=hunks, base=_proof(file.base), name="the removal")
    if old != new and not file.moved:
        text = f"it names two files, {old} and {new}, and does not say that one is renamed"
        return FileChange(path, "edit", problem=text, name="the diff")
    if not hunks and not file.moved and not file.mode:
        return FileChange(path, "edit", problem="it has no hunk", name="the diff")
    return FileChange(
        old,
        "edit",
        changes=hunks,
        new_path=new if file.moved else None,
        copy=file.moved == "copy",
        mode=file.mode,
        base=_proof(file.base),
        name="the diff",
    )


def _created(hunks: list[Hunk]) -> tuple[bytes, str]:
    """The content of a new file."""
    lines = [text for hunk in hunks for kind, text in hunk.ops if kind == "+"]
    if any(kind != "+" for hunk in hunks for kind, text in hunk.ops if text.strip()):
        return b"", "it makes a new file, and yet has lines that are not added"
    content = b"".join(line + b"\n" for line in lines)
    if hunks and hunks[-1].new_ends is False:
        content = content[:-1]
    return content, ""


def _proof(base: str) -> str:
    return base if re.fullmatch(r"[0-9a-f]{7,64}", base) and base.strip("0") else ""


def _names(file: _File) -> tuple[str | None, str | None]:
    """The old and the new path; None where the file does not exist."""
    if file.moved:
        return _name(file.source), _name(file.target)
    pair = [file.old, file.new] if file.old is not None else list(file.names)
    if len(pair) != 2 or pair[0] is None or pair[1] is None:
        return None, None
    raw = [_unquoted(name) for name in (pair[0], pair[1])]
    null = [name == b"/dev/null" for name in raw]
    for old, new in (*_PREFIXES, *((b, a) for a, b in _PREFIXES)):
        fits = [name.startswith(prefix) for name, prefix in zip(raw, (old, new), strict=True)]
        if all(fit or none for fit, none in zip(fits, null, strict=True)) and not all(null):
            raw = [name if none else name[len(old) :] for name, none in zip(raw, null, strict=True)]
            break
    paths = [None if none else _clean(name) for name, none in zip(raw, null, strict=True)]
    return paths[0], paths[1]


def _unquoted(name: bytes) -> bytes:
    name = name.partition(b"\t")[0] if not name.startswith(b'"') else name.rstrip(b"\t")
    name = name.rstrip(b"\r ")
    if name.startswith(b'"'):
        try:
            return path_to_bytes(name.decode("utf-8"))
        except (PatchError, UnicodeDecodeError):
            return name
    return name


def _name(field: bytes) -> str:
    return _clean(_unquoted(field))


def _clean(name: bytes) -> str:
    while name.startswith(b"./"):
        name = name[2:]
    return path_from_bytes(name)
