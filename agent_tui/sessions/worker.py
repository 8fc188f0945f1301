"""A thread that does one blocking thing after the other, and wakes the event loop at once.

``run_in_executor`` goes through a future of each kind and three rounds of the event loop, which
takes as long as writing a record does.
"""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class _Job(Generic[T]):
    """Something to do, and what came of it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self._result: list[T] = []
        self.done = False

    def run(self) -> None:
        """Do it, in the thread."""
        try:
            self._result.append(self._work())
        except BaseException as error:  # it is raised again where the result is asked for
            self._error = error
        self._loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        self.done = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self) -> None:
        """Wait until it is done; being cancelled ends the waiting, not the work."""
        if not self.done:
            self._waiter = self._loop.create_future()
            await self._waiter

    @property
    def result(self) -> T:
        """What the work gave; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result[0]


class Worker:
    """The thread. It begins with the first thing to do.

    Args:
        name: Its name.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[_Job[object] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[], T]) -> tuple[T, bool]:
        """Do *work* to its end, and say whether the caller was cancelled meanwhile."""
        if self._thread is None:
            # Nobody was told of work that is not done, so an exit need not wait for it.
            self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
            self._thread.start()
        job = _Job(work)
        self._jobs.put(job)  # type: ignore[arg-type]  # of whatever it gives
        cancelled = False
        while not job.done:
            try:
                await job.wait()
            except asyncio.CancelledError:
                cancelled = True
        return job.result, cancelled

    def _loop(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()

    def close(self) -> None:
        """End the thread when all is done."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None
