"""The person's own editor, in the terminal of the program."""

from pathlib import Path

import pytest

from tests.terminal.pty_driver import restored, types
from tests.terminal.reviews import changed, editor_of, reviewing

SHOWN = b"1 hunk in 1 file"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return changed(tmp_path / "repo", {"a.txt": ("one\n", "two\n")})


def test_its_interrupts_are_its_own(tmp_path: Path, env: dict[str, str], repo: Path) -> None:
    """Ctrl-C reaches all that is in the foreground; the editor decides what it means."""
    sessions = tmp_path / "sessions"
    editor = editor_of(tmp_path, "trap '' INT; kill -INT 0; echo interrupted >> \"$1\"")
    with reviewing(repo, env, sessions, SHOWN, editor) as program:
        program.type("E")
        program.until(lambda: b"interrupted" in program.output, "what the editor wrote")
        program.type("cstill here\x13")
        program.until(lambda: "comment.added" in types(sessions), "the comment")


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        # Here no shell could continue it; the program does, which cannot be stopped itself.
        ('kill -STOP $$; echo "gone on" >> "$1"', b"gone on"),
        ("exit 0", b"The file is unchanged."),
    ],
    ids=["stops itself", "only looked at"],
)
def test_what_is_seen_after_it(
    tmp_path: Path, env: dict[str, str], repo: Path, script: str, shown: bytes
) -> None:
    editor = editor_of(tmp_path, script)
    with reviewing(repo, env, tmp_path / "sessions", SHOWN, editor) as program:
        program.type("E")
        program.until(lambda: shown in program.output, "what the editor left")


def test_one_that_was_stopped_and_continued_with_the_program(
    tmp_path: Path, env: dict[str, str], repo: Path
) -> None:
    """The shell continues all of the job; the terminal is still the editor's then."""
    editor = editor_of(tmp_path, 'kill -CONT $PPID; echo "gone on" >> "$1"')
    with reviewing(repo, env, tmp_path / "sessions", SHOWN, editor) as program:
        program.type("E")
        program.until(lambda: b"gone on" in program.output, "what the editor wrote")
        program.type("\x11")
        program.end()
        assert restored(program) == []
