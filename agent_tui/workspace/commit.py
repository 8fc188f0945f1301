"""Committing exactly what was approved: on the session's branch first, then on the person's.

The commit is made from the approved tree alone. A ref only moves when it still has the value that
the approval names, and a commit that is there already is found again and never made twice.
"""

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Literal

from agent_tui.domain.decision import Approval
from agent_tui.domain.events import RepoFacts
from agent_tui.domain.text import one_line, visible
from agent_tui.ports import CommitError, Committed, WorkspaceError
from agent_tui.workspace.checkout import Keep
from agent_tui.workspace.git import GitError, system_error
from agent_tui.workspace.landing import Landing
from agent_tui.workspace.paths import problem_with
from agent_tui.workspace.repository import Setting, identity, last, object_name, user_place
from agent_tui.workspace.trees import Trees

TRAILER = "Agent-Tui-Session"
SIGNING_TIMEOUT_S = 300.0
"""How long a signing program may wait for its owner's passphrase."""

Consent = Literal["run", "refuse"]
"""Whether programs that the repository itself names (hooks, signing) may run."""

LendTerminal = Callable[[], AbstractContextManager[str]]
"""Hands the terminal over for as long as the context is entered, and gives its name, such as
``/dev/pts/3``; "" where there is none to hand over. It is entered on the git thread, which waits
there until the screen is gone."""

_SESSION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?![./]|lock\b|$))*")
_GPG_PROGRAMS = ("gpg.program", "gpg.openpgp.program", "gpg.x509.program", "gpg.ssh.program")
_SIGNING = (
    *_GPG_PROGRAMS,
    "gpg.format",
    "gpg.ssh.defaultkeycommand",
    "user.signingkey",
)


def session_branch(session: str) -> str:
    """Full name of the branch that holds a session's commit.

    Raises:
        WorkspaceError: If the session's id cannot be part of a ref's name.
    """
    if not _SESSION.fullmatch(session):
        raise WorkspaceError(f"'{one_line(session)}' cannot be the name of a session.")
    return f"refs/heads/agent-tui/{session}"


