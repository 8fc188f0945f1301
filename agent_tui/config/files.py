"""Reading configuration files, which may come from a repository that nobody trusts yet."""

import os
import stat
from pathlib import Path

from agent_tui.domain.text import visible

LIMIT = 1024 * 1024
"""Bytes that a configuration file may have."""


class ConfigError(Exception):
    """Something in the configuration is wrong; :attr:`problems` has a line for each thing."""

    def __init__(self, *problems: str) -> None:
        self.problems = tuple(visible(problem) for problem in problems)
        super().__init__("\n".join(self.problems))


def read_config(path: Path) -> bytes | None:
    """The bytes of a configuration file, or None when there is none.

    Raises:
        ConfigError: If there is something else at that place, or it cannot be read, or is too big.
    """
    try:
        # O_NONBLOCK: a named pipe must not hang the start.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise ConfigError(f"{path}: is not a regular file")
    with os.fdopen(fd, "rb") as file:
        try:
            data = file.read(LIMIT + 1)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    if len(data) > LIMIT:
        raise ConfigError(f"{path}: is bigger than {LIMIT:,} bytes")
    return data
