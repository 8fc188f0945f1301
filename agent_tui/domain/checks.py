"""Checks: commands that say whether a tree is good (tests, a linter, a type checker)."""

from agent_tui.domain.base import Value


class CheckCommand(Value):
    """A check as it is configured.

    Attributes:
        command: Program and arguments; no shell takes part. ``{python}`` stands for the
            interpreter that runs agent-tui, ``{report}`` for a path where the command may leave
            a JUnit XML file.
        timeout_s: Seconds after which it is ended and counts as failed.
        network: Whether it reaches the network from inside the sandbox.
    """

    name: str
    command: tuple[str, ...]
    timeout_s: float = 300.0
    network: bool = False


class TestCase(Value):
    """One test in a check's report."""

    __test__ = False  # not a test class for pytest to collect

    name: str
    path: str = ""
    ok: bool = True
    message: str = ""


class CheckResult(Value):
    """What a check did on exactly one tree.

    Attributes:
        exit_code: The command's own, or None when it could not be started or was ended.
        output: The end of what it printed (both streams), controls made visible.
        problem: Why it did not run to its end, in a sentence; empty when it did.
    """

    name: str
    tree: str
    ok: bool
    exit_code: int | None = None
    duration_s: float = 0.0
    output: str = ""
    tests: tuple[TestCase, ...] = ()
    problem: str = ""
