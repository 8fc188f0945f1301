"""Which project files the user has trusted, by their exact content."""

import hashlib
from pathlib import Path

from agent_tui.config.files import ConfigError, path_key, read_texts, write_state


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
        return read_texts(self.file).get(path_key(path)) == _digest(content)

    def trust(self, path: Path, content: bytes) -> None:
        """Trust this content at this place, instead of what was trusted there before.

        Raises:
            ConfigError: If it cannot be remembered.
        """
        self._write({**read_texts(self.file), path_key(path): _digest(content)})

    def forget(self, path: Path) -> bool:
        """Trust nothing at this place any more.

        Returns:
            Whether something was trusted there.

        Raises:
            ConfigError: If it cannot be remembered.
        """
        entries = read_texts(self.file)
        if entries.pop(path_key(path), None) is None:
            return False
        self._write(entries)
        return True

    def _write(self, entries: dict[str, str]) -> None:
        try:
            write_state(self.file, entries)
        except OSError as error:
            raise ConfigError(f"{self.file}: cannot be written ({error.strerror})") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
