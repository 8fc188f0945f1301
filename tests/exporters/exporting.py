"""Sessions to export: the ones that ship, and one that is hostile."""

import asyncio
import subprocess
from pathlib import Path

from agent_tui.demo.repository import create
from agent_tui.headless import progress
from agent_tui.sessions.exporters.export import Format, export
from agent_tui.sessions.exporters.prepare import ExportError, Prepared, prepare
from agent_tui.sessions.importers.load import Context, load
from agent_tui.sessions.redact import Redactor
from agent_tui.sessions.store import read_folder
from tests.importers.importing import Claude

SESSIONS = Path(__file__).parents[2] / "sessions"
SHIPPED = ("person-steps-in", "second-attempt-passes")
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=alert(1)> "
    "\x1b[31mred\x1b]0;title\x07 [link](javascript:alert(1)) ![i](https://evil.example/x.png) "
    "@everyone #1 `code` | a | b | \u202egnp.exe </template> <!-- --> {{csp}} ]]>"
)


def shipped(name: str, environment: dict[str, str] | None = None) -> Prepared:
    saved = read_folder(SESSIONS / name)
    return prepare(saved.id, saved.records, saved.blob, Redactor(environment or {}))


def imported(path: Path, environment: dict[str, str] | None = None) -> Prepared:
    records, blob, _ = load(path, Context(Redactor({})))
    return prepare(path.stem, tuple(records), blob, Redactor(environment or {}))


def hostile(folder: Path) -> Prepared:
    """An imported session in which every text is an attack."""
    claude = Claude("hostile", "/home/dev/<b>x")
    claude.asks(HOSTILE)
    claude.answers(
        "m1", {"type": "text", "text": HOSTILE}, {"type": "thinking", "thinking": HOSTILE}
    )
    name = "/home/dev/<b>x/<img src=x onerror=alert(1)>.py"
    claude.edit("m2", name, "a\n", "a", HOSTILE)
    use = {"type": "tool_use", "id": "c9", "name": HOSTILE, "input": {HOSTILE: HOSTILE}}
    claude.answers("m3", use)
    claude.result("c9", HOSTILE, error=True)
    claude.asks(HOSTILE)
    return imported(claude.write(folder))


def made(prepared: Prepared, format: Format) -> bytes:
    def no_bundle(prepared: Prepared) -> bytes:
        raise ExportError("no git here")

    return export(prepared, format, progress, no_bundle)


def git(*arguments: str, at: Path, data: bytes | None = None) -> str:
    done = subprocess.run(["git", *arguments], cwd=at, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def base_of(folder: Path) -> Path:
    """The repository that the shipped sessions worked in, as it was before them."""
    folder.mkdir()
    return asyncio.run(create(folder))
