"""Which project files the user has trusted, by their exact content."""

import hashlib
import json
from pathlib import Path

from agent_tui.config.files import ConfigError, path_key, read_config, write_state


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
        return self._read().get(path_key(path)) == _digest(content)

    def trust(self, path: Path, content: bytes) -> None:
        """Trust this content at this place, instead of what was trusted there before.

        Raises:
            ConfigError: If it cannot be remembered.
        """
        self._write({**self._read(), path_key(path): _digest(content)})

    def forget(self, path: Path) -> bool:
        """Trust nothing at this place any more.

        Returns:
            Whether something was trusted there.

        Raises:
            ConfigError: If it cannot be remembered.
        """
        entries = self._read()
        if entries.pop(path_key(path), None) is None:
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
        try:
            write_state(self.file, entries)
        except OSError as error:
            raise ConfigError(f"{self.file}: cannot be written ({error.strerror})") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
