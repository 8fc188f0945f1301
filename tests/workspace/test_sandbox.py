"""The sandbox: what must work in it, and every way out that is known."""

import asyncio
import ctypes
import ctypes.util
import os
import platform
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from workspace_helpers import Repo, contents

import agent_tui
from agent_tui.domain.checks import CheckCommand, CheckResult
from agent_tui.ports import CommandResult, HookRun, WorkspaceError
from agent_tui.workspace.checks import TreeChecks
from agent_tui.workspace.commands import WorktreeCommands
from agent_tui.workspace.confinement import Confinement
from agent_tui.workspace.runner import run_in
from agent_tui.workspace.sandbox import Bounds, Limits, Mount, Sandbox, find_sandbox
from agent_tui.workspace.sandbox.seccomp import DENIED, MACHINES, filter_program
from agent_tui.workspace.worktree import GitWorkspace

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    found = find_sandbox()
    if found.protection == "none":
        pytest.skip(f"no sandbox: {found.reason}")
    return found


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


async def run(
    sandbox: Sandbox, work: Path, *argv: str, network: bool = False, env=None, timeout_s=60.0
) -> CommandResult:
    bounds = Bounds((Mount(work, work, writable=True),), network=network)
    given = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **(env or {})}
    return await run_in(sandbox, bounds, argv, work, given, timeout_s)


async def python(sandbox: Sandbox, work: Path, code: str, *args: str, **options) -> CommandResult:
    return await run(sandbox, work, sys.executable, "-c", code, *args, **options)


