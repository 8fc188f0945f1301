"""Settings: layers, what a project may not do, and messages that name file and line."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent_tui.config.early import read_early
from agent_tui.config.effective import effective
from agent_tui.config.files import ConfigError
from agent_tui.config.schema import Settings
from agent_tui.config.settings import LoadedSettings, load_settings
from agent_tui.domain.base import ModelRef
from agent_tui.domain.checks import CheckCommand
from agent_tui.domain.events import Limits


class Files:
    """A user's and a project's file."""

    def __init__(self, folder: Path) -> None:
        self.user = folder / "config.toml"
        self.project = folder / "repo" / "agent-tui.toml"
        self.project.parent.mkdir()

    def load(
        self,
        user: str = "",
        project: str = "",
        overrides: dict[str, Any] | None = None,
        *,
        trusted: bool = False,
    ) -> LoadedSettings:
        self.user.write_text(user)
        self.project.write_text(project)
        return load_settings(self.user, self.project, overrides, lambda content: trusted)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_defaults(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "none.toml", tmp_path / "nor-this.toml")
    settings = loaded.settings
    assert settings.models() == {"planner": None, "coder": None, "reviewer": None}
    assert set(settings.gate_policies().values()) == {"ask"}
    assert settings.gates.grace_ms == 400
    assert settings.loop_limits() == Limits(iterations=4, dollars=None, minutes=None)
    assert settings.theme == "agent-dark"
    assert settings.commit.hooks == "run"
    assert not settings.commit.signoff
    assert {str(source) for source in loaded.sources.values()} == {"default"}
    assert loaded.project_content is None


USER = """\
theme = "ember"

[roles.planner]
model = "anthropic:some-model"
[roles.coder]
model = "chat:llama3:8b"

[gates]
message = "auto"

[limits]
iterations = 6
minutes = 90
dollars = "none"

[[checks]]
name = "tests"
command = "{python} -m pytest -q 'a b'"

[[checks]]
name = "lint"
command = ["ruff", "check"]
timeout_s = 20

[keymap]
"gate.approve" = "a,ctrl+a"

