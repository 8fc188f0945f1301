"""From what a source tells to events of ours: turns, calls, edits, decisions, and their times."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, cast, get_args

from agent_tui.domain import events as e
from agent_tui.domain.base import Actor, BlobRef, ModelRef
from agent_tui.domain.decision import Choice, Gate, GateKind
from agent_tui.domain.spec import Spec
from agent_tui.domain.text import one_line
from agent_tui.domain.usage import Cost, Latency, Usage
from agent_tui.sessions.importers.files import FileTracker
from agent_tui.sessions.importers.scratch import ScratchRepository
from agent_tui.sessions.importers.sink import Sink
from agent_tui.sessions.importers.times import TimedSink
from agent_tui.sessions.importers.values import cut

MAX_RAW = 4096
"""Bytes of a record that is kept raw as an event; a bigger one is only in the raw file."""

ONLY_TOUCHED = (
    "The rest of the repository: the source shows only the files that were read or edited."
)


@dataclass
class _Turn:
    """The work on one request."""

    number: int
    step: str = ""
    model: ModelRef | None = None
    started: datetime | None = None
    said: str = ""


@dataclass
class _Answer:
    """A model's answer of which more lines may come; each repeats and raises its usage."""

    id: str
    step: str
    usage: Usage
    cost: Cost
    stop: str


