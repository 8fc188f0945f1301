"""What the README says is what the program does."""

import re
import tomllib
from pathlib import Path

from agent_tui.cli import build_parser
from agent_tui.config.settings import load_settings
from agent_tui.headless import EXIT_CODES, INTERRUPTED
from agent_tui.ui.actions import ACTIONS, BY_ID, key_table

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def test_the_key_table_is_the_registry() -> None:
    assert key_table() in README


def test_every_action_has_a_key_of_its_own() -> None:
    keys = [key for action in ACTIONS for key in action.keys.split(",")]
    assert len(keys) == len(set(keys))
    assert len(BY_ID) == len(ACTIONS)


def test_the_configuration_is_valid(tmp_path: Path) -> None:
    block = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert block
    file = tmp_path / "config.toml"
    file.write_text(block[1], "utf-8")
    settings = load_settings(file).settings
    assert settings.limits.dollars == tomllib.loads(block[1])["limits"]["dollars"]
    assert set(settings.keymap) <= set(BY_ID)


def test_the_commands_are_there() -> None:
    parser = build_parser()
    for line in re.findall(r"^agent-tui (.*?) {2,}#", README, re.MULTILINE):
        words = [w.strip('"[]').split("|")[0] for w in line.split() if w]
        parser.parse_args(words)


def test_the_exit_codes_are_named() -> None:
    for code in {*EXIT_CODES.values(), INTERRUPTED}:
        assert re.search(rf"\b{code} ", README), code


def test_the_pictures_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (Path(__file__).parent.parent / picture).is_file()