[sessions]
folder = "~/sessions"
"""


def test_user_file(files: Files) -> None:
    loaded = files.load(USER)
    settings = loaded.settings
    assert settings.models()["planner"] == ModelRef(provider="anthropic", model="some-model")
    assert settings.models()["coder"] == ModelRef(provider="chat", model="llama3:8b")
    assert settings.gate_policies()["message"] == "auto"
    assert settings.loop_limits() == Limits(iterations=6, dollars=None, minutes=90)
    assert settings.check_commands() == (
        CheckCommand(name="tests", command=("{python}", "-m", "pytest", "-q", "a b")),
        CheckCommand(name="lint", command=("ruff", "check"), timeout_s=20),
    )
    assert settings.keymap == {"gate.approve": "a,ctrl+a"}
    assert settings.sessions.folder == Path.home() / "sessions"
    lines = {key: source.line for key, source in loaded.sources.items() if source.line}
    assert lines == {
        "theme": 1,
        "roles.planner.model": 4,
        "roles.coder.model": 6,
        "gates.message": 9,
        "limits.iterations": 12,
        "limits.minutes": 13,
        "limits.dollars": 14,
        "checks": 16,
        "keymap.gate.approve": 26,
        "sessions.folder": 29,
    }


def test_precedence(files: Files) -> None:
    user = '[limits]\niterations = 9\ndollars = 5\nminutes = 60\n[gates]\nspec = "auto"\n'
    project = "[limits]\niterations = 3\ndollars = 4.5\n"
    loaded = files.load(user, project, {"limits.iterations": "7"})
    assert loaded.settings.loop_limits() == Limits(iterations=7, dollars=4.5, minutes=60)
    assert [loaded.sources[f"limits.{k}"].layer for k in ("iterations", "dollars", "minutes")] == [
        "command line",
        "project",
        "user",
    ]
    assert loaded.sources["limits.dollars"].line == 3
    assert loaded.sources["gates.diff"].layer == "default"


def test_overrides_take_text_and_values(files: Files) -> None:
    loaded = files.load(
        overrides={
            "gates.spec": "auto",
            "gates.grace_ms": 0,
            "commit.signoff": "true",
            "limits.dollars": "none",
            "limits.minutes": "2.5",
            "roles.coder.model": "scripted:demo",
            "deploy.command": "git push",
            "editor.command": ["vi", "-n"],
            "keymap.gate.approve": "y",
            "theme": "'paper'",
        }
    )
    settings = loaded.settings
    assert settings.gates.spec == "auto"
    assert settings.gates.grace_ms == 0
    assert settings.commit.signoff is True
    assert settings.limits.dollars is None
    assert settings.limits.minutes == 2.5
    assert settings.models()["coder"] == ModelRef(provider="scripted", model="demo")
    assert settings.deploy.command == ("git", "push")
    assert settings.editor.command == ("vi", "-n")
    assert settings.keymap == {"gate.approve": "y"}
    assert settings.theme == "paper"


@pytest.mark.parametrize(
    ("user", "project", "key", "kept", "why"),
    [
        ("", '[gates]\nspec = "auto"', "gates.spec", "ask", "only change it from auto to ask"),
        (
            '[gates]\ndeploy = "ask"',
            '[gates]\ndeploy = "auto"',
            "gates.deploy",
            "ask",
            "only change it from auto to ask",
        ),
        ("", "[gates]\ngrace_ms = 0", "gates.grace_ms", 400, "only make it longer"),
        ("", "[limits]\niterations = 5", "limits.iterations", 4, "only lower"),
        ("", '[limits]\niterations = "none"', "limits.iterations", 4, "only lower"),
        ("[limits]\ndollars = 1", "[limits]\ndollars = 2", "limits.dollars", 1, "only lower"),
        ("[limits]\nminutes = 5", '[limits]\nminutes = "none"', "limits.minutes", 5, "only lower"),
        ("", '[keymap]\n"gate.approve" = "x"', "keymap", {}, "may not change your keys"),
        ("", '[editor]\ncommand = "evil"', "editor.command", (), "may not choose a program"),
        ("", '[sessions]\nfolder = "/x"', "sessions.folder", None, "where your sessions are"),
        ("", "[commit]\nsignoff = true", "commit.signoff", False, "may not sign off"),
        (
            '[commit]\nhooks = "refuse"',
            '[commit]\nhooks = "run"',
            "commit.hooks",
            "refuse",
            "may not have its own hooks run",
        ),
        (
            "[sandbox]\nrequire = true",
            "[sandbox]\nrequire = false",
            "sandbox.require",
            True,
            "may not switch it off",
        ),
        ("", '[sandbox]\nuse = "none"', "sandbox.use", "auto", "may not set it"),
        ("", '[sandbox]\nread = ["~/.ssh"]', "sandbox.read", (), "what is in its own folder"),
        ("", '[sandbox]\ncaches = ["/etc"]', "sandbox.caches", (), "what is in its own folder"),
        ("", "[sandbox]\nprocesses = 9999", "sandbox.processes", 1024, "only lower"),
    ],
)
def test_a_project_may_not(
    *, files: Files, user: str, project: str, key: str, kept: object, why: str
) -> None:
    loaded = files.load(user, project, trusted=True)
    value: Any = loaded.settings
    for part in key.split("."):
        value = getattr(value, part)
    assert value == kept
    (note,) = loaded.notes
    assert note.startswith(f"{files.project}:2: {key}")
    assert why in note
    assert not loaded.untrusted


@pytest.mark.parametrize(
    ("user", "project", "key", "value"),
    [
        ('[gates]\nspec = "auto"', '[gates]\nspec = "ask"', "gates.spec", "ask"),
        ("", "[gates]\ngrace_ms = 900", "gates.grace_ms", 900),
        ("", "[limits]\niterations = 2", "limits.iterations", 2),
        ("", "[limits]\ndollars = 2", "limits.dollars", 2),
        ("", '[commit]\nhooks = "refuse"', "commit.hooks", "refuse"),
        ("", "[sandbox]\nrequire = true", "sandbox.require", True),
        ("", "[sandbox]\nmemory_mb = 512", "sandbox.memory_mb", 512),
        ("", 'theme = "paper"', "theme", "paper"),
        (
            "",
            '[roles.coder]\nmodel = "a:b"',
            "roles.coder.model",
            ModelRef(provider="a", model="b"),
        ),
        ('[gates]\nspec = "auto"', '[gates]\nspec = "auto"', "gates.spec", "auto"),
        ("", "[commit]\nsignoff = false", "commit.signoff", False),
    ],
)
def test_a_project_may(files: Files, user: str, project: str, key: str, value: object) -> None:
    loaded = files.load(user, project)
    got: Any = loaded.settings
    for part in key.split("."):
        got = getattr(got, part)
    assert got == value
    assert not loaded.notes


COMMANDS = """\
[[checks]]
name = "tests"
command = "make test"
[deploy]
command = "git push \\u001b]0;x"
"""


def test_a_projects_commands_wait_for_trust(files: Files) -> None:
    own = '[[checks]]\nname = "mine"\ncommand = "true"\n'
    loaded = files.load(own, COMMANDS)
    assert [check.name for check in loaded.settings.checks] == ["mine"]
    assert loaded.settings.deploy.command == ()
    checks, deploy = (str(item) for item in loaded.untrusted)
    assert checks == f"{files.project}:1: checks = tests (make test)"
    assert deploy.startswith(f"{files.project}:5: deploy.command = ")
    assert "\x1b" not in deploy
    assert loaded.project_file == files.project
    assert loaded.project_content == COMMANDS.encode()

    loaded = files.load(own, COMMANDS, trusted=True)
    assert [check.name for check in loaded.settings.checks] == ["tests"]
    assert loaded.settings.deploy.command[0] == "git"
    assert not loaded.untrusted
    assert loaded.sources["checks"].layer == "project"


def test_what_a_project_wants_to_see_waits_for_trust(files: Files) -> None:
    wish = '[sandbox]\nread = [".venv"]\n[[checks]]\nname = "x"\ncommand = "y"\nnetwork = true\n'
    loaded = files.load("", wish)
    assert loaded.settings.sandbox.read == ()
    assert sorted(str(item).partition(": ")[2] for item in loaded.untrusted) == [
        "checks = x (y, with the network)",
        'sandbox.read = ".venv"',
    ]
    loaded = files.load("", wish, trusted=True)
    assert loaded.settings.sandbox.read == (".venv",)
    assert loaded.settings.check_commands()[0].network


@pytest.mark.parametrize("path", ["../x", "a/../../b", ".", "", "a\\u0000b", "~nobody-at-all/x"])
def test_paths_that_the_sandbox_does_not_take(files: Files, path: str) -> None:
    with pytest.raises(ConfigError, match=r"sandbox\.read"):
        files.load(f'[sandbox]\nread = ["{path}"]')


def test_trust_is_asked_about_exactly_the_bytes_that_are_used(files: Files) -> None:
    asked: list[bytes] = []
    files.user.write_text("")
    files.project.write_text(COMMANDS)

    def trusted(content: bytes) -> bool:
        asked.append(content)
        files.project.write_text(COMMANDS.replace("make test", "evil"))
        return True

    loaded = load_settings(files.user, files.project, {}, trusted)
    assert asked == [COMMANDS.encode()]
    assert loaded.settings.checks[0].command == ("make", "test")


def test_all_problems_of_all_layers_are_reported_together(files: Files) -> None:
    user = """\