def processes() -> str:
    """The command lines of all processes."""
    done = subprocess.run(["ps", "ax", "-o", "args"], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


# -- what must work ----------------------------------------------------------------------------


async def test_commands_work_in_it(sandbox: Sandbox, work: Path) -> None:
    done = await run(sandbox, work, "sh", "-c", "echo made > file; pwd; exit 3")
    assert (done.exit_code, done.output, done.problem) == (3, f"{work}\n", "")
    assert (work / "file").read_text() == "made\n"


async def test_a_program_that_is_missing(sandbox: Sandbox, work: Path) -> None:
    done = await run(sandbox, work, "no-such-program\033")
    assert (done.exit_code, done.output) == (None, "")
    assert done.problem.startswith("the program 'no-such-program␛' was not found")


async def test_the_toolchain_of_a_home_folder_is_there_and_its_secrets_are_not(
    sandbox: Sandbox, work: Path, tmp_path: Path
) -> None:
    home = tmp_path / "person"
    for name in (".cargo/bin/tool", ".venvs/x/bin/own", ".ssh/id_ed25519", ".netrc", "notes"):
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\necho $0\n")
        file.chmod(0o755)
    (home / ".venvs/x/pyvenv.cfg").write_text("")
    path = f"{home}/.cargo/bin:{home}/.venvs/x/bin:{os.environ['PATH']}"
    line = "tool && own && cat ~/../person/.venvs/x/pyvenv.cfg && ls -A ~ ~/.cargo"
    done = await run(sandbox, work, "sh", "-c", line, env={"HOME": str(home), "PATH": path})
    assert done.exit_code == 0, done
    assert done.output == (
        f"{home}/.cargo/bin/tool\n{home}/.venvs/x/bin/own\n"
        f"{home}:\n.cargo\n.venvs\n\n{home}/.cargo:\nbin\n"
    )
    done = await run(
        sandbox, work, "sh", "-c", "echo x >> ~/.cargo/bin/tool", env={"HOME": str(home)}
    )
    assert "Read-only" in done.output


# -- what must fail ----------------------------------------------------------------------------


ESCAPES = {
    "write outside": "open({outside!r}, 'r+')",
    "read outside": "open({outside!r})",
    "write a file that is only readable": "open({readonly!r}, 'a')",
    "rename over a file that is only readable": "os.replace('/tmp/x', {readonly!r})",
    "write the system": "os.open('/usr/x-attempt', os.O_CREAT | os.O_EXCL | os.O_WRONLY)",
    "write the top": "os.mkdir('/x-attempt')",
    "write the kernel's settings": "os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY)",
    "trigger the kernel": "os.open('/proc/sysrq-trigger', os.O_WRONLY)",
    "open a disk": "os.open(next(d for d in ('/dev/sda', '/dev/vda', '/dev/mem')), os.O_RDONLY)",
    "make a device": "os.mknod('disk', 0o60600, os.makedev(8, 0))",
    "change a clock": "time.clock_settime(time.CLOCK_REALTIME, time.time())",
    "change the root": "os.chroot('.')",
    "connect to a port": "socket.create_connection(('127.0.0.1', {port}), 5)",
    "connect to an abstract socket": "unix('\\0' + {abstract!r})",
    "connect to a socket outside": "unix({path!r})",
    "look a name up": "socket.getaddrinfo('example.com', 80)",
    "use a virtual machine's socket": "socket.socket(40, socket.SOCK_STREAM)",
    "use packets": "socket.socket(17, socket.SOCK_RAW)",
    "trace": "call('ptrace', 0, 0, 0, 0)",
    "attach to the first process": "call('ptrace', 16, 1, 0, 0)",
    "read the memory of the first process": "open('/proc/1/mem', 'rb').read(1)",
    "remount the system": "call('mount', None, b'/usr', None, 32, None)",
    "remount with a bind": "call('mount', None, b'/usr', None, 32 | 4096, None)",
    "mount": "call('mount', b'none', b'.', b'tmpfs', 0, None)",
    "unmount": "call('umount2', b'/proc/sys', 2)",
    "pivot the root": "call('syscall', {pivot_root}, b'.', b'.')",
    "make a user namespace": "call('unshare', 0x10000000)",
    "make a mount namespace": "call('unshare', 0x00020000)",
    "clone into namespaces": "call('syscall', {clone}, 0x10000000 | 17, 0, 0, 0, 0)",
    "clone3": "call('syscall', 435, 0, 0)",
    "enter a namespace": "call('setns', os.open('/proc/1/ns/mnt', os.O_RDONLY), 0)",
    "load a program into the kernel": "call('syscall', {bpf}, 0, 0, 0)",
    "use the keyring": "call('syscall', {keyctl}, 0, -3, 0)",
    "use io_uring": "call('syscall', 425, 1, 0)",
    "signal a process outside": "os.kill({pid}, 0)",
    "type into the terminal": "fcntl.ioctl(0, 0x5412, b'x')",
    "open the terminal": "os.open('/dev/tty', os.O_RDWR)",
    "read the kernel's log": "call('klogctl', 3, 0, 0)",
    "link to the outside": "os.link({outside!r}, 'link')",
    "climb through a descriptor": "os.stat('/proc/self/fd/0/../..' + {outside!r})",
    "find the old root": "os.stat('/oldroot')",
}

PRELUDE = """
import ctypes, fcntl, os, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
open('/tmp/x', 'w').close()
def call(name, *args):
    args = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    if getattr(libc, name)(*args) == -1:
        raise OSError(ctypes.get_errno(), name)
def unix(path):
    socket.socket(socket.AF_UNIX).connect(path)
try:
    %s
except (OSError, StopIteration) as error:
    print('refused', error)
else:
    print('ESCAPED')
"""

NUMBERS = {"x86_64": {"pivot_root": 155, "clone": 56, "bpf": 321, "keyctl": 250},
           "aarch64": {"pivot_root": 41, "clone": 220, "bpf": 280, "keyctl": 219}}  # fmt: skip


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[dict[str, object]]:
    """What lies outside, and is listened on there."""
    import socket

    (tmp_path / "outside").write_text("x")
    name = f"test-{os.urandom(8).hex()}"
    path = str(tmp_path / "socket")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as unix:
        unix.bind("\0" + name)
        unix.listen()
        with socket.socket(socket.AF_UNIX) as file:
            file.bind(path)
            file.listen()
            yield {
                "outside": str(tmp_path / "outside"), "readonly": "/usr/bin/env",
                "port": server.getsockname()[1], "abstract": name, "path": path,
                "pid": os.getpid(), **NUMBERS[platform.machine()],
            }  # fmt: skip


async def test_escapes(sandbox: Sandbox, work: Path, outside: dict[str, object]) -> None:
    """All of them; their number is printed (pytest -s)."""
    escaped = {}
    for name, attempt in ESCAPES.items():
        done = await python(sandbox, work, PRELUDE % attempt.format(**outside))
        if done.exit_code != 0 or not done.output.startswith("refused"):
            escaped[name] = done.output or done.problem
    print(f"{len(ESCAPES)} ways out tried, {len(escaped)} open")
    assert escaped == {}
    assert Path(str(outside["outside"])).read_text() == "x"  # noqa: ASYNC240


async def test_the_escapes_are_real(work: Path, outside: dict[str, object]) -> None:
    """Without a sandbox some of them succeed: the test above can fail."""
    for name in ("read outside", "write outside", "connect to a port", "use io_uring"):
        code = PRELUDE % ESCAPES[name].format(**outside)
        done = await python(Sandbox("none"), work, code)
        assert done.output == "ESCAPED\n" or name == "use io_uring", (name, done)


async def test_no_process_shows_a_key(
    sandbox: Sandbox, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import glob\nfor name in ('environ', 'cmdline'):\n"
        "    for f in glob.glob('/proc/[0-9]*/' + name):\n"
        "        print(open(f, 'rb').read())"
    )
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-canary")
    done = await python(sandbox, work, code)
    assert done.exit_code == 0
    assert "bwrap" in done.output  # it did look at the first process
    assert "canary" not in done.output


async def test_nothing_is_left_running(sandbox: Sandbox, work: Path) -> None:
    marker = f"31536{os.getpid()}"
    line = f"(setsid nohup sleep {marker} >/dev/null 2>&1 &) ; sleep {marker} & echo started"
    done = await run(sandbox, work, "sh", "-c", line)
    assert done.output == "started\n"
    assert marker not in processes()


async def test_the_time_limit_ends_all_of_it(sandbox: Sandbox, work: Path) -> None:
    marker = f"31537{os.getpid()}"
    done = await run(sandbox, work, "sh", "-c", f"trap '' TERM; sleep {marker}", timeout_s=1.0)
    assert done.problem == "it was ended after 1 s, its time limit."
    assert marker not in processes()


async def test_cancelling_ends_all_of_it(sandbox: Sandbox, work: Path) -> None:
    marker = f"31538{os.getpid()}"
    task = asyncio.ensure_future(
        run(sandbox, work, "sh", "-c", f"touch up; trap '' TERM; sleep {marker}")
    )
    while not (work / "up").exists():  # noqa: ASYNC110 (its moment is the kernel's)
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert marker not in processes()


@pytest.mark.parametrize(
    ("limits", "code", "says"),
    [
        (Limits(memory=200 << 20), "x = bytearray(1 << 30); print('had it')", "MemoryError"),
        (
            Limits(memory=200 << 20),
            "import os, time\nfor _ in range(4): os.fork()\n"
            "x = bytearray(100 << 20); time.sleep(60)",
            "more than 200 MiB",
        ),
        (
            Limits(processes=20),
            "import os, time\nfor _ in range(7): os.fork()\ntime.sleep(60)",
            "more than 20 processes|Resource temporarily unavailable",
        ),
        (Limits(file_size=1 << 20), "open('big', 'wb').write(bytes(4 << 20))", "File too large"),
    ],
)  # fmt: skip
async def test_limits(sandbox: Sandbox, work: Path, limits: Limits, code: str, says: str) -> None:
    import dataclasses
    import re

    done = await python(dataclasses.replace(sandbox, limits=limits), work, code)
    assert done.exit_code != 0
    assert re.search(says, done.output + done.problem), done


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_it_holds_for_an_ordinary_user() -> None:
    """The proof itself, run by the user nobody with a python that everybody can run."""
    root = Path(agent_tui.__file__).parents[1]
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r})\n"
        "from agent_tui.workspace.sandbox import find_sandbox\nprint(find_sandbox())"
    )
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    setpriv = shutil.which("setpriv")
    if python is None or setpriv is None or shutil.which("bwrap") is None:
        pytest.skip("needs bwrap, setpriv, and a python3 that everybody can run")
    nobody = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--", python, "-B", "-c"]
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}

    def run(code: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*nobody, code], capture_output=True, text=True, check=False, env=clean, cwd="/"
        )

    if run(
        f"import sys; open({agent_tui.__file__!r}); assert sys.version_info >= (3, 11)"
    ).returncode:
        pytest.skip("nobody cannot read this checkout, or that python3 is too old")
    done = run(code)
    assert done.stdout.startswith("Sandbox(protection='bubblewrap'"), done


