"""Imports only go down, the loop needs no screen, and the first paint needs nothing heavy."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import agent_tui

PACKAGE = Path(agent_tui.__file__).parent

RANKS = {
    "domain": 0,
    "ports": 1,
    "sessions": 2,
    "workspace": 2,
    "providers": 2,
    "config": 2,
    "engine": 3,
    "demo": 4,
    "bootstrap": 5,
    "headless": 6,
    "ui": 7,
    "commands": 8,
    "cli": 9,
    "__main__": 10,
}
"""A module may import what has a lower rank, and its own part. Adapters have one rank: none imports
another."""

EXCEPTIONS = {
    ("engine", "workspace"): "the loop knows the workspace by its port alone",
    ("engine", "sessions"): "the loop knows the log by its port alone",
    ("engine", "providers"): "the loop knows models by their port alone",
    ("engine", "config"): "settings reach the loop as values of the domain",
    ("domain", "ports"): "values know nobody",
}
"""What the ranks would allow or leave open, and is forbidden all the same."""

OUTSIDE = {
    "domain": {"pydantic"},
    "ports": set(),
    "sessions": {"pydantic", "pydantic_core"},
    "engine": {"pydantic", "pydantic_core", "tree_sitter", "tree_sitter_bash"},
    "workspace": {"git"},
    "config": {"pydantic", "platformdirs"},
    "providers": {"pydantic", "httpx2", "anthropic", "openai"},
}
"""The packages that a part may use, besides the standard library."""


def sources() -> Iterator[tuple[str, Path]]:
    """Every module's name and file, without the project that the demo works on."""
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        if parts[:2] == ("demo", "project"):
            continue
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        yield ".".join(("agent_tui", *parts)), file


MODULES = dict(sources())


def part_of(module: str) -> str | None:
    """The part of the program that a module belongs to, or None for the package itself."""
    names = module.split(".")
    return names[1] if len(names) > 1 else None


def imports_of(file: Path, *, at_run_time: bool = False) -> Iterator[str]:
    """Full names of what a file imports, inside functions as well."""
    tree = ast.parse(file.read_text("utf-8"))
    skipped: set[int] = set()
    if at_run_time:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                skipped |= {id(x) for child in node.body for x in ast.walk(child)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            base = node.module or ""
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield full if full in MODULES else base


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    part = part_of(module)
    for name in imports_of(MODULES[module]):
        if name.split(".")[0] != "agent_tui":
            continue
        other = part_of(name)
        if other in (None, part):
            continue
        assert part in RANKS, f"{module}: give {part} a rank"
        assert other in RANKS, f"{other} has no rank"
        assert (part, other) not in EXCEPTIONS, f"{module} imports {name}"
        assert RANKS[part] > RANKS[other], f"{module} imports {name}, which is not below it"


@pytest.mark.parametrize("module", MODULES)
def test_only_known_packages_are_used(module: str) -> None:
    part = part_of(module) or ""
    outside = {
        name.split(".")[0]
        for name in imports_of(MODULES[module], at_run_time=True)
        if name.split(".")[0] not in {*sys.stdlib_module_names, "agent_tui"}
    }
    if part in OUTSIDE:
        assert outside <= OUTSIDE[part]
    if part != "ui":
        assert not outside & {"textual", "rich"}


def loaded_after(statement: str) -> set[str]:
    """The modules that a new process has loaded after a statement."""
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split("\n"))


def test_everything_below_the_screen_runs_without_textual() -> None:
    below = [name for name in MODULES if part_of(name) != "ui" and not name.endswith("__main__")]
    assert len(below) > 50
    loaded = loaded_after("\n".join(f"import {name}" for name in below))
    assert set(below) <= loaded
    assert not {name.split(".")[0] for name in loaded} & {"textual", "rich"}


def test_the_domain_needs_pydantic_alone() -> None:
    domain = [name for name in MODULES if part_of(name) in ("domain", "ports")]
    loaded = loaded_after("\n".join(f"import {name}" for name in domain))
    ours = {name for name in loaded if name.startswith("agent_tui.")}
    assert {part_of(name) for name in ours} == {"domain", "ports"}
    assert "git" not in loaded


