"""A shutdown that does not come to its end."""

from pathlib import Path

from tests.terminal.pty_driver import Program, restored


def test_the_terminal_is_as_it_was(tmp_path: Path, env: dict[str, str]) -> None:
    program = Program(
        [str(tmp_path)], env, Path(__file__).parents[2], module="tests.terminal.cut_short_app"
    )
    try:
        program.until(lambda: b"New request" in program.output, "the screen")
        program.type("\x11")
        assert program.end() == 0, program.tail()
        assert restored(program) == []
    finally:
        program.close()
