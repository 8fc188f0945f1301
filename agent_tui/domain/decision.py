"""Gates, and what can be answered at them."""

import hashlib
import json
from typing import Any, Literal

from agent_tui.domain.base import ModelRef, Role, Value
from agent_tui.domain.comments import CommentDraft, CommentKind
from agent_tui.domain.rules import Rule
from agent_tui.domain.spec import Spec
from agent_tui.domain.verdict import Severity

GateKind = Literal["spec", "diff", "verdict", "message", "deploy", "limit", "fault", "tool"]
"""``limit`` and ``fault`` appear when a limit is reached or a model call failed; ``tool`` in the
middle of a step, when a call is to be allowed."""

GatePolicy = Literal["ask", "auto"]
Choice = Literal["approve", "edit", "reject", "stop"]


class Selection(Value):
    """What the person left out of a patch. Nothing left out means all of it.

    Attributes:
        files: Paths left out whole.
        modes: Paths whose change of mode is left out.
        lines: For a hunk's id, the indexes into ``Hunk.lines`` of the changed lines left out.
        moves: New paths of renames that are left out: the rest of their change is made to the
            file where it was.
        originals: New paths of renames that leave the file under its old name as well.
        ends: Paths whose last line keeps the end that it had, or its lack of one.

    A binary, a symbolic link, a submodule and an added file are left out by their path alone.
    """

    files: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    lines: dict[str, tuple[int, ...]] = {}
    moves: tuple[str, ...] = ()
    originals: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        parts = (self.files, self.modes, self.moves, self.originals, self.ends)
        return any(parts) or any(self.lines.values())


class Seen(Value):
    """How many of the hunks were really on screen before the decision, or in a look before it.

    Attributes:
        ids: Those hunks.
        carried: The hunks that had been accepted in an earlier revision and were the same.
    """

    hunks: int
    total: int
    ids: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()


class Approval(Value):
    """The bytes that were approved: a commit may carry this tree on this parent, and no other.

    Attributes:
        parent: The commit that the change is based on; empty for a first commit.
        base_tree, tree: Object names of the tree before and after.
        spec_version: The version of the spec that was in force.
    """

    parent: str
    base_tree: str
    tree: str
    spec_version: int

    @property
    def digest(self) -> str:
        """SHA-256 over the four fields as canonical JSON, in hexadecimal."""
        text = json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class ToolQuestion(Value):
    """The tool call that a person is asked to allow.

    Attributes:
        step, call: The step that waits for it, and the call's id in that step.
        name, arguments: The call, exactly as it will be made.
        why: Why it is not simply done, in a sentence.
        open: The parts that no rule allows, each as a person would type it.
        proposed: The rules that "always" would make.
    """

    step: str
    call: str
    name: str
    arguments: dict[str, Any] = {}
    why: str = ""
    open: tuple[str, ...] = ()
    proposed: tuple[Rule, ...] = ()


class Gate(Value):
    """A place where the loop waits for a decision.

    Attributes:
        tool: At a ``tool`` gate, the call that is asked about.
        flags: At a ``diff`` gate, the changed files that run something by being there, each with
            what runs it: no policy approves those.
    """

    id: str
    kind: GateKind
    question: str
    tool: ToolQuestion | None = None
    flags: tuple[str, ...] = ()


class FindingDraft(Value):
    """A finding that the person adds; the engine gives it its id."""

    severity: Severity = "major"
    title: str
    body: str = ""
    path: str | None = None
    line: int | None = None
    end_line: int | None = None
    quote: str = ""
    criterion: str | None = None


class Approve(Value):
    """Go on. At a diff or verdict gate, without what the selection leaves out."""

    selection: Selection = Selection()
    seen: Seen | None = None


class AllowAlways(Value):
    """The tool call is allowed, and so is every other one that the proposed rules allow."""

    scope: Literal["session", "project"]


class Reject(Value):
    """Not like this: again, because of the reason, or stop here."""

    reason: str
    stop: bool = False
    selection: Selection = Selection()
    seen: Seen | None = None


class EditSpec(Value):
    """The person's own version of the spec."""

    spec: Spec


class EditFiles(Value):
    """The person's own revision of an attempt: path → whole new text, None deletes the file.

    ``None`` for the whole mapping means that the files in the worktree were edited in place.
    """

    files: dict[str, str | None] | None
    seen: Seen | None = None


class GoBackTo(Value):
    """The tree of another revision of the attempt is in force: an edit taken back, or made again.

    Attributes:
        revision: Its number in the attempt.
    """

    revision: int
    seen: Seen | None = None


class EditMessage(Value):
    """The person's own commit message."""

    message: str


class EditDeploy(Value):
    """The person's own deploy command, for this session only."""

    command: tuple[str, ...]


class ChangeModel(Value):
    """Go on with another model in a role."""

    role: Role
    model: ModelRef


class Waive(Value):
    """An open finding is accepted as it is."""

    finding: str
    reason: str


class Reopen(Value):
    """A waived finding counts again."""

    finding: str


class AddFinding(Value):
    """The person found something."""

    finding: FindingDraft


class AddComment(Value):
    """The person comments on the change."""

    draft: CommentDraft


class ChangeComment(Value):
    """Another text or kind for a comment."""

    comment: str
    kind: CommentKind
    text: str


class RemoveComment(Value):
    """A comment is taken back."""

    comment: str


class ResolveComment(Value):
    """A comment is closed, or with False opened again."""

    comment: str
    resolved: bool = True


class SaveComment(Value):
    """An unfinished text is kept; an empty one is forgotten."""

    draft: CommentDraft


Remark = AddComment | ChangeComment | RemoveComment | ResolveComment | SaveComment
"""What the person may write at any time, also while no gate waits."""


class SaveSelection(Value):
    """What the person has marked so far; the gate goes on waiting.

    Attributes:
        seen: Ids of the hunks that they have seen; None leaves what was kept of that.
    """

    selection: Selection
    seen: tuple[str, ...] | None = None


class SaveDraft(Value):
    """What the person has written so far and not sent; the gate goes on waiting."""

    subject: str
    text: str


Answer = (
    SaveSelection
    | SaveDraft
    | Approve
    | AllowAlways
    | Reject
    | EditSpec
    | EditFiles
    | GoBackTo
    | EditMessage
    | EditDeploy
    | ChangeModel
    | Waive
    | Reopen
    | AddFinding
    | Remark
)
