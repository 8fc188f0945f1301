"""A change to review, from wherever it comes: always two trees, and what is known about them.

The person's files and index are only read. A patch that does not apply is made into two trees of
its own, which hold what the patch shows of each file at the lines that it names.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from agent_tui.domain.events import RepoFacts
from agent_tui.domain.given import Given, GivenKind
from agent_tui.domain.patch import path_from_bytes
from agent_tui.domain.text import decode, one_line
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.git import Git, GitError, GitThread, Place
from agent_tui.workspace.patch_text import PatchText, Size, read_patch_text
from agent_tui.workspace.repository import Location, identity, locate, user_place
from agent_tui.workspace.shown import ShownFile, shown_files
from agent_tui.workspace.store import Store
from agent_tui.workspace.trees import Trees

_HELPER = {
    "GIT_AUTHOR_NAME": "agent-tui",
    "GIT_AUTHOR_EMAIL": "",
    "GIT_AUTHOR_DATE": "@0 +0000",
    "GIT_COMMITTER_NAME": "agent-tui",
    "GIT_COMMITTER_EMAIL": "",
    "GIT_COMMITTER_DATE": "@0 +0000",
}
MAX_SUBJECTS = 20
"""Commits of a range that its message names one by one."""


@dataclass(frozen=True, slots=True)
class Found:
    """A change and the facts of a session that starts at its base."""

    facts: RepoFacts
    given: Given


async def find_change(
    facts: RepoFacts,
    session: str,
    folder: Path,
    what: str = "",
    data: bytes | None = None,
    *,
    keep: bool = True,
) -> Found:
    """Find the change that a person names.

    Args:
        facts: The repository as it was found.
        session: Id of the session to be; the trees are kept alive under its name.
        folder: A private folder for what is needed meanwhile.
        what: A revision, a branch, a range, or the name of a patch; "" for the working tree.
        data: The patch, when it is one.
        keep: Whether a session follows, for which the trees are kept alive.

    Raises:
        WorkspaceError: If there is no such change, or nothing is changed.
    """
    thread = GitThread()
    try:
        return await thread.call(_find, facts, session, folder, what, data, keep)
    finally:
        await thread.close()


def _find(
    facts: RepoFacts, session: str, folder: Path, what: str, data: bytes | None, keep: bool
) -> Found:
    git = Git()
    location = locate(git, Path(facts.root))
    user, entries = user_place(git, location)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Store(folder / f"{session}.given", location, entries)
    try:
        finder = _Finder(git, store, location, user, facts, session)
        if data is not None and not finder.is_revision(what):
            found = finder.patch(what, data)
        else:
            found = finder.revision(what) if what else finder.worktree()
        if found.given.tree == found.facts.tree:
            raise WorkspaceError(f"Nothing is changed in {one_line(found.given.title)}.")
        if keep:
            finder.trees.keep(found.given.tree)
        return found
    finally:
        store.close()


class _Finder:
    def __init__(
        self,
        git: Git,
        store: Store,
        location: Location,
        user: Place,
        facts: RepoFacts,
        session: str,
    ) -> None:
        self.git = git
        self.store = store
        self.location = location
        self.user = user
        self.facts = facts
        self.trees = Trees(
            git,
            store,
            location,
            user=user,
            root=location.root,
            session=session,
            base_tree=facts.tree,
        )

    # -- the person's working tree -----------------------------------------------------------

    def worktree(self) -> Found:
        """All that ``git status`` names, as it is on the disk."""
        paths, notes = self._dirty_paths()
        index = self.store.new_index()
        at = self.store.at(self.location.root, index)
        self.git.run("read-tree", self.facts.tree, at=at)
        if paths:
            self.git.run(
                "add", "--all", "--force", "--pathspec-from-file=-", "--pathspec-file-nul",
                at=at, stdin=b"\0".join(paths) + b"\0",
            )  # fmt: skip
        tree = self.git.line("write-tree", at=at)
        self.trees.refuse_filtered(self.trees.raw(self.facts.tree, tree))
        return Found(self.facts, Given(kind="worktree", tree=tree, notes=tuple(notes)))

    def _dirty_paths(self) -> tuple[list[bytes], list[str]]:
        out = self.git.run(
            "status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames",
            "--ignore-submodules=dirty", at=self.user,
        )  # fmt: skip
        paths, notes = [], []
        for line in out.split(b"\0")[:-1]:
            if line.startswith(b"u "):
                name = one_line(path_from_bytes(line.split(b" ", 10)[10]))
                raise WorkspaceError(
                    f"'{name}' has conflicts that are not resolved: resolve them first."
                )
            if line.startswith(b"1 "):
                paths.append(line.split(b" ", 8)[8])
            elif line.startswith(b"? ") and line.endswith(b"/"):
                name = one_line(path_from_bytes(line[2:]))
                notes.append(f"{name} is a git repository of its own and is left out.")
            elif line.startswith(b"? "):
                paths.append(line[2:])
        return paths, notes

    def is_revision(self, what: str) -> bool:
        """Whether a name that is a file's is a revision as well: then that is meant."""
        if what in ("", "-") or "/" in what:
            return False
        return bool(
            self.git.line(
                "rev-parse", "-q", "--verify", "--end-of-options", f"{what}^{{commit}}",
                at=self.user, ok=(0, 1, 128),
            )
        )  # fmt: skip

    # -- commits -----------------------------------------------------------------------------

    def revision(self, what: str) -> Found:
        """A commit's own change, a branch since it left HEAD, or a range."""
        for dots in ("...", ".."):
            if dots in what:
                left, right = what.split(dots, 1)
                one, two = self._commit(left or "HEAD"), self._commit(right or "HEAD")
                base = self._merge_base(one, two, what) if dots == "..." else one
                return self._between(base, two, "range", what)
        commit = self._commit(what)
        if self._is_other_branch(what):
            head = self._commit("HEAD")
            return self._between(self._merge_base(head, commit, what), commit, "branch", what)
        parent = self.git.line(
            "rev-parse", "-q", "--verify", f"{commit}^1", at=self.user, ok=(0, 1)
        )
        return self._between(parent, commit, "commit", what)

    def _commit(self, name: str) -> str:
        found = self.git.line(
            "rev-parse", "-q", "--verify", "--end-of-options", f"{name}^{{commit}}",
            at=self.user, ok=(0, 1, 128),
        )  # fmt: skip
        if not found:
            raise WorkspaceError(
                f"'{one_line(name)}' is neither a revision nor a file: name a commit, a branch, a "
                "range (a..b, a...b) or a patch file."
            )
        return found

    def _is_other_branch(self, name: str) -> bool:
        full = self.git.line(
            "rev-parse", "-q", "--verify", "--symbolic-full-name", "--end-of-options", name,
            at=self.user, ok=(0, 1, 128),
        )  # fmt: skip
        full = full.removeprefix("--end-of-options\n")
        return full.startswith(("refs/heads/", "refs/remotes/")) and full != self.facts.ref

    def _merge_base(self, one: str, two: str, what: str) -> str:
        out = self.git.line("merge-base", one, two, at=self.user, ok=(0, 1))
        if not out:
            raise WorkspaceError(f"The two ends of {one_line(what)} have no commit in common.")
        return out.split("\n")[0]

    def _between(self, base: str, end: str, kind: GivenKind, what: str) -> Found:
        facts = self._facts_at(base)
        tree = self.git.line("rev-parse", f"{end}^{{tree}}", at=self.user)
        span = f"{base}..{end}" if base else end
        out = self.git.run(
            "log", "-z", "--no-show-signature", "--reverse", "--format=%an <%ae>%n%B", span,
            at=self.user,
        )  # fmt: skip
        commits = [decode(entry).partition("\n") for entry in out.split(b"\0") if entry.strip()]
        authors = {name for name, _, _ in commits} - {self._person()}
        message = commits[0][2].strip() if len(commits) == 1 else ""
        if len(commits) > 1:
            subjects = [f"* {one_line(body)}" for _, _, body in commits[:MAX_SUBJECTS]]
            more = len(commits) - MAX_SUBJECTS
            subjects += [f"* and {more} more"] if more > 0 else []
            message = "\n".join([f"Take over {what}", "", *subjects])
        given = Given(
            kind=kind,
            name=what,
            tree=tree,
            message=message,
            author=authors.pop() if len(authors) == 1 else "",
            apart=facts.commit != self.facts.commit,
        )
        return Found(facts, given)

    def _facts_at(self, commit: str) -> RepoFacts:
        if commit == self.facts.commit:
            return self.facts
        tree = self.location.empty_tree
        if commit:
            tree = self.git.line("rev-parse", f"{commit}^{{tree}}", at=self.user)
        return self.facts.model_copy(update={"commit": commit, "tree": tree})

    def _person(self) -> str:
        who = identity(self.git, self.user)
        return f"{who['GIT_AUTHOR_NAME']} <{who['GIT_AUTHOR_EMAIL']}>"

    # -- patches -----------------------------------------------------------------------------

    def patch(self, name: str, data: bytes) -> Found:
        """A patch, on HEAD or on the commit that it was made from; else as it shows itself."""
        text = read_patch_text(data)
        author = text.author if text.author != self._person() else ""
        said = {"name": name, "message": text.message, "author": author}
        for commit in self._bases(text):
            facts = self._facts_at(commit)
            tree = self._applied(facts.tree, text)
            if tree is not None:
                notes = self._cut_off(text)
                if commit != self.facts.commit:
                    notes += (f"It does not apply on HEAD; it is shown on {commit[:10]}.",)
                apart = commit != self.facts.commit
                given = Given(kind="patch", tree=tree, notes=notes, apart=apart, **said)
                return Found(facts, given)
        base, tree, unread = self._as_shown(text)
        given = Given(
            kind="patch",
            tree=tree,
            problem="The patch does not apply here, so it can be read and commented on, but "
            "not committed.",
            unshown=len(unread),
            notes=(*self._cut_off(text), "Lines that the patch does not show are empty.", *unread),
            **said,
        )
        return Found(base, given)

    def _bases(self, text: PatchText) -> list[str]:
        """Commits to try it on: HEAD, the one that it names, where its commits left HEAD."""
        bases = [self.facts.commit]
        for name in (text.base, *text.commits[:1]):
            found = name and self.git.line(
                "rev-parse", "-q", "--verify", f"{name}^{{commit}}", at=self.user, ok=(0, 1, 128)
            )
            if found and self.facts.commit:
                if name != text.base:
                    found = self.git.line(
                        "merge-base", self.facts.commit, found, at=self.user, ok=(0, 1)
                    ).split("\n")[0]
                bases.append(found)
        return list(dict.fromkeys(base for base in bases if base or not self.facts.commit))

    def _cut_off(self, text: PatchText) -> tuple[str, ...]:
        """What is missing of a patch that is whole for git, since it was cut between two hunks."""
        if text.promised is None:
            return ()
        place = self.store.without_work_tree(self.store.folder / "none")
        for body, strip in product(text.versions, ("-p1", "-p0")):
            try:
                out = self.git.run("apply", "--numstat", "-z", strip, "-", at=place, stdin=body)
            except GitError:
                continue
            counts = [entry.split(b"\t")[:2] for entry in out.split(b"\0") if b"\t" in entry]
            lines = [[int(n) if n.isdigit() else 0 for n in pair] for pair in counts]
            has = Size(len(lines), sum(a for a, _ in lines), sum(r for _, r in lines))
            if has == text.promised:
                return ()
            return (f"Its summary promises {text.promised}, but it has {has}: is it cut off?",)
        return ()

    def _applied(self, base_tree: str, text: PatchText) -> str | None:
        for body in text.versions:
            for options in (("-p1",), ("-p0",), ("-p1", "--3way")):
                index = self.store.new_index()
                at = self.store.without_work_tree(index)
                try:
                    self.git.run("read-tree", base_tree, at=at)
                    self.git.run(
                        "apply", "--cached", "--whitespace=nowarn", *options, "-",
                        at=at, stdin=body,
                    )  # fmt: skip
                    tree = self.git.line("write-tree", at=at)
                except GitError:
                    continue
                finally:
                    index.unlink(missing_ok=True)
                if tree != base_tree:
                    return tree
        return None

    def _as_shown(self, text: PatchText) -> tuple[RepoFacts, str, tuple[str, ...]]:
        shown = shown_files(text.versions[-1])
        before, after = self._tree(shown.old), self._tree(shown.new)
        out = self.git.run(
            "commit-tree", before, at=self.store.trees, env=_HELPER, stdin=b"shown by a patch\n"
        )
        commit = os.fsdecode(out).strip()
        facts = self.facts.model_copy(update={"commit": commit, "tree": before})
        return facts, after, shown.notes

    def _tree(self, files: Sequence[ShownFile]) -> str:
        folder = self.store.new_folder("shown")
        index = self.store.new_index()
        at = replace(self.store.trees, cwd=folder)
        try:
            for number, file in enumerate(files):
                (folder / str(number)).write_bytes(file.data)
            names = "".join(f"{n}\n" for n in range(len(files))).encode()
            out = self.git.run("hash-object", "-w", "--no-filters", "--stdin-paths",
                               at=at, stdin=names) if files else b""  # fmt: skip
            lines = [
                f"{file.mode} {oid}\t".encode() + os.fsencode(file.path) + b"\0"
                for oid, file in zip(out.decode().split(), files, strict=True)
            ]
            place = self.store.without_work_tree(index)
            self.git.run("read-tree", "--empty", at=place)
            self.git.run("update-index", "-z", "--index-info", at=place, stdin=b"".join(lines))
            return self.git.line("write-tree", at=place)
        finally:
            shutil.rmtree(folder)
            index.unlink(missing_ok=True)