class Builder:
    """Makes the events of one session. Everything is told in the order of the source.

    Args:
        sink: Where the events go.
        source: The format and the agent.
        fallback: The time for records before the first that has one.
        counted: Ids of model answers that an earlier file of the same import had.

    Attributes:
        files: What is told of files.
        notes: What was noticed on the way.
    """

    def __init__(
        self,
        sink: Sink,
        source: e.ImportSource,
        fallback: datetime,
        counted: set[str] | None = None,
    ) -> None:
        self.sink = sink
        self.source = source
        self.files = FileTracker()
        self.notes: dict[str, None] = {}
        self.root = ""
        self.branch = ""
        self.commit = ""
        self._counted = counted if counted is not None else set()
        self._out = TimedSink(sink, fallback)
        self._again = 0
        self._started = False
        self._turn = _Turn(0)
        self._steps = 0
        self._gates = 0
        self._specs = 0
        self._answer: _Answer | None = None
        self._calls: dict[str, str] = {}
        self._scratch = ScratchRepository()

    # -- what the source says of itself ----------------------------------------------------------

    def about(self, *, version: str = "", session: str = "") -> None:
        """The agent's version and the session's id, as far as the source has them."""
        new = {
            "version": one_line(version, 40) or self.source.version,
            "session": one_line(session, 100) or self.source.session,
        }
        self.source = self.source.model_copy(update=new)

    def where(self, *, folder: str = "", branch: str = "", commit: str = "") -> None:
        """The folder the agent worked in, and what git said there."""
        if folder and not self.root:
            self.root = self.files.folder = folder
        self.branch = self.branch or one_line(branch, 200)
        self.commit = self.commit or one_line(commit, 64)

    def note(self, text: str) -> None:
        """Something that a reader of the account should know."""
        self.notes[text] = None

    @property
    def started(self) -> bool:
        """Whether the session has begun: a request, or work without one."""
        return self._started

    @property
    def timed(self) -> bool:
        """Whether the source has any times."""
        return self._out.known

    # -- turns -----------------------------------------------------------------------------------

    def request(self, text: str, at: datetime | None) -> None:
        """The person asked for something: a new turn begins."""
        self._end_turn()
        if not self._started:
            self._start(text, at)
        else:
            self._out.emit(e.RequestAdded(text=text), "person", at)
        self._turn = _Turn(self._turn.number + 1)

    def _start(self, request: str, at: datetime | None) -> None:
        self._started = True
        name = PurePosixPath(self.root.replace("\\", "/")).name or self.source.agent
        repo = e.RepoFacts(
            root=self.root,
            name=name,
            ref=f"refs/heads/{self.branch}" if self.branch else None,
            commit=self.commit,
            tree="",
        )
        started = e.SessionStarted(
            session=self.source.session,
            request=request,
            repo=repo,
            roles={},
            limits=e.Limits(iterations=None),
            protection="",
            source=self.source,
        )
        self._out.emit(started, "engine", at)

    def _working(self, at: datetime | None, model: ModelRef | None = None) -> str:
        """The step in progress; a new one for the first work of a turn and for another model."""
        if not self._started:
            self._start("", at)
        turn = self._turn
        turn.number = max(1, turn.number)
        if turn.step and model is not None and turn.model not in (None, model):
            self._end_step(at, "done")
        if not turn.step:
            self._steps += 1
            turn.step = f"step-{self._steps}"
            turn.model = model or turn.model
            started = e.StepStarted(
                step=turn.step, kind="code", role="coder", model=turn.model, attempt=turn.number
            )
            turn.started = self._out.emit(started, "engine", at)
        return turn.step

    def interrupted(self, at: datetime | None, detail: str = "") -> None:
        """The person stopped the agent."""
        if self._turn.step:
            self._end_step(at, "interrupted", detail)

    def failed(self, at: datetime | None, detail: str) -> None:
        """The agent's work ended with an error."""
        self._working(at)
        self._end_step(at, "failed", detail)

    def _end_step(self, at: datetime | None, outcome: e.StepOutcome, detail: str = "") -> None:
        self._flush_answer()
        turn = self._turn
        now = self._out.at(at)
        wall = (now - turn.started).total_seconds() if turn.started and self.timed else 0.0
        wall = max(0.0, wall)  # the file's own time stands for a beginning without one
        finished = e.StepFinished(step=turn.step, outcome=outcome, wall_s=wall, detail=cut(detail))
        self._out.emit(finished, "engine", at)
        turn.step = ""

    def _end_turn(self) -> None:
        if self._turn.step:
            # The turn ended with its last record, not when the person came back.
            self._end_step(None, "done")
        change = self.files.turn()
        number = max(1, self._turn.number)
        base = tree = ""
        patch = b"".join(change.patches)
        if change.whole:
            words = f"Turn {number} of {self.source}"
            base, tree, shown = self._scratch.change(change.whole, self._out.at(None), words)
            patch = shown + patch
        if not patch:
            return
        whole = not change.patches
        proposed = e.AttemptProposed(
            attempt=number,
            tree=tree if whole else "",
            base_tree=base if whole else "",
            patch=self.sink.blob(patch),
            author="coder",
            report=e.CoderReport(summary=cut(self._turn.said)),
            notes=change.notes,
        )
        self._out.emit(proposed, "coder", None)

    # -- what happens in a turn ------------------------------------------------------------------

    def says(self, text: str, at: datetime | None, model: ModelRef | None = None) -> None:
        """The model wrote something."""
        if text.strip():
            self._output("text", text, at, model)
            self._turn.said = text

    def thinks(self, text: str, at: datetime | None, model: ModelRef | None = None) -> None:
        """The model thought aloud."""
        if text.strip():
            self._output("thinking", text, at, model)

    def notice(self, text: str, at: datetime | None) -> None:
        """The agent's program said something."""
        if text.strip():
            self._output("output", cut(text), at, None)

    def _output(
        self, channel: e.Channel, text: str, at: datetime | None, model: ModelRef | None
    ) -> None:
        step = self._working(at, model)
        ended = text if text.endswith("\n") else text + "\n"
        self._out.emit(e.StepOutput(step=step, channel=channel, text=ended), "coder", at)

    def called(
        self,
        call: str,
        name: str,
        arguments: Any,
        at: datetime | None,
        model: ModelRef | None = None,
    ) -> None:
        """The model called a tool."""
        step = self._working(at, model)
        self._calls[call] = step
        shown = arguments if isinstance(arguments, dict) else {"input": arguments}
        short = {key: cut(x) if isinstance(x, str) else x for key, x in shown.items()}
        self._out.emit(e.ToolCalled(step=step, call=call, name=name, arguments=short), "coder", at)

    def returned(self, call: str, ok: bool, summary: str, at: datetime | None) -> None:
        """A tool's result."""
        step = self._calls.pop(call, "") or self._working(at)
        event = e.ToolReturned(step=step, call=call, ok=ok, summary=cut(summary))
        self._out.emit(event, "engine", at)

    def answered(
        self,
        answer: str,
        usage: Usage,
        at: datetime | None,
        *,
        dollars: Decimal | None = None,
        stop: str = "end",
        model: ModelRef | None = None,
    ) -> None:
        """A model's answer and what it used.

        Args:
            answer: Its id; what is told of the same id again takes the place of what was told.
            dollars: None where the source has no price.
        """
        step = self._working(at, model)
        if self._answer is not None and self._answer.id != answer:
            self._flush_answer()
        if answer in self._counted:
            self._again += 1
            return
        cost = Cost(unpriced_calls=1) if dollars is None else Cost(priced=dollars)
        self._answer = _Answer(answer, step, usage, cost, stop)

    def _flush_answer(self) -> None:
        answer, self._answer = self._answer, None
        if answer is None:
            return
        self._counted.add(answer.id)
        event = e.ModelAnswered(
            step=answer.step,
            stop=answer.stop,
            usage=answer.usage,
            cost=answer.cost,
            latency=Latency(),
            request_id=one_line(answer.id, 200),
        )
        self._out.emit(event, "coder", None)

    def planned(
        self, title: str, at: datetime | None, *, summary: str = "", steps: Iterable[str] = ()
    ) -> None:
        """The agent wrote a plan, or changed it."""
        self._working(at)
        self._specs += 1
        told = tuple(cut(step) for step in steps)
        spec = Spec(title=title, summary=cut(summary), criteria=(), steps=told)
        self._out.emit(
            e.SpecProposed(version=self._specs, spec=spec, author="planner"), "coder", at
        )

    def decided(
        self, kind: GateKind, choice: Choice, question: str, at: datetime | None, reason: str = ""
    ) -> None:
        """The person decided something, and the source says so."""
        self._working(at)
        self._gates += 1
        gate = Gate(id=f"gate-{self._gates}", kind=kind, question=one_line(question, 300))
        self._out.emit(e.GateOpened(gate=gate), "engine", at)
        decided = e.GateDecided(gate=gate.id, kind=kind, choice=choice, reason=reason, sends=reason)
        self._out.emit(decided, "person", at)

    def restored(self, event: e.Event, actor: str, at: datetime | None) -> None:
        """An event of ours that the source carried whole."""
        self._working(at)
        known: tuple[str, ...] = get_args(Actor)
        self._out.emit(event, cast(Actor, actor) if actor in known else "engine", at)

    def raw(self, kind: str, record: Any, size: int, line: int, at: datetime | None) -> None:
        """A record that we have no event for: it is shown as it is."""
        if not self._started:
            return
        data = record if isinstance(record, dict) else {"value": record}
        if size > MAX_RAW:
            data = {"line": line, "bytes": size, "kept": "in the source file alone"}
        name = f"{self.source.format}/{one_line(kind, 80)}"
        self._out.emit(e.Unknown(original_type=name, data=data), "engine", at)

    # -- the end ---------------------------------------------------------------------------------

    def end(self) -> BlobRef | None:
        """End the last turn.

        Returns:
            The bundle of all trees, if there are any.
        """
        if not self._started:
            self._start("", None)
        self._end_turn()
        if self._out.back:
            self.note(
                f"{self._out.back} records have an earlier time than the record before; they are "
                "shown at the time of that one."
            )
        if self._again:
            self.note(
                f"{self._again} records of model answers repeat answers that were counted already "
                "(copied history); their tokens are counted once."
            )
        bundle = self._scratch.bundle()
        return self.sink.blob(bundle) if bundle is not None else None

    def finish(self, event: e.SessionImported) -> None:
        """The account, as the session's last event."""
        self._out.end()
        self._out.emit(event, "engine", None)

    def close(self) -> None:
        """Remove what was needed on the way."""
        self._scratch.close()
