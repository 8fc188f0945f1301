"""Makes the log of a very long session: attempts of about 2,500 records, as an agent writes them.

The records are true ones (each is built and encoded once as the product does it, and then varied),
so what is measured is what would be met.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from agent_tui.domain import events as e
from agent_tui.domain.base import Actor, BlobRef, ModelRef
from agent_tui.domain.checks import CheckResult
from agent_tui.domain.decision import Gate
from agent_tui.domain.spec import Criterion, Spec
from agent_tui.domain.usage import Cost, Latency, Usage
from agent_tui.domain.verdict import Finding, Verdict
from agent_tui.sessions import codec
from agent_tui.sessions.blobs import FOLDER

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PATCH = b"""diff --git a/roman.py b/roman.py
index 1111111111111111111111111111111111111111..2222222222222222222222222222222222222222 100644
--- a/roman.py
+++ b/roman.py
@@ -1,2 +1,3 @@
 def parse(text):
-    return 0
+    total = 0
+    return total
"""
WORDS = (
    "the parser reads each numeral from the left and adds its value unless a larger one follows; "
    "I keep the table in one place, so that the strict mode can refuse what is not canonical. "
    "Next I look at the tests that fail and at what they expect of the error message. "
)
MODEL = ModelRef(provider="scripted", model="long")


def _story() -> Iterator[tuple[e.Event, Actor]]:
    repo = e.RepoFacts(
        root="/nowhere/roman", name="roman", ref="refs/heads/main", commit="1" * 40, tree="2" * 40
    )
    roles = {"planner": MODEL, "coder": MODEL, "reviewer": MODEL}
    yield (
        e.SessionStarted(session="big", request="Parse roman numerals", repo=repo, roles=roles),
        "person",
    )
    yield e.StepStarted(step="plan", kind="plan", role="planner", model=MODEL), "planner"
    for _ in range(20):
        yield e.StepOutput(step="plan", channel="text", text=WORDS), "planner"
    yield e.StepFinished(step="plan", outcome="done", wall_s=2.0), "planner"
    spec = Spec(
        title="Roman numerals",
        summary="Parse them",
        criteria=tuple(Criterion(id=f"AC{n}", text=f"criterion {n}") for n in range(1, 5)),
    )
    yield e.SpecProposed(version=1, spec=spec, author="planner"), "planner"
    yield e.GateOpened(gate=Gate(id="g0", kind="spec", question="Good?")), "engine"
    yield e.GateDecided(gate="g0", kind="spec", choice="approve", waited_s=3), "person"
    attempt = 0
    while True:
        attempt += 1
        yield from _attempt(attempt)


def _attempt(number: int) -> Iterator[tuple[e.Event, Actor]]:
    step, tree, gate = f"code-{number}", f"{number:040x}", f"gate-{number}"
    yield (
        e.StepStarted(step=step, kind="code", role="coder", model=MODEL, attempt=number),
        "coder",
    )
    for call in range(40):
        yield from _call(step, call, "coder", 54)
    yield e.StepFinished(step=step, outcome="done", wall_s=60.0), "coder"
    patch = BlobRef(digest=hashlib.sha256(PATCH).hexdigest(), size=len(PATCH))
    yield (
        e.AttemptProposed(attempt=number, tree=tree, base_tree="2" * 40, patch=patch),
        "coder",
    )
    yield e.GateOpened(gate=Gate(id=gate, kind="diff", question="Right?")), "engine"
    yield e.GateDecided(gate=gate, kind="diff", choice="approve", waited_s=9), "person"
    checks, review = f"check-{number}", f"review-{number}"
    yield e.StepStarted(step=checks, kind="check"), "checks"
    for line in range(100):
        yield e.StepOutput(step=checks, channel="output", text=f"test {line} passed\n"), "checks"
    yield e.StepFinished(step=checks, outcome="done", wall_s=4.0), "checks"
    results = (CheckResult(name="tests", tree=tree, ok=False, exit_code=1, output="1 failed"),)
    yield e.ChecksFinished(tree=tree, results=results), "checks"
    yield e.StepStarted(step=review, kind="review", role="reviewer", model=MODEL), "reviewer"
    yield from _call(review, 0, "reviewer", 80)
    yield e.StepFinished(step=review, outcome="done", wall_s=8.0), "reviewer"
    finding = Finding(id=f"F{number}", severity="major", title="It accepts IIII", author="reviewer")
    verdict = Verdict(outcome="fail", summary="Not yet", findings=(finding,))
    yield e.VerdictProposed(tree=tree, verdict=verdict), "reviewer"
    yield e.GateOpened(gate=Gate(id=f"v{gate}", kind="verdict", question="Agree?")), "engine"
    yield (
        e.GateDecided(gate=f"v{gate}", kind="verdict", choice="approve", waited_s=5),
        "person",
    )
    changed = e.FindingChanged(finding=f"F{number}", status="waived", reason="Later.")
    yield changed, "person"


def _call(step: str, call: int, actor: Actor, pieces: int) -> Iterator[tuple[e.Event, Actor]]:
    yield e.ModelAsked(step=step, system="You write code.", prompt=WORDS * 4), "engine"
    for piece in range(pieces):
        channel: e.Channel = "thinking" if piece % 3 else "text"
        yield e.StepOutput(step=step, channel=channel, text=WORDS[: 120 + piece]), actor
    for tool in range(2):
        name = f"call-{call}-{tool}"
        arguments = {"path": f"src/file{call}.py", "text": WORDS}
        yield e.ToolCalled(step=step, call=name, name="edit", arguments=arguments), actor
        yield e.ToolReturned(step=step, call=name, ok=True, summary="replaced 3 lines"), actor
    yield (
        e.ModelAnswered(
            step=step,
            stop="tool_use",
            usage=Usage(input_tokens=9_000, output_tokens=400),
            cost=Cost(priced=Decimal("0.0125")),
            latency=Latency(first_token_s=0.4, total_s=2.5),
        ),
        actor,
    )


def make_big_session(folder: Path, count: int, *, padding: int = 180) -> Path:
    """Write a session with that many records.

    Args:
        padding: Characters by which streamed texts are longer, to come to the size of real ones.

    Returns:
        Its folder.
    """
    folder.mkdir(parents=True)
    blobs = folder / FOLDER
    blobs.mkdir()
    (blobs / hashlib.sha256(PATCH).hexdigest()).write_bytes(PATCH)
    digest = ""
    encoded: dict[int, str] = {}
    story = _story()
    with (folder / "events.jsonl").open("wb", buffering=1 << 20) as file:
        for seq in range(count):
            event, actor = next(story)
            if isinstance(event, e.StepOutput):
                # Most are of this kind, so their lines are put together by hand.
                text = encoded.get(id(event.text))
                if text is None:
                    text = json.dumps(event.text + "." * padding)
                data = f'{{"step":"{event.step}","channel":"{event.channel}","text":{text}}}'
            else:
                data = json.dumps(codec.plain(event), separators=(",", ":"), default=str)
            at = (START + timedelta(milliseconds=40 * seq)).isoformat().replace("+00:00", "Z")
            body = (
                f'{{"v":1,"seq":{seq},"ts":"{at}","mono_ns":{seq * 40_000_000},"attempt":0,'
                f'"actor":"{actor}","type":"{event.type}","data":{data}}}'
            ).encode()
            digest = codec.chain(digest, body)
            file.write(body[:-1] + b',"h":"' + digest.encode() + b'"}\n')
    return folder
