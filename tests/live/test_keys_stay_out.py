"""Keys are in the environment, and nowhere else: log, blobs, JSON, cassette, errors, children."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from live_session import (
    ANTHROPIC,
    KEYS,
    RESPONSES,
    SPEC,
    Person,
    begin,
    calls,
    make_repository,
    says,
    whole_loop,
    writes,
)
from provider_loopback import Loopback, json_reply

from agent_tui.domain import events as e
from agent_tui.domain.decision import Approve

pytestmark = pytest.mark.anyio

SNOOP = (
    "import os, pathlib\n"
    "print('environment', sorted(os.environ.items()))\n"
    "print(pathlib.Path('/proc/self/environ').read_bytes())\n"
)
CHECK = {"name": "snoop", "command": [sys.executable, "-c", SNOOP], "timeout_s": 60.0}


def held(folder: Path) -> bytes:
    """Everything that is below a folder, names included."""
    parts = []
    for file in sorted(folder.rglob("*")):
        parts.append(str(file).encode())
        if file.is_file() and not file.is_symlink():
            parts.append(file.read_bytes())
    return b"\n".join(parts)


async def test_no_key_gets_anywhere(
    server: Loopback, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    all_keys = " ".join(KEYS.values())
    quoting = json_reply(
        529, {"error": {"type": "overloaded_error", "message": f"Busy: {all_keys}"}}
    )
    refused = json_reply(401, {"error": {"type": "x", "message": f"Bad key {all_keys}"}})
    bad = json_reply(400, {"error": {"type": "x", "message": f"Bearer {KEYS['CLAUDE_KEY']}: no"}})
    plan, _, report, verdict = whole_loop()
    echoing = says(ANTHROPIC, SPEC | {"summary": f"I was told {all_keys}."})
    command = calls(RESPONSES, "read_file", {"path": f"{KEYS['GPT_KEY']}.txt"}, "c1")
    server.replies = [
        quoting, refused, bad, echoing, command, writes("better\n"), report, verdict,
    ]  # fmt: skip
    person = Person(Approve(), Approve())
    cassette = tmp_path / "wire.jsonl"
    live = await begin(tmp_path, server, person, record=cassette, settings={"checks": [CHECK]})
    finished = await live.finish(person)
    await live.session.close()
    assert finished.outcome == "committed", finished.detail
    (checked,) = live.events(e.ChecksFinished)
    assert "environment" in checked.results[0].output, "the check really looked"
    out = capfd.readouterr()
    places = {
        "log and blobs": held(live.session.folder),
        "cassette": cassette.read_bytes(),
        "json output": "\n".join(live.lines).encode(),
        "errors": "\n".join(person.faults).encode(),
        "repository": held(tmp_path / "repository"),
        "output": (out.out + out.err).encode(),
        "check": checked.results[0].output.encode(),
    }
    assert all(b"CLAUDE_KEY" in places[name] for name in ("cassette",)), (
        "redaction says what it took"
    )
    for name, content in places.items():
        for key in KEYS.values():
            assert key.encode() not in content, f"{key} is in the {name}"
    sent = [r.headers.get("authorization", "") for r in server.requests]
    assert all(any(key in header for key in KEYS.values()) for header in sent), "they were used"
    assert plan


def test_an_error_of_the_command_holds_no_key(tmp_path: Path) -> None:
    """The whole program, with a server that is not there and a key that breaks headers."""
    root = make_repository(tmp_path / "repository")
    config = tmp_path / ".config/agent-tui/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        '[providers.gone]\nkind = "openai"\nbase_url = "http://127.0.0.1:9/v1"\n'
        'key_env = "GPT_KEY"\n[roles]\nplanner.model = "gone:x"\ncoder.model = "gone:x"\n'
        'reviewer.model = "gone:x"\n'
    )
    for key in (KEYS["GPT_KEY"], KEYS["GPT_KEY"] + "\u00e9"):
        env = {**os.environ, "HOME": str(tmp_path), "GPT_KEY": key, "NO_PROXY": "*"}
        env.pop("XDG_CONFIG_HOME", None)
        env.pop("XDG_STATE_HOME", None)
        command = [sys.executable, "-m", "agent_tui", "doctor", "--json"]
        done = subprocess.run(
            command, cwd=root, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert KEYS["GPT_KEY"] not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
