"""Selecting files, hunks and lines: laws on random texts, and git as the oracle on real diffs."""

import difflib
import os
import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspace_helpers import Repo
from workspace_patches import patch_text

from agent_tui.domain.decision import Selection
from agent_tui.domain.patch import Hunk, Line, Patch, parse_patch
from agent_tui.ports import WorkspaceError
from agent_tui.workspace.selection import select_lines, with_end_of
from agent_tui.workspace.worktree import GitWorkspace

anyio = pytest.mark.anyio

# --- laws, on texts


def split(data: bytes) -> list[bytes]:
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def line(kind: str, content: bytes) -> Line:
    return Line(kind, content.removesuffix(b"\n"), content.endswith(b"\n"))  # type: ignore[arg-type]


def hunks_of(old: bytes, new: bytes) -> list[Hunk]:
    """Hunks with one line of context, by another algorithm than git's."""
    a, b = split(old), split(new)
    hunks = []
    for number, group in enumerate(
        difflib.SequenceMatcher(None, a, b, autojunk=False).get_grouped_opcodes(1)
    ):
        lines: list[Line] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [line(" ", text) for text in a[i1:i2]]
            else:
                lines += [line("-", text) for text in a[i1:i2]]
                lines += [line("+", text) for text in b[j1:j2]]
        i1, i2, j1, j2 = group[0][1], group[-1][2], group[0][3], group[-1][4]
        hunks.append(
            Hunk(f"h{number}", i1 + (i2 > i1), i2 - i1, j1 + (j2 > j1), j2 - j1, "", tuple(lines))
        )
    return hunks


TEXT = st.builds(
    lambda lines, end: b"".join(lines) + end,
    st.lists(
        st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\n", b"\r\n", b"d\x0c\x85\n"]), max_size=9
    ),
    st.sampled_from([b"", b"last", b"\xef\xbb\xbfx", b"cr\r"]),
)


@given(TEXT, TEXT)
@settings(max_examples=400, deadline=None)
def test_nothing_left_out_is_the_target_and_everything_is_the_base(old: bytes, new: bytes) -> None:
    hunks = hunks_of(old, new)
    assert select_lines(old, hunks, {}) == new
    assert select_lines(old, hunks, {hunk.id: hunk.changed for hunk in hunks}) == old


@given(TEXT, TEXT, st.data())
@settings(max_examples=400, deadline=None)
def test_the_lines_of_a_part_are_exactly_those_that_it_should_have(
    old: bytes, new: bytes, data: st.DataObject
) -> None:
    hunks = hunks_of(old, new)
    changed = [(hunk.id, index) for hunk in hunks for index in hunk.changed]
    left = data.draw(st.sets(st.sampled_from(changed))) if changed else set()
    result = select_lines(old, hunks, {h.id: {i for k, i in left if k == h.id} for h in hunks})
    removed = [
        h.lines[i].data
        for h in hunks
        for i in h.changed
        if h.lines[i].kind == "-" and (h.id, i) not in left
    ]
    added = [
        h.lines[i].data
        for h in hunks
        for i in h.changed
        if h.lines[i].kind == "+" and (h.id, i) not in left
    ]
    expected = [text.removesuffix(b"\n") for text in split(old)]
    for text in removed:
        expected.remove(text)
    found = [text.removesuffix(b"\n") for text in split(result)]
    # A line that got an end because it is no longer the last may have got a \r with it.
    plain = lambda texts: sorted(text.rstrip(b"\r") for text in texts)  # noqa: E731
    assert plain(found) == plain(expected + added)


@given(TEXT, TEXT, st.data())
@settings(max_examples=200, deadline=None)
def test_a_part_and_then_the_rest_is_the_target(
    old: bytes, new: bytes, data: st.DataObject
) -> None:
    hunks = hunks_of(old, new)
    kept = {h.id: set(data.draw(st.sets(st.sampled_from(h.changed)))) for h in hunks}
    part = select_lines(old, hunks, {h.id: set(h.changed) - kept[h.id] for h in hunks})
    assert select_lines(part, hunks_of(part, new), {}) == new


