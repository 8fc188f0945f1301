"""Texts that look like edits, thrown at every reader of them: no crash, no hang, bounded memory."""

import random
import time
import tracemalloc
from collections.abc import Callable, Sequence

from agent_tui.domain.edits import EditFormat, EditFormatError
from agent_tui.workspace.edits import Formats

FORMATS: tuple[EditFormat | None, ...] = (
    None, "tools", "apply_patch", "search_replace", "unified", "whole",
)  # fmt: skip
SLOW_S = 5.0
"""Seconds of this process's own time that one text may take."""

MEMORY = 64 * 1024 * 1024
"""Bytes that reading one text may take above the text itself."""

FILES: dict[str, bytes] = {
    "a.py": b"import os\n\n\ndef f(x):\n    return 1\n\n\ndef g(x):\n    return 1\n",
    "crlf.txt": b"one\r\ntwo\r\n\r\nthree",
    "bom.txt": b"\xef\xbb\xbfone\ntwo\n",
    "same": b"x\n" * 300,
    "empty": b"",
    "binary": b"\0\1\2\n",
    "latin": b"caf\xe9\n\xa0\n",
}
PIECES: tuple[bytes, ...] = (
    b"*** Begin Patch", b"*** End Patch", b"*** Update File: a.py", b"*** Add File: new/x",
    b"*** Delete File: same", b"*** Move to: moved", b"*** End of File", b"@@", b"@@ def g(x):",
    b"@@ -1,3 +1,4 @@", b"@@ -0,0 +1 @@ def", b"@@ -99999999999999999999,1 +1 @@",
    b"diff --git a/a.py b/a.py", b"--- a/a.py", b"+++ b/a.py", b"--- /dev/null", b"+++ /dev/null",
    b"+++ b/../../evil", b"--- a/crlf.txt", b"+++ b/crlf.txt", b"rename from a.py",
    b"rename to b.py", b"new file mode 120000", b"old mode 100644", b"new mode 100755",
    b"index 1234567..89abcde 100644", b"deleted file mode 100644", b"GIT binary patch",
    b"Binary files a/x and b/x differ", b"\\ No newline at end of file",
    b"<<<<<<< SEARCH", b"=======", b">>>>>>> REPLACE", b"<<<<<<<<< SEARCH", b"=========",
    b"------- SEARCH", b"+++++++ REPLACE", b"a.py", b"`bom.txt`", b"**crlf.txt**", b"File: same",
    b"```", b"```python", b"````", b"~~~", b"```a.py", b"    ```", b"- item", b"1. a.py:",
    b'{"path": "a.py", "old": "return 1", "new": "2"}', b'{"path": "a.py", "edits": [{}]}',
    b'{"command": "insert", "path": "a.py", "insert_line": 3, "insert_text": "x"}',
    b'{"name": "x", "arguments": "{\\"path\\": \\"a.py\\", \\"content\\": \\"\\ud800\\"}"}',
    b'{"input": "*** Begin Patch\\n*** Add File: y\\n+z\\n*** End Patch"}', b"[" * 40, b"{" * 40,
    b"import os", b" import os", b"-import os", b"+import sys", b"", b" ", b"-", b"+",
    b" def f(x):",
    b"-    return 1", b"+    return 2", b"    return 1", b"x", b"-x", b" x", b"+y", b"one", b"-two",
    b"+\xef\xbb\xbfone", b"-three", b"\xff\xfe", b"\0", b"caf\xe9", "“it’s – so”".encode(),
    b"\xe2\x80\xae", b"\x1b[31m", b"... rest of the code unchanged ...", b"EOF", b"-- ", b"\t",
)  # fmt: skip


HEAD = b"<<<<<<< SEARCH\n"
TAIL = b"=======\ny\n>>>>>>> REPLACE\n"


def random_text(rng: random.Random) -> bytes:
    """A text made of pieces of all formats, sometimes with a byte or two changed."""
    count = rng.choice((1, 3, 8, 20, 60))
    end = rng.choice((b"\n", b"\n", b"\n", b"\r\n", b"\r"))
    lines: list[bytes] = []
    for _ in range(count):
        piece = rng.choice(PIECES)
        lines += [rng.choice((b"", b"", b"", b" ", b"    ", b"> ")) + piece] * rng.choice(
            (1, 1, 1, 1, 2, 30)
        )
    text = end.join(lines) + rng.choice((b"", end))
    if rng.random() < 0.3 and text:
        at = rng.randrange(len(text))
        text = text[:at] + bytes([rng.randrange(256)]) + text[at + rng.randrange(3) :]
    return text