class Committer:
    """Makes the commit of one session, on the git thread."""

    def __init__(
        self,
        trees: Trees,
        facts: RepoFacts,
        consent: Consent,
        *,
        adopt: str = "",
        keep: Keep = "",
        terminal: LendTerminal | None = None,
    ) -> None:
        self._trees = trees
        self._git = trees.git
        self._facts = facts
        self._consent = consent
        self._landing = Landing(trees, facts, adopt=adopt, keep=keep)
        self._terminal: LendTerminal = terminal or (lambda: nullcontext(""))

    @property
    def kept(self) -> tuple[str, ...]:
        """Paths of the commit whose files stayed as they are when it landed."""
        return self._landing.kept

    def commit(self, approval: Approval, message: str, session: str) -> Committed:
        """See :meth:`agent_tui.ports.Workspace.commit`."""
        branch = session_branch(session)
        try:
            if found := self.find(approval, session):
                return found
            self._check(approval)
            user, entries = user_place(self._git, self._trees.location)
            try:
                who = identity(self._git, user)
            except WorkspaceError as error:
                raise CommitError("identity", str(error)) from error
            commit = self._make(approval, message, who, entries)
            self._create_branch(branch, commit)
        except CommitError:
            raise
        except WorkspaceError as error:
            raise CommitError("git", str(error)) from error
        except OSError as error:
            raise CommitError("git", str(system_error(error))) from error
        return self._landed(commit, approval, branch)

    def find(self, approval: Approval, session: str) -> Committed | None:
        """See :meth:`agent_tui.ports.Workspace.find_commit`. What had not landed lands now."""
        branch = session_branch(session)
        commit = self._git.line(
            "rev-parse", "-q", "--verify", f"{branch}^{{commit}}", at=self._trees.user, ok=(0, 1)
        )
        if not commit or not self._is_that(commit, approval, session):
            return None
        return self._landed(commit, approval, branch)

    def _landed(self, commit: str, approval: Approval, branch: str) -> Committed:
        landed, detail = self._landing.land(commit, approval, branch)
        return Committed(commit, approval.tree, branch, landed, detail)

    def _is_that(self, commit: str, approval: Approval, session: str) -> bool:
        raw = self._git.run("cat-file", "commit", commit, at=self._trees.store.trees)
        head, _, message = raw.partition(b"\n\n")
        fields = [line.split(b" ", 1) for line in head.split(b"\n") if line[:1] != b" "]
        trees = [value for key, value in fields if key == b"tree"]
        parents = [value for key, value in fields if key == b"parent"]
        last_paragraph = message.rstrip().rpartition(b"\n\n")[2]
        return (
            trees == [approval.tree.encode()]
            and parents == ([approval.parent.encode()] if approval.parent else [])
            and f"{TRAILER}: {session}".encode() in last_paragraph.split(b"\n")
        )

    def _check(self, approval: Approval) -> None:
        """Refuse an approval that does not fit the repository, or a tree that is unsafe."""
        trees, git = self._trees, self._git
        base, tree = object_name(approval.base_tree), object_name(approval.tree)
        if approval.parent:
            parent = object_name(approval.parent)
            actual = git.line("rev-parse", f"{parent}^{{tree}}", at=trees.store.trees)
        else:
            actual = trees.location.empty_tree
        if actual != base:
            raise CommitError("git", "the approval's base is not the tree of its parent commit.")
        index = trees.store.new_index()
        at = trees.store.without_work_tree(index)
        try:
            git.run("read-tree", tree, at=at)
            if git.line("write-tree", at=at) != tree:
                raise CommitError("git", "git does not reproduce the approved tree.")
        finally:
            index.unlink(missing_ok=True)
        changes = trees.raw(base, tree)
        if not changes:
            raise CommitError("git", "there is nothing to commit: the approved tree is the base.")
        for change in changes:
            if change.new_mode and (problem := problem_with(change.path)):
                raise CommitError("git", f"'{visible(change.path)}' is not committed: {problem}.")
        self._check_objects([c.new_oid for c in changes if c.new_mode not in (None, "160000")])

    def _check_objects(self, oids: list[str]) -> None:
        """Refuse a tree whose new files are not all there."""
        if not oids:
            return
        out = self._git.run(
            "cat-file", "--batch-check=%(objecttype)", at=self._trees.store.trees,
            stdin="".join(f"{oid}\n" for oid in oids).encode(),
        )  # fmt: skip
        if set(out.split(b"\n")[:-1]) != {b"blob"}:
            raise CommitError("git", "an object of the approved tree is missing: run git fsck.")

    def _make(
        self, approval: Approval, message: str, who: dict[str, str], entries: tuple[Setting, ...]
    ) -> str:
        args = ["commit-tree", approval.tree]
        if approval.parent:
            args += ["-p", approval.parent]
        store = self._trees.store.trees
        signs = self._signs(entries)
        if signs:
            args.append("-S")
            taken = [(key, last(entries, key)) for key in _SIGNING]
            config = tuple((key, e.value or "") for key, e in taken if e)
            # The key's file may be named relative to the person's checkout.
            store = replace(store, cwd=self._trees.location.root, config=(*store.config, *config))
        text = message if message.endswith("\n") else message + "\n"
        stdin = text.encode("utf-8", "backslashreplace")
        if not signs:
            out = self._git.run(*args, at=store, env=who, stdin=stdin)
            return object_name(os.fsdecode(out).strip())
        try:
            with self._terminal() as name:
                # Without a terminal of its own, a prompt would end up on the screen.
                out = self._git.run(
                    *args, at=store, env={**who, "GPG_TTY": name}, stdin=stdin,
                    timeout_s=SIGNING_TIMEOUT_S, terminal=bool(name),
                )  # fmt: skip
        except GitError as error:
            raise CommitError(
                "signing",
                f"the commit could not be signed, so it was not made: {error}. Check that "
                "git commit -S works here, or unlock the key first.",
            ) from error
        return object_name(os.fsdecode(out).strip())

    def _signs(self, entries: tuple[Setting, ...]) -> bool:
        """Whether the person signs commits.

        Raises:
            CommitError: If the repository's own configuration chooses the program that signs, and
                nobody agreed to that.
        """
        if last(entries, "commit.gpgsign") is None:
            return False
        try:
            answer = self._git.line(
                "config", "--type=bool", "--get", "commit.gpgSign", at=self._trees.user
            )
        except GitError as error:
            raise CommitError("signing", f"commit.gpgSign is no yes or no: {error}") from error
        if answer != "true":
            return False
        for key in (*_GPG_PROGRAMS, "gpg.ssh.defaultkeycommand"):
            entry = last(entries, key)
            if self._consent == "refuse" and entry and entry.scope in ("local", "worktree"):
                raise CommitError(
                    "signing",
                    f"the repository's own configuration names a program that signs ({key}), and "
                    "programs of the repository may not run: set it in your own configuration "
                    "(git config --global), or allow commit hooks.",
                )
        return True

    def _create_branch(self, branch: str, commit: str) -> None:
        script = f"start\ncreate {branch} {commit}\nprepare\ncommit\n"
        try:
            self._git.run(
                "update-ref", "-m", "agent-tui: commit", "--stdin",
                at=self._trees.user, stdin=script.encode(),
            )  # fmt: skip
        except GitError as error:
            existing = self._git.line(
                "rev-parse", "-q", "--verify", branch, at=self._trees.user, ok=(0, 1)
            )
            short = branch.removeprefix("refs/heads/")
            if existing and existing != commit:
                raise CommitError(
                    "moved",
                    f"the branch {short} exists already with another commit: rename it "
                    f"(git branch -m {short} NEW) and try again.",
                ) from error
            raise
