"""A folder becomes a link to elsewhere and back while we write below it."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

from agent_tui.ports import WorkspaceError
from agent_tui.workspace.files import write_files
from agent_tui.workspace.swap import Swap, read_file, swap_files

FLIPPER = """
import os, sys
folder, outside = sys.argv[1:]
os.chdir(folder)
print("ready", flush=True)
number = 0
while True:
    number += 1
    try:
        os.rename("d", "kept")
        os.symlink(outside, "d")
        os.unlink("d")
        os.rename("kept", "d")
    except OSError:  # the writer has made the folder anew, or removed it while it was empty
        if os.path.isdir("kept"):
            os.rename("kept", f"junk-{number}")
        if not os.path.lexists("d"):
            os.mkdir("d")
"""


def race(folder: Path, seconds: float) -> tuple[int, int, list[str]]:
    """Write below the folder for so long.

    Returns:
        How many writes went through, how many were refused, and what got outside.
    """
    inside, outside = folder / "inside", folder / "outside"
    (inside / "d").mkdir(parents=True)
    outside.mkdir()
    flipper = subprocess.Popen(
        [sys.executable, "-c", FLIPPER, str(inside), str(outside)], stdout=subprocess.PIPE
    )
    written = refused = 0
    try:
        if flipper.stdout is None or not flipper.stdout.readline():
            raise RuntimeError("the other process did not start")
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            name = f"d/{written + refused}"
            try:
                if (written + refused) % 2:
                    write_files(inside, {name: b"x"})
                else:
                    swap_files(inside, [Swap(name, None, b"x"), Swap(f"{name}.b", None, b"y")])
                written += 1
            except (WorkspaceError, FileNotFoundError):
                refused += 1
            with contextlib.suppress(WorkspaceError, FileNotFoundError):
                read_file(inside, name)
    finally:
        flipper.kill()
        flipper.wait()
        if flipper.stdout:
            flipper.stdout.close()
    return written, refused, [f"{file.name} is outside" for file in outside.iterdir()]
