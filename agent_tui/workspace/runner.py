"""Running one command that is not git: in a group of its own, limited in what it may use."""

import asyncio
import codecs
import os
import signal
import subprocess
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from errno import ENOEXEC
from pathlib import Path

from agent_tui.domain.text import one_line, visible_lines
from agent_tui.ports import CommandResult
from agent_tui.workspace.sandbox import Bounds, Limits, Sandbox
from agent_tui.workspace.watch import exceeded

OUTPUT_LIMIT = 200_000
"""Characters of output that are kept, half of them from its end."""

GRACE_S = 2.0
"""Seconds between asking a group of processes to end and killing it."""

NO_LIMITS = Limits()

_CHUNK = 65_536


async def run_command(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    *,
    output_limit: int = OUTPUT_LIMIT,
    on_output: Callable[[str], None] = lambda _: None,
    limits: Limits = NO_LIMITS,
    descriptors: Sequence[int] = (),
    program: str = "",
    missing: str = "",
) -> CommandResult:
    """Run a program until it ends, and end all that it started and left running.

    Args:
        argv: Program and arguments; no shell takes part.
        cwd: The folder to run in.
        env: All of its environment.
        timeout_s: Seconds after which it is ended.
        output_limit: Characters of output that are kept, from its beginning and its end.
        on_output: Called on the event loop with pieces of output as they come, controls made
            visible; what lies past the first half of the limit comes as one piece at the end.
        limits: What it and all that it starts may use.
        descriptors: Open files that it inherits.
        program: Its name in messages; the first word of *argv* when empty.
        missing: An output that says that the program was not found.

    Returns:
        How it ended. That a program cannot be started, or is ended for its time, is no exception
        but a ``problem``. Cancelling ends the program first.
    """
    start = time.monotonic()
    program = one_line(program or (argv[0] if argv else ""))
    output = _Output(output_limit, on_output, missing)
    reading, writing = os.pipe()
    try:
        if not argv:
            raise ValueError("the command is empty")
        process = _start(list(argv), cwd, env, writing, descriptors)
    except (OSError, ValueError) as error:
        os.close(reading)
        return CommandResult(None, "", time.monotonic() - start, _explain(program, cwd, error))
    finally:
        os.close(writing)
    reader = asyncio.create_task(_read(reading, output))
    waiter = asyncio.create_task(asyncio.to_thread(process.wait))
    watcher = asyncio.create_task(exceeded(process.pid, limits))
    try:
        async with asyncio.timeout(timeout_s):
            # Usually the output ends with the process; an output that fails ends the process.
            await asyncio.wait({waiter, watcher, reader}, return_when=asyncio.FIRST_COMPLETED)
            if reader.done():
                reader.result()
            await asyncio.wait({waiter, watcher}, return_when=asyncio.FIRST_COMPLETED)
    except TimeoutError:
        pass
    finally:
        ended = waiter.done()
        watcher.cancel()
        # Also what a program that has ended left running: it holds the pipe and the folder.
        await _uncancelled(_end(process.pid, waiter, reader))
    output.finish()
    duration = time.monotonic() - start
    if output.was_missing:
        return CommandResult(None, "", duration, _not_found(program))
    if ended:
        return CommandResult(process.returncode, output.text, duration)
    too_much = watcher.result() if watcher.done() and not watcher.cancelled() else ""
    problem = too_much or f"it was ended after {timeout_s:g} s, its time limit."
    return CommandResult(None, output.text, duration, problem)


async def run_in(
    sandbox: Sandbox,
    bounds: Bounds,
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    *,
    output_limit: int = OUTPUT_LIMIT,
    on_output: Callable[[str], None] = lambda _: None,
) -> CommandResult:
    """Run a program in a sandbox. The other arguments are those of :func:`run_command`.

    Args:
        sandbox: Where there is none, it runs with the person's own rights.
        bounds: What it may see, change and use.
        argv: Program and arguments, with paths as it sees them.
        cwd: The folder to run in, as it sees it.
    """
    with sandbox.launch(argv, bounds, cwd, env) as launch:
        return await run_command(
            launch.argv,
            launch.cwd,
            launch.env,
            timeout_s,
            output_limit=output_limit,
            on_output=on_output,
            limits=sandbox.limits,
            descriptors=launch.descriptors,
            program=argv[0] if argv else "",
            missing=launch.missing,
        )


