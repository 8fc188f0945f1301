"""Which project files the user has trusted, by their exact content."""

import hashlib
import json
import os
import secrets
from pathlib import Path

from agent_tui.config.files import ConfigError, read_config


class TrustStore:
    """Remembers the SHA-256 of the content of each trusted file, by its absolute path.

    A file that changes by one byte is no longer trusted. A store that cannot be read trusts
    nothing.

    Args:
        file: Where it is kept, readable by its owner only.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def is_trusted(self, path: Path, content: bytes) -> bool:
        """Whether exactly this content was trusted at exactly this place."""
        return self._read().get(_key(path)) == _digest(content)

    def trust(self, path: Path, content: bytes) -> None:
        """Trust this content at this place, instead of what was trusted there before.

        Raises:
            ConfigError: If it cannot be remembered.
        """
        self._write({**self._read(), _key(path): _digest(content)})

    def forget(self, path: Path) -> bool:
        """Trust nothing at this place any more.

        Returns:
            Whether something was trusted there.

        Raises:
            ConfigError: If it cannot be remembered.
        """
        entries = self._read()
        if entries.pop(_key(path), None) is None:
            return False
        self._write(entries)
        return True

    def _read(self) -> dict[str, str]:
        try:
            entries = json.loads(read_config(self.file) or b"{}")
        except (ConfigError, ValueError, RecursionError):
            return {}
        if not isinstance(entries, dict):
            return {}
        return {k: v for k, v in entries.items() if isinstance(v, str)}

    def _write(self, entries: dict[str, str]) -> None:
        temporary = self.file.with_name(f".{self.file.name}.{secrets.token_hex(4)}")
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(fd, "w", encoding="ascii") as file:
                    json.dump(entries, file, indent=1, sort_keys=True)
                    file.flush()
                    os.fsync(fd)
                temporary.replace(self.file)
            except OSError:
                temporary.unlink()
                raise
        except OSError as error:
            raise ConfigError(f"{self.file}: cannot be written ({error.strerror})") from error


def _key(path: Path) -> str:
    # A byte that is no UTF-8 in a path is kept apart from every other one by its escape.
    name = os.path.realpath(path).encode("utf-8", "surrogateescape")
    return name.decode("utf-8", "backslashreplace")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
