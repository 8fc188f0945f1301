"""Checks on exactly one tree, and deploying."""

import asyncio
from pathlib import Path

import pytest
from workspace_helpers import Repo

from agent_tui.domain.checks import CheckCommand
from agent_tui.ports import Checks
from agent_tui.workspace.checks import TreeChecks
from agent_tui.workspace.junit import SIZE_LIMIT, ReportError, read_report
from agent_tui.workspace.worktree import GitWorkspace

pytestmark = pytest.mark.anyio


def check(*command: str, **options) -> CheckCommand:
    return CheckCommand(name="check", command=command, **options)


def python(code: str, *args: str) -> CheckCommand:
    return check("{python}", "-c", code, *args)


def ignore(_: str) -> None:
    """Output that no one reads."""


@pytest.fixture
def checks(workspace: GitWorkspace) -> TreeChecks:
    return TreeChecks(workspace)


def leftovers(workspace: GitWorkspace) -> list[str]:
    return [p.name for p in workspace._trees.store.folder.iterdir() if p.name != "git"]


async def test_it_runs_on_exactly_that_tree(
    repo: Repo, workspace: GitWorkspace, checks: TreeChecks
) -> None:
    port: Checks = checks
    assert port.protection == "none"
    await workspace.write_files({"a.txt": b"checked\n", ".gitattributes": b"* export-ignore\n"})
    tree = await workspace.snapshot()
    await workspace.write_files({"a.txt": b"later\n", "extra": b"x"})
    repo.put("a.txt", "the user's\n")
    code = (
        "import os\nprint(open('a.txt').read(), sorted(os.listdir()), os.access('run.sh', os.X_OK))"
        "\nopen('a.txt', 'w').write('changed by the check')"
    )
    before = leftovers(workspace)
    pieces: list[str] = []
    result = await port.run(tree, python(code), pieces.append)
    assert result.ok
    assert (result.name, result.tree, result.exit_code) == ("check", tree, 0)
    assert result.output == (
        "checked\n ['.gitattributes', '.gitignore', 'a.txt', 'run.sh', 'src'] True\n"
    )
    assert "".join(pieces) == result.output
    assert leftovers(workspace) == before
    assert (workspace.root / "a.txt").read_bytes() == b"later\n"


async def test_a_check_that_fails(workspace: GitWorkspace, checks: TreeChecks) -> None:
    result = await checks.run(workspace.base_tree, python("exit('no')"), ignore)
    assert (result.ok, result.exit_code, result.output) == (False, 1, "no\n")


async def test_a_program_that_is_missing(workspace: GitWorkspace, checks: TreeChecks) -> None:
    result = await checks.run(workspace.base_tree, check("no-such-linter"), ignore)
    assert (result.ok, result.exit_code) == (False, None)
    assert "'no-such-linter' was not found" in result.problem


async def test_a_check_that_takes_too_long(workspace: GitWorkspace, checks: TreeChecks) -> None:
    slow = check("{python}", "-c", "import time; time.sleep(600)", timeout_s=0.3)
    result = await checks.run(workspace.base_tree, slow, ignore)
    assert (result.ok, result.exit_code) == (False, None)
    assert "time limit" in result.problem


async def test_cancelling_removes_the_folder(workspace: GitWorkspace, checks: TreeChecks) -> None:
    before = leftovers(workspace)
    started = asyncio.Event()
    code = "import time; print('up', flush=True); time.sleep(600)"
    task = asyncio.create_task(
        checks.run(workspace.base_tree, python(code), lambda _: started.set())
    )
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert leftovers(workspace) == before


async def test_what_a_check_locks_is_removed_too(
    workspace: GitWorkspace, checks: TreeChecks
) -> None:
    before = leftovers(workspace)
    code = "import os; os.makedirs('d/e'); open('d/e/f', 'w'); os.chmod('d/e', 0); os.chmod('d', 0)"
    assert (await checks.run(workspace.base_tree, python(code), ignore)).ok
    assert leftovers(workspace) == before