def _start(
    argv: list[str], cwd: Path, env: Mapping[str, str], output: int, descriptors: Sequence[int]
) -> subprocess.Popen[bytes]:
    def popen(command: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=descriptors,
        )

    try:
        return popen(argv)
    except OSError as error:
        if error.errno != ENOEXEC:
            raise
        return popen(["/bin/sh", *argv])  # a script without an interpreter line


def _explain(program: str, cwd: Path, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError) and cwd.is_dir():
        return _not_found(program)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"the program '{program}' could not be started: {one_line(reason or str(error))}."


def _not_found(program: str) -> str:
    return f"the program '{program}' was not found: install it, or correct the command."


async def _read(descriptor: int, output: "_Output") -> None:
    loop = asyncio.get_running_loop()
    stream = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        while data := await stream.read(_CHUNK):
            output.feed(data)
    finally:
        transport.close()


async def _end(group: int, waiter: "asyncio.Task[int]", reader: "asyncio.Task[None]") -> None:
    """End the whole group, and read what is left in the pipe."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        alive = True
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            alive = False
        await asyncio.wait({waiter, reader}, timeout=GRACE_S)
        if not alive or (waiter.done() and reader.done()):
            break
    await waiter
    if not reader.done():  # something left the group and still holds the pipe
        reader.cancel()
    with suppress(asyncio.CancelledError):
        await reader


async def _uncancelled(work: Coroutine[None, None, None]) -> None:
    """Wait until the work is done, and only then pass on a cancellation."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()


class _Output:
    """Text that arrives in pieces: its first half as it comes, of the rest the end."""

    def __init__(self, limit: int, on_output: Callable[[str], None], missing: str) -> None:
        self._on_output = on_output
        self._missing = missing
        self.was_missing = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._room = max(limit // 2, 1)
        self._tail_size = max(limit - limit // 2, 1)
        self._pieces: list[str] = []
        self._tail = bytearray()
        self._dropped = 0
        self._held = ""

    @property
    def text(self) -> str:
        """What was kept, so far."""
        return "".join(self._pieces)

    def feed(self, data: bytes) -> None:
        """More bytes of output."""
        if self._room > 0:
            text = self._held + self._decoder.decode(data)
            self._held = "\r" if text.endswith("\r") else ""  # a line end may be cut in two
            text = text.removesuffix(self._held)
            self._emit(text[: self._room])
            data = text[self._room :].encode("utf-8", "surrogatepass")
            self._room -= len(text)
            if self._room <= 0:
                data += self._held.encode() + self._decoder.getstate()[0]
                self._held = ""
        self._tail += data
        if len(self._tail) > 2 * self._tail_size + _CHUNK:
            self._cut()

    def finish(self) -> None:
        """Emit what was held back."""
        if self._room > 0:
            self._emit(self._held + self._decoder.decode(b"", final=True))
            return
        if len(self._tail) > self._tail_size:
            self._cut()
        text = self._tail.decode("utf-8", "backslashreplace")
        if self._dropped:
            text = f"\n… {self._dropped} bytes of output left out …\n{text}"
        self._emit(text)

    def _cut(self) -> None:
        surplus = len(self._tail) - self._tail_size
        while surplus < len(self._tail) and self._tail[surplus] & 0xC0 == 0x80:
            surplus += 1  # not in the middle of a character
        del self._tail[:surplus]
        self._dropped += surplus

    def _emit(self, text: str) -> None:
        if self._missing and text == self._missing and not self._pieces:
            self.was_missing = True
        elif text:
            self._pieces.append(shown := visible_lines(text))
            self._on_output(shown)
