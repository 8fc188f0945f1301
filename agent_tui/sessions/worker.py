"""A thread that does one blocking thing after the other, and wakes the event loop at once.

``run_in_executor`` goes through a future of each kind and three rounds of the event loop, and
``call_soon_threadsafe`` through a socket: each takes as long as making a record does.
"""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextvars import Context
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class _Job(Generic[T]):
    """Something to do, and what came of it. It is awaited once, by the task that made it.

    It is a future as far as a task needs one (see :func:`asyncio.isfuture`), with two differences:
    the task goes on in the round of the event loop in which the thread's word comes, and not in
    the one after it; and a cancelled task hears of that when the work is done.
    """

    def __init__(self, work: Callable[[], T], loop: asyncio.AbstractEventLoop) -> None:
        self._work = work
        self._loop = loop
        self._asyncio_future_blocking = False
        self._wake: tuple[Callable[[_Job[T]], object], Context] | None = None
        self._error: BaseException | None = None
        self._value: list[T] = []
        self._done = False

    def run(self) -> None:
        """Do it, in the thread."""
        try:
            self._value.append(self._work())
        except BaseException as error:  # it is raised again where the value is asked for
            self._error = error

    def finish(self) -> None:
        """Let the task go on, in the event loop's thread."""
        self._done = True
        if self._wake is not None:
            wake, context = self._wake
            context.run(wake, self)

    def __await__(self) -> Generator["_Job[T]", None, None]:
        if not self._done:
            self._asyncio_future_blocking = True
            yield self

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that the task belongs to."""
        return self._loop

    def add_done_callback(self, wake: Callable[["_Job[T]"], object], *, context: Context) -> None:
        """How the task is woken."""
        self._wake = wake, context

    def cancel(self, msg: object = None) -> bool:
        """What was begun is done to its end."""
        return False

    def result(self) -> None:
        """For the task: there is nothing to throw into it."""

    @property
    def value(self) -> T:
        """What the work gave; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._value[0]


class Worker:
    """The thread. It begins with the first thing to do, and belongs to one event loop.

    Args:
        name: Its name.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[_Job[object] | None] = SimpleQueue()
        self._done: deque[_Job[object]] = deque()
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[], T]) -> tuple[T, bool]:
        """Do *work* to its end, and say whether the caller was cancelled meanwhile."""
        if self._thread is None:
            self._thread = self._start()
        job = _Job(work, self._loop)
        self._jobs.put(job)  # type: ignore[arg-type]  # of whatever it gives
        cancelled = False
        try:
            await job
        except asyncio.CancelledError:
            cancelled = True
        return job.value, cancelled

    def _start(self) -> threading.Thread:
        self._loop = asyncio.get_running_loop()
        self._word, self._say = os.pipe()
        self._loop.add_reader(self._word, self._finish)
        # Nobody was told of work that is not done, so an exit need not wait for it.
        thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        thread.start()
        return thread

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()
            self._done.append(job)
            os.write(self._say, b"\n")

    def _finish(self) -> None:
        os.read(self._word, 1024)
        while self._done:
            self._done.popleft().finish()

    def close(self) -> None:
        """End the thread when all is done."""
        if self._thread is None:
            return
        self._jobs.put(None)
        self._thread.join()
        self._thread = None
        self._loop.remove_reader(self._word)
        while self._done:
            self._loop.call_soon(self._done.popleft().finish)
        os.close(self._word)
        os.close(self._say)
