"""Options that a command shares with the program may stand before its name or after it."""

import subprocess
from pathlib import Path

import pytest

from agent_tui.cli import build_parser, main


@pytest.mark.parametrize(
    "line",
    [
        "--sessions here --set a=1 --coder x:y run do",
        "--sessions here run --set a=1 --coder x:y do",
        "run --sessions here --set a=1 --coder x:y do",
        "--sessions there run --sessions here --set a=1 do --coder x:y",
    ],
)
def test_before_or_after_the_command(line: str) -> None:
    options = build_parser().parse_args(line.split())
    assert options.command == "run"
    assert options.request == "do"
    assert options.sessions == Path("here")
    assert options.set == ["a=1"]
    assert options.coder == "x:y"


def test_settings_of_every_level_add_up_in_their_order() -> None:
    line = "--set a=1 sessions --set b=2 --state left list --set a=3"
    options = build_parser().parse_args(line.split())
    assert options.set == ["a=1", "b=2", "a=3"]
    assert (options.command, options.what, options.state) == ("sessions", "list", "left")
    themes = build_parser().parse_args(["--set", "a=1", "themes"])  # which takes no settings
    assert themes.set == ["a=1"]


def test_a_wrong_setting_before_the_command_is_not_passed_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--set", "nonsense=1", "config"]) == 2
    assert "unknown setting 'nonsense'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bogus", "agent-tui: argument COMMAND: invalid choice: 'bogus'"),
        ("run", "agent-tui run: the following arguments are required: REQUEST"),
        ("sessions export x --format nope", "agent-tui sessions export: argument --format"),
        ("demo --speed x", "agent-tui demo: argument --speed: invalid float value: 'x'"),
        ("run x --headless --script /nowhere.toml", "agent-tui: /nowhere.toml cannot be read: No"),
        ("replay . --headless", "agent-tui: there is no session in the folder ."),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    line: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name in ("user.name", "user.email"):
        subprocess.run(["git", "-C", str(tmp_path), "config", name, "someone"], check=True)
    monkeypatch.chdir(tmp_path)
    try:
        code = main(line.split())
    except SystemExit as end:
        code = end.code
    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert printed.err.startswith(said)
    assert printed.err.count("\n") == 1