async def test_the_folder_is_no_repository(workspace: GitWorkspace, checks: TreeChecks) -> None:
    result = await checks.run(workspace.base_tree, check("git", "rev-parse"), ignore)
    assert "not a git repository" in result.output


async def test_a_report_of_pytest(workspace: GitWorkspace, checks: TreeChecks) -> None:
    await workspace.write_files(
        {
            "tests/test_x.py": b"import pytest\n\ndef test_ok(): pass\n\ndef test_no():\n"
            b"    assert 1 == 2\n\n@pytest.mark.skip(reason='later')\ndef test_skip(): pass\n\n"
            b"class TestC:\n    def test_in(self): pass\n"
        }
    )
    tree = await workspace.snapshot()
    command = check("{python}", "-m", "pytest", "-q", "--junit-xml={report}", "tests")
    result = await checks.run(tree, command, ignore)
    assert result.exit_code == 1
    assert {(test.name, test.path, test.ok) for test in result.tests} == {
        ("tests.test_x::test_ok", "tests/test_x.py", True),
        ("tests.test_x::test_no", "tests/test_x.py", False),
        ("tests.test_x::test_skip", "tests/test_x.py", True),
        ("tests.test_x.TestC::test_in", "tests/test_x.py", True),
    }
    message = {test.name: test.message for test in result.tests}
    assert "assert 1 == 2" in message["tests.test_x::test_no"]
    assert message["tests.test_x::test_skip"] == "skipped: later"


async def test_a_bad_report_fails_the_check(workspace: GitWorkspace, checks: TreeChecks) -> None:
    code = "import sys; open(sys.argv[1], 'w').write('<testsuite')"
    result = await checks.run(workspace.base_tree, python(code, "{report}"), ignore)
    assert (result.ok, result.exit_code) == (False, 0)
    assert result.problem.startswith("the test report is not XML")


def no_file(_: str) -> bool:
    return False


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "report"
    bomb = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY a "aaaa">'
        '<!ENTITY b SYSTEM "file:///etc/passwd">]><testsuite>&a;&b;</testsuite>'
    )
    file.write_bytes(bomb.encode(encoding))
    with pytest.raises(ReportError, match="declares a document type"):
        read_report(file, no_file)


def test_reports_that_are_not_read(tmp_path: Path) -> None:
    assert read_report(tmp_path / "missing", no_file) == ()
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert read_report(tmp_path / "link", no_file) == ()
    with (tmp_path / "large").open("wb") as file:
        file.truncate(SIZE_LIMIT + 1)
    with pytest.raises(ReportError, match="too large"):
        read_report(tmp_path / "large", no_file)


def test_hostile_text_in_a_report_is_made_visible(tmp_path: Path) -> None:
    file = tmp_path / "report"
    file.write_text(
        '<testsuite><testcase classname="\u202ea" name="\u009b2J" file="../x\u200b">'
        '<failure message="&#x9b;m">text\u009b</failure></testcase></testsuite>'
    )
    (test,) = read_report(file, no_file)
    assert (test.name, test.path) == ("\\u202ea::\\x9b2J", "../x\\u200b")
    assert test.message == "\\x9bm\ntext\\x9b"
    assert not test.ok


async def test_deploy(repo: Repo, checks: TreeChecks, monkeypatch: pytest.MonkeyPatch) -> None:
    head = repo.head()
    monkeypatch.setenv("GITHUB_TOKEN", "needed to push")
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    code = (
        "import os; e = os.environ; print(os.getcwd(), e['AGENT_TUI_COMMIT'], e['GITHUB_TOKEN'],"
        " flush=True); os.system('git rev-parse HEAD')"
    )
    pieces: list[str] = []
    result = await checks.deploy(head, ("{python}", "-c", code), pieces.append)
    assert result.exit_code == 0
    assert result.output == f"{repo.root} {head} needed to push\n{head}\n"
    assert "".join(pieces) == result.output
