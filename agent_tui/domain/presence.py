"""Files that run something because they are there: nobody has to start them."""

import posixpath
from collections.abc import Iterable

from agent_tui.domain.patch import Patch

_BY_NAME = {
    "conftest.py": "pytest runs it before any test",
    "sitecustomize.py": "every start of Python runs it",
    "usercustomize.py": "every start of Python runs it",
    ".envrc": "direnv runs it when somebody enters the folder",
    "package.json": "its scripts run when packages are installed",
    ".npmrc": "npm takes its programs and registries from it",
    ".yarnrc": "yarn takes its program from it",
    ".yarnrc.yml": "yarn takes its program from it",
    ".pnpmfile.cjs": "pnpm runs it when packages are installed",
    "build.rs": "cargo runs it before it compiles",
    ".pre-commit-config.yaml": "its hooks run at every commit",
    "lefthook.yml": "its hooks run at every commit",
    "jenkinsfile": "a build server runs it",
    ".gitlab-ci.yml": "a build server runs it",
    ".travis.yml": "a build server runs it",
    "azure-pipelines.yml": "a build server runs it",
    "bitbucket-pipelines.yml": "a build server runs it",
    "appveyor.yml": "a build server runs it",
    ".drone.yml": "a build server runs it",
    ".mise.toml": "mise runs its hooks when somebody enters the folder",
    "mise.toml": "mise runs its hooks when somebody enters the folder",
    ".mcp.json": "agents start the servers that it names",
    "agent-tui.toml": "it names commands that agent-tui runs",
    ".vimrc": "vim can run it when it starts in the folder",
    ".exrc": "vi can run it when it starts in the folder",
    ".nvim.lua": "nvim can run it when it starts in the folder",
    ".gdbinit": "gdb can run it when it starts in the folder",
}
_BY_FOLDER = {
    ".github/workflows": "a build server runs it",
    ".github/actions": "a build server runs it",
    ".circleci": "a build server runs it",
    ".buildkite": "a build server runs it",
    ".woodpecker": "a build server runs it",
    ".gitea/workflows": "a build server runs it",
    ".forgejo/workflows": "a build server runs it",
    ".ci": "a build server runs it",
    ".vscode": "an editor runs its tasks when the folder is opened",
    ".idea": "an editor runs its tasks when the folder is opened",
    ".devcontainer": "an editor runs it when the folder is opened",
    ".husky": "its hooks run at every commit",
    ".githooks": "its hooks run at every commit",
    ".cargo": "cargo takes its programs from it",
    ".claude": "an agent runs the hooks that it names",
    ".codex": "an agent runs what it names",
    ".cursor": "an agent runs what it names",
    ".gemini": "an agent runs what it names",
}


def runs_by_presence(path: str) -> str:
    """What makes a file run without being started, or "" when nothing is known to.

    Args:
        path: From the top of the repository, with ``/``. Case does not matter, as some file
            systems do not know it.
    """
    lower = path.casefold()
    name = posixpath.basename(lower)
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.endswith(".pth"):
        return "every start of Python runs it where it is installed"
    folders = f"/{posixpath.dirname(lower)}/"
    for folder, why in _BY_FOLDER.items():
        if f"/{folder}/" in folders:
            return why
    if any(part.startswith(".git") for part in lower.split("/")):
        return "git takes settings from it, which can name programs"
    return ""


def flagged(patch: Patch) -> dict[str, str]:
    """The changed files of a patch that run by being there, with what makes them run.

    A file that is only deleted is not among them; one that is renamed to such a name is.
    """
    return {
        file.path: why
        for file in patch.files
        if file.status != "deleted" and (why := runs_by_presence(file.path))
    }


def sentence(flags: Iterable[str]) -> str:
    """The flagged files, each with its reason, as one sentence."""
    return f"It changes files that run by being there ({'; '.join(flags)})."
