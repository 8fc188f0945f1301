"""Trees made straight from names and bytes, and the diffs that git prints between them."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

File = tuple[str, bytes]
"""A file's mode and content; of a submodule (160000) the content is the commit's name."""

Files = Mapping[bytes, File]

DIFF = (
    *("-c", "core.quotePath=false", "diff-tree", "-r", "-p", "--full-index", "--histogram"),
    *("--find-renames=50%", "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short"),
    *("--no-color", "--no-ext-diff", "--no-textconv"),
)


class Objects:
    """A bare repository that trees are written to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._blobs: dict[bytes, str] = {}
        root.mkdir(parents=True)
        self.git("init", "-q", "--bare")

    def git(self, *args: str, stdin: bytes = b"", **extra: str) -> bytes:
        env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        env |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", **extra}
        done = subprocess.run(
            ["git", *args], cwd=self.root, env=env, input=stdin, capture_output=True, check=False
        )
        assert done.returncode == 0, (args, done.stderr)
        return done.stdout

    def blob(self, data: bytes) -> str:
        if data not in self._blobs:
            out = self.git("hash-object", "-w", "--stdin", stdin=data)
            self._blobs[data] = out.decode().strip()
        return self._blobs[data]

    def oid(self, file: File) -> str:
        mode, data = file
        return data.decode() if mode == "160000" else self.blob(data)

    def tree(self, files: Files) -> str:
        lines = [f"{f[0]} {self.oid(f)}\t".encode() + name + b"\0" for name, f in files.items()]
        index = self.root / "index"
        index.unlink(missing_ok=True)
        at = {"GIT_INDEX_FILE": str(index)}
        self.git("update-index", "-z", "--index-info", stdin=b"".join(lines), **at)
        return self.git("write-tree", **at).decode().strip()

    def diff(self, old: Files, new: Files, *options: str) -> bytes:
        return self.git(*DIFF, *options, self.tree(old), self.tree(new))
