"""A patch as somebody sent it: mail headers, several commits in a row, any line ends."""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from typing import NamedTuple

from agent_tui.domain.text import counted, decode
from agent_tui.ports import WorkspaceError

_MAIL = re.compile(rb"^From ([0-9a-f]{40,64}) Mon Sep 17 00:00:00 2001\r?$", re.MULTILINE)
_BASE = re.compile(rb"^base-commit: ([0-9a-f]{40,64})\s*$", re.MULTILINE)
_MAILBOX = re.compile(rb"^(?=From \S+ .*\d{4}\r?$)", re.MULTILINE)
_ENCODED = re.compile(
    rb"^content-(?:transfer-encoding:\s*(?:base64|quoted-printable)|type:\s*multipart/)",
    re.MULTILINE | re.IGNORECASE,
)
_STYLE = re.compile(rb"\x1b\[[0-9;]*[mK]")
_STYLED = re.compile(rb"^(?:\x1b\[[0-9;]*m)+(?:diff |--- |@@ )", re.MULTILINE)
_TAG = re.compile(r"^(?:re:\s*)?(?:\[[^\]]*\]\s*)+", re.IGNORECASE)
_SUMMARY = re.compile(
    rb"^ (\d+) files? changed(?:, (\d+) insertions?\(\+\))?(?:, (\d+) deletions?\(-\))?\r?$",
    re.MULTILINE,
)
MAX_BYTES = 256 * 2**20
"""A larger patch is refused: reading it would take the machine's memory."""


class Size(NamedTuple):
    """How much a patch changes: files, and lines."""

    files: int
    added: int
    removed: int

    def __str__(self) -> str:
        return f"{counted(self.files, 'file')}, +{self.added} −{self.removed}"


@dataclass(frozen=True, slots=True)
class PatchText:
    """A patch and what its mails say.

    Attributes:
        versions: The bytes to apply: as they came, and with the line ends mended that a mail
            program or a terminal has changed.
        commits: Names of the commits that it was made from, where it says so.
        base: The commit that it says it belongs on, or "".
        promised: How much its mails say that it changes, where they do.
    """

    versions: tuple[bytes, ...]
    message: str = ""
    author: str = ""
    commits: tuple[str, ...] = ()
    base: str = ""
    promised: Size | None = None


def read_patch_text(data: bytes) -> PatchText:
    """Read a unified diff, ``git format-patch``'s mails, or several of them in a row.

    Raises:
        WorkspaceError: If there is no diff in it.
    """
    if len(data) > MAX_BYTES:
        raise WorkspaceError(f"The patch is larger than {MAX_BYTES // 2**20} MiB.")
    data = _plain(data)
    if not re.search(rb"^(?:diff --git |--- |@@ )", data, re.MULTILINE):
        raise WorkspaceError(
            "There is no diff in that patch: give a unified diff, or the output of git diff or "
            "git format-patch."
        )
    starts = [match.start() for match in _MAIL.finditer(data)]
    ends = [*starts[1:], len(data)] if starts else []
    mails = [data[at:end] for at, end in zip(starts, ends, strict=True)]
    parts = [_mail(mail) for mail in mails or [data]]
    author = {author for author, _ in parts if author}
    bodies = [message for _, message in parts if message]
    message = bodies[0] if len(bodies) == 1 else ""
    if len(bodies) > 1:
        subjects = [f"* {body.splitlines()[0]}" for body in bodies]
        message = "\n".join([f"Take over {len(bodies)} patches", "", *subjects])
    found = _BASE.search(data)
    return PatchText(
        versions=tuple(_versions(data)),
        message=message,
        author=author.pop() if len(author) == 1 else "",
        commits=tuple(match[1].decode() for match in _MAIL.finditer(data)),
        base=found[1].decode() if found else "",
        promised=_promised(mails or [data]),
    )


def _promised(mails: Sequence[bytes]) -> Size | None:
    """What the summaries of the mails add up to; None where one with a diff has none."""
    found = []
    for mail in mails:
        start = re.search(rb"^diff --git ", mail, re.MULTILINE)
        if start is None:
            continue  # a cover letter sums up the others
        said = _SUMMARY.search(mail, 0, start.start())
        if said is None:
            return None
        found.append([int(number or 0) for number in said.groups()])
    return Size(*map(sum, zip(*found, strict=True))) if found else None


def _plain(data: bytes) -> bytes:
    """Without what shells, terminals and mail programs put around a patch."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # PowerShell's >
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(codecs.BOM_UTF8)
    if _STYLED.search(data):
        data = _STYLE.sub(b"", data)
    if data.startswith((b"diff ", b"--- ")) or not _ENCODED.search(data):
        return data
    return b"".join(_opened(mail) for mail in _MAILBOX.split(data) if mail)


def _opened(mail: bytes) -> bytes:
    """A mail with its parts as they were before they were encoded."""
    head = re.split(rb"\r?\n\r?\n", mail, maxsplit=1)[0]
    if not _ENCODED.search(head):
        return mail
    first, _, rest = mail.partition(b"\n")
    message = message_from_bytes(rest if first.startswith(b"From ") else mail)
    parts = [
        part.get_payload(decode=True)
        for part in message.walk()
        if part.get_content_maintype() == "text"
        or (part.get_filename() or "").endswith((".patch", ".diff"))
    ]
    bodies = [part if part.endswith(b"\n") else part + b"\n" for part in parts
              if isinstance(part, bytes)]  # fmt: skip
    return b"\n".join([head.replace(b"\r\n", b"\n") + b"\n", *bodies])


def _versions(data: bytes) -> Sequence[bytes]:
    data = data if data.endswith(b"\n") else data + b"\n"
    lines = data.count(b"\n")
    mended = [data]
    if data.count(b"\r\n") == lines:
        mended.append(data.replace(b"\r\n", b"\n"))
    elif b"\r\n" in data:
        # Headers with CRLF around content that has it or has it not.
        heads = rb"^((?:diff |index |--- |\+\+\+ |@@ |old mode|new mode|new file|deleted).*?)\r$"
        mended.append(re.sub(heads, rb"\1", data, flags=re.MULTILINE))
    return mended


def _mail(data: bytes) -> tuple[str, str]:
    """Author and message of one mail; empty for a bare diff."""
    head, _, body = decode(data).replace("\r\n", "\n").partition("\n\n")
    fields: dict[str, str] = {}
    name = ""
    for line in head.split("\n"):
        if line.startswith((" ", "\t")) and name in fields:
            fields[name] += " " + line.strip()
            continue
        if line.startswith(("diff --git ", "--- ")):
            break
        name, colon, value = line.partition(": ")
        name = name.lower()
        if colon:
            fields.setdefault(name, value)
    if "subject" not in fields:
        return "", ""
    subject = _TAG.sub("", _decoded(fields["subject"])).strip()
    text = re.split(r"^(?:---|diff --git .*|--- a/.*)$", body, maxsplit=1, flags=re.MULTILINE)[0]
    return _decoded(fields.get("from", "")), f"{subject}\n\n{text.strip()}".strip()


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, LookupError, UnicodeError):
        return value
