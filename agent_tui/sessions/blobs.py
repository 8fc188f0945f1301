"""Big texts beside the log, addressed by their content."""

import hashlib
import re
from pathlib import Path

from agent_tui.domain.base import BlobRef
from agent_tui.domain.text import one_line
from agent_tui.sessions.files import LogError, make_folder, read_regular, reason, replace_file

FOLDER = "blobs"
LIMIT = 256 * 1024 * 1024
"""Bytes that one blob may have, so that a saved session cannot fill the memory."""

DIGEST = re.compile(r"[0-9a-f]{64}")


def refer(data: bytes) -> BlobRef:
    """The reference of these bytes."""
    return BlobRef(digest=hashlib.sha256(data).hexdigest(), size=len(data))


def verify(ref: BlobRef, data: bytes) -> bytes:
    """The bytes, if they are the ones that *ref* names.

    Raises:
        LogError: If not.
    """
    if refer(data) != ref:
        raise LogError(f"the stored text {ref.digest[:12]}… is damaged: its bytes are not the same")
    return data


def put_blob(folder: Path, data: bytes) -> BlobRef:
    """Store bytes in a session's folder, durable when it returns; the same bytes only once.

    Raises:
        LogError: If they cannot be written.
    """
    ref = refer(data)
    path = folder / FOLDER / ref.digest
    if len(data) > LIMIT:
        raise LogError(f"a text of {len(data):,} bytes is too big: at most {LIMIT:,} bytes")
    try:
        if path.is_file() and not path.is_symlink() and path.read_bytes() == data:
            return ref
        make_folder(path.parent)
        replace_file(path, data)
    except OSError as error:
        raise LogError(f"cannot write {path}: {reason(error)}") from error
    return ref


def get_blob(folder: Path, ref: BlobRef) -> bytes:
    """The bytes that *ref* names, compared with its digest.

    Raises:
        LogError: If they are not there, cannot be read, or are not the same.
    """
    if not DIGEST.fullmatch(ref.digest):
        raise LogError(f"{one_line(ref.digest, 80)!r} is not the name of a stored text")
    return verify(ref, read_regular(folder / FOLDER / ref.digest, LIMIT))