def test_the_first_paint_loads_nothing_heavy() -> None:
    loaded = loaded_after("import agent_tui.ui.app")
    assert "textual.app" in loaded
    heavy = {"pydantic", "git", "anthropic", "openai", "pygments", "httpx", "markdown_it"}
    assert not loaded & heavy
    assert not loaded & {
        "agent_tui.domain.events",
        "agent_tui.bootstrap.environment",
        "agent_tui.engine.loop",
    }


def test_the_home_screen_loads_no_part_of_another_screen() -> None:
    loaded = loaded_after("import agent_tui.ui.conductor")
    assert "agent_tui.sessions.catalog" in loaded
    heavy = (
        "agent_tui.bootstrap.live",
        "agent_tui.engine.loop",
        "agent_tui.sessions.importers",
        "agent_tui.sessions.exporters",
        "agent_tui.ui.controller",
        "agent_tui.ui.diff",
        "agent_tui.workspace.worktree",
        "textual.widgets._text_area",
    )
    assert not loaded & set(heavy)


@pytest.mark.parametrize("arguments", ["--help", "--version", "run --help", "doctor --help"])
def test_help_loads_nothing_at_all(arguments: str) -> None:
    words = arguments.split()
    loaded = loaded_after(
        "import io, contextlib\nfrom agent_tui.cli import main\n"
        f"with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    main({words!r})"
    )
    assert not loaded & {"textual", "pydantic", "git", "asyncio", "agent_tui.bootstrap.environment"}


def test_a_command_without_a_screen_loads_no_textual(tmp_path: Path) -> None:
    loaded = loaded_after(
        "import io, contextlib\nfrom agent_tui.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    assert main(['sessions', '--all', '--sessions', {str(tmp_path)!r}]) == 0"
    )
    assert "pydantic" in loaded
    assert "textual" not in loaded


# -- text and markup ------------------------------

WRITERS = {"update", "notify", "Label", "Static"}
"""What takes a string for markup unless it is told otherwise."""


def called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_safe(node: ast.Call) -> bool:
    """Whether what is shown is a ``Content``, a plain literal, or is said to be no markup."""
    if any(
        word.arg == "markup" and isinstance(word.value, ast.Constant) and word.value.value is False
        for word in node.keywords
    ):
        return True
    if not node.args:
        return True
    text = node.args[0]
    if isinstance(text, ast.Constant):
        return not isinstance(text.value, str) or "[" not in text.value
    # An f-string, a sum, a name or a call may hold anything; a Content says what it is.
    if isinstance(text, ast.Call):
        return called(text) in ("Content", "join", "styled", "from_text", "assemble")
    return isinstance(text, ast.Name) and called(node) == "update"  # see the test below


@pytest.mark.parametrize("module", [name for name in MODULES if part_of(name) == "ui"])
def test_no_text_is_taken_for_markup(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in WRITERS:
            assert is_safe(node), f"{module}:{node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.Call) and called(node) == "from_markup":
            assert node.args, f"{module}:{node.lineno}"
            assert isinstance(node.args[0], ast.Constant), f"{module}:{node.lineno}: no template"


@pytest.mark.parametrize(
    ("code", "safe"),
    [
        ("Label(f'{x}')", False),
        ("Label(f'{x}', markup=False)", True),
        ("Label(Content(f'{x}'))", True),
        ("Label(x)", False),
        ("Label('a [b]')", False),
        ("Label('a')", True),
        ("app.notify(str(error))", False),
        ("app.notify(str(error), markup=False)", True),
        ("bar.update('a' + x)", False),
        ("bar.update(f'{x}')", False),
        ("Static(id='x')", True),
    ],
)
def test_the_check_for_markup_can_fail(code: str, safe: bool) -> None:
    node = ast.parse(code, mode="eval").body
    assert isinstance(node, ast.Call)
    assert is_safe(node) == safe
