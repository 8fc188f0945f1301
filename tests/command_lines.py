"""Command lines against bash itself: ``python -m tests.command_lines [COUNT]`` runs many of them.

Every line whose programs can be told is run by bash, with a ``PATH`` of programs that only write
down how they were called. What ran must be what was told.
"""

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from agent_tui.domain.rules import Call, Rule, RuleBook, Words, decide
from agent_tui.engine.commandline import read_line

LISTED = ("ls", "cat", "grep")
UNLISTED = ("rm", "touch", "curl", "evil")
REAL = ("env", "xargs", "find", "timeout", "nohup", "nice", "sh", "bash")
"""Programs that run others: these do it for real, after they have written down their call."""

BUILTINS = ("cd", "true", "test", "exec", "eval", "command", "export", "hash", "printf", "echo",
            "unset", "read", "set", "trap", "type", "let", "declare", "time", "alias")  # fmt: skip

ALLOW_LISTED = RuleBook(
    configured=tuple(
        Rule(action="allow", tool="run_command", command=(name,))
        for name in (*LISTED, *REAL, *BUILTINS)
    )
)
"""Rules by which no line may start one of :data:`UNLISTED`."""

ATOMS = (
    *LISTED, *LISTED, *LISTED, *UNLISTED, *REAL, *BUILTINS,
    'x', 'a.txt', '*.txt', '-l', '-c', '-n', '-exec', '{}', '+', ';', '\\;', 'a b', '-v', '--',
    'A=1', 'PATH=/nowhere', 'a[0]=1', 'x+=1', "'a[$(evil)]'", '$(evil)', '`evil`',
    '${x:-$(evil)}', '$x', '${x}', '$((1))', '<(evil)', "$'rm'", '$"rm"', '{rm,x}', '{l,}s',
    '~', '~root', '!', '#', '# rm', '\\rm', 'r\\m', "'r'm", '"rm"', "l's'", '\\', '\\\n',
    '\xe9', '\xa0', '\u2028', '\x0b', '\x0c', '\r', '1', '2>&1', '>f', '<f', '>/dev/null',
    '2>/dev/null', '&>/dev/null', '<<<x', '<<E', '>&2', '&', '|&', '[', ']', '[[', ']]', '((',
    '))', '(', ')', '{', '}', 'if', 'then', 'fi', 'while', 'do', 'done', 'for', 'in', 'case',
    'esac', 'function', "'ls'", "'rm x'", '"ls; rm"', "'ls && cat'", '"$(rm)"', '"`rm`"',
    '"$x"', '"a\\"b"', "'\\'", '=', '==', '5', '5s', '-5', '-lc', '-I{}', '-0', '-u', '-i',
    '%1', '@', '^', ',', ':', '.', '/dev/null', '\t',
)  # fmt: skip
JOINTS = (" ", " ", " ", " ", " ", "", ";", " && ", " || ", " | ", "\n", "|", "&&", " ; ")


class Stage:
    """A folder with programs that write down how they are called."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "log"
        self._bin = folder / "bin"
        self._work = folder / "work"
        self._bin.mkdir()
        self._work.mkdir()
        real = {name: found for name in REAL if (found := _which(name))}
        for name in (*LISTED, *UNLISTED, *REAL):
            then = f'exec {real[name]} "$@"' if name in real else ":"
            file = self._bin / name
            file.write_text(f"#!/bin/sh\nprintf '%s\\0' $# {name} \"$@\" >> {self._log}\n{then}\n")
            file.chmod(0o755)
        (self._work / "a.txt").write_text("x\n")

    def run(self, line: str) -> list[list[str]]:
        """The calls that bash makes for this line."""
        self._log.write_bytes(b"")
        subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-c", line.encode()],
            cwd=self._work,
            env={"PATH": str(self._bin), "HOME": str(self._work), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=20,
        )
        calls: list[list[str]] = []
        words = iter(os.fsdecode(self._log.read_bytes()).split("\0")[:-1])
        for count in words:
            calls.append([next(words) for _ in range(int(count) + 1)])
        return calls


def _which(name: str) -> str | None:
    folders = ("/usr/bin", "/bin", "/usr/local/bin")
    return next((f"{f}/{name}" for f in folders if Path(f, name).exists()), None)


def random_line(choose: random.Random) -> str:
    """A line that tries to look harmless."""
    parts = []
    for _ in range(choose.randint(1, 7)):
        parts += [choose.choice(ATOMS), choose.choice(JOINTS)]
    return "".join(parts[: len(parts) - choose.randint(0, 1)])


def problem(line: str, stage: Stage) -> str | None:
    """What is wrong with what is said of a line; "" when nothing, None when nothing is said."""
    told = read_line(line)
    if told.hidden:
        return None
    calls = stage.run(line)
    for call in calls:
        if not any(_fits(call, words, "xargs" in line) for words in told.commands):
            return f"{line!r}: {call} ran, told was {told.commands}"
    parts = told.parts()
    if decide(Call(tool="run_command", line=line, parts=parts), ALLOW_LISTED).effect == "allow":
        ran = {call[0] for call in calls} & set(UNLISTED)
        if ran:
            return f"{line!r}: allowed, and {ran} ran"
    return ""


def _fits(call: list[str], words: Words, more: bool) -> bool:
    """Whether a program's arguments are those of a command; the shell fills in what it alone knows.

    ``xargs`` adds arguments (*more*), and ``find`` puts names in the place of ``{}``.
    """
    if not words or words[0] != call[0]:
        return False
    if call[0] in REAL or None in words:
        return True
    fits = all(word in ("{}", said) for word, said in zip(words, call, strict=False))
    return fits and (len(call) == len(words) or (more and len(call) > len(words)))


def main(count: int) -> int:
    """Run that many lines, and print the counts."""
    choose = random.Random(20261122)
    told = 0
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        for _ in range(count):
            found = problem(random_line(choose), stage)
            if found:
                print(found)
                return 1
            told += found is not None
    print(f"{count} lines: of {told} the programs were told, and only those ran in bash")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
