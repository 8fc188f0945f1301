"""The arguments of bubblewrap for one command.

Each option is there for something that was seen to get out without it; ``attempts.py`` tries all
of that in the sandbox before it is relied on.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from agent_tui.workspace.sandbox import layout
from agent_tui.workspace.sandbox.bounds import Bounds, Limits, Mount

_TEMPORARY_BYTES = 2 << 30
"""Size of each folder in memory (``/tmp``, the home)."""

_LOWEST = (
    "--unshare-all",
    "--unshare-user",
    "--cap-drop", "ALL",
    "--die-with-parent",
    "--new-session",
    "--hostname", "sandbox",
)  # fmt: skip

# The limits are set inside, where only the sandbox's own processes are counted. `ulimit` names the
# number of processes -u in bash and -p in dash. A program that is missing is told by a word that no
# other output begins with by chance.
_START = """
ulimit -c 0
[ -z "$1" ] || ulimit -d "$1"
[ -z "$2" ] || ulimit -u "$2" 2>/dev/null || ulimit -p "$2" 2>/dev/null
[ -z "$3" ] || ulimit -f "$3"
missing=$4
shift 4
command -v -- "$1" >/dev/null || { printf %s "$missing"; exit 127; }
unset missing
exec "$@"
"""

_FORBIDDEN_VARIABLES = ("LD_", "DBUS_", "WAYLAND_", "XDG_RUNTIME_DIR", "DISPLAY", "XAUTHORITY")
"""What would change bubblewrap itself, or leads to services that the sandbox does not have."""


def inner_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of bubblewrap and of the command: the first process inside shows it."""
    kept = {k: v for k, v in env.items() if not k.startswith(_FORBIDDEN_VARIABLES)}
    home = layout.home_folder(env)
    return {**kept, "HOME": str(home or "/tmp"), "TMPDIR": "/tmp"}  # noqa: S108 (a private one)


def arguments(
    program: str,
    argv: Sequence[str],
    bounds: Bounds,
    cwd: Path,
    env: Mapping[str, str],
    limits: Limits,
    *,
    filter_fd: int,
    files: Mapping[Path, int],
    missing: str,
    userns: bool = True,
    toolchains: tuple[Mount, ...] = (),
) -> list[str]:
    """All words of the command line.

    Args:
        program: Path of bubblewrap.
        argv: The command, as it is to run inside.
        cwd: The folder to run in, as the command sees it.
        env: The environment that :func:`inner_environment` made.
        filter_fd: Descriptor with the filter of system calls.
        files: Files that are copied into the sandbox, with the descriptors that they are read from.
        missing: What is printed, and nothing else, when there is no such program inside.
        userns: Whether this bubblewrap can forbid further user namespaces itself.
        toolchains: Mounts that others lie above.
    """
    words = [program, *_LOWEST]
    if userns:
        words.append("--disable-userns")
    if bounds.network:
        words.append("--share-net")
    words += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
    words += (*_temporary("/tmp"), *_temporary("/run"), "--symlink", "../tmp", "/var/tmp")  # noqa: S108
    words += layout.system()
    for path, descriptor in files.items():
        words += ("--perms", "0644", "--file", str(descriptor), os.fspath(path))
    home = layout.home_folder(env)
    if home is not None:
        words += _temporary(os.fspath(layout.real_place(home)))
    words += _binds((*toolchains, *bounds.mounts))
    words += ["--remount-ro", "/", "--chdir", str(cwd), "--seccomp", str(filter_fd), "--"]
    return [*words, "/bin/sh", "-c", _START, "sh", *_limits(limits), missing, *argv]


def _temporary(folder: str) -> list[str]:
    return ["--perms", "0700", "--size", str(_TEMPORARY_BYTES), "--tmpfs", folder]


def _binds(mounts: Sequence[Mount]) -> Iterator[str]:
    # Sorted by depth: what lies inside another one comes after it. Of two at the same place the
    # later one counts.
    last = {mount.at: mount for mount in mounts if not mount.optional or mount.source.exists()}
    for at, mount in sorted(last.items(), key=lambda item: len(item[0].parts)):
        yield from ("--bind" if mount.writable else "--ro-bind", os.fspath(mount.source))
        yield os.fspath(layout.real_place(at))


def _limits(limits: Limits) -> tuple[str, str, str]:
    """Data in KiB, processes, and file size in blocks of 512 bytes, as ``ulimit`` wants them."""
    memory = "" if limits.memory is None else str(max(limits.memory // 1024, 1))
    processes = "" if limits.processes is None else str(limits.processes)
    size = "" if limits.file_size is None else str(max(limits.file_size // 512, 1))
    return memory, processes, size
