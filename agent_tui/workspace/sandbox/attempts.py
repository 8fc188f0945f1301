"""Run inside the sandbox, by itself: tries what must work there and what must not.

Its only argument is JSON: ``workspace`` (a folder that may be written), ``readonly`` and
``outside`` (files that may not be written, not even be seen), ``port`` and ``abstract`` (sockets
that are listened on outside), ``namespaces`` (those outside), ``variables`` (the names that the
environment of any process may have). It prints a JSON list of sentences: what is wrong.

It may find itself outside any sandbox, as root. So it looks at the namespaces first, and goes no
further if one is shared; and what it tries does nothing even if it is allowed: a file is opened
and not written, a system call gets arguments that the kernel refuses with another error than the
filter does.
"""

import ctypes
import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from errno import EPERM
from pathlib import Path
from typing import Any

_INVALID = 0x7FFFFFFF
_INVALID_FLAG = 0x1


def must_work(given: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """By name, what raises ``OSError`` if it does not work."""
    workspace = Path(given["workspace"])

    def write() -> None:
        (workspace / "written").write_text("x")
        (workspace / "written").unlink()

    def start() -> None:
        pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 0"], {})
        if os.waitpid(pid, 0)[1] != 0:
            raise OSError("it failed")

    def temporary() -> None:
        with tempfile.TemporaryFile(dir="/tmp") as file:
            file.write(b"x")

    return {
        "write its own folder": write,
        "write /tmp": temporary,
        "start a program": start,
        "read the system's files": lambda: list(Path("/usr").iterdir()),
        "read what it is given": Path(given["readonly"]).read_bytes,
    }


def must_fail(given: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """By name, what must raise ``OSError``."""
    libc = ctypes.CDLL(None, use_errno=True)

    def filtered(function: str, *arguments: object) -> None:
        """Raise the filter's error; any other one comes from the kernel: it was let through."""
        ctypes.set_errno(0)
        getattr(libc, function)(*arguments)
        if (error := ctypes.get_errno()) == EPERM:
            raise OSError(error, function)

    def connect(family: int, address: Any) -> None:
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(5)
            client.connect(address)

    def write(path: str) -> None:
        os.close(os.open(path, os.O_WRONLY))

    def change(path: str) -> None:
        if os.statvfs(path).f_flag & os.ST_RDONLY:
            raise OSError("it is read-only")

    return {
        "write a file that it may only read": lambda: write(given["readonly"]),
        "see a file that it was not given": lambda: Path(given["outside"]).stat(),
        "make a file at the top": lambda: change("/"),
        "make a file among the system's": lambda: change("/usr"),
        "write the kernel's settings": lambda: write("/proc/sys/kernel/core_pattern"),
        "reach the network": lambda: connect(socket.AF_INET, ("127.0.0.1", given["port"])),
        "reach a socket without a file": lambda: connect(socket.AF_UNIX, "\0" + given["abstract"]),
        "open a socket past the namespace": lambda: socket.socket(40, socket.SOCK_STREAM).close(),
        "trace processes": lambda: filtered("ptrace", _INVALID, 0, 0, 0),
        "mount": lambda: filtered("mount", None, None, None, 0, None),
        "unmount": lambda: filtered("umount2", None, _INVALID),
        "make namespaces": lambda: filtered("unshare", _INVALID_FLAG),
        "enter namespaces": lambda: filtered("setns", -1, 0),
    }


def namespaces(given: dict[str, Any]) -> list[str]:
    """Namespaces that are shared with the outside."""
    outside = given["namespaces"]
    own = Path("/proc/self/ns")
    return [name for name in outside if str((own / name).readlink()) == outside[name]]


def foreign_variables(given: dict[str, Any]) -> list[str]:
    """Variables of any process that it can see, apart from those that it was given."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                content = (entry / "environ").read_bytes()
            except OSError:
                continue
            found |= {os.fsdecode(line.partition(b"=")[0]) for line in content.split(b"\0") if line}
    return sorted(found - set(given["variables"]) - {"PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"})


def main(given: dict[str, Any]) -> list[str]:
    """All that is wrong."""
    shared = namespaces(given)
    if shared:
        return [f"a command is in the {name} namespace outside" for name in shared]
    wrong = []
    for name, attempt in must_work(given).items():
        try:
            attempt()
        except OSError as error:
            wrong.append(f"a command cannot {name} ({error.strerror or error})")
    for name, attempt in must_fail(given).items():
        try:
            attempt()
        except OSError:
            continue
        wrong.append(f"a command can {name}")
    wrong += [f"a command sees the variable {name}" for name in foreign_variables(given)]
    return wrong


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))  # noqa: T201 (this is its answer)
