"""The readers of edits, fed by a fuzzer that looks for inputs which reach new code (atheris).

``python -m tests.faults.guided FOLDER SECONDS`` is the process that it runs in.
"""

import importlib.util
import random
import re
import subprocess
import sys
from pathlib import Path

LONGEST = 4_000
"""Bytes of one text."""

SEEDS = 200
ONE_S = 30
"""Seconds after which one text counts as a hang."""

_EXECUTED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")


def run(folder: Path, seconds: int) -> tuple[int, list[str], str]:
    """Texts that were read, what went wrong, and why it could not be run ("" if it could)."""
    if importlib.util.find_spec("atheris") is None:
        return 0, [], "atheris is not installed"
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.guided", str(folder), str(seconds)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    found = _EXECUTED.search(done.stderr)
    problems = [] if done.returncode == 0 and found else [done.stderr[-2_000:]]
    return int(found[1]) if found else 0, problems, ""


def main(folder: Path, seconds: int) -> None:
    import atheris

    # What is imported before is not watched.
    with atheris.instrument_imports(include=["agent_tui.workspace.edits"]):
        from tests.faults import parsers

    def read(data: bytes) -> None:
        if problem := parsers.check(data):
            raise AssertionError(problem)

    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    rng = random.Random(0)
    for number in range(SEEDS):
        (corpus / str(number)).write_bytes(parsers.random_text(rng)[:LONGEST])
    words = ("".join(f"\\x{byte:02x}" for byte in piece) for piece in parsers.PIECES if piece)
    (folder / "words").write_text("\n".join(f'"{word}"' for word in words))
    options = {
        "max_total_time": seconds, "max_len": LONGEST, "timeout": ONE_S, "dict": folder / "words",
        "print_final_stats": 1, "artifact_prefix": f"{folder}/crash-",
    }  # fmt: skip
    given = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], str(corpus), *given], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