themee = "x"
[gates]
spec = "always"
spce = "ask"
[limits]
iterations = 0
minutes = true
[roles.coder]
model = "nocolon"
[[checks]]
name = "a"
command = "x"
[[checks]]
name = "b"
command = "it's"
timeout_s = "5"
"""
    with pytest.raises(ConfigError) as caught:
        files.load(user, "[roles.coder]\nmodel = 3\n", {"gates.spec": "maybe", "no.such": 1})
    got = str(caught.value).splitlines()
    at = files.user
    expected = [
        f"{at}:1: unknown setting 'themee'; did you mean 'theme'?",
        f"{at}:3: gates.spec should be 'ask' or 'auto', not 'always'",
        f"{at}:4: unknown setting 'gates.spce'; did you mean 'spec'?",
        f"{at}:6: limits.iterations should be greater than or equal to 1, not 0",
        f"{at}:7: limits.minutes should be a valid number, not True",
        f"{at}:9: roles.coder.model should be \"provider:model\", not 'nocolon'",
        f'{at}:15: checks.1.command cannot be split into words (No closing quotation), not "it\'s"',
        f"{at}:16: checks.1.timeout_s should be a valid number, not '5'",
        f'{files.project}:2: roles.coder.model should be "provider:model", not 3',
        "command line: gates.spec should be 'ask' or 'auto', not 'maybe'",
        "command line: unknown setting 'no'",
    ]
    assert sorted(got) == sorted(expected)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"theme = ", 1),
        (b"\n\n[gates\nspec = 1", 3),
        (b'theme = "a"\n\ntheme = "b"\n', 3),
        (b'x = """\n\n', 3),
        (b"a = 1\nb = \xff\n", 2),
        (b"a = " + b"[" * 5000, 1),
    ],
)
def test_a_malformed_file_is_named_with_its_line(tmp_path: Path, text: bytes, line: int) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert len(caught.value.problems) == 1


