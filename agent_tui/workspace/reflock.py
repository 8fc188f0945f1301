"""Holding a branch at its value until it is moved, as git itself does."""

from contextlib import suppress
from typing import IO, Any

from agent_tui.domain.text import decode, one_line
from agent_tui.workspace.adopting import Stays
from agent_tui.workspace.git import Git, Place


class RefLock:
    """A transaction of git's that holds the ref at its expected value until it is committed."""

    def __init__(
        self, git: Git, at: Place, env: dict[str, str], *, ref: str, new: str, old: str
    ) -> None:
        self._git, self._at, self._env = git, at, env
        self._update = f"update {ref} {new} {old}"
        self._process: Any = None

    def __enter__(self) -> "RefLock":
        self._process = self._git.start(
            "update-ref", "-m", "agent-tui: land", "--stdin", at=self._at, env=self._env
        )
        self._say("start", self._update, "prepare")
        for expected in (b"start: ok\n", b"prepare: ok\n"):
            self._expect(expected)
        return self

    def commit(self) -> None:
        """Move the ref."""
        self._say("commit")
        self._expect(b"commit: ok\n")

    def __exit__(self, *_: object) -> None:
        process = self._process
        self._let_go()
        process.stdout.close()
        process.stderr.close()
        process.proc.wait()

    def _let_go(self) -> None:
        """End the conversation; without a commit, the lock goes and nothing is changed."""
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def _say(self, *lines: str) -> None:
        pipe: IO[bytes] = self._process.stdin
        with suppress(BrokenPipeError):  # it has refused; the answer that is expected says so
            pipe.write("".join(f"{line}\n" for line in lines).encode())
            pipe.flush()

    def _expect(self, answer: bytes) -> None:
        if self._process.stdout.readline() != answer:
            self._let_go()
            said = decode(self._process.stderr.read())
            self.__exit__()
            raise Stays(f"the branch could not be locked ({one_line(said)})")
