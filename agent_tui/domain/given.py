"""A change that was there before the session, and is reviewed in it."""

from typing import Literal

from agent_tui.domain.base import Value

GivenKind = Literal["worktree", "commit", "branch", "range", "patch"]
Then = Literal["commit", "patch", "nothing"]


class Given(Value):
    """A change to review. The session's repository facts name the commit that it starts from.

    Attributes:
        kind: ``worktree`` is what the person's own working tree has that HEAD has not.
        name: What it was asked for by, or "" for the working tree.
        tree: Object name of its result.
        message: The message of its commits or of the mail that it came in; "" if there is none.
        author: ``Name <address>`` of whoever made it, if that is another one than the person.
        problem: Why it cannot be committed, in a sentence; "" if it can.
        notes: What a person should know about how it was read.
        then: What becomes of the accepted part.
        unshown: How many parts of it, which the notes name, cannot be shown.
        apart: Whether it starts from another commit than HEAD: what is accepted of it is committed
            on a branch of its own.
    """

    kind: GivenKind
    name: str = ""
    tree: str
    message: str = ""
    author: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()
    then: Then = "commit"
    apart: bool = False
    unshown: int = 0

    @property
    def commits(self) -> bool:
        """Whether the accepted part is to be committed."""
        return self.then == "commit" and not self.problem

    @property
    def title(self) -> str:
        """What is reviewed, in words."""
        words = {
            "worktree": "the working tree",
            "commit": f"commit {self.name}",
            "branch": f"branch {self.name}",
            "range": self.name,
            "patch": "a patch on standard input" if self.name == "-" else self.name,
        }
        return words[self.kind]
