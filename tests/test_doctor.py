"""``agent-tui doctor`` as a shell sees it, with a server that lists models."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

KEY = "sk-doctor-51f7c09a22d84"


class Server(BaseHTTPRequestHandler):
    """Lists two models to whom has the key."""

    seen: list[tuple[str, str]] = []
    status = 200
    body = json.dumps({"data": [{"id": "tiny"}, {"id": "small"}]})

    def do_GET(self) -> None:
        cls = type(self)
        key = self.headers.get("authorization") or self.headers.get("x-api-key") or ""
        cls.seen.append((self.path, key))
        status = cls.status if cls.status != 200 or KEY in key else 401
        self.send_response(status)
        if status == 302:
            self.send_header("location", "/elsewhere")
        data = cls.body.encode()
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def server() -> Iterator[tuple[str, type[Server]]]:
    handler = type("Handler", (Server,), {"seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_address[1]}", handler
        made.shutdown()


def doctor(
    home: Path, *words: str, url: str = "", kind: str = "chat", **environ: str
) -> tuple[int, Any, str]:
    config = home / ".config/agent-tui/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    if url:
        config.write_text(
            f'[providers.near]\nkind = "{kind}"\nbase_url = "{url}"\nkey_env = "NEAR_KEY"\n'
            '[roles.planner]\nmodel = "near:tiny"\n[roles.coder]\nmodel = "near:tiny"\n'
            '[roles.reviewer]\nmodel = "near:tiny"\n'
        )
    repo = home / "repo"
    if not repo.exists():
        subprocess.run(["git", "init", "-q", str(repo)], check=True)
        subprocess.run(["git", "-C", str(repo), "config", "user.name", "Ada"], check=True)
        subprocess.run(
            ["git", "-C", str(repo), "config", "user.email", "a@example.com"], check=True
        )
    env = {
        **{k: v for k, v in os.environ.items() if not k.endswith(("_KEY", "_proxy", "_PROXY"))},
        "HOME": str(home),
        "NO_PROXY": "*",
        **environ,
    }
    env.pop("XDG_CONFIG_HOME", None)
    command = [sys.executable, "-m", "agent_tui", "doctor", *words]
    done = subprocess.run(command, cwd=repo, env=env, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    assert KEY not in done.stdout + done.stderr
    report = json.loads(done.stdout) if "--json" in words else None
    return done.returncode, report, done.stdout


def levels(report: Any, index: int = 0) -> dict[str, str]:
    return {f["name"]: f["level"] for f in report["models"][index]["findings"]}


@pytest.mark.parametrize(
    ("kind", "suffix"), [("chat", "/v1"), ("openai", "/v1"), ("anthropic", "")]
)
def test_all_is_well(
    tmp_path: Path, server: tuple[str, type[Server]], kind: str, suffix: str
) -> None:
    url, handler = server
    code, report, _ = doctor(tmp_path, "--json", url=url + suffix, kind=kind, NEAR_KEY=KEY)
    assert (code, report["healthy"]) == (0, True)
    (model,) = report["models"]
    assert (model["model"], model["roles"]) == ("near:tiny", ["planner", "coder", "reviewer"])
    found = levels(report)
    assert (found["key"], found["server"], found["model"]) == ("ok", "ok", "ok")
    assert (found["price"], found["window"]) == ("note", "note")
    ((path, key),) = handler.seen
    assert path.partition("?")[0] == "/v1/models"
    assert KEY in key


def test_a_model_that_the_server_does_not_have(
    tmp_path: Path, server: tuple[str, type[Server]]
) -> None:
    code, report, _ = doctor(
        tmp_path, "--json", "--coder", "near:huge", url=server[0] + "/v1", NEAR_KEY=KEY
    )
    assert code == 1
    assert levels(report, 1)["model"] == "problem"
    assert "it has tiny, small" in json.dumps(report["models"][1])


def test_a_key_that_is_missing_or_refused(tmp_path: Path, server: tuple[str, type[Server]]) -> None:
    url = server[0] + "/v1"
    code, report, _ = doctor(tmp_path, "--json", url=url)
    assert (code, levels(report)["key"], levels(report)["server"]) == (1, "problem", "ok")
    code, report, _ = doctor(tmp_path, "--json", url=url, NEAR_KEY="sk-another-00000000000")
    assert (code, levels(report)["key"], levels(report)["server"]) == (1, "ok", "problem")


def test_a_key_does_not_follow_a_redirect(tmp_path: Path, server: tuple[str, type[Server]]) -> None:
    url, handler = server
    handler.status = 302
    _, report, _ = doctor(tmp_path, "--json", url=url + "/v1", NEAR_KEY=KEY)
    assert levels(report)["server"] == "note"
    assert [path for path, _ in handler.seen] == ["/v1/models"]


def test_a_server_that_is_not_there_and_one_that_is_not_asked(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/v1"
    code, report, _ = doctor(tmp_path, "--json", url=url, NEAR_KEY=KEY)
    assert (code, levels(report)["server"]) == (1, "problem")
    code, report, _ = doctor(tmp_path, "--json", "--offline", url=url, NEAR_KEY=KEY)
    assert (code, levels(report)["server"]) == (0, "note")


def test_the_local_server_by_environment(tmp_path: Path, server: tuple[str, type[Server]]) -> None:
    url = f"{server[0]}/v1"
    _, report, _ = doctor(tmp_path, "--json", "--preset", "local", AGENT_TUI_LOCAL_URL=url)
    assert url in json.dumps(report["models"])


def test_plain_words_name_what_is_missing(tmp_path: Path) -> None:
    code, _, text = doctor(tmp_path, "--offline", "--preset", "opus-codex")
    assert code == 1
    assert "ANTHROPIC_API_KEY is not set" in text
    assert "$5.00 in, $25.00 out for a million tokens" in text
    assert "2 things keep a session from running." in text
    assert "\x1b" not in text
    code, _, text = doctor(tmp_path, "--offline")
    assert "none is configured" in text
