"""A session as one file for sharing: a zip archive of ``events.jsonl`` and ``blobs/``.

The same session gives the same bytes. What comes in such a file is not trusted: names, counts and
sizes are checked, nothing is extracted to the disk, and every blob is compared with its digest.
"""

import io
import struct
import zipfile
import zlib
from pathlib import Path

from agent_tui.domain.base import BlobRef
from agent_tui.domain.text import one_line
from agent_tui.sessions.blobs import DIGEST, FOLDER, get_blob, refer
from agent_tui.sessions.files import LogError, read_regular, reason, replace_file

SUFFIX = ".zip"
EVENTS = "events.jsonl"

MAX_FILE = 256 * 1024 * 1024
MAX_UNPACKED = 512 * 1024 * 1024
MAX_ENTRIES = 10_000
_MAX_DIRECTORY = MAX_ENTRIES * 256
_TIME = (1980, 1, 1, 0, 0, 0)


def pack(folder: Path, file: Path, *, overwrite: bool = False) -> None:
    """Write a session's log and blobs into one file. Half a record at the end is left out.

    Args:
        overwrite: Replace *file* if it is there already.

    Raises:
        LogError: If the session cannot be read or the file cannot be written.
    """
    if not overwrite and file.exists():
        raise LogError(f"{file} is there already; choose another name")
    events = read_regular(folder / EVENTS, MAX_UNPACKED)
    contents = {EVENTS: events[: events.rfind(b"\n") + 1]}
    blobs = folder / FOLDER
    names = sorted(p.name for p in blobs.iterdir()) if blobs.is_dir() else []
    for name in names:
        if DIGEST.fullmatch(name):
            ref = BlobRef(digest=name, size=(blobs / name).lstat().st_size)
            contents[f"{FOLDER}/{name}"] = get_blob(folder, ref)
    if len(contents) > MAX_ENTRIES or sum(map(len, contents.values())) > MAX_UNPACKED:
        raise LogError(f"session {folder.name} is too big to be packed into one file")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in contents.items():
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, whatever the machine
            info.external_attr = 0o100600 << 16
            archive.writestr(info, data)
    try:
        replace_file(file, buffer.getvalue())
    except OSError as error:
        raise LogError(f"cannot write {file}: {reason(error)}") from error


def unpack(file: Path) -> tuple[bytes, dict[str, bytes]]:
    """The log and the blobs (digest → bytes) of a packed session.

    Raises:
        LogError: If it is no packed session, or too big.
    """
    data = read_regular(file, MAX_FILE)
    _check_directory(data, file)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            contents = _contents(archive, file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise LogError(f"{file} is no packed session: {one_line(str(error))}") from error
    if EVENTS not in contents:
        raise LogError(f"{file} is no packed session: there is no {EVENTS} in it")
    events = contents.pop(EVENTS)
    blobs = {name.removeprefix(f"{FOLDER}/"): blob for name, blob in contents.items()}
    for digest, blob in blobs.items():
        if refer(blob).digest != digest:
            raise LogError(f"{file} is damaged: the stored text {digest[:12]}… is not the same")
    return events, blobs


def _check_directory(data: bytes, file: Path) -> None:
    # The zipfile module reads the whole directory before it says how long it is.
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 22 - 0xFFFF))
    if at < 0 or len(data) < at + 22:
        raise LogError(f"{file} is no packed session: it is no zip archive")
    entries, size = struct.unpack_from("<HL", data, at + 10)
    big = data[max(0, at - 20) : at].startswith(b"PK\x06\x07")
    if entries > MAX_ENTRIES or size > _MAX_DIRECTORY or big:
        raise LogError(f"{file} is no packed session: it has too many entries")


def _contents(archive: zipfile.ZipFile, file: Path) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    room = MAX_UNPACKED
    for info in archive.infolist():
        name = info.filename
        head, _, digest = name.partition("/")
        if name != EVENTS and not (head == FOLDER and DIGEST.fullmatch(digest)):
            raise LogError(f"{file} is no packed session: {one_line(name, 80)!r} does not belong")
        if name in contents:
            raise LogError(f"{file} is no packed session: {name} is in it twice")
        with archive.open(info) as entry:  # the sizes that the archive states are not trusted
            contents[name] = entry.read(room + 1)
        room -= len(contents[name])
        if room < 0:
            raise LogError(f"{file} is too big: more than {MAX_UNPACKED:,} bytes when unpacked")
    return contents
