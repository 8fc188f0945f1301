"""A whole headless loop against a server without latency, beside the same work by peers from PyPI.

The work: one file is changed as a request says, and committed. The server is ours and answers at
once, so what is measured is the harness: starting up, asking, applying, running git. Each peer has
an environment of its own below the user's cache folder, made at the first run with ``--peers``.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.benchmarks.report import Row
from tests.benchmarks.startup import make_repository

TEXT = "better\n"
FILE = "b.txt"
CACHE = Path(os.environ.get("AGENT_TUI_PEERS", Path.home() / ".cache/agent-tui/peers"))
"""Read at the import: a benchmark's own run has another home folder."""
INSTALL_S = 600
RUN_S = 120
NEEDS = {"mini-swe-agent": ("mcp",)}
"""What a peer imports for a call with tools, and its package does not ask for."""


def _answers(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What the model says to a request: the deltas of a message."""
    tools = {tool["function"]["name"] for tool in body.get("tools", [])}
    said = json.dumps(body.get("messages", ""))
    if "report" in tools:  # our coder
        write = {"path": FILE, "text": TEXT}
        return [_calls(("write_file", write), ("report", {"summary": "Done."}))]
    if "bash" in tools:  # mini-swe-agent
        return [_calls(("bash", {"command": _shell()}))]
    if "acceptance criteria" in said and "list_files" in tools:
        spec = {"title": "Better", "summary": "Better.", "criteria": [{"text": "It is better."}]}
        return [{"content": json.dumps(spec)}]
    if body.get("response_format") or tools:  # our reviewer
        return [{"content": json.dumps({"outcome": "pass", "summary": "Good."})}]
    if "bash" in said and "COMPLETE_TASK" in said:  # mini-swe-agent, older
        return [{"content": f"THOUGHT: do it\n\n```mswea_bash_command\n{_shell()}\n```"}]
    return [{"content": f"{FILE}\n```\n{TEXT}```\n"}]  # aider, format "whole"


def _shell() -> str:
    return (
        f"printf 'better\\n' > {FILE} && git commit -qam Better && "
        "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
    )


def _calls(*calls: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "tool_calls": [
            {
                "index": n,
                "id": f"call_{n}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for n, (name, arguments) in enumerate(calls)
        ]
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests = 0
    seconds = 0.0

    def do_POST(self) -> None:
        began = time.perf_counter()
        type(self).requests += 1
        self._answer()
        type(self).seconds += time.perf_counter() - began

    def _answer(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        (message,) = _answers(body)
        finish = "tool_calls" if "tool_calls" in message else "stop"
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        base = {"id": "c", "created": 1, "model": body["model"]}
        if body.get("stream"):
            made = base | {"object": "chat.completion.chunk"}
            delta = {"index": 0, "delta": {"role": "assistant"} | message, "finish_reason": None}
            chunks = [
                made | {"choices": [delta]},
                made | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
                made | {"choices": [], "usage": usage},
            ]
            data = b"".join(f"data: {json.dumps(c)}\n\n".encode() for c in chunks)
            self._send(data + b"data: [DONE]\n\n", "text/event-stream")
            return
        whole = {"role": "assistant", "content": None} | message
        choice = {"index": 0, "message": whole, "finish_reason": finish}
        done = base | {"object": "chat.completion", "choices": [choice], "usage": usage}
        self._send(json.dumps(done).encode(), "application/json")

    def _send(self, data: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Nothing on the terminal."""


class Unavailable(RuntimeError):
    """A peer cannot be measured here; the text says why."""


def peer_environment(package: str) -> Path:
    """The folder of a peer's programs; it is installed at the first time.

    Raises:
        Unavailable: If it cannot be installed.
    """
    folder = CACHE / package
    if not (folder / "complete").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"installing {package} below {CACHE}", file=sys.stderr)
        try:
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            pip = [str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run(
                [*pip, package, *NEEDS.get(package, ())],
                check=True, timeout=INSTALL_S, capture_output=True,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"{package} cannot be installed: {error}") from error
        (folder / "complete").touch()
    return folder / "bin"


def _ours(url: str, home: Path) -> list[str]:
    config = home / ".config/agent-tui/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(
        f'[providers.near]\nkind = "chat"\nbase_url = "{url}/v1"\n'
        + "".join(f'[roles.{r}]\nmodel = "near:m"\n' for r in ("planner", "coder", "reviewer"))
    )
    return [sys.executable, "-m", "agent_tui", "run", "Make b.txt better", "--headless"]


