"""Files that run by being there are known in every spelling, and others are left alone."""

import pytest

from agent_tui.domain.patch import parse_patch
from agent_tui.domain.presence import flagged, runs_by_presence


@pytest.mark.parametrize(
    "path",
    [
        ".gitattributes", "src/.gitattributes", ".GITATTRIBUTES", ".gitmodules", ".gitignore",
        "conftest.py", "tests/unit/Conftest.py", ".github/workflows/x.yml", "a/.github/actions/x",
        ".gitlab-ci.yml", "Jenkinsfile", ".circleci/config.yml", ".envrc", ".vscode/tasks.json",
        "package.json", "web/package.json", ".husky/pre-commit", ".pre-commit-config.yaml",
        "sitecustomize.py", "lib/x.pth", ".cargo/config.toml", "build.rs", ".ci/run",
        "agent-tui.toml", ".mcp.json", ".claude/settings.json", ".devcontainer/x.json",
    ],
)  # fmt: skip
def test_flagged(path: str) -> None:
    assert runs_by_presence(path)


@pytest.mark.parametrize(
    "path",
    ["a.txt", "src/main.py", "README.md", "packages.json", "my.conftest.py.txt", "vscode/a",
     "docs/github/x.md", "envrc", "tests/test_conftest.py", "lib/path.py"],
)  # fmt: skip
def test_not_flagged(path: str) -> None:
    assert runs_by_presence(path) == ""


def test_of_a_patch() -> None:
    def change(path: str, *, deleted: bool = False) -> str:
        mode = "deleted file mode 100644\n" if deleted else "new file mode 100644\n"
        names = (f"a/{path}", "/dev/null") if deleted else ("/dev/null", f"b/{path}")
        head = f"diff --git a/{path} b/{path}\n{mode}--- {names[0]}\n+++ {names[1]}\n"
        return head + ("@@ -1 +0,0 @@\n-x\n" if deleted else "@@ -0,0 +1 @@\n+x\n")

    text = change("conftest.py") + change("a.py") + change(".envrc", deleted=True)
    assert list(flagged(parse_patch(text.encode()))) == ["conftest.py"]
