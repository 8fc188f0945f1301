"""The ``apply_patch`` format: ``*** Update File:`` and its like, hunks without line numbers."""

import re

from agent_tui.domain.edits import EditFormatError
from agent_tui.domain.text import decode
from agent_tui.workspace.edits.markup import clean_path, fenced
from agent_tui.workspace.edits.model import FileChange, Hunk, Kind, Op

_SECTION = re.compile(
    rb"^[ \t]*\*\*\*[ \t]*(Add|Create|Update|Delete)[ \t]+File:[ \t]*(.+?)[ \t]*$"
)
_MOVE = re.compile(rb"^[ \t]*\*\*\*[ \t]*Move[ \t]+to:[ \t]*(.+?)[ \t]*$", re.I)
_BEGIN = re.compile(rb"^[ \t]*\*\*\*[ \t]*Begin Patch[ \t]*$")
_END = re.compile(rb"^[ \t]*\*\*\*[ \t]*End Patch[ \t]*$")
_END_OF_FILE = re.compile(rb"^[ \t]*\*\*\*[ \t]*End of File[ \t]*$")
_NUMBERS = re.compile(rb"^-\d+(,\d+)? \+\d+(,\d+)?( |$)")


def is_patch(lines: list[bytes]) -> bool:
    """Whether the text holds such a patch."""
    return any(b"***" in line and (_BEGIN.match(line) or _SECTION.match(line)) for line in lines)


def parse(lines: list[bytes]) -> list[FileChange]:
    """The changes, one for each section.

    Raises:
        EditFormatError: If there is no section.
    """
    blocks = [block for block in fenced(lines) if is_patch(block.lines)]
    regions = [(block.lines, block.closed) for block in blocks] or [(lines, False)]
    changes: list[FileChange] = []
    for region, fence in regions:
        changes += _read(region, fence)
    if not changes:
        raise EditFormatError("There is no '*** Update File:', '*** Add File:' or the like.")
    return changes


def _read(lines: list[bytes], fence: bool) -> list[FileChange]:
    changes: list[FileChange] = []
    begun = any(_BEGIN.match(line) for line in lines)
    ended = not begun
    at = next((n for n, line in enumerate(lines) if _BEGIN.match(line) or _SECTION.match(line)), 0)
    open_section: tuple[bytes, str, list[bytes]] | None = None

    def close(doubts: tuple[str, ...] = ()) -> None:
        if open_section is not None:
            kind, path, body = open_section
            changes.append(_section(kind, path, body, doubts))

    skipping = False
    for line in lines[at:]:
        if found := _SECTION.match(line):
            close()
            open_section, skipping = (found[1], clean_path(found[2]), []), False
        elif _END.match(line):
            close()
            open_section, ended, skipping = None, True, True
        elif _BEGIN.match(line):
            skipping = False
            ended = False
        elif open_section is not None and not skipping:
            open_section[2].append(line)
    missing = () if ended or fence else ("'*** End Patch' is missing: it may have been cut off",)
    close(missing)
    return changes


def _section(kind: bytes, path: str, body: list[bytes], doubts: tuple[str, ...]) -> FileChange:
    while body and not body[-1]:
        body.pop()
    if kind == b"Delete":
        stray = any(line.strip() for line in body)
        problem = "lines follow that say nothing about a removal" if stray else ""
        return FileChange(path, "delete", problem=problem, name="the removal", doubts=doubts)
    if kind in (b"Add", b"Create"):
        return new_file(path, body, doubts)
    return update(path, body, doubts)


def new_file(path: str, body: list[bytes], doubts: tuple[str, ...] = ()) -> FileChange:
    """A new file from lines with ``+`` before them."""
    if body and body[0].startswith(b"@@"):
        body = body[1:]
    marked = [line for line in body if line.startswith(b"+")]
    if body and not marked:
        doubts = (*doubts, "none of its lines begins with '+'")
        content = [*body]
    else:
        for number, line in enumerate(body, 1):
            if line and not line.startswith(b"+"):
                problem = f"line {number} of the new file does not begin with '+'"
                return FileChange(path, "create", problem=problem, name="the new file")
        content = [line[1:] for line in body]
    data = b"".join(line + b"\n" for line in content)
    return FileChange(path, "create", data, doubts=doubts, name="the new file")


def update(path: str, body: list[bytes], doubts: tuple[str, ...] = ()) -> FileChange:
    """A change from hunks whose places are found by their lines and by the ``@@`` above them."""
    new_path: str | None = None
    hunks: list[Hunk] = []
    anchors: list[bytes] = []
    ops: list[Op] = []
    said: list[str] = []
    problem = ""
    bare = 0  # empty lines at the end, which belong to no hunk

    def close(at_end: bool = False) -> None:
        nonlocal ops, anchors, said, bare
        ops = ops[: len(ops) - bare]
        if any(kind != " " for kind, _ in ops):
            hunks.append(
                Hunk(
                    tuple(ops),
                    f"hunk {len(hunks) + 1}",
                    anchors=tuple(anchors),
                    at_end=at_end,
                    doubts=(*doubts, *said[:3]),
                )
            )
        if ops:
            anchors = []
        ops, said, bare = [], [], 0

    for number, line in enumerate(body, 1):
        if (found := _MOVE.match(line)) and not hunks and not ops:
            new_path = clean_path(found[1])
        elif _END_OF_FILE.match(line):
            close(at_end=True)
        elif line.startswith(b"@@"):
            close()
            text = line.strip(b"@").strip()
            if text and not _NUMBERS.match(text):
                anchors.append(text)
        elif line.startswith(b"*** "):
            problem = f"'{decode(line)[:60]}' is not known here"
        elif line.startswith(b"\\"):
            continue
        elif not line:
            bare += 1
            ops.append((" ", b""))
        else:
            bare = 0
            kind: Kind = "-" if line[:1] == b"-" else "+" if line[:1] == b"+" else " "
            marked = line[:1] in (b" ", b"+", b"-")
            if not marked:
                said.append(f"line {number} of the section has lost its first blank")
            ops.append((kind, line[1:] if marked else line))
    close()
    if not hunks and new_path is None and not problem:
        problem = "it has no line that begins with '+' or '-'"
    return FileChange(
        path,
        "edit",
        changes=tuple(hunks),
        new_path=new_path,
        problem=problem,
        doubts=() if hunks else doubts,
        name="the section",
    )
