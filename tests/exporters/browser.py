"""A real Chromium without a window, spoken to by its own protocol over a pipe: no driver needed."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium() -> str:
    """The browser's program; the test is skipped where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium (apt-get install chromium)")
    return found


def axe() -> str:
    """axe-core's source; the test is skipped where it is not installed."""
    folder = os.environ.get("AXE_DIR", "")
    file = Path(folder) / "node_modules" / "axe-core" / "axe.min.js"
    if not folder or not file.is_file():
        pytest.skip("no axe-core (npm install --prefix DIR axe-core, then AXE_DIR=DIR)")
    return file.read_text("utf-8")


class Page:
    """One page, and everything that it asked for or complained of.

    Attributes:
        requests: The addresses that it tried to load.
        complaints: Errors of scripts, and what the content security policy refused.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", write: int, read: int) -> None:
        self._process = process
        self._write = write
        self._read = read
        self._buffer = b""
        self._number = 0
        self.session = ""
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._loaded = False

    def send(self, method: str, **params: Any) -> Any:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            data = os.read(self._read, 1 << 20)
            assert data, "the browser went away"
            self._buffer += data
        raw, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        params = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif message.get("method") == "Page.loadEventFired":
            self._loaded = True
        elif message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif message.get("method") == "Log.entryAdded":
            self.complaints.append(str(params["entry"]["text"]))
        return message

    def open(self, file: Path, width: int = 1280, height: int = 800, *, dark: bool = False) -> None:
        self._loaded = False
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send("Page.navigate", url=file.resolve().as_uri())
        while not self._loaded:
            self._next()

    def run(self, script: str) -> Any:
        answer = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def text(self, selector: str) -> str:
        return str(self.run(f"document.querySelector({selector!r}).textContent"))

    def key(self, key: str, *, shift: bool = False) -> None:
        params = {"key": key, "modifiers": 8 if shift else 0}
        text = {"text": key} if len(key) == 1 else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", **params, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **params)

    def picture(self, file: Path) -> None:
        data = self.send("Page.captureScreenshot", format="png")["data"]
        file.write_bytes(base64.b64decode(data))


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A browser with one empty page."""
    low_down, to_browser = os.pipe()
    from_browser, low_up = os.pipe()
    # Out of the way of 3 and 4, which the browser's ends become.
    down, up = (fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (low_down, low_up))
    os.close(low_down)
    os.close(low_up)
    command = [
        chromium(),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--remote-debugging-pipe",
        f"--user-data-dir={folder / 'profile'}",
        "about:blank",
    ]
    # The browser reads on descriptor 3 and writes on 4: a shell puts the pipes there.
    shell = f'exec "$@" 3<&{down} 4>&{up}'
    process = subprocess.Popen(
        ["bash", "-c", shell, "bash", *command],
        pass_fds=(down, up),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder)},
    )
    os.close(down)
    os.close(up)
    page = Page(process, to_browser, from_browser)
    try:
        targets = page.send("Target.getTargets")["targetInfos"]
        target = next(t["targetId"] for t in targets if t["type"] == "page")
        page.session = page.send("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.send(f"{domain}.enable")
        yield page
    finally:
        process.terminate()
        process.wait(timeout=20)
        os.close(to_browser)
        os.close(from_browser)
