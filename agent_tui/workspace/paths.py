"""Which paths may be written: inside the worktree, outside ``.git``, on every file system alike."""

import re

from agent_tui.domain.patch import PatchError, path_to_bytes
from agent_tui.domain.text import one_line
from agent_tui.ports import WorkspaceError

_HFS_IGNORED = {
    0x200C, 0x200D, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF,
}  # fmt: skip
"""Code points that HFS+ ignores when it compares names (as git's ``core.protectHFS`` has them)."""

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\..*)?", re.I)
"""Names that Windows gives to devices, with any extension (Microsoft, "Naming Files, Paths")."""

_SHORT_GIT = re.compile(r"git~[0-9]+", re.I)
_DRIVE = re.compile(r"[A-Za-z]:")


def is_git_name(name: str) -> bool:
    """Whether some file system takes this name for ``.git``."""
    plain = "".join(char for char in name if ord(char) not in _HFS_IGNORED)
    plain = plain.partition(":")[0].rstrip(". ")
    return plain.casefold() == ".git" or bool(_SHORT_GIT.fullmatch(plain))


def is_reserved(name: str) -> bool:
    """Whether Windows takes this name for a device."""
    return _RESERVED.fullmatch(name.partition(":")[0].rstrip(". ")) is not None


def problem_with(path: str) -> str | None:
    """Why that path may never be written, or None when it may.

    Args:
        path: Relative to the worktree, with ``/``, in the notation of ``path_from_bytes``.
    """
    try:
        raw = path_to_bytes(path)
    except (PatchError, UnicodeEncodeError):
        return "it is not a file name"
    if not raw or b"\0" in raw:
        return "it is not a file name"
    name = raw.decode("utf-8", "surrogateescape")
    if name.startswith(("/", "~/")):
        return "it is not relative to the repository"
    if "\\" in name:
        return "it holds a backslash, which is a separator on Windows"
    if _DRIVE.match(name):
        return "it names a drive"
    for part in name.split("/"):
        if part in ("", ".", ".."):
            return "it has an empty, '.' or '..' part"
        if is_git_name(part):
            return "it leads into .git"
    return None


def parts_of(path: str) -> tuple[bytes, ...]:
    """The names that lead to the file.

    Raises:
        WorkspaceError: If it may never be written; the text names the path.
    """
    if problem := problem_with(path):
        raise refusal(path, problem)
    return tuple(path_to_bytes(path).split(b"/"))


def refusal(path: str, problem: str) -> WorkspaceError:
    """The error that says why that path is not written."""
    return WorkspaceError(f"'{one_line(path)}' is not written: {problem}.")
