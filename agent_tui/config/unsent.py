"""Requests that were written on the home screen and not sent, one for each repository."""

from pathlib import Path

from agent_tui.config.files import ConfigError, path_key, read_texts, write_state


class UnsentRequests:
    """Keeps them over restarts. A file that cannot be read has none.

    Args:
        file: Where they are kept, readable by its owner only.
        root: Top of the repository's working tree.
    """

    def __init__(self, file: Path, root: Path) -> None:
        self._file = file
        self._key = path_key(root)

    def text(self) -> str:
        """The request of this repository, "" if there is none."""
        return read_texts(self._file).get(self._key, "")

    def keep(self, text: str) -> None:
        """Keep this one in the place of the last; "" for none.

        Raises:
            ConfigError: If it cannot be written.
        """
        entries = read_texts(self._file)
        entries.pop(self._key, None)
        if text:
            entries[self._key] = text
        try:
            write_state(self._file, entries)
        except OSError as error:
            raise ConfigError(f"{self._file}: cannot be written ({error.strerror})") from error
