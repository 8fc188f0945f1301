"""Bringing a session's commit to the person's branch and files, or leaving all of it alone.

The branch's ref is locked at its expected value while git's two-way merge updates index and files,
which refuses to overwrite anything of the person's; the ref moves last. Whoever finds the files
updated and the ref not moved (the process was ended in between) can therefore simply land again.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agent_tui.domain.decision import Approval
from agent_tui.domain.events import RepoFacts
from agent_tui.domain.patch import path_to_bytes
from agent_tui.domain.text import visible
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.adopting import Adoption, Stays
from agent_tui.workspace.checkout import Checkout, Compared, Keep
from agent_tui.workspace.files import write_files
from agent_tui.workspace.git import Git, GitError, Place, system_error
from agent_tui.workspace.putting_back import recover
from agent_tui.workspace.reflock import RefLock
from agent_tui.workspace.repository import identity, operation_in_progress, user_place
from agent_tui.workspace.selection import RawChange
from agent_tui.workspace.trees import Trees, entries_of


class Landing:
    """Lands the commit of one session, on the git thread.

    Args:
        adopt: The tree of the person's own files, if the commit was made from them; then they stay
            as they are.
        keep: Which files stay as they are, if it was not.

    Attributes:
        kept: Paths of the commit whose files stayed as they are when it landed.
    """

    def __init__(self, trees: Trees, facts: RepoFacts, *, adopt: str = "", keep: Keep = "") -> None:
        self._trees = trees
        self._git: Git = trees.git
        self._facts = facts
        self._adopt = adopt
        self._keep: Keep = keep
        self.kept: tuple[str, ...] = ()

    def land(self, commit: str, approval: Approval, branch: str) -> tuple[str | None, str]:
        """Land it if nothing of the person's is overwritten.

        Returns:
            The ref that holds the commit now, or None and why it does not, with what to do.
        """
        short = branch.removeprefix("refs/heads/")
        try:
            ref = self._facts.ref
            if ref is None or not ref.startswith("refs/heads/"):
                raise Stays("HEAD was detached when the session began")
            user, _ = user_place(self._git, self._trees.location)
            note = ""
            if not self._is_landed(ref, commit, user):
                note = self._land(ref, commit, approval, user)
            return ref, note
        except Stays as reason:
            return None, (
                f"{_sentence(str(reason))}, so the commit stays on {short}. "
                "To take it over, commit or stash "
                f"changes of yours in its files, then: git merge {short}"
            )
        except (WorkspaceError, OSError) as error:
            known = system_error(error) if isinstance(error, OSError) else error
            text = str(known).removesuffix(".")
            return (
                None,
                f"{_sentence(text)}, so the commit stays on {short}. "
                f"To take it over: git merge {short}",
            )

    def _is_landed(self, ref: str, commit: str, user: Place) -> bool:
        current = self._value(ref, user)
        if not current:
            return False
        if current == commit:
            return True
        args = ("merge-base", "--is-ancestor", commit, current)
        return self._git.status(*args, at=user, ok=(0, 1))[0] == 0

    def _value(self, ref: str, user: Place) -> str:
        return self._git.line("rev-parse", "-q", "--verify", ref, at=user, ok=(0, 1))

    def _land(self, ref: str, commit: str, approval: Approval, user: Place) -> str:
        location = self._trees.location
        recovered = recover(location.git_dir, location.root)
        name = visible(ref.removeprefix("refs/heads/"))
        if self._value(ref, user) != approval.parent:
            raise Stays(f"the branch {name} has moved away from where the change starts")
        head = self._git.line("symbolic-ref", "-q", "HEAD", at=user, ok=(0, 1))
        if head != ref:
            raise Stays(f"the branch {name} is not checked out any more")
        if problem := operation_in_progress(location):
            raise Stays(problem.removesuffix("."))
        if (location.git_dir / "index.lock").exists():
            raise Stays(
                "another git command holds the index (remove "
                f"{visible(str(location.git_dir / 'index.lock'))} if none is running)"
            )
        self._refuse_other_worktree(ref, user)
        changes = self._trees.raw(approval.base_tree, approval.tree)
        checkout = Checkout(self._trees, user)
        adopts = Compared(kept=changes) if self._adopt else None
        compared = adopts or checkout.compare(changes, self._keep)
        adoption = Adoption(self._trees, self._adopt, compared.staged)
        env = identity(self._git, user)  # for the reflog
        old = approval.parent or location.zero
        with RefLock(self._git, user, env, ref=ref, new=commit, old=old) as lock:
            # Git holds HEAD as well while it holds the branch that HEAD names; so what is true now
            # stays true until the branch has moved.
            if self._git.line("symbolic-ref", "-q", "HEAD", at=user, ok=(0, 1)) != ref:
                raise Stays(f"{name} is not checked out any more")
            if compared.clean or compared.to_stage:
                self._update(approval, compared, checkout, user)

            def move() -> None:
                try:
                    lock.commit()
                except Stays:
                    # A git that fails behind its last step says so as well.
                    if self._value(ref, user) != commit:
                        raise

            try:
                note = adoption.take_over(compared.kept, user, move)
            except Stays as reason:
                if compared.clean:
                    self._take_back(compared.clean, checkout, user, str(reason))
                raise
        self.kept = tuple(change.path for change in compared.kept)
        return " ".join([recovered, note]).strip()

    def _refuse_other_worktree(self, ref: str, user: Place) -> None:
        listing = self._git.run("worktree", "list", "--porcelain", "-z", at=user)
        root = self._trees.location.root.resolve()
        for block in listing.split(b"\0\0"):
            lines = block.strip(b"\0").split(b"\0")
            path = os.fsdecode(lines[0].removeprefix(b"worktree "))
            if f"branch {ref}".encode() in lines and Path(path).resolve() != root:
                raise Stays(f"the branch is checked out in {visible(path)} as well")

    def _update(
        self, approval: Approval, compared: Compared, checkout: Checkout, user: Place
    ) -> None:
        """Index and files, by git's two-way merge, but for those that stay.

        Raises:
            Stays: If git refuses; then nothing is changed.
        """
        git = self._git
        base, tree = approval.base_tree, approval.tree
        try:
            if compared.kept:
                stays = [_reversed(change) for change in compared.kept]
                tree = self._trees.with_entries(tree, entries_of(stays))
            git.run("update-index", "-q", "--refresh", at=user, ok=(0, 1))
            self._stage(compared.to_stage, user)
            try:
                git.run("read-tree", "-m", "-u", base, tree, at=user)
            except GitError as error:
                why = f"git would not update your files ({error})"
                self._take_back(compared.clean, checkout, user, why)
                self._stage([_reversed(change) for change in compared.to_stage], user)
                raise
        except GitError as error:
            raise Stays(f"git would not update your files ({error})") from error

    def _take_back(
        self, changes: Sequence[RawChange], checkout: Checkout, user: Place, why: str
    ) -> None:
        """Bring index and files back to what they were, where they are what git made of them.

        Raises:
            Stays: If the system does not let it; the text names the files.
        """
        try:
            touched = checkout.touched(changes)
            self._stage([_reversed(change) for change in touched], user)
            back = [change for change in touched if checkout.is_gits(change)]
            there = [path_to_bytes(c.path) for c in back if c.old_mode is not None]
            new = [change.path for change in back if change.old_mode is None]
            if there:
                self._git.run(
                    "checkout-index", "-f", "-u", "-z", "--stdin",
                    at=user, stdin=b"".join(name + b"\0" for name in there),
                )  # fmt: skip
            write_files(self._trees.location.root, dict.fromkeys(new))
        except (WorkspaceError, OSError) as error:
            names = " ".join(visible(c.path) for c in changes if c.old_mode is not None)
            raise Stays(
                f"{why}, and your files are not as they were: when the disk works again, "
                f"git checkout HEAD -- {names}"
            ) from error

    def _stage(self, changes: Sequence[RawChange], user: Place) -> None:
        if not changes:
            return
        zero = self._trees.location.zero
        lines = [
            f"{c.new_mode or '0'} {c.new_oid if c.new_mode else zero}\t".encode()
            + path_to_bytes(c.path)
            + b"\0"
            for c in changes
        ]
        self._git.run("update-index", "-z", "--index-info", at=user, stdin=b"".join(lines))


def _reversed(change: RawChange) -> RawChange:
    return replace(
        change,
        old_mode=change.new_mode,
        new_mode=change.old_mode,
        old_oid=change.new_oid,
        new_oid=change.old_oid,
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
