"""Reading configuration files, which may come from a repository that nobody trusts yet, and
writing the person's own state."""

import json
import os
import secrets
import stat
from collections.abc import Mapping
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


def read_texts(path: Path) -> dict[str, str]:
    """The texts, by name, of a file of :func:`write_state`; none where it cannot be read."""
    try:
        entries = json.loads(read_config(path) or b"{}")
    except (ConfigError, ValueError, RecursionError):
        return {}
    if not isinstance(entries, dict):
        return {}
    return {key: text for key, text in entries.items() if isinstance(text, str)}


def write_state(path: Path, value: Mapping[str, object]) -> None:
    """Put a JSON object in the place of a file that its owner alone may read: whole, or not at all.

    Raises:
        OSError: If it cannot be written; the old file is still there then.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="ascii") as file:
            json.dump(value, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(fd)
        temporary.replace(path)
    except OSError:
        temporary.unlink()
        raise


def path_key(path: Path) -> str:
    """A path as a key of such an object: a byte that is no UTF-8 is told from every other."""
    name = os.path.realpath(path).encode("utf-8", "surrogateescape")
    return name.decode("utf-8", "backslashreplace")