def test_files_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a regular file"):
        load_settings(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is not a regular file"):
        load_settings(None, tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is not a regular file"):
        load_settings(None, Path("/dev/zero"))
    big = tmp_path / "big.toml"
    big.write_bytes(b"#" * 2_000_000)
    with pytest.raises(ConfigError, match="is bigger than"):
        load_settings(big)


def test_a_message_never_steers_the_terminal(files: Files) -> None:
    with pytest.raises(ConfigError) as caught:
        files.load(project='"\\u001b[2J\\u202e" = 1\n')
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)
    loaded = files.load(project='[keymap]\n"\\u001b[2J" = "x"\n')
    assert "\x1b" not in loaded.notes[0]


def test_effective_rows(files: Files) -> None:
    loaded = files.load(USER, "[limits]\niterations = 2\n", {"commit.signoff": True})
    rows = {row.key: row for row in effective(loaded)}
    assert rows["theme"] == ("theme", '"ember"', f"{files.user}:1")
    assert rows["limits.iterations"] == ("limits.iterations", "2", f"{files.project}:2")
    assert rows["limits.dollars"].value == "none"
    assert rows["commit.signoff"] == ("commit.signoff", "true", "command line")
    assert rows["gates.grace_ms"] == ("gates.grace_ms", "400", "default")
    assert rows["roles.coder.model"].value == '"chat:llama3:8b"'
    assert rows["roles.reviewer.model"].value == "none"
    assert rows["checks"].value == "tests ('{python}' -m pytest -q 'a b'), lint (ruff check)"
    assert rows["keymap.gate.approve"].value == '"a,ctrl+a"'
    assert set(rows) == set(loaded.sources)


def test_overrides_of_one_table_are_checked_together(files: Files) -> None:
    near = {
        "providers.near.base_url": "http://localhost:1/v1",
        "providers.near.timeout_s": "30",
        "providers.near.priced_as": "7",  # a text that reads like a number
        "providers.near.kind": "chat",
    }
    loaded = files.load(overrides=near)
    provider = loaded.settings.providers["near"]
    assert (provider.kind, provider.timeout_s, provider.priced_as) == ("chat", 30, "7")
    assert all(loaded.sources[key].layer == "command line" for key in near)
    with pytest.raises(ConfigError) as caught:
        files.load(overrides={key: near[key] for key in near if not key.endswith("kind")})
    assert caught.value.problems == ("command line: providers.near.kind is missing",)
    with pytest.raises(ConfigError) as caught:
        files.load(overrides=near | {"providers.near.timeout_s": "-1"})
    assert caught.value.problems == (
        "command line: providers.near.timeout_s should be greater than 0, not -1",
    )


def test_an_override_completes_the_table_of_a_file(files: Files) -> None:
    user = '[providers.near]\nkind = "chat"\nbase_url = "http://localhost:1/v1"\n'
    loaded = files.load(user, overrides={"providers.near.native_patch": "false"})
    provider = loaded.settings.providers["near"]
    assert (provider.kind, provider.native_patch) == ("chat", False)
    assert loaded.sources["providers.near.kind"].layer == "user"
    assert loaded.sources["providers.near.native_patch"].layer == "command line"


@pytest.mark.parametrize("wrong", ["0", "-5", "nan", "inf", "86401", '"60"', "true"])
def test_the_timeout_of_a_provider_is_a_number_of_seconds(files: Files, wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"providers\.near\.timeout_s should be"):
        files.load(f'[providers.near]\nkind = "chat"\ntimeout_s = {wrong}\n')


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().theme = "x"  # type: ignore[misc]


def test_early_settings_agree_with_the_full_ones(files: Files) -> None:
    project = 'theme = "paper"\n[keymap]\n"gate.approve" = "x"\n'
    loaded = files.load(USER, project)
    early = read_early(files.user, files.project)
    assert early.theme == loaded.settings.theme == "paper"
    assert early.keymap == loaded.settings.keymap == {"gate.approve": "a,ctrl+a"}


@pytest.mark.parametrize("text", [b"theme = 3\nkeymap = 4\n", b"\xff", b"[", b""])
def test_early_settings_are_tolerant(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text)
    early = read_early(path, tmp_path / "none")
    assert early.theme == "agent-dark"
    assert early.keymap == {}
    assert read_early(tmp_path, None).theme == "agent-dark"


def test_early_modules_do_not_import_pydantic_or_textual() -> None:
    code = (
        "import sys, agent_tui.config.early, agent_tui.config.paths, agent_tui.config.trust;"
        "print([m for m in ('pydantic', 'textual') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
