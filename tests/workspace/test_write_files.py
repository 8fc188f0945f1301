"""Writing files: inside the worktree, all or none, and never through anything hostile."""

import os
import socket
import threading
from pathlib import Path

import pytest
from workspace_helpers import Repo, contents

from agent_tui.ports import WorkspaceError
from agent_tui.workspace.files import remove_tree, write_files
from agent_tui.workspace.paths import problem_with


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "~/x", "..", "../x", "a/../../x", "a//b", "a/", "./a", "a/.", "a\0b",
        ".git", ".git/config", ".GIT/config", ".Git", "sub/.git/hooks/pre-commit", "git~1/config",
        "GIT~2", ".git./x", ".git /x", ".git . ./x", ".git::$INDEX_ALLOCATION/config",
        ".git:x", ".g\u200cit/config", "\ufeff.git", ".gi\u2060t\u200d/x".replace("\u2060", ""),
        "C:\\x", "c:/x", "C:x", "a\\..\\..\\x", "\\\\server\\x", '"unclosed', '"\\x"',
        '".git/\\377"', '"../\\377"', "\ud800",
    ],
)  # fmt: skip
def test_paths_that_are_never_written(path: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for data in (b"x", None):
        with pytest.raises(WorkspaceError, match="is not written"):
            write_files(root, {"fine": b"x", path: data})
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    "path",
    ["a", "a/b/c", ".github/x", ".gitignore", ".gitattributes", "git", "a b", "é", "-x", "ab:c",
     "git~", "..a", "...", "cond", "x/console", '"\\377"', "~", "nul0"],
)  # fmt: skip
def test_paths_that_may_be_written(path: str, tmp_path: Path) -> None:
    assert problem_with(path) is None
    write_files(tmp_path, {path: b"x"})
    assert list(contents(tmp_path).values()) == [b"x"]


@pytest.mark.parametrize("path", ["CON", "nul.txt", "a/aux.c", "COM1", "lpt9.tar.gz", "prn /x"])
def test_device_names_of_windows(path: str, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="Windows keeps the name"):
        write_files(tmp_path, {path: b"x"})
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"the repository has it already")
    write_files(tmp_path, {path: b"x"})
    assert file.read_bytes() == b"x"


def test_write_replace_delete(tmp_path: Path) -> None:
    write_files(tmp_path, {"a/b/c": b"1", "d": b"2", "e": b""})
    write_files(tmp_path, {"a/b/c": None, "d": b"3", "missing/x": None})
    assert contents(tmp_path) == {"d": b"3", "e": b""}
    assert not (tmp_path / "a").exists()


def test_a_file_becomes_a_folder_and_back(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": b"1"})
    write_files(tmp_path, {"a": None, "a/b/c": b"2"})
    assert contents(tmp_path) == {"a/b/c": b"2"}
    write_files(tmp_path, {"a/b/c": None, "a": b"3"})
    assert contents(tmp_path) == {"a": b"3"}


def test_the_executable_bit_stays(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"old")
    (tmp_path / "x").chmod(0o755)
    write_files(tmp_path, {"x": b"new", "y": b"new"})
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o755
    assert not (tmp_path / "y").stat().st_mode & 0o111


def test_a_hard_link_elsewhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"mine")
    (tmp_path / "root").mkdir()
    os.link(tmp_path / "outside", tmp_path / "root" / "x")
    write_files(tmp_path / "root", {"x": b"new"})
    assert (tmp_path / "outside").read_bytes() == b"mine"


def make_link(path: Path) -> None:
    path.symlink_to("/tmp")


def make_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("make", "word"),
    [(make_link, "symbolic link"), (os.mkfifo, "FIFO"), (make_socket, "socket"),
     (Path.mkdir, "folder")],
)  # fmt: skip
def test_targets_that_are_no_files(make, word: str, tmp_path: Path) -> None:
    make(tmp_path / "x")
    with pytest.raises(WorkspaceError, match=f"'x' is not written: a {word} is in its place"):
        write_files(tmp_path, {"fine": b"x", "x": b"x"})
    assert not (tmp_path / "fine").exists()
    if word != "folder":
        with pytest.raises(WorkspaceError, match=f"'x/y' is not written: a {word} is on its way"):
            write_files(tmp_path, {"x/y": b"x"})


def test_a_link_can_be_deleted_but_not_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_bytes(b"mine")
    root = tmp_path / "root"
    root.mkdir()
    (root / "d").symlink_to(tmp_path / "outside")
    with pytest.raises(WorkspaceError, match="symbolic link is on its way"):
        write_files(root, {"d/f": None})
    write_files(root, {"d": None})
    assert (tmp_path / "outside" / "f").read_bytes() == b"mine"
    assert not (root / "d").is_symlink()


def test_a_file_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(WorkspaceError, match="'a/b' is not written: a file is on its way"):
        write_files(tmp_path, {"a/b": b"x"})


def test_other_repositories_are_left_alone(tmp_path: Path) -> None:
    Repo(tmp_path / "nested").init()
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / ".git").write_text("gitdir: elsewhere")
    for path in ("nested/x", "nested/a/b", "linked/x"):
        with pytest.raises(WorkspaceError, match="it lies in another repository"):
            write_files(tmp_path, {path: b"x"})


def test_too_long_a_name(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="is not written: File name too long"):
        write_files(tmp_path, {"fine": b"x", "x" * 300: b"x"})
    assert contents(tmp_path) == {}


def test_no_write_escapes_while_folders_turn_into_links(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "d", outside):
        folder.mkdir(parents=True)
    stop = threading.Event()

    def race() -> None:
        while not stop.is_set():
            try:
                (root / "d").rename(root / "real")
                (root / "d").symlink_to(outside)
                (root / "d").unlink()
                (root / "real").rename(root / "d")
            except OSError:
                remove_tree(root / "real")
                (root / "d").mkdir(exist_ok=True)

    thread = threading.Thread(target=race)
    thread.start()
    refused = 0
    try:
        for number in range(1500):
            try:
                write_files(root, {"d/f": b"%d" % number})
            except WorkspaceError:
                refused += 1
    finally:
        stop.set()
        thread.join()
    assert refused < 1500
    assert list(outside.iterdir()) == []
