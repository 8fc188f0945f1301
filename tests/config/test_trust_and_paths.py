"""Trust binds to content and place; paths follow XDG."""

import os
import stat
from pathlib import Path

import pytest

from agent_tui.config import paths
from agent_tui.config.files import ConfigError
from agent_tui.config.trust import TrustStore


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "state" / "trust.json")


def test_trust_binds_to_content_and_place(store: TrustStore, tmp_path: Path) -> None:
    path, other = tmp_path / "a" / "agent-tui.toml", tmp_path / "b" / "agent-tui.toml"
    assert not store.is_trusted(path, b"x")
    store.trust(path, b"x")
    assert TrustStore(store.file).is_trusted(path, b"x")
    assert not store.is_trusted(path, b"x ")
    assert not store.is_trusted(other, b"x")
    store.trust(path, b"y")
    assert not store.is_trusted(path, b"x")
    assert store.is_trusted(path, b"y")
    assert store.forget(path)
    assert not store.forget(path)
    assert not store.is_trusted(path, b"y")


def test_only_the_owner_can_read_it(store: TrustStore, tmp_path: Path) -> None:
    store.trust(tmp_path, b"x")
    assert stat.S_IMODE(store.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.file.parent.stat().st_mode) == 0o700
    assert [p.name for p in store.file.parent.iterdir()] == ["trust.json"]


@pytest.mark.parametrize("damage", [b"{", b"[1]", b"\xff", b'{"/x": 3}', b"[" * 100_000])
def test_a_damaged_store_trusts_nothing(store: TrustStore, tmp_path: Path, damage: bytes) -> None:
    store.trust(tmp_path, b"x")
    store.file.write_bytes(damage)
    assert not store.is_trusted(tmp_path, b"x")
    store.trust(tmp_path, b"x")
    assert store.is_trusted(tmp_path, b"x")


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        TrustStore(tmp_path / "file" / "trust.json").trust(tmp_path, b"x")


def test_paths_that_are_no_text(store: TrustStore, tmp_path: Path) -> None:
    one, other = (Path(os.fsdecode(os.fsencode(tmp_path) + end)) for end in (b"/\xff", b"/\xfe"))
    store.trust(one, b"x")
    assert store.is_trusted(one, b"x")
    assert not store.is_trusted(other, b"x")


def test_xdg_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert paths.config_file() == tmp_path / "config" / "agent-tui" / "config.toml"
    assert paths.themes_folder() == tmp_path / "config" / "agent-tui" / "themes"
    assert paths.sessions_folder() == tmp_path / "state" / "agent-tui" / "sessions"
    assert paths.worktrees_folder() == tmp_path / "state" / "agent-tui" / "worktrees"
    assert paths.trust_file() == tmp_path / "state" / "agent-tui" / "trust.json"
    assert not (tmp_path / "config").exists()


def test_what_ships_is_found() -> None:
    assert (paths.shipped_themes() / "agent-dark.toml").is_file()
    assert paths.shipped_sessions().name == "sessions"
    assert paths.project_file(Path("/r")) == Path("/r/agent-tui.toml")