# -- the filter --------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_those_of_libseccomp(machine: str) -> None:
    """An independent table of system calls, of a library that we did not write."""
    name = ctypes.util.find_library("seccomp")
    if name is None:
        pytest.skip("libseccomp is not installed")
    library = ctypes.CDLL(name)
    library.seccomp_syscall_resolve_name_arch.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    found = MACHINES[machine]
    known = 0
    for call, numbers in DENIED.items():
        number = library.seccomp_syscall_resolve_name_arch(found.audit, call.encode())
        ours = numbers[found.column]
        assert (number if number >= 0 else None) == ours, call
        known += number >= 0
    assert known > 40


def test_an_unknown_machine_has_no_filter() -> None:
    assert filter_program("riscv64") is None
    assert len(filter_program("x86_64") or b"") % 8 == 0


# -- finding it --------------------------------------------------------------------------------


def test_no_bubblewrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_sandbox.__wrapped__()
    assert (found.protection, found.reason) == ("none", "bubblewrap (bwrap) is not installed")


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("exit 0", "it gave no answer"),
        ("echo 'bwrap: No permissions' >&2; exit 1", "bwrap: No permissions"),
        # One that only runs the command. The proof must notice before it tries anything.
        (
            'while [ "$1" != -- ]; do shift; done; shift; exec "$@"',
            "a command is in the mnt namespace outside",
        ),
    ],
)  # fmt: skip
def test_a_bubblewrap_that_does_not_hold(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, says: str
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = find_sandbox.__wrapped__()
    assert found.protection == "none"
    assert found.reason.startswith("bubblewrap does not hold here: ")
    assert says in found.reason


# -- checks in it ------------------------------------------------------------------------------


def ignore(_: str) -> None:
    """Output that no one reads."""


async def check(
    checks: TreeChecks, workspace: GitWorkspace, *command: str, tree: str = "", **options
) -> CheckResult:
    wanted = CheckCommand(name="check", command=command, **options)
    return await checks.run(tree or workspace.base_tree, wanted, ignore)


async def test_a_check_sees_the_tree_in_the_place_of_the_checkout(
    sandbox: Sandbox, repo: Repo, workspace: GitWorkspace
) -> None:
    repo.put("a.txt", "the person's own\n")
    repo.put("ignored.log", "x")
    checks = TreeChecks(workspace, confinement=Confinement(sandbox))
    assert checks.protection == "bubblewrap"
    done = await check(checks, workspace, "sh", "-c", "pwd; cat a.txt; ls -A; echo bad > a.txt")
    assert done.ok, done
    assert done.output == f"{repo.root}\none\ntwo\nthree\n.gitignore\na.txt\nrun.sh\nsrc\n"
    assert (repo.root / "a.txt").read_text() == "the person's own\n"


async def test_a_virtual_environment_in_the_checkout(
    sandbox: Sandbox, repo: Repo, workspace: GitWorkspace
) -> None:
    """Installed editable there, so that only the tree in its place is what is tested."""
    venv.create(repo.root / ".venv", symlinks=True)
    site = next((repo.root / ".venv").glob("lib/python*/site-packages"))
    (site / "editable.pth").write_text(f"{repo.root}/src\n")
    repo.put("src/b.py", "raise SystemExit('the checkout was tested')\n")
    command = (".venv/bin/python", "-c", "import b; print(b.x, b.__file__)")
    refused = await check(
        TreeChecks(workspace, confinement=Confinement(sandbox)), workspace, *command
    )
    assert refused.problem.endswith(
        ".venv is in your checkout, but not in the tree that is checked: let checks read it "
        '([sandbox] read = [".venv"]).'
    )
    confinement = Confinement(sandbox, read=(Path(".venv"),))
    done = await check(TreeChecks(workspace, confinement=confinement), workspace, *command)
    assert (done.problem, done.output) == ("", f"1 {repo.root}/src/b.py\n")
    write = (".venv/bin/python", "-c", "open('.venv/x', 'w')")
    done = await check(TreeChecks(workspace, confinement=confinement), workspace, *write)
    assert "Read-only file system" in done.output


async def test_a_link_in_the_checkout_opens_nothing_else(
    sandbox: Sandbox, repo: Repo, workspace: GitWorkspace, tmp_path: Path
) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("canary")
    (repo.root / ".venv").symlink_to(tmp_path / "secret")
    confinement = Confinement(sandbox, read=(Path(".venv"),))
    checks = TreeChecks(workspace, confinement=confinement)
    done = await check(checks, workspace, "cat", ".venv/key")
    assert not done.ok
    assert "canary" not in done.output


async def test_caches_are_shared_and_the_checkout_is_not(
    sandbox: Sandbox, repo: Repo, workspace: GitWorkspace, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    confinement = Confinement(
        sandbox, caches=(Path("build"), shared), cache_folder=tmp_path / "caches"
    )
    checks = TreeChecks(workspace, confinement=confinement)
    line = f"cat build/n {shared}/n; echo kept > build/n; echo also > {shared}/n"
    await check(checks, workspace, "sh", "-c", line)
    done = await check(checks, workspace, "sh", "-c", line)
    assert done.output == "kept\nalso\n"
    assert not (repo.root / "build").exists()


async def test_the_network_is_off_unless_the_check_says_so(
    sandbox: Sandbox, workspace: GitWorkspace, outside: dict[str, object]
) -> None:
    checks = TreeChecks(workspace, confinement=Confinement(sandbox))
    code = f"import socket; socket.create_connection(('127.0.0.1', {outside['port']}), 5)"
    assert not (await check(checks, workspace, "{python}", "-c", code)).ok
    assert (await check(checks, workspace, "{python}", "-c", code, network=True)).ok


async def test_a_real_test_run_with_its_report(sandbox: Sandbox, workspace: GitWorkspace) -> None:
    await workspace.write_files({"test_x.py": b"def test_ok(): pass\ndef test_no(): assert 0\n"})
    checks = TreeChecks(workspace, confinement=Confinement(sandbox))
    command = ("{python}", "-m", "pytest", "-q", "--junit-xml={report}")
    done = await check(checks, workspace, *command, tree=await workspace.snapshot())
    assert (done.exit_code, done.problem) == (1, ""), done.output
    assert [(t.path, t.ok) for t in done.tests] == [("test_x.py", True), ("test_x.py", False)]


# -- the coder's commands in it ----------------------------------------------------------------


async def commands_of(sandbox: Sandbox, workspace: GitWorkspace) -> WorktreeCommands:
    mounts = await workspace.git_mounts()
    return WorktreeCommands(workspace.root, Confinement(sandbox), workspace.user_root, mounts)


async def line(commands: WorktreeCommands, text: str) -> CommandResult:
    return await commands.run(text, timeout_s=60.0, on_output=ignore)


async def test_commands_change_the_worktree_and_read_the_repository(
    sandbox: Sandbox, repo: Repo, workspace: GitWorkspace
) -> None:
    repo.put("a.txt", "the person's own\n")
    commands = await commands_of(sandbox, workspace)
    assert commands.protection == "bubblewrap"
    done = await line(commands, "pwd; echo new > made; git status --short; git log --format=%s")
    assert (done.exit_code, done.output) == (0, f"{repo.root}\n?? made\nbase\n"), done
    assert (workspace.root / "made").read_text() == "new\n"
    assert not (repo.root / "made").exists()
    assert (repo.root / "a.txt").read_text() == "the person's own\n"
    tree = await workspace.snapshot()
    assert "made" in await workspace.files(tree)


async def test_commands_do_not_change_the_repository(
    sandbox: Sandbox, repo: Repo, workspace: GitWorkspace
) -> None:
    repo.git("config", "http.extraHeader", "Authorization: canary")
    repo.put(".git/hooks/pre-commit", "#!/bin/sh\necho canary\n", 0o755)
    before = contents(repo.root / ".git")
    commands = await commands_of(sandbox, workspace)
    for text in (
        "git add -A; git commit -qm x", "git config user.name evil", "git update-ref refs/x HEAD",
        "rm -rf .git", "mv .git other", "echo x > .git", "ln -sf /tmp .git", "git stash",
        f"mkdir -p {repo.root}/.git/hooks", "echo x > /run/git/hooks/pre-commit",
        "echo x >> /run/git/config", "rm -rf /run/git/objects", "cat /run/git/config",
        "git config -l", "cat /run/git/hooks/*", f"cat {repo.root}/.git/config",
    ):  # fmt: skip
        done = await line(commands, f"echo changed > a.txt; {text}")
        assert "canary" not in done.output, text
    assert contents(repo.root / ".git") == before
    assert (workspace.root / ".git").read_text().startswith("gitdir: ")
    assert repo.git("status", "--porcelain") == ""


# -- commit hooks in it ------------------------------------------------------------------------


async def hooked(sandbox: Sandbox, repo: Repo, workspace: GitWorkspace, script: str) -> HookRun:
    repo.put(".git/hooks/pre-commit", f"#!/bin/sh\n{script}\n", 0o755)
    workspace.confine(Confinement(sandbox), "run")
    await workspace.write_files({"a.txt": b"one\n2\nthree\n", "new.py": b"x=1\n"})
    return await workspace.run_hooks(await workspace.snapshot(), "Do it\n")


async def test_a_hook_sees_what_git_would_show_it(
    sandbox: Sandbox, repo: Repo, workspace: GitWorkspace
) -> None:
    script = (
        "pwd; git diff --cached --name-status; git rev-parse HEAD; git rev-parse --show-toplevel;"
        'test "$(git var GIT_AUTHOR_IDENT | cut -d" " -f1)" = Ada && echo Ada; exit 3'
    )
    done = await hooked(sandbox, repo, workspace, script)
    assert done.failed == "pre-commit"
    assert done.output == (f"{repo.root}\nM\ta.txt\nA\tnew.py\n{repo.head()}\n{repo.root}\nAda\n")


async def test_what_a_hook_stages_becomes_a_proposal(
    sandbox: Sandbox, repo: Repo, workspace: GitWorkspace
) -> None:
    before = contents(repo.root / ".git" / "refs")
    script = "echo 'x = 1' > new.py; echo made > made.py; git add -A; echo more >> a.txt"
    done = await hooked(sandbox, repo, workspace, script)
    assert done.failed is None, done.output
    changed = repo.tree_of(done.tree)
    assert repo.git("cat-file", "blob", changed["made.py"][1]) == "made"
    assert repo.git("cat-file", "blob", changed["new.py"][1]) == "x = 1"
    assert repo.git("cat-file", "blob", changed["a.txt"][1]).endswith("three\nmore")
    assert set(contents(repo.root / ".git" / "refs")) >= set(before)
    repo.fsck()


async def test_a_hook_changes_nothing_else(
    sandbox: Sandbox, repo: Repo, workspace: GitWorkspace, tmp_path: Path
) -> None:
    repo.git("config", "remote.origin.url", "https://user:canary@example.com/x")
    before = contents(repo.root / ".git" / "objects")
    script = (
        f"echo x > {tmp_path}/marker; rm -rf /run/git/objects /run/git/refs; "
        "echo x > /run/git/HEAD; git update-ref refs/heads/evil HEAD; "
        "echo evil > /run/git/hooks/post-commit; git config -l; cat /run/git/config"
    )
    done = await hooked(sandbox, repo, workspace, script)
    assert "canary" not in done.output
    assert not (tmp_path / "marker").exists()
    assert contents(repo.root / ".git" / "objects").items() >= before.items()
    assert repo.git("branch", "--list", "evil") == ""
    assert not (repo.root / ".git" / "hooks" / "post-commit").exists()
    repo.fsck()


async def test_objects_of_a_hook_are_not_believed(
    sandbox: Sandbox, repo: Repo, workspace: GitWorkspace
) -> None:
    """It stages a name whose object it then takes away, or replaces by a pipe."""
    for lie in ("rm -rf $GIT_OBJECT_DIRECTORY/*", "for f in $(find $GIT_OBJECT_DIRECTORY -type f);"
                " do rm -f $f; mkfifo $f; done"):  # fmt: skip
        with pytest.raises(WorkspaceError, match="what a commit hook staged cannot be read"):
            await hooked(sandbox, repo, workspace, f"echo 1 > n; git add n; {lie}")
