"""Whole files in fenced blocks, each with its name above it or in its info string."""

from agent_tui.domain.edits import EditFormatError
from agent_tui.workspace.edits.markup import Block, fenced, path_in, path_in_info
from agent_tui.workspace.edits.model import FileChange

_LOOK_BACK = 2


def parse(lines: list[bytes]) -> list[FileChange]:
    """The files.

    Raises:
        EditFormatError: If no fenced block has a file name.
    """
    found = []
    for block in fenced(lines, nested=True):
        path = path_in_info(block.info) or _path_above(lines, block)
        if path is None:
            continue
        doubts = () if block.closed else ("its fence is not closed: it may have been cut off",)
        content = b"".join(line + b"\n" for line in block.lines)
        found.append(
            FileChange(
                path, "overwrite", content, exact=False, doubts=doubts, name="the whole file"
            )
        )
    if not found:
        raise EditFormatError(
            "There is no fenced block with the name of a file on the line above it."
        )
    return found


def names_a_file(lines: list[bytes]) -> bool:
    """Whether some fenced block has a file name."""
    return any(path_in_info(b.info) or _path_above(lines, b) for b in fenced(lines, nested=True))


def _path_above(lines: list[bytes], block: Block) -> str | None:
    opening = block.first - 1
    for number in range(opening - 1, max(-1, opening - 1 - _LOOK_BACK), -1):
        if lines[number].strip():
            return path_in(lines[number])
    return None
