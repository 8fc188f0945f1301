"""``[[rules]]`` in files, what a project may say, and the rules that a person gave."""

from pathlib import Path

import pytest

from agent_tui.cli import main
from agent_tui.config.files import ConfigError
from agent_tui.config.given import GivenRules
from agent_tui.config.settings import load_settings
from agent_tui.domain.rules import Rule


def toml(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_a_project_may_only_make_rules_stricter(tmp_path: Path) -> None:
    user = toml(tmp_path, "u.toml", '[[rules]]\naction = "allow"\ncommand = "npm test"\n')
    project = toml(
        tmp_path,
        "p.toml",
        '[[rules]]\naction = "allow"\ncommand = "curl"\n[[rules]]\naction = "deny"\npath = "x/"\n'
        '[review.checklists]\n"*" = []\n',
    )
    loaded = load_settings(user, project, {}, lambda content: True)
    assert [str(rule) for rule in loaded.settings.rules_in_force()] == [
        "allow commands that begin with `npm test`",
        "deny every tool on x/",
    ]
    assert any("a project may not allow" in note for note in loaded.notes)
    assert any("review.checklists" in note for note in loaded.notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('action = "allow"\ncommand = "ls"\npath = "a"', "not two of them"),
        ('action = "allow"\ntool = "read_file"\ncommand = "ls"', "only run_command has commands"),
        ('action = "maybe"', "action"),
        ('action = "deny"\nmin_bytes = -1', "min_bytes"),
        ('action = "deny"\ncomand = "x"', "did you mean 'command'"),
        ('tool = "x"', "action is missing"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(toml(tmp_path, "u.toml", f"[[rules]]\n{text}\n"), None, {})
    assert said in str(caught.value)


def test_given_rules_are_kept_by_project(tmp_path: Path) -> None:
    file = tmp_path / "state" / "rules.json"
    mine, other = GivenRules(file, tmp_path / "a"), GivenRules(file, tmp_path / "b")
    first = Rule(action="allow", tool="run_command", command=("ls",))
    second = Rule(action="allow", tool="run_command", line="rm -rf build\x1b")
    mine.add([first, second])
    mine.add([first])
    other.add([first])
    assert mine.rules() == (first, second)
    assert mine.remove(3) is None
    assert mine.remove(1) == first
    assert mine.rules() == (second,)
    assert other.rules() == (first,)


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import subprocess

    for args in (["init", "-q"], ["config", "user.name", "A"], ["config", "user.email", "a@b.c"]):
        subprocess.run(["git", *args], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    from agent_tui.bootstrap.environment import project_rules

    project_rules(tmp_path).add([Rule(action="allow", tool="run_command", line="ls\x1b[2J")])
    assert main(["rules"]) == 0
    out = capsys.readouterr().out
    assert "1  allow exactly `ls␛[2J`" in out
    assert "\x1b" not in out
    assert main(["rules", "try", "ls && $(x)"]) == 0
    assert "command substitution" in capsys.readouterr().out
    assert main(["rules", "remove", "2"]) == 2
    assert main(["rules", "remove"]) == 2
    assert main(["rules", "remove", "1"]) == 0
    assert project_rules(tmp_path).rules() == ()