@pytest.mark.parametrize(
    ("left_out", "result"),
    [
        ((1, 2), b"x\na\nb\nA\nB\ny\n"),  # as they stand in the patch
        ((1, 2, 3), b"x\na\nb\nB\ny\n"),
        ((1, 2, 4), b"x\na\nb\nA\ny\n"),
        ((1,), b"x\na\nA\nB\ny\n"),  # the added ones replace the first that is removed
        ((2,), b"x\nA\nB\nb\ny\n"),
        ((1, 3), b"x\na\nB\ny\n"),  # the second became the second
        ((2, 4), b"x\nA\nb\ny\n"),
        ((1, 4), b"x\na\nA\ny\n"),
        ((3, 4), b"x\ny\n"),
    ],
)
def test_order_within_a_block(left_out: tuple[int, ...], result: bytes) -> None:
    base = b"x\na\nb\ny\n"
    lines = tuple(
        line(kind, text) for kind, text in zip(" --++ ", split(b"x\na\nb\nA\nB\ny\n"), strict=True)
    )
    hunk = Hunk("h", 1, 4, 1, 4, "", lines)
    assert select_lines(base, [hunk], {"h": left_out}) == result


def test_a_line_that_is_no_longer_the_last_gets_the_end_of_its_neighbour() -> None:
    base, target = b"x\r\na", b"x\r\na\r\nb\r\n"
    hunks = hunks_of(base, target)
    removed_and_added = [i for i in hunks[0].changed if hunks[0].lines[i].data.startswith(b"a")]
    assert select_lines(base, hunks, {hunks[0].id: removed_and_added}) == b"x\r\na\r\nb\r\n"


def test_hunks_of_another_base_are_refused() -> None:
    hunks = hunks_of(b"a\nb\n", b"a\nc\n")
    with pytest.raises(WorkspaceError, match="does not belong to this diff"):
        select_lines(b"a\nB\n", hunks, {hunks[0].id: (1,)})
    with pytest.raises(WorkspaceError, match="does not belong to this diff"):
        select_lines(b"a\n", hunks, {hunks[0].id: (1,)})


# --- git as the oracle

WORDS = [
    b"alpha",
    b"beta",
    b"gamma",
    b"",
    b"}",
    b"    return x",
    b"alpha",
    b"-- sql",
    b"++ c",
    b"\\ n",
]
NAMES = [
    b"plain.txt", b"with space.txt", b"sub/dir/file.c", b"tab\there", b"\xe9t\xe9.txt",
    "h\u00e9llo/\u4e16.py".encode(), b'quo"te', b"back\\slash", b"-dash", b"new\nline", b"z",
]  # fmt: skip


def random_text(rng: random.Random) -> bytes:
    style = rng.choice([b"\n", b"\n", b"\r\n", None])
    lines = []
    for _ in range(rng.choice([0, 1, 3, 12, 40])):
        word = rng.choice(WORDS) + (str(rng.randrange(4)).encode() if rng.random() < 0.5 else b"")
        lines.append(word + (style or rng.choice([b"\n", b"\r\n", b"\r\r\n"])))
    text = b"".join(lines)
    if text and rng.random() < 0.3:
        text = text.removesuffix(b"\n")
    return b"\xef\xbb\xbf" + text if rng.random() < 0.1 else text


def edited(rng: random.Random, text: bytes) -> bytes:
    lines = split(text)
    for _ in range(rng.randrange(1, 7)):
        at = rng.randrange(len(lines) + 1)
        count = rng.randrange(3)
        new = split(random_text(rng))[: rng.randrange(4)]
        lines[at : at + count] = [x if x.endswith(b"\n") else x + b"\n" for x in new]
    text = b"".join(x if x.endswith(b"\n") else x + b"\n" for x in lines)
    return text.removesuffix(b"\n") if rng.random() < 0.3 else text


