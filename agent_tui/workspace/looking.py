"""Looking for things in trees and in the history: nothing is written, and only git runs."""

import threading
from collections.abc import Iterator
from contextlib import suppress

from agent_tui.domain.patch import path_from_bytes, path_to_bytes
from agent_tui.domain.text import decode, one_line
from agent_tui.ports import Commit, Match, WorkspaceError
from agent_tui.workspace.git import Git, GitError, Place
from agent_tui.workspace.repository import object_name

MAX_OUTPUT = 4 * 1024 * 1024
"""Bytes that a search may print before it is ended."""

MAX_LINE = 400
"""Characters of a found line that are given."""

TIMEOUT_S = 20.0


def search(
    git: Git,
    at: Place,
    tree: str,
    pattern: str,
    *,
    regex: bool = True,
    ignore_case: bool = False,
    limit: int = 200,
) -> tuple[tuple[Match, ...], bool]:
    """Matching lines of a tree, and whether there were more.

    Raises:
        WorkspaceError: If the pattern is none, or the search takes too long.
    """
    if "\0" in pattern or not pattern.strip("\n"):
        raise WorkspaceError("the pattern is empty, or holds a NUL character.")
    kinds = (("-P",), ("-E",)) if regex else (("-F",),)
    options = ("-i",) if ignore_case else ()
    for kind in kinds:
        try:
            return _grep(git, at, object_name(tree), pattern, (*kind, *options), limit)
        except GitError as error:
            if kind != ("-P",) or "Perl-compatible" not in error.stderr:
                raise WorkspaceError(f"the search failed: {one_line(str(error), 300)}") from error
    raise WorkspaceError("this git has no regular expressions.")


def _grep(
    git: Git, at: Place, tree: str, pattern: str, options: tuple[str, ...], limit: int
) -> tuple[tuple[Match, ...], bool]:
    process = git.start(
        "grep", "-n", "-I", "-z", "--full-name", "--no-color", "--no-textconv", "--no-column",
        "--no-heading", "--no-break", *options, "-e", pattern, tree, "--",
        at=at,
    )  # fmt: skip
    late = threading.Event()

    def end() -> None:
        late.set()
        with suppress(OSError):
            process.proc.kill()

    timer = threading.Timer(TIMEOUT_S, end)
    timer.start()
    try:
        process.stdin.close()
        out = process.stdout.read(MAX_OUTPUT)
        cut = len(out) == MAX_OUTPUT
        if cut:
            process.proc.kill()
        said = process.stderr.read(100_000)
        status = process.proc.wait()
    finally:
        timer.cancel()
        process.stdout.close()
        process.stderr.close()
    if late.is_set():
        raise WorkspaceError(f"the search took longer than {TIMEOUT_S:g} s: make it simpler.")
    if not cut and status not in (0, 1):
        raise GitError("grep", status, said.decode("utf-8", "replace"))
    found: list[Match] = []
    complete = out[: out.rfind(b"\n", 0, out.rfind(b"\0")) + 1] if cut else out
    for match in _matches(complete):
        if len(found) == limit:
            return tuple(found), True
        found.append(match)
    return tuple(found), cut


def _matches(out: bytes) -> Iterator[Match]:
    at = 0
    while (name_end := out.find(b"\0", at)) >= 0:
        number_end = out.index(b"\0", name_end + 1)
        end = out.find(b"\n", number_end)
        end = end if end >= 0 else len(out)
        _, _, name = out[at:name_end].partition(b":")  # the tree's name comes first
        shown = decode(out[number_end + 1 : end].rstrip(b"\r"))
        shown = shown if len(shown) <= MAX_LINE else shown[:MAX_LINE] + "…"
        yield Match(path_from_bytes(name), int(out[name_end + 1 : number_end]), shown)
        at = end + 1


def history(git: Git, at: Place, start: str, path: str | None, limit: int) -> tuple[Commit, ...]:
    """The newest commits from *start* on; none in a repository that has none."""
    if not start:
        return ()
    out = git.run(
        "log", "-z", f"--max-count={limit}", "--format=%h%x1f%as%x1f%an%x1f%s", "--no-color",
        "--no-decorate", "--no-show-signature", "--no-patch", "--no-ext-diff", "--no-textconv",
        "--no-notes", "--end-of-options", object_name(start), "--",
        *([path_to_bytes(path)] if path else []),
        at=at, timeout_s=TIMEOUT_S,
    )  # fmt: skip
    lines = (decode(line).split("\x1f") for line in out.split(b"\0") if line)
    return tuple(Commit(*fields) for fields in lines if len(fields) == 4)


def blame(git: Git, at: Place, start: str, path: str, first: int, last: int) -> str:
    """Who changed which of those lines last, as of *start*.

    Raises:
        WorkspaceError: If there is no such file or no such line in it.
    """
    if not start:
        raise WorkspaceError("the repository has no commits yet.")
    return decode(
        git.run(
            "blame", "--no-textconv", "--date=short", "--ignore-revs-file=", "-w",
            f"-L{first},{last}", object_name(start), "--", path_to_bytes(path),
            at=at, timeout_s=TIMEOUT_S,
        )
    )  # fmt: skip
