"""Text that wants to steer a terminal, where it is put, and how what gets through is found."""

import re
import shlex
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent_tui.domain.base import BlobRef
from agent_tui.sessions import codec
from agent_tui.sessions.clock import SystemClock
from agent_tui.sessions.log import SessionLog
from agent_tui.sessions.redact import Redactor
from agent_tui.sessions.store import ReadSession

MARK = "31337"
"""Stands in every payload, so that a sequence of ours is told from one of the program's."""

PAYLOADS = {
    # ESC with every introducer, then the same as single characters, then what moves the cursor
    "steering": f"\x1b[{MARK};1m\x1b]52;c;{MARK}\x07\x1b]0;x\x07\x1bPq{MARK}\x1b\\\x1b[?{MARK}l"
    f"\x9b{MARK}m\x9d0;{MARK}\x9c\x90q\x85\x7f\x08\x07\x0b\x0c\x0e\r",
    # what is not seen or turns text around, then what a widget may take for its own markup
    "deceiving": f"{MARK}\u202e\u2066\u200b\u200d\u2060\ufeff\u00ad\u2028\u2029\u061c\u180e"
    f"\U000e0041\ufff9[@click=app.quit]x[/][/foo][bold[a=$x]]{{}}\\[",
}

_SEQUENCE = re.compile(rb"\x1b\[[0-9;:?<>=!$ ]*[@-~]|\x1b\]22;[a-z-]*(?:\x1b\\|\x07)")
"""What Textual writes itself: control sequences, and the shape of the mouse pointer."""

_LAYOUT = "\r\n"


def leaks(output: bytes) -> Counter[str]:
    """What reached the terminal and should not have, with how often. Ours is not the judge of
    what that is: Unicode's categories are."""
    found: Counter[str] = Counter()

    def check(match: "re.Match[bytes]") -> bytes:
        if MARK.encode() in match[0]:
            found[repr(match[0])] += 1
        return b""

    rest = _SEQUENCE.sub(check, output).decode("utf-8")
    for char in rest:
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in _LAYOUT:
            found[f"U+{ord(char):04X}"] += 1
    return found


def shown(output: bytes) -> int:
    """How often a payload is there to be seen."""
    return _SEQUENCE.sub(b"", output).count(MARK.encode())


# -- a session whose every text is hostile -----------------------------------------------------


async def write_poisoned(saved: ReadSession, payload: str, folder: Path, root: Path) -> int:
    """Write a copy of a session in which the payload stands before every text that may have it,
    and before every line of its patches.

    Args:
        root: The repository that it then belongs to.

    Returns:
        How many texts have it.
    """
    count = 0
    log = SessionLog.create(folder, clock=SystemClock(), redactor=Redactor({}))
    async with log:
        for record in saved.records:
            data = codec.plain(record.event)
            for at in list(_leaves(data)):
                holder, key = at
                before = holder[key]
                if isinstance(before, str):
                    # Names that tie events together stay the same for the same name.
                    holder[key] = str(root) if key == "root" else f"{payload} {before}"
                    if _builds(record.event.type, data):
                        count += 1
                    else:
                        holder[key] = before
                else:
                    patch = saved.blob(BlobRef(**before)).decode()
                    new = await log.put_blob(_poison_patch(patch, payload).encode())
                    holder[key] = new.model_dump()
                    count += 1
            await log.append(codec.build(record.event.type, data), record.actor, durable=False)
    return count


def _leaves(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every text, and every reference to a blob: what holds it, and its key there."""
    items = list(data.items() if isinstance(data, dict) else enumerate(data))
    for key, value in items:
        if isinstance(value, str) or (isinstance(value, dict) and set(value) == {"digest", "size"}):
            yield data, key
        elif isinstance(value, dict | list):
            yield from _leaves(value)


def _poison_patch(patch: str, payload: str) -> str:
    """Every line of content; line ends in the payload would make another patch of it."""
    line_safe = "".join(payload.splitlines()) if "\n" in payload else payload
    lines = patch.split("\n")
    return "\n".join(
        f"{line[0]}{line_safe} {line[1:]}"
        if line[:1] in ("+", "-", " ") and line[:3] not in ("+++", "---")
        else line
        for line in lines
    )


def _builds(type_: str, data: Any) -> bool:
    try:
        codec.build(type_, data)
    except (ValueError, TypeError):
        return False
    return True


def toml(text: str) -> str:
    """A TOML string with everything escaped that is not plain."""
    plain = (
        c if c.isascii() and (c.isalnum() or c in " .,-_/#") else f"\\U{ord(c):08X}" for c in text
    )
    return f'"{"".join(plain)}"'


def script(payload: str) -> str:
    """Scripted models that put the payload wherever a model may write."""
    p = toml(payload + " ")
    q = toml(f"{payload} first\n{payload} second\n")
    name = toml(f"new {payload.replace('/', '_')}.txt")
    line = toml("wc " + shlex.quote(payload.replace("\0", "")))
    return f"""
[[planner]]
[[planner.call]]
thinking = {q}
text = {q}
tools = [{{ name = "list_files" }}, {{ name = "read_file", arguments = {{ path = {p} }} }}]
[[planner.call]]
[planner.call.answer]
title = {p}
summary = {q}
criteria = [{{ text = {p} }}]
files = [{p}]
constraints = [{p}]
out_of_scope = [{p}]
risks = [{p}]
test_plan = [{p}]
open_questions = [{p}]
[[coder]]
[[coder.call]]
thinking = {q}
text = {q}
tools = [
  {{ name = "run_command", arguments = {{ command = {line} }} }},
  {{ name = "write_file", arguments = {{ path = "b.txt", text = {q} }} }},
  {{ name = "write_file", arguments = {{ path = {name}, text = {q} }} }},
  {{ name = "read_file", arguments = {{ path = {p} }} }},
]
[[coder.call]]
[[coder.call.tools]]
name = "report"
[coder.call.tools.arguments]
summary = {q}
commit_message = {q}
claims = [{{ criterion = "AC1", path = "b.txt", quote = {p} }}]
[coder.recover]
text = {p}
tools = [{{ name = "report", arguments = {{ summary = {q}, commit_message = {q} }} }}]
[[reviewer]]
[[reviewer.call]]
thinking = {q}
[reviewer.call.answer]
outcome = "pass"
summary = {q}
findings = [{{ severity = "minor", title = {p}, body = {q}, path = "b.txt", line = 1 }}]
"""