def put(root: Path, name: bytes, data: bytes, mode: int = 0o644) -> None:
    path = root / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)


def rewrite(rng: random.Random, root: Path, base: dict[bytes, bytes]) -> None:
    """Random changes of all kinds in a worktree."""
    for name, text in base.items():
        path = root / os.fsdecode(name)
        match rng.randrange(8):
            case 0:
                path.unlink()
            case 1:
                path.chmod(0o755)
                put(root, name, edited(rng, text), rng.choice([0o755, 0o644]))
            case 2:
                path.unlink()
                put(root, b"moved/" + name.replace(b"/", b"_"), edited(rng, text))
            case 3:
                path.chmod(0o755)
            case 4:
                pass
            case 5:
                put(root, name, edited(rng, text))
                mode = rng.choice([0o755, 0o644])
                put(root, b"copied/" + name.replace(b"/", b"_"), edited(rng, text), mode)
            case _:
                put(root, name, edited(rng, text))
    for number in range(rng.randrange(3)):
        put(root, b"added %d" % number, random_text(rng), rng.choice([0o755, 0o644]))


def random_selection(rng: random.Random, patch: Patch) -> Selection:
    files, modes, lines, moves, originals = [], [], {}, [], []
    for file in patch.files:
        if file.status == "renamed" and rng.random() < 0.6:
            rng.choice((moves, originals)).append(file.path)
        if rng.random() < 0.15:
            files.append(file.path)
            continue
        if file.mode_changed and rng.random() < 0.5:
            modes.append(file.path)
        share = rng.choice([0.0, 0.2, 0.5, 0.8, 1.0])
        for hunk in file.hunks:
            left = tuple(i for i in hunk.changed if rng.random() < share)
            if left:
                lines[hunk.id] = left
    return Selection(
        files=tuple(files),
        modes=tuple(modes),
        lines=lines,
        moves=tuple(path for path in moves if path not in files),
        originals=tuple(path for path in originals if path not in files),
    )


def applied(repo: Repo, base: str, text: bytes, index: Path) -> str:
    """The tree that git makes of the base and a patch."""
    env = {**os.environ, "GIT_INDEX_FILE": str(index)}

    def git(*args: str, stdin: bytes = b"") -> str:
        done = subprocess.run(
            ["git", *args], cwd=repo.root, env=env, input=stdin, capture_output=True, check=False
        )
        assert done.returncode == 0, (args, done.stderr, text)
        return done.stdout.decode().strip()

    git("read-tree", base)
    if text:
        git("apply", "--cached", "--whitespace=nowarn", "-", stdin=text)
    return git("write-tree")


