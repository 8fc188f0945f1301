"""File names in a patch: bytes on disk, text on screen, and git's quoted notation between them."""

import re

from agent_tui.domain.text import decode


class PatchError(ValueError):
    """The text is not a diff as git prints it."""


_ESCAPES = {
    b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13, b'"': 34, b"\\": 92,
}  # fmt: skip
_QUOTED = re.compile(rb"\\([0-3][0-7]{2}|.)", re.DOTALL)


def path_from_bytes(name: bytes) -> str:
    """A file name as text: itself when it is UTF-8, else git's quoted notation.

    Names that start with a double quote are quoted too, so that no two names give one text.
    """
    if not name.startswith(b'"'):
        try:
            return name.decode("utf-8")
        except UnicodeDecodeError:
            pass
    special = {value: "\\" + key.decode() for key, value in _ESCAPES.items()}
    body = "".join(
        special.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}")
        for byte in name
    )
    return f'"{body}"'


def path_to_bytes(path: str) -> bytes:
    """The inverse of :func:`path_from_bytes`.

    Raises:
        PatchError: If the text begins with a quote and is not in git's quoted notation.
    """
    return _unquote(path.encode("utf-8")) if path.startswith('"') else path.encode("utf-8")


def _unquote(name: bytes) -> bytes:
    if not (len(name) >= 2 and name.startswith(b'"') and name.endswith(b'"')):
        raise PatchError(f"not a quoted name: {decode(name)}")

    def value(match: re.Match[bytes]) -> bytes:
        escape = match[1]
        if len(escape) == 3:
            return bytes([int(escape, 8)])
        if escape not in _ESCAPES:
            raise PatchError(f"unknown escape in name: {decode(name)}")
        return bytes([_ESCAPES[escape]])

    return _QUOTED.sub(value, name[1:-1])


def name_in_header(field: bytes, prefix: bytes = b"") -> str | None:
    """A name from a header line; git puts a tab behind a name that holds spaces, quoted or not.

    Returns:
        None for ``/dev/null`` where a *prefix* (``a/`` or ``b/``) is expected.

    Raises:
        PatchError: If it is quoted badly.
    """
    field = field.removesuffix(b"\t")
    raw = _unquote(field) if field.startswith(b'"') else field
    if prefix and raw == b"/dev/null":
        return None
    return path_from_bytes(raw.removeprefix(prefix))


def name_in_git_line(rest: bytes) -> str:
    """The name in ``diff --git a/X b/X``, for files without any other header that names them.

    Only reached when both names are the same, so the line's halves are known by their length.

    Raises:
        PatchError: If it is quoted badly.
    """
    if rest.startswith(b'"'):
        end = re.match(rb'"(?:[^"\\]|\\.)*"', rest)
        if end is None:
            raise PatchError(f"bad header: {decode(rest)}")
        return path_from_bytes(_unquote(end[0]).removeprefix(b"a/"))
    half = rest[: (len(rest) - 1) // 2]
    return path_from_bytes(half.removeprefix(b"a/"))