def _aider(url: str, home: Path) -> list[str]:
    program = peer_environment("aider-chat") / "aider"
    words = "--model openai/m --weak-model openai/m --edit-format whole --yes-always --no-stream"
    quiet = "--no-check-update --no-show-model-warnings --no-analytics --no-gitignore --no-pretty"
    api = f"--openai-api-base {url}/v1 --openai-api-key none"
    more = "--map-tokens 0 --no-suggest-shell-commands --message"
    return [str(program), *f"{words} {quiet} {api} {more}".split(), "Make it better", FILE]


def _mini(url: str, home: Path) -> list[str]:
    program = peer_environment("mini-swe-agent") / "mini"
    task = "Make b.txt better"
    return [str(program), "--yolo", "--exit-immediately", "-m", "openai/m", "-t", task]


class Measured:
    """The wall time of one program doing the work, the server's part of it, and its requests.

    Args:
        command: Makes the command line, for a server and a home folder.
    """

    def __init__(self, name: str, command: Callable[[str, Path], list[str]]) -> None:
        self.name = name
        self.seconds: list[float] = []
        self.per_call: list[float] = []
        self.requests = 0
        self._command = command

    def run(self, url: str, folder: Path) -> None:
        """Do the work once, in a new repository.

        Raises:
            Unavailable: If the program cannot be run, or does something else.
        """
        home = folder / f"home-{self.name}"
        home.mkdir(exist_ok=True)
        root = make_repository(folder / f"{self.name}-{time.monotonic_ns()}")
        (root / FILE).write_text("good\n")
        git = ["git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.com"]
        subprocess.run([*git, "add", FILE], check=True)
        subprocess.run([*git, "commit", "-q", "-m", "base"], check=True)
        env = os.environ | {
            "HOME": str(home),
            "OPENAI_API_KEY": "none",
            "OPENAI_API_BASE": f"{url}/v1",
            "OPENAI_BASE_URL": f"{url}/v1",
            "NO_PROXY": "*",
            "MSWEA_CONFIGURED": "true",
            "MSWEA_COST_TRACKING": "ignore_errors",
            "MSWEA_GLOBAL_CONFIG_DIR": str(home / "mini"),
            "MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT": "1",  # a failure is told, not waited out
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com",
        }  # fmt: skip
        for name in list(env):
            if name.startswith("XDG_"):
                del env[name]
        command = self._command(url, home)
        before, served = _Handler.requests, _Handler.seconds
        began = time.perf_counter()
        try:
            done = subprocess.run(
                command, cwd=root, env=env, capture_output=True, text=True, timeout=RUN_S,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"{self.name} could not be run: {error}") from error
        took = time.perf_counter() - began
        shown = subprocess.run(
            [*git, "show", f"HEAD:{FILE}"], capture_output=True, text=True, check=False
        )
        if shown.stdout.strip() != TEXT.strip():
            last = re.sub(r"\s+", " ", (done.stdout + done.stderr)[-300:])
            raise Unavailable(f"{self.name} did not do the work ({done.returncode}): {last}")
        self.seconds.append(took)
        self.requests = _Handler.requests - before
        self.per_call.append((took - (_Handler.seconds - served)) / self.requests)


def peers(folder: Path, runs: int, *, with_peers: bool) -> list[Row]:
    """Rows for the whole loop of each program, the programs in turn; ours first."""
    programs = [Measured("agent-tui", _ours)]
    rows: list[Row] = []
    if with_peers:
        programs += [Measured("mini-swe-agent", _mini), Measured("aider-chat", _aider)]
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        for number in range(max(5, runs) + 1):
            for program in list(programs):
                try:
                    program.run(url, folder)
                except Unavailable as error:
                    if program.name == "agent-tui":
                        raise
                    programs.remove(program)
                    rows.append(Row(f"  whole loop, {program.name}", None, note=str(error)))
                    print(error, file=sys.stderr)
            if number == 0:
                for program in programs:
                    program.seconds.clear()  # the first run compiles and fills caches
                    program.per_call.clear()
        server.shutdown()
    ours, *others = programs
    mine = statistics.median(ours.seconds) * 1000
    note = f"{ours.requests} model calls: plan, code, review; with a commit that is proved"
    rows.append(Row("whole loop, process included", mine, "ms", note=note))
    for other in others:
        theirs = statistics.median(other.seconds) * 1000
        note = f"baseline: {other.name}, {other.requests} model calls, no plan and no review"
        rows.append(Row(f"  beside {other.name}", mine, "ms", theirs, note=note))
    each = statistics.median(ours.per_call) * 1000
    note = "the whole process without the server's time, through the calls: start, git and commit"
    rows.append(Row("  harness per model call", each, "ms", note=note))
    for other in others:
        theirs = statistics.median(other.per_call) * 1000
        note = f"baseline: {other.name}"
        rows.append(Row(f"  per model call, {other.name}", each, "ms", theirs, note=note))
    if not with_peers:
        rows.append(Row("  beside peers", None, note="not asked for (--peers)"))
    return rows
