"""The parts of the machine that every command needs: the system's programs, and toolchains.

Only programs and their data are shown, never a home folder as a whole: that is where keys are.
"""

import os
import site
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from agent_tui.workspace.sandbox.bounds import Mount, readable

_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix", "/gnu/store",
    "/run/current-system", "/snap",
)  # fmt: skip
"""Programs and libraries. Where one is a symbolic link, the sandbox has the same link."""

_ETC_FILES = (
    "debian_version", "gai.conf", "gitconfig", "group", "host.conf", "hosts", "ld.so.cache",
    "ld.so.conf", "locale.alias", "locale.conf", "localtime", "magic", "mime.types",
    "nsswitch.conf", "os-release", "passwd", "profile", "protocols", "services", "shells",
    "timezone",
)  # fmt: skip
_ETC_FOLDERS = ("alternatives", "crypto-policies", "fonts", "java", "maven", "pki", "ssl", "static")
"""What programs look up in ``/etc``; none of it is secret. Files are copied, because a mount costs
bubblewrap about a millisecond."""

_ETC_NETWORK = ("resolv.conf",)

_TOOLCHAINS = (
    ".asdf", ".bun/bin", ".cargo/bin", ".deno/bin", ".fnm", ".ghcup", ".jenv", ".juliaup",
    ".local/bin", ".local/pipx", ".local/share/fnm", ".local/share/mise", ".local/share/pipx",
    ".local/share/pnpm", ".local/share/uv", ".nix-profile", ".nodenv", ".nvm", ".phpenv",
    ".plenv", ".pyenv", ".rbenv", ".rustup", ".rvm", ".sdkman", ".swiftly", ".volta", "go/bin",
    "sdk",
)  # fmt: skip
"""Where version managers and language installers keep programs below a home folder."""


def system() -> Iterator[str]:
    """The system's own files, as arguments of bubblewrap."""
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", os.fspath(path.readlink()), name)
        elif path.exists():
            yield from ("--ro-bind", name, name)
    for link in _links_at_the_top():
        yield from ("--symlink", os.fspath(link.readlink()), os.fspath(link))
    for name in _ETC_FOLDERS:
        path = Path("/etc", name)
        if path.is_dir():
            yield from ("--ro-bind", os.path.realpath(path), os.fspath(path))


def etc_files(*, network: bool) -> tuple[Path, ...]:
    """Files of ``/etc`` that are copied into the sandbox."""
    names = (*_ETC_FILES, *(_ETC_NETWORK if network else ()))
    return tuple(path for name in names if (path := Path("/etc", name)).is_file())


def _links_at_the_top() -> Iterator[Path]:
    """Links such as ``/home`` → ``/var/home``, by which paths are written."""
    with os.scandir("/") as entries:
        for entry in entries:
            if entry.is_symlink() and entry.path not in _SYSTEM:
                yield Path(entry.path)


def real_place(path: Path) -> Path:
    """The same place without a link such as ``/home`` at its beginning: mounts are made there."""
    top = Path(*path.parts[:2])
    if len(path.parts) < 2 or not top.is_symlink():
        return path
    return Path("/", top.readlink(), *path.parts[2:])


def home_folder(env: Mapping[str, str]) -> Path | None:
    """The home that a command believes to have; None where there is nothing to shield."""
    home = Path(env.get("HOME") or "/")
    return home if home.is_absolute() and home != Path("/") else None


def toolchains(env: Mapping[str, str], programs: Iterable[Path] = ()) -> tuple[Mount, ...]:
    """Programs outside the system's folders, to be read only.

    Args:
        env: The command's environment: the folders of its ``PATH``, and its home.
        programs: Interpreters that commands call by their path.
    """
    home = home_folder(env)
    found: dict[Path, None] = {}
    if home is not None:
        found |= {home / name: None for name in _TOOLCHAINS}
    for folder in env.get("PATH", "").split(os.pathsep):
        path = Path(folder)
        if path.is_absolute():
            found |= dict.fromkeys(_around(path, home))
    for program in programs:
        for step in (program, program.resolve()):
            found |= dict.fromkeys(_around(step.parent, home))
    there = [path for path in found if not _is_system(path) and path.is_dir()]
    inside = {path for path in there for other in there if path != other and other in path.parents}
    return readable(*(path for path in there if path not in inside))


def own_python() -> tuple[Path, ...]:
    """The folders of the interpreter that runs this program, and of what is installed for it."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    if site.ENABLE_USER_SITE:
        prefixes.add(site.getusersitepackages())
    paths = {Path(prefix) for prefix in prefixes} | {Path(os.path.realpath(p)) for p in prefixes}
    return tuple(sorted(p for p in paths if len(p.parts) > 2 and not _is_system(p) and p.is_dir()))


def _around(folder: Path, home: Path | None) -> Iterator[Path]:
    """A folder of programs, and the whole installation if it is one of its own."""
    yield folder
    top = folder.parent
    is_own = folder.name in ("bin", "sbin") and (
        (top / "pyvenv.cfg").is_file() or (top / "conda-meta").is_dir() or (top / "lib").is_dir()
    )
    # A top of one part (/root) or ~/.local is no installation: it holds everything of a person's.
    if is_own and len(top.parts) > 2 and (home is None or top not in (home, home / ".local")):
        yield top


def _is_system(path: Path) -> bool:
    return any(path.is_relative_to(name) for name in _SYSTEM)