def check(
    text: bytes,
    read: Callable[[str], bytes | None] = FILES.get,
    names: Sequence[EditFormat | None] = FORMATS,
) -> str:
    """What went wrong with one text, or ""."""
    formats = Formats()
    for name in names:
        try:
            result = formats.apply(text, read, name)
        except EditFormatError as error:
            if not str(error):
                return f"{name}: an error without a word"
            continue
        if not result.applies and result.files:
            return f"{name}: files although a part does not apply"
        if result.applies != (not any(part.problem for part in result.parts)):
            return f"{name}: a result that contradicts itself"
        for edit in result.files:
            lower = edit.path.lower()
            if lower.startswith(("/", "..")) or ".git/" in lower or "/../" in edit.path:
                return f"{name}: the path {edit.path!r} got through"
        if not result.applies and not result.explain():
            return f"{name}: nothing is said"
    return ""


def adversarial() -> dict[str, bytes]:
    """Long texts that make a careless reader slow or greedy."""
    lines = 40_000
    return {
        "many equal lines": b"--- a/big\n+++ b/big\n@@ -1 +1 @@\n" + b" x\n" * lines + b"-x\n+y\n",
        "indented copies": b"big\n" + HEAD + b"  x\n" * 2_000 + TAIL,
        "many blocks": b"big\n" + b"<<<<<<< SEARCH\nq\n=======\nr\n>>>>>>> REPLACE\n" * 8_000,
        "many openings": b"a.py\n" + b"<<<<<<< SEARCH\n" * lines,
        "many dividers": b"a.py\n<<<<<<< SEARCH\n" + b"=======\n" * lines,
        "many fences": b"```a.py\n" * lines,
        "deep JSON": b"[" * 200_000,
        "deep calls": b'{"input":' * 50_000,
        "long number": b'{"path":"a.py","insert_line":' + b"9" * 100_000 + b',"text":"x"}',
        "long line": b"--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-" + b"x" * 5_000_000 + b"\n",
        "long decorations": b"*" * 500_000 + b"\n```\nx\n```\n",
        "quotes": b'diff --git "' + b"\\" * 200_000 + b"\n--- a\n+++ b\n@@\n+x\n",
        "many hunks": b"--- a/big\n+++ b/big\n" + b"@@ -1 +1 @@\n-x\n+y\n" * 10_000,
        "many files": b"*** Begin Patch\n" + b"*** Add File: f\n+x\n*** Delete File: f\n" * 20_000,
        "anchors": b"*** Begin Patch\n*** Update File: big\n" + b"@@ x\n" * 300 + b"-x\n+y\n",
        "lost context": b"big\n" + HEAD + b"abcdefgh %d\n" * 5_000 + TAIL,
    }  # fmt: skip


def check_adversarial() -> list[str]:
    """What was slow, greedy or wrong among the long texts."""
    big = b"x\n" * 40_000
    files = {**FILES, "big": big}
    problems = []
    for name, text in adversarial().items():
        tracemalloc.start()
        began = time.process_time()
        try:
            problem = check(text, files.get, (None,))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        taken = time.process_time() - began
        if problem:
            problems.append(f"{name}: {problem}")
        # Tracing slows the reading down three times or so.
        if taken > 3 * SLOW_S:
            problems.append(f"{name}: {taken:.1f} s for {len(text)} bytes")
        if peak > MEMORY + 60 * len(text):
            problems.append(f"{name}: {peak / 2**20:.0f} MiB for {len(text) / 2**20:.1f} MiB")
    return problems


def run(count: int, seed: int = 0) -> tuple[int, list[str]]:
    """Read random texts, each by every reader, until there were so many readings.

    Returns:
        How many there were, and what was wrong.
    """
    rng = random.Random(seed)
    problems = []
    for number in range(-(-count // len(FORMATS))):
        text = random_text(rng)
        try:
            problem = check(text)
        except Exception as error:  # whatever it is, it is what is looked for
            problem = f"{type(error).__name__}: {error}"
        if problem:
            problems.append(f"text {number} of seed {seed}: {problem}")
            if len(problems) > 5:
                break
    return (number + 1) * len(FORMATS), problems
