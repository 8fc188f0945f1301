"""What is typed in one burst, before a dialog is up, is in the dialog."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import agent_tui
from agent_tui.config.paths import shipped_sessions
from agent_tui.sessions.marks import FILE, read_marks
from tests.terminal.pty_driver import Program, running, types
from tests.terminal.reviews import changed, editor_of, reviewing, said

CTRL_P, CTRL_S, CTRL_T = "\x10", "\x13", "\x14"
LINES = "".join(f"line {n}\n" for n in range(1, 61))
SHOWN = b"4 hunks in 2 files"
PASTE = "\x1b[200~pasted: quit all\nand more\x1b[201~"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Two changed files."""
    after = LINES.replace("line 4\n", "four\n").replace("ne 40\n", "ne xl\n")
    return changed(tmp_path / "repo", {"first.txt": (LINES, after), "second.txt": (LINES, after)})


@pytest.fixture
def review(tmp_path: Path, env: dict[str, str], repo: Path) -> Iterator[tuple[Program, Path]]:
    """A review of them, at its gate."""
    sessions = tmp_path / "sessions"
    with reviewing(repo, env, sessions, SHOWN) as program:
        yield program, sessions


@pytest.mark.parametrize("text", ["a quick word qUuit", PASTE], ids=["typed", "pasted"])
def test_a_comment(review: tuple[Program, Path], text: str) -> None:
    program, sessions = review
    program.type("c" + text + CTRL_S)
    program.until(lambda: "comment.added" in types(sessions), "the comment")
    wanted = text.replace("\x1b[200~", "").replace("\x1b[201~", "")
    assert [c["comment"]["text"] for c in said(sessions, "comment.added")] == [wanted]


def test_letters_behind_a_move_are_where_it_led_to(review: tuple[Program, Path]) -> None:
    program, sessions = review
    program.type(f"cabc\x1b[DX\x1b[HY{CTRL_S}")  # left, and home
    program.until(lambda: "comment.added" in types(sessions), "the comment")
    assert said(sessions, "comment.added")[0]["comment"]["text"] == "YabXc"


def test_one_thing_after_the_other(review: tuple[Program, Path]) -> None:
    """Each of these goes to the dialog that the key before it opens."""
    program, sessions = review
    program.type(
        f":40\rcfirst{CTRL_S}"  # a line of this file
        f"{CTRL_T}second\r:4\rcthen{CTRL_S}"  # a line of another one, by its name
        f"gg/xl\rcfound{CTRL_S}"  # what a search finds
        f"ddsecond\r:40\rcagain{CTRL_S}".replace("dd", "d")  # a file of the list
    )
    program.until(lambda: types(sessions).count("comment.added") == 4, "four comments")
    found = [c["comment"] for c in said(sessions, "comment.added")]
    places = [(c["place"]["path"], c["place"]["line"], c["text"]) for c in found]
    assert places == [
        ("first.txt", 40, "first"),
        ("second.txt", 4, "then"),
        ("first.txt", 40, "found"),
        ("second.txt", 40, "again"),
    ]


def test_a_hunk_and_a_message(review: tuple[Program, Path]) -> None:
    """Each gate is waited for: what decides is only for a gate that is there."""
    program, sessions = review
    program.type(f"]eAha qZ\r{CTRL_S}")
    program.until(lambda: b"your revision of" in program.output, "the edited change at its gate")
    program.type("a")
    program.until(lambda: b"Commit with this" in program.output, "the message's gate")
    program.type(f"eQuite q aA {CTRL_S}")
    program.until(lambda: len(said(sessions, "message.proposed")) == 2, "the message")
    assert said(sessions, "message.proposed")[1]["message"].startswith("Quite q aA Change")


def test_the_last_word(review: tuple[Program, Path]) -> None:
    program, sessions = review
    program.type(f"rno, q: a wish{CTRL_S}")
    program.until(lambda: "session.finished" in types(sessions), "the end of the review")
    assert said(sessions, "gate.decided")[-1]["reason"] == "no, q: a wish"


def test_what_was_typed_for_an_editor_does_nothing_here(
    tmp_path: Path, env: dict[str, str], repo: Path
) -> None:
    sessions = tmp_path / "sessions"
    editor = editor_of(tmp_path, "echo 'edited by the script' >> \"$1\"")
    with reviewing(repo, env, sessions, SHOWN, editor) as program:
        program.type("Eaaq")
        program.until(lambda: b"edited by the" in program.output, "the edited change")
        program.type(f"cstill here{CTRL_S}")
        program.until(lambda: "comment.added" in types(sessions), "the comment")
    assert [d["choice"] for d in said(sessions, "gate.decided")] == ["edit"]


def test_the_palette(review: tuple[Program, Path]) -> None:
    """No key of it leaves the session."""
    program, sessions = review
    program.type(CTRL_P + "quq")
    program.until(lambda: b"quq" in program.output, "the letters")
    assert program.process.poll() is None
    assert "session.left" not in types(sessions)


def test_a_new_request(tmp_path: Path, env: dict[str, str], repo: Path) -> None:
    sessions, script = tmp_path / "sessions", Path(agent_tui.__file__).parent / "demo/script.toml"
    words = ["--sessions", str(sessions), "--script", str(script)]
    with running(words, env, repo) as program:
        program.until(lambda: b"Sessions of" in program.output, "the list")
        program.type("\tnQuit D and q now\r")
        program.until(lambda: "session.started" in types(sessions), "the session")
    assert said(sessions, "session.started")[0]["request"] == "Quit D and q now"


def test_places_of_a_replay(tmp_path: Path, env: dict[str, str]) -> None:
    sessions = tmp_path / "sessions"
    shutil.copytree(shipped_sessions() / "person-steps-in", sessions / "one")
    with running(["--sessions", str(sessions), "replay", "one"], env, tmp_path) as program:
        program.until(lambda: b"REPLAY" in program.output, "the replay")
        program.type("@12\rba note, q\r@30\rbqQ\r")
        program.until(lambda: len(read_marks(sessions / "one" / FILE)) == 2, "two bookmarks")
    marks = read_marks(sessions / "one" / FILE)
    assert [(mark.position, mark.note) for mark in marks] == [(12, "a note, q"), (30, "qQ")]
