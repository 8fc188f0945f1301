"""Finding the sandbox, proving it, and putting commands into it."""

import contextlib
import functools
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from agent_tui.domain.text import one_line
from agent_tui.workspace.sandbox import bubblewrap, layout
from agent_tui.workspace.sandbox.bounds import Bounds, Limits, Mount, readable
from agent_tui.workspace.sandbox.seccomp import filter_program

Protection = Literal["bubblewrap", "none"]

_NO_LIMITS = Limits()
_NAMESPACES = ("ipc", "mnt", "net", "pid", "user", "uts")
_PROBE_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start for a command.

    Attributes:
        cwd: A folder that exists outside; the command's own is among the arguments.
        env: All of the environment.
        descriptors: Open files that go along.
        missing: What it prints, and nothing else, when the program does not exist inside.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What keeps commands from the rest of the machine.

    Attributes:
        protection: Which kind it is.
        reason: Why there is none, in a sentence; empty where there is one.
        limits: What one command may use.
        shared: Mounts that every command gets.
    """

    protection: Protection
    reason: str = ""
    limits: Limits = _NO_LIMITS
    shared: tuple[Mount, ...] = ()
    program: str = ""
    userns: bool = True

    @contextlib.contextmanager
    def launch(
        self, argv: Sequence[str], bounds: Bounds, cwd: Path, env: Mapping[str, str]
    ) -> Iterator[Launch]:
        """How to start a command within bounds; to be started before the context ends.

        Args:
            argv: Program and arguments, with paths as the command sees them.
            bounds: Ignored where there is no sandbox.
            cwd: The folder to run in, as the command sees it.
            env: The command's environment, without secrets.
        """
        if self.protection == "none":
            yield Launch(tuple(argv), cwd, dict(env))
            return
        inner = bubblewrap.inner_environment(env)
        missing = secrets.token_hex(16)
        with contextlib.ExitStack() as stack:
            descriptor = stack.enter_context(_filter())
            files = {
                path: stack.enter_context(path.open("rb")).fileno()
                for path in layout.etc_files(network=bounds.network)
            }
            words = bubblewrap.arguments(
                self.program,
                argv,
                replace(bounds, mounts=(*self.shared, *bounds.mounts)),
                cwd,
                inner,
                self.limits,
                filter_fd=descriptor,
                files=files,
                missing=missing,
                userns=self.userns,
                toolchains=_toolchains(inner.get("PATH", ""), inner["HOME"]),
            )
            yield Launch(tuple(words), Path("/"), inner, (descriptor, *files.values()), missing)


@functools.cache
def _toolchains(path: str, home: str) -> tuple[Mount, ...]:
    own = layout.own_python()
    found = layout.toolchains({"PATH": path, "HOME": home}, [Path(sys.executable)])
    return (*found, *readable(*own))


@contextlib.contextmanager
def _filter() -> Iterator[int]:
    program = filter_program()
    if program is None:
        raise OSError("there is no filter of system calls for this machine")
    descriptor = os.memfd_create("seccomp", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, program)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def unprotected(reason: str) -> Sandbox:
    """No sandbox, and why."""
    return Sandbox("none", reason)


@functools.cache
def find_sandbox() -> Sandbox:
    """The sandbox of this machine, proved once in each process. Blocks for some 100 ms.

    Returns:
        One that was seen to hold in both directions: what commands need works, and what they must
        not do fails. Else none, with the reason.
    """
    if not sys.platform.startswith("linux"):
        return unprotected("bubblewrap is for Linux only")
    program = shutil.which("bwrap")
    if program is None:
        return unprotected("bubblewrap (bwrap) is not installed")
    if filter_program() is None:
        return unprotected("this processor has no filter of system calls here")
    problem = ""
    for userns in (True, False):  # --disable-userns is new in bubblewrap 0.8
        candidate = Sandbox("bubblewrap", program=os.path.abspath(program), userns=userns)  # noqa: PTH100
        problem = prove(candidate)
        if not problem:
            return candidate
        if "--disable-userns" not in problem:
            break
    return unprotected(f"bubblewrap does not hold here: {problem}")


def prove(sandbox: Sandbox) -> str:
    """Try it out.

    Returns:
        What is wrong; empty if it holds.
    """
    source = Path(__file__).with_name("attempts.py").read_text("utf-8")
    with contextlib.ExitStack() as stack:
        try:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agent-tui-")))
            workspace, readonly, outside = (folder / n for n in ("work", "readonly", "outside"))
            workspace.mkdir()
            readonly.write_text("x")
            outside.write_text("x")
            given = {
                "workspace": str(workspace),
                "readonly": str(readonly),
                "outside": str(outside),
                "port": stack.enter_context(_listener()).getsockname()[1],
                "abstract": stack.enter_context(_abstract()).getsockname()[1:].decode(),
                "namespaces": {n: str(Path(f"/proc/self/ns/{n}").readlink()) for n in _NAMESPACES},
                "variables": ["PATH", "HOME", "TMPDIR"],
            }
            env = {"PATH": os.defpath, "HOME": str(folder / "home")}
            command = [sys.executable, "-I", "-S", "-c", source, json.dumps(given)]
            bounds = Bounds((Mount(workspace, workspace, writable=True), *readable(readonly)))
            launch = stack.enter_context(sandbox.launch(command, bounds, workspace, env))
            done = subprocess.run(
                launch.argv,
                cwd=launch.cwd,
                env=dict(launch.env),
                pass_fds=launch.descriptors,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PROBE_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return one_line(str(error))
    return _verdict(done)


def _verdict(done: "subprocess.CompletedProcess[bytes]") -> str:
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return one_line(said) or f"it ended with {done.returncode}"
    try:
        wrong = json.loads(done.stdout)
    except ValueError:
        return "it gave no answer"
    return "; ".join(one_line(str(sentence)) for sentence in wrong)


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def _abstract() -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(f"\0agent-tui-{secrets.token_hex(8)}")
    server.listen()
    return server
