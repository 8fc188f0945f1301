"""Patches for the tests of the diff widget, made by git from real files."""

import os
import subprocess
from pathlib import Path

from hypothesis import strategies as st

from agent_tui.domain.patch import Patch, parse_patch

HELLO = "\u4f60\u597d \u05e9\u05dc\u05d5\u05dd e\u0301 \u202e\u2066x\n"
GIT = (
    "git",
    "-c",
    "core.quotePath=false",
    "-c",
    "core.autocrlf=false",
    "-c",
    "protocol.file.allow=always",
)
DIFF = (
    "diff",
    "--cached",
    "--full-index",
    "--histogram",
    "-M",
    "-C",
    "--find-copies-harder",
    "--no-rename-empty",
)


def git(folder: Path, *args: str, stdin: bytes = b"") -> bytes:
    env = {
        **os.environ,
        "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com",
        "GIT_AUTHOR_DATE": "@0 +0000", "GIT_COMMITTER_DATE": "@0 +0000",  # a picture shows the id
    }  # fmt: skip
    done = subprocess.run(
        [*GIT, *args], cwd=folder, env=env, input=stdin, capture_output=True, check=True
    )
    return done.stdout


def diff_of(folder: Path, old: dict[str, bytes], new: dict[str, bytes]) -> bytes:
    """What git prints for the change from some files to others."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    for name, data in old.items():
        put(folder, name, data)
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "--allow-empty", "-m", "old")
    for name in old.keys() - new.keys():
        (folder / name).unlink()
    for name, data in new.items():
        put(folder, name, data)
    git(folder, "add", "--all")
    return git(folder, *DIFF)


def put(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def every_kind(folder: Path) -> bytes:
    """A patch with every kind of change that git knows, and names and bytes that are hostile."""
    text = b"".join(b"line %d of a file that is long enough\n" % n for n in range(30))
    old = {
        "copied.txt": text,
        "crlf.txt": b"one\r\ntwo\r\nthree\r\n",
        "deleted.txt": b"gone\n",
        "emptied.txt": b"",
        "bom.txt": b"\xef\xbb\xbfmark\n",
        "image.png": b"\x89PNG\r\n\x1a\n\0\0\0" + bytes(range(256)),
        "invalid.txt": b"caf\xe9\n\xff\xfe\n",
        "mode.sh": b"#!/bin/sh\necho\n",
        "moved.py": text + b"def f():\n    return 1\n",
        "noend.txt": b"a\nb",
        "tabs.c": b"int main() {\n\treturn 0;\n}\n",
        "target": b"x\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    for name, data in old.items():
        put(folder, name, data)
    (folder / "link").symlink_to("target")
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", "old")
    commit = git(folder, "rev-parse", "HEAD").decode().strip()
    for name in ("deleted.txt", "emptied.txt"):
        (folder / name).unlink()
    new = {
        "copy of copied.txt": text + b"and one more\n",
        "copied.txt": text.replace(b"line 3 ", b"line three "),
        "crlf.txt": b"one\ntwo\r\nthree\n",
        "bom.txt": b"mark\n",
        "image.png": b"\x89PNG\r\n\x1a\n\0\0\0" + bytes(range(256)) * 9,
        "invalid.txt": b"caf\xc3\xa9\n\xff\xfe\n",
        "noend.txt": b"a\nb\nc",
        "tabs.c": b"int main() {\n\treturn 1;\t\n}\n",
        "empty": b"",
        '-dash "quoted" \x1b[31m\n.txt': b"name\n",
        "\u4e16\u754c.txt": HELLO.encode(),
        "long.min.js": b"x=" + b"1234567890" * 500 + b";\n",
        "control.txt": b"\x1b]0;owned\x07 \x00\x9b31m".replace(b"\x00", b"") + b"\n",
    }
    (folder / "moved.py").rename(folder / "renamed.py")
    put(folder, "renamed.py", text + b"def f():\n    return 2\n")
    for name, data in new.items():
        put(folder, name, data)
    (folder / "mode.sh").chmod(0o755)
    (folder / "link").unlink()
    (folder / "link").symlink_to("elsewhere")
    git(folder, "add", "--all")
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{commit},module")
    return git(folder, *DIFF)


_WORDS = (
    *(b"", b"a", b"  b = f(c)", b"\tx", "\u4e16\u754c".encode(), b"\xff\xfe", b"e\xcc\x81"),
    *(b"y" * 90, b"\x1b[2J", b"z\r", b"@@ -1 +1 @@", b"diff --git a/x b/x", b"--- a", b"+++ b"),
    *(b"\xe2\x80\xae", "\u05d0\u05d1".encode() * 30, b" "),
)


@st.composite
def hunk_bodies(draw: st.DrawFn) -> list[tuple[bytes, bytes]]:
    signs = st.sampled_from([b" ", b"+", b"-"])
    words = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=3).map(b" ".join)
    lines = draw(st.lists(st.tuples(signs, words), min_size=1, max_size=14))
    return lines if any(sign != b" " for sign, _ in lines) else [*lines, (b"+", b"new")]


@st.composite
def patches(draw: st.DrawFn) -> Patch:
    """Any patch that has git's form, also such as git itself would not make."""
    raw = []
    for number in range(draw(st.integers(1, 3))):
        name = f"f{number}.{draw(st.sampled_from(['py', 'c', 'md', 'xyz']))}".encode()
        raw.append(b"diff --git a/%s b/%s\nindex %s..%s 100644\n--- a/%s\n+++ b/%s\n" % (
            name, name, b"1" * 40, b"2" * 40, name, name))  # fmt: skip
        old = new = draw(st.sampled_from([1, 95, 99_990]))
        for body in draw(st.lists(hunk_bodies(), min_size=0, max_size=3)):
            minus = sum(sign != b"+" for sign, _ in body)
            plus = sum(sign != b"-" for sign, _ in body)
            raw.append(
                b"@@ -%d,%d +%d,%d @@ %s\n" % (old, minus, new, plus, draw(st.sampled_from(_WORDS)))
            )
            raw += [sign + text.replace(b"\n", b"") + b"\n" for sign, text in body]
            if draw(st.booleans()):
                raw.append(b"\\ No newline at end of file\n")
            gap = draw(st.integers(1, 30))
            old, new = old + minus + gap, new + plus + gap
    return parse_patch(b"".join(raw))