@anyio
@pytest.mark.parametrize("seed", range(5))
async def test_selections_are_what_git_apply_makes_of_them(
    seed: int, tmp_path: Path, workspace_of, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(seed)
    repo = Repo(tmp_path / "repo").init()
    base_files = {name: random_text(rng) for name in NAMES}
    for name, text in base_files.items():
        put(repo.root, name, text)
    repo.git("config", "core.protectNTFS", "false")  # for names with a backslash
    base_files.pop(b"back\\slash")
    (repo.root / "back\\slash").unlink()
    repo.commit()
    workspace: GitWorkspace = await workspace_of(repo)
    base = workspace.base_tree
    calls = parts = copies = 0
    for _ in range(6):
        await workspace.reset(base)
        rewrite(rng, workspace.root, base_files)
        target = await workspace.snapshot()
        patch = parse_patch(await workspace.diff(base, target))
        everything = Selection(files=tuple(file.path for file in patch.files))
        assert await workspace.select(base, target, patch, Selection()) == target
        assert await workspace.select(base, target, patch, everything) == base
        for _ in range(12):
            selection = random_selection(rng, patch)
            tree = await workspace.select(base, target, patch, selection)
            text = patch_text(patch, selection)
            assert tree == applied(repo, base, text, tmp_path / "index"), (selection, text)
            calls += 1
            parts += len(patch.files)
            copies += sum(file.status == "copied" for file in patch.files)
    repo.fsck()
    assert copies
    with capsys.disabled():
        print(f"\nseed {seed}: {parts} random selections of files, in {calls} trees")
        print(f"{copies} of the files were copies")


@anyio
async def test_parts_of_a_copy(repo: Repo, workspace: GitWorkspace) -> None:
    text = b"".join(b"line %d\n" % n for n in range(30))
    put(workspace.root, b"a.txt", text)
    base = await workspace.snapshot()
    put(workspace.root, b"a.txt", text + b"more\n")
    put(workspace.root, b"Copy.txt", text.replace(b"line 9\n", b"nine\n"), 0o755)
    target = await workspace.snapshot()
    patch = parse_patch(await workspace.diff(base, target))
    copy, source = patch.files
    assert (copy.status, copy.old_path, copy.path) == ("copied", "a.txt", "Copy.txt")
    assert source.status == "modified"

    async def without(selection: Selection) -> dict[str, str]:
        tree = await workspace.select(base, target, patch, selection)
        text = patch_text(patch, selection)
        assert tree == applied(repo, base, text, workspace.root.parent / "index")
        listed = repo.git("ls-tree", "-r", tree, "--", "a.txt", "Copy.txt").splitlines()
        return {line.split("\t")[1]: line.split(" ")[0] for line in listed}

    both = {"Copy.txt": "100755", "a.txt": "100644"}
    assert await without(Selection(files=("Copy.txt",))) == {"a.txt": "100644"}
    assert await without(Selection(files=("a.txt",))) == both
    assert await without(Selection(modes=("Copy.txt",))) == {**both, "Copy.txt": "100644"}
    for file in patch.files:
        hunk = file.hunks[0]
        assert await without(Selection(lines={hunk.id: hunk.changed})) == both
        assert await without(Selection(lines={hunk.id: hunk.changed[:1]})) == both
    for wrong in (Selection(moves=("Copy.txt",)), Selection(originals=("Copy.txt",))):
        with pytest.raises(WorkspaceError):
            await workspace.select(base, target, patch, wrong)


@anyio
async def test_a_patch_from_before_copies_were_looked_for_is_still_selected_from(
    repo: Repo, workspace: GitWorkspace
) -> None:
    text = b"".join(b"line %d\n" % n for n in range(30))
    put(workspace.root, b"a.txt", text)
    base = await workspace.snapshot()
    put(workspace.root, b"a.txt", text + b"more\n")
    put(workspace.root, b"b.txt", text)
    target = await workspace.snapshot()
    patch = parse_patch(await workspace.diff(base, target))
    assert patch.files[1].status == "copied"
    before = parse_patch(repo.raw("diff-tree", "-r", "-p", "--full-index", base, target))
    assert before.files[1].status == "added"
    tree = await workspace.select(base, target, before, Selection(files=("a.txt",)))
    assert repo.git("rev-parse", f"{tree}:a.txt") == repo.git("rev-parse", f"{tree}:b.txt")


@anyio
async def test_of_very_many_files_no_copies_are_looked_for(
    repo: Repo, workspace: GitWorkspace
) -> None:
    names = [b"f%03d" % n for n in range(102)]
    text = b"".join(b"line %d\n" % n for n in range(30))
    for name in names:
        put(workspace.root, name, name + b"\n" + text)
    base = await workspace.snapshot()
    for name in names:
        put(workspace.root, name, name + b" changed\n" + text)
        put(workspace.root, b"copy of " + name, name + b"\n" + text)
    target = await workspace.snapshot()
    patch = parse_patch(await workspace.diff(base, target))
    assert {file.status for file in patch.files} == {"added", "modified"}
    assert (
        await workspace.select(
            base, target, patch, Selection(files=tuple(f.path for f in patch.files))
        )
        == base
    )


@anyio
async def test_kinds_of_changes_one_by_one(repo: Repo, workspace: GitWorkspace) -> None:
    await workspace.write_files({"src/b.py": None, "new.txt": b"1\n2\n", "bin": b"\0\1"})
    (workspace.root / "a.txt").rename(workspace.root / "moved.txt")
    put(workspace.root, b"moved.txt", b"one\ntwo\n3\n")
    (workspace.root / "run.sh").chmod(0o644)
    base, target = workspace.base_tree, await workspace.snapshot()
    patch = parse_patch(await workspace.diff(base, target))
    files = {file.path: file for file in patch.files}
    assert {p: f.status for p, f in files.items()} == {
        "bin": "added", "moved.txt": "renamed", "new.txt": "added", "run.sh": "modified",
        "src/b.py": "deleted",
    }  # fmt: skip

    async def tree(**selection: object) -> dict[str, tuple[str, str]]:
        made = Selection.model_validate(selection)
        return repo.tree_of(await workspace.select(base, target, patch, made))

    def every_line(path: str) -> dict[str, tuple[int, ...]]:
        return {hunk.id: hunk.changed for hunk in files[path].hunks}

    before, after = repo.tree_of(base), repo.tree_of(target)
    assert await tree(files=("src/b.py",)) == after | {"src/b.py": before["src/b.py"]}
    assert await tree(lines=every_line("src/b.py")) == after | {"src/b.py": before["src/b.py"]}
    assert await tree(modes=("run.sh",)) == after | {"run.sh": before["run.sh"]}
    assert (await tree(files=("bin",))).keys() == after.keys() - {"bin"}
    without = {path: entry for path, entry in after.items() if path != "new.txt"}
    assert await tree(lines=every_line("new.txt")) == without  # and not an empty file
    renamed = after | {"moved.txt": before["a.txt"]}
    assert await tree(lines=every_line("moved.txt")) == renamed
    restored = {**after, "a.txt": before["a.txt"]}
    del restored["moved.txt"]
    assert await tree(files=("moved.txt",)) == restored


ENDS = [(b"a\nb\n", b"a\nB"), (b"a\nb", b"a\nB\n"), (b"a\r\nb\r\n", b"a\r\nB"), (b"b", b"B\r\n")]


@pytest.mark.parametrize(("old", "new"), ENDS)
def test_an_end_is_that_of_the_base_and_nothing_else_changes(old: bytes, new: bytes) -> None:
    result = with_end_of(old, new)
    assert result.endswith(b"\n") == old.endswith(b"\n")
    assert result.rstrip(b"\r\n") == new.rstrip(b"\r\n")


@given(TEXT, TEXT)
def test_laws_of_the_final_newline(old: bytes, new: bytes) -> None:
    result = with_end_of(old, new)
    assert with_end_of(old, result) == result
    assert result.rstrip(b"\r\n") == new.rstrip(b"\r\n")
    if old and new and result:
        assert result.endswith(b"\n") == old.endswith(b"\n") or result == new


@anyio
async def test_halves_of_a_rename_and_the_final_newline(
    repo: Repo, workspace: GitWorkspace
) -> None:
    (workspace.root / "a.txt").rename(workspace.root / "moved.txt")
    put(workspace.root, b"moved.txt", b"one\ntwo\n3")
    base, target = workspace.base_tree, await workspace.snapshot()
    patch = parse_patch(await workspace.diff(base, target))
    assert [file.status for file in patch.files] == ["renamed"]

    async def files(**selection: object) -> dict[str, bytes | None]:
        tree = await workspace.select(base, target, patch, Selection.model_validate(selection))
        found = {path: await workspace.read(tree, path) for path in ("a.txt", "moved.txt")}
        return {path: data for path, data in found.items() if data is not None}

    everything = {hunk.id: hunk.changed for _, hunk in patch.hunks}
    one = ("moved.txt",)
    assert await files(moves=one) == {"a.txt": b"one\ntwo\n3"}
    assert await files(moves=one, lines=everything) == {"a.txt": b"one\ntwo\nthree\n"}
    assert await files(originals=one) == {
        "a.txt": b"one\ntwo\nthree\n", "moved.txt": b"one\ntwo\n3",
    }  # fmt: skip
    assert await files(ends=one) == {"moved.txt": b"one\ntwo\n3\n"}
    assert await files(ends=one, moves=one) == {"a.txt": b"one\ntwo\n3\n"}
    assert await workspace.select(
        base, target, patch, Selection(moves=one, lines=everything)
    ) == base  # fmt: skip
    for wrong in ({"moves": ("a.txt",)}, {"originals": ("run.sh",)}, {"ends": ("src/b.py",)}):
        with pytest.raises(WorkspaceError, match="does not belong to this diff"):
            await files(**wrong)


@anyio
async def test_links_and_changes_of_kind_are_taken_whole(
    repo: Repo, workspace: GitWorkspace
) -> None:
    (workspace.root / "a.txt").unlink()
    (workspace.root / "a.txt").symlink_to("src/b.py")
    base, target = workspace.base_tree, await workspace.snapshot()
    patch = parse_patch(await workspace.diff(base, target))
    assert [file.path for file in patch.files] == ["a.txt", "a.txt"]
    everything = {hunk.id: hunk.changed for _, hunk in patch.hunks}
    assert await workspace.select(base, target, patch, Selection(lines=everything)) == base
    assert await workspace.select(base, target, patch, Selection(files=("a.txt",))) == base
    part = {next(patch.hunks)[1].id: next(patch.hunks)[1].changed[:1]}
    with pytest.raises(WorkspaceError, match=r"'a\.txt' .* take or leave it whole"):
        await workspace.select(base, target, patch, Selection(lines=part))


@anyio
async def test_a_file_cannot_stand_where_a_folder_is(workspace: GitWorkspace) -> None:
    await workspace.write_files({"a.txt": None})
    await workspace.write_files({"a.txt/inner": b"x\n"})
    base, target = workspace.base_tree, await workspace.snapshot()
    patch = parse_patch(await workspace.diff(base, target))
    both = Selection(files=("a.txt", "a.txt/inner"))
    assert await workspace.select(base, target, patch, both) == base
    with pytest.raises(WorkspaceError, match=r"'a\.txt' and 'a\.txt/inner' cannot both stay"):
        await workspace.select(base, target, patch, Selection(files=("a.txt",)))
    only_added = Selection(files=("a.txt/inner",))
    assert await workspace.files(await workspace.select(base, target, patch, only_added)) == (
        ".gitignore", "run.sh", "src/b.py",
    )  # fmt: skip


@anyio
async def test_a_stale_selection_is_refused(workspace: GitWorkspace) -> None:
    await workspace.write_files({"a.txt": b"one\n2\n"})
    base, first = workspace.base_tree, await workspace.snapshot()
    old_patch = parse_patch(await workspace.diff(base, first))
    hunk = next(old_patch.hunks)[1]
    await workspace.write_files({"a.txt": b"one\n2\n3\n"})
    second = await workspace.snapshot()
    new_patch = parse_patch(await workspace.diff(base, second))
    stale = Selection(lines={hunk.id: hunk.changed})
    for target, patch, selection in [
        (second, old_patch, stale),
        (second, new_patch, stale),
        (first, old_patch, Selection(lines={hunk.id: (0,)})),  # a line of context
        (first, old_patch, Selection(lines={hunk.id: (99,)})),
        (first, old_patch, Selection(files=("src/b.py",))),
        (first, old_patch, Selection(modes=("src/b.py",))),
        (first, parse_patch(b""), Selection(files=("a.txt",))),
    ]:
        with pytest.raises(WorkspaceError, match="does not belong to this diff"):
            await workspace.select(base, target, patch, selection)
