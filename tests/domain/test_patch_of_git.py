"""``parse_patch`` reads what git itself prints, for every kind of change and any content."""

from collections.abc import Iterator

import pytest
from domain_git import Files, Objects
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agent_tui.domain.patch import (
    FilePatch,
    Hunk,
    PatchError,
    parse_patch,
    path_from_bytes,
    path_to_bytes,
)

TEXT = "100644"
EXEC = "100755"
LINK = "120000"
MODULE = "160000"


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    return Objects(tmp_path_factory.mktemp("objects") / "repo.git")


def lines_of(data: bytes) -> list[bytes]:
    """The file's lines with their ends, cut at ``\\n`` alone."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def rebuild(old: bytes, hunks: tuple[Hunk, ...]) -> bytes:
    """The new file, from the old one and the hunks alone."""
    before, after, at = lines_of(old), [], 0
    for hunk in hunks:
        start = hunk.old_start - (1 if hunk.old_count else 0)
        after += before[at:start]
        after += [line.content for line in hunk.lines if line.kind != "-"]
        at = start + hunk.old_count
    return b"".join(after + before[at:])


def check_hunks(file: FilePatch, old: bytes, new: bytes) -> None:
    """Counts, line numbers and content of every hunk, against the two blobs."""
    before, after = lines_of(old), lines_of(new)
    assert rebuild(old, file.hunks) == new
    for hunk in file.hunks:
        assert hunk.old_count == sum(line.kind != "+" for line in hunk.lines)
        assert hunk.new_count == sum(line.kind != "-" for line in hunk.lines)
        assert hunk.added + hunk.removed == len(hunk.changed) > 0
        for old_number, new_number, line in hunk.numbered():
            assert (old_number is None) == (line.kind == "+")
            assert (new_number is None) == (line.kind == "-")
            if old_number is not None:
                assert before[old_number - 1] == line.content
            if new_number is not None:
                assert after[new_number - 1] == line.content
                if line.kind == "+":
                    assert hunk.touches(new_number, new_number)


def check(objects: Objects, old: Files, new: Files) -> list[FilePatch]:
    """Parse git's diff of two trees and compare all of it with what is in them."""
    patch = parse_patch(objects.diff(old, new))
    seen: set[bytes] = set()
    for file in patch.files:
        path = path_to_bytes(file.path)
        old_path = path_to_bytes(file.old_path) if file.old_path else path
        before = None if file.status == "added" else old[old_path]
        after = None if file.status == "deleted" else new[path]
        seen |= {path, old_path}
        if not (file.status in ("renamed", "copied") and before == after):  # git prints no modes
            assert file.old_mode == (before and before[0])
            assert file.new_mode == (after and after[0])
        if before != after and file.old_oid is not None and file.new_oid is not None:
            assert file.old_oid == (objects.oid(before) if before else "0" * 40)
            assert file.new_oid == (objects.oid(after) if after else "0" * 40)
        regular = {x[0] for x in (before, after) if x} <= {TEXT, EXEC, LINK}
        if regular:
            contents = [x[1] if x else b"" for x in (before, after)]
            if contents[0] == contents[1]:
                assert not file.hunks
            elif not file.binary:
                check_hunks(file, *contents)
            assert file.binary == (
                contents[0] != contents[1] and any(b"\0" in data for data in contents)
            )
    changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    assert changed <= seen
    assert all(old.get(p) != new.get(p) for p in seen)
    ids = [hunk.id for _, hunk in patch.hunks]
    assert len(set(ids)) == len(ids) == patch.hunk_count
    for hunk_id in ids:
        found = patch.find(hunk_id)
        assert found is not None
        assert found[1].id == hunk_id
    return list(patch.files)


# -- one case for each kind of change ------------------------------


def one(objects: Objects, old: Files, new: Files) -> FilePatch:
    [file] = check(objects, old, new)
    return file


def test_added_and_deleted(objects: Objects) -> None:
    added = one(objects, {}, {b"a": (TEXT, b"x\ny\n")})
    assert (added.status, added.added, added.removed) == ("added", 2, 0)
    assert added.hunks[0].new_start == 1
    deleted = one(objects, {b"a": (EXEC, b"x\ny\n")}, {})
    assert (deleted.status, deleted.added, deleted.removed) == ("deleted", 0, 2)
    assert deleted.old_mode == EXEC


def test_empty_files(objects: Objects) -> None:
    assert one(objects, {}, {b"a b": (TEXT, b"")}).status == "added"
    assert one(objects, {b"a b": (TEXT, b"")}, {}).status == "deleted"
    filled = one(objects, {b"a": (TEXT, b"")}, {b"a": (TEXT, b"x\n")})
    assert (filled.status, filled.added) == ("modified", 1)
    emptied = one(objects, {b"a": (TEXT, b"x\n")}, {b"a": (TEXT, b"")})
    assert (emptied.status, emptied.removed) == ("modified", 1)


def test_modes(objects: Objects) -> None:
    only = one(objects, {b"a": (TEXT, b"x\n")}, {b"a": (EXEC, b"x\n")})
    assert (only.status, only.mode_changed, only.hunks) == ("modified", True, ())
    both = one(objects, {b"a": (EXEC, b"x\n")}, {b"a": (TEXT, b"y\n")})
    assert both.mode_changed
    assert len(both.hunks) == 1
    same = one(objects, {b"a": (EXEC, b"x\n")}, {b"a": (EXEC, b"y\n")})
    assert not same.mode_changed


def test_renames(objects: Objects) -> None:
    body = b"".join(b"line %d\n" % n for n in range(30))
    moved = one(objects, {b"old name": (TEXT, body)}, {b"new\tname": (TEXT, body)})
    assert (moved.status, moved.old_path, moved.path) == ("renamed", "old name", "new\tname")
    assert moved.hunks == ()
    edited = body.replace(b"line 7\n", b"line seven\n")
    file = one(objects, {b"a": (TEXT, body)}, {b"d/b": (EXEC, edited)})
    assert (file.status, file.old_path, file.path) == ("renamed", "a", "d/b")
    assert file.mode_changed
    assert (file.added, file.removed) == (1, 1)


def test_a_copy(objects: Objects) -> None:
    body = b"".join(b"line %d\n" % n for n in range(30))
    old, new = {b"a": (TEXT, body)}, {b"a": (TEXT, body), b"b": (TEXT, body + b"more\n")}
    [file] = parse_patch(objects.diff(old, new, "--find-copies-harder")).files
    assert (file.status, file.old_path, file.path, file.added) == ("copied", "a", "b", 1)


def test_binary_files(objects: Objects) -> None:
    assert one(objects, {}, {b"p.png": (TEXT, b"\0\1")}).binary
    assert one(objects, {b"p.png": (TEXT, b"\0\1")}, {b"p.png": (TEXT, b"\0\2")}).binary
    assert one(objects, {b"a b": (TEXT, b"\0\1")}, {}).path == "a b"


def test_links_and_type_changes(objects: Objects) -> None:
    link = one(objects, {b"l": (LINK, b"here")}, {b"l": (LINK, b"there")})
    assert link.old_mode == link.new_mode == LINK
    assert not link.hunks[0].lines[0].ends
    # Git shows a change of type as a deletion and a creation of the same path.
    files = check(objects, {b"l": (TEXT, b"here\n")}, {b"l": (LINK, b"here")})
    assert [(f.path, f.status, f.old_mode, f.new_mode) for f in files] == [
        ("l", "deleted", TEXT, None),
        ("l", "added", None, LINK),
    ]


def test_submodules(objects: Objects) -> None:
    first, second = b"1" * 40, b"2" * 40
    moved = one(objects, {b"m": (MODULE, first)}, {b"m": (MODULE, second)})
    assert (moved.old_mode, moved.old_oid, moved.new_oid) == (MODULE, "1" * 40, "2" * 40)
    assert [line.data for line in moved.hunks[0].lines] == [
        b"Subproject commit " + first,
        b"Subproject commit " + second,
    ]
    assert one(objects, {}, {b"m": (MODULE, first)}).new_mode == MODULE


NAMES = [
    b"plain.py",
    b"with space.py",
    b" leading and trailing ",
    b'quote".py',
    b'"quoted"',
    b"back\\slash",
    b"new\nline",
    b"tab\there",
    b"cr\r",
    b"bell\a and \x1b[31m",
    "ünïcode/日本.py".encode(),
    b"latin-\xe9",
    b'"latin-\xe9',
    b"-dash",
    b"--src-prefix=x",
    b"a/b/a/b",
    b"dev/null",
    b"b b/b b",
    b"@@ -1 +1 @@",
    b"diff --git a/x b/x",
    b"\xe2\x80\xae right to left",
]


@pytest.mark.parametrize("name", NAMES)
def test_names(objects: Objects, name: bytes) -> None:
    text, other = (TEXT, b"x\n"), (TEXT, b"y\n")
    for old, new in [
        ({}, {name: text}),
        ({name: text}, {}),
        ({name: text}, {name: other}),
        ({name: text}, {name: (EXEC, b"x\n")}),
        ({}, {name: (TEXT, b"")}),
        ({name: (TEXT, b"\0")}, {name: (TEXT, b"\0\0")}),
        ({b"somewhere else": text}, {name: text}),
        ({name: text}, {b"somewhere else": text}),
    ]:
        check(objects, old, new)


HEADERS = [
    *(b"--- a/x", b"+++ b/x", b"@@ -1 +1 @@", b"@@ -1,2 +3,4 @@ def f():", b"diff --git a/x b/x"),
    *(b"index 000..111 100644", b"new file mode 100644", b"Binary files a/x and b/x differ"),
    *(b"-- a/x", b"++ b/x", b"\\ No newline at end of file", b"rename from x", b"", b" ", b"-"),
    *(b"+", b"\\", b"\r", b"text\r", b"\xff\xfe", b"\x1b[2J", b"caf\xc3\xa9", b"same", b"other"),
]


def test_content_that_looks_like_a_header(objects: Objects) -> None:
    body = b"\n".join(HEADERS)
    file = one(objects, {b"a": (TEXT, b"x")}, {b"a": (TEXT, body + b"\n")})
    assert [line.data for line in file.hunks[0].lines if line.kind == "+"] == HEADERS
    one(objects, {b"a": (TEXT, body)}, {b"a": (TEXT, body + b"\n")})
    one(objects, {b"a": (TEXT, body)}, {})


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("old_ends", [True, False])
@pytest.mark.parametrize("new_ends", [True, False])
def test_ends_of_lines_and_files(
    objects: Objects, end: bytes, old_ends: bool, new_ends: bool
) -> None:
    old = end.join([b"a", b"b", b"c"]) + (end if old_ends else b"")
    new = end.join([b"a", b"B", b"c"]) + (end if new_ends else b"")
    file = one(objects, {b"f": (TEXT, old)}, {b"f": (TEXT, new)})
    last = [line for line in file.hunks[-1].lines if line.kind != "-"][-1]
    assert last.ends == new_ends
    assert one(objects, {b"f": (TEXT, b"a\nb\n")}, {b"f": (TEXT, b"a\r\nb\r\n")}).added == 2


# -- any change at all ------------------------------

LINE = st.sampled_from(HEADERS)
BODY = st.builds(
    lambda lines, last: b"".join(line + b"\n" for line in lines) + last,
    st.lists(LINE, max_size=25),
    st.sampled_from([b"", b"no end", b"\r"]),
)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Files, Files]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    old: dict[bytes, tuple[str, bytes]] = {}
    new: dict[bytes, tuple[str, bytes]] = {}
    for name in names:
        if any(name.startswith(x + b"/") or x.startswith(name + b"/") for x in {*old, *new}):
            continue
        body = draw(BODY)
        mode = st.sampled_from([TEXT, EXEC])
        if draw(st.booleans()):
            old[name] = (draw(mode), body)
        if draw(st.booleans()):
            lines = lines_of(body)
            for _ in range(draw(st.integers(0, 3))):
                at = draw(st.integers(0, len(lines)))
                lines[at : at + draw(st.integers(0, 2))] = [
                    line + b"\n" for line in draw(st.lists(LINE, max_size=2))
                ]
            after = draw(st.sampled_from([b"".join(lines), body, b"\0" + body]))
            new[name] = (draw(mode), after)
    return old, new


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes())
def test_any_change(objects: Objects, change: tuple[Files, Files]) -> None:
    check(objects, *change)


# -- ids ------------------------------


def numbered(count: int, **changes: bytes) -> bytes:
    lines = [b"line %d" % n for n in range(count)]
    for key, text in changes.items():
        lines[int(key[1:])] = text
    return b"\n".join(lines) + b"\n"


def test_an_id_stays_when_lines_move(objects: Objects) -> None:
    old, new = numbered(40), numbered(40, _5=b"five", _30=b"thirty")
    before = one(objects, {b"a": (TEXT, old)}, {b"a": (TEXT, new)}).hunks
    above = b"one\nmore\nline\n"
    after = one(objects, {b"a": (TEXT, above + old)}, {b"a": (TEXT, above + new)}).hunks
    assert [hunk.id for hunk in after] == [hunk.id for hunk in before]
    assert after[0].new_start == before[0].new_start + 3
    # A change further up moves the second hunk, and leaves its id alone.
    grown = numbered(40, _5=b"five\nand\nmore", _30=b"thirty")
    changed = one(objects, {b"a": (TEXT, old)}, {b"a": (TEXT, grown)}).hunks
    assert changed[0].id != before[0].id
    assert changed[1].id == before[1].id


def test_an_id_depends_on_path_and_on_changed_lines(objects: Objects) -> None:
    old, new = (TEXT, numbered(20)), (TEXT, numbered(20, _5=b"five"))
    ids = {
        one(objects, {name: old}, {name: after}).hunks[0].id
        for name in (b"a", b"b")
        for after in (new, (TEXT, numbered(20, _5=b"FIVE")))
    }
    assert len(ids) == 4
    ended = one(objects, {b"a": (TEXT, b"x")}, {b"a": (TEXT, b"y")}).hunks[0].id
    assert ended != one(objects, {b"a": (TEXT, b"x")}, {b"a": (TEXT, b"y\n")}).hunks[0].id


def test_equal_hunks_have_ids_of_their_own(objects: Objects) -> None:
    old = b"".join(b"same\n" + numbered(20) for _ in range(3))
    new = old.replace(b"same\n", b"new\n")
    first, second, third = one(objects, {b"a": (TEXT, old)}, {b"a": (TEXT, new)}).hunks
    assert second.id == f"{first.id}.2"
    assert third.id == f"{first.id}.3"


def test_a_removed_line_is_touched_where_the_next_one_stands(objects: Objects) -> None:
    file = one(objects, {b"a": (TEXT, b"1\n2\n3\n4\n")}, {b"a": (TEXT, b"1\n2\n4\n")})
    hunk = file.hunks[0]
    assert [n for n in range(1, 5) if hunk.touches(n, n)] == [3]
    assert hunk.touches(1, 9)
    assert not hunk.touches(1, 2)


# -- names as text ------------------------------


@given(st.binary())
@example(b'"')
@example(b'"a"')
@example(b"\xff")
@example(b'"\\303"')
def test_names_are_text_and_back(name: bytes) -> None:
    text = path_from_bytes(name)
    text.encode("utf-8")
    assert path_to_bytes(text) == name


@given(st.lists(st.binary(max_size=6) | st.sampled_from(NAMES), max_size=8, unique=True))
def test_no_two_names_are_one_text(names: list[bytes]) -> None:
    assert len({path_from_bytes(name) for name in names}) == len(names)


@pytest.mark.parametrize("text", ['"', '"open', '"\\q"', '"\\8"', '"\\400"'])
def test_bad_quoting_is_refused(text: str) -> None:
    with pytest.raises(PatchError):
        path_to_bytes(text)


# -- what is no diff ------------------------------


def damaged(raw: bytes) -> Iterator[bytes]:
    lines = raw.split(b"\n")
    yield b"\n".join(lines[:-2])  # the last line of a hunk is gone
    yield b"hello\n" + raw
    yield raw.replace(b"@@ -1,", b"@@ -x,")
    yield raw + b"trailing text\n"
    yield raw.replace(b"\n+", b"\n?")


def test_what_is_no_diff_is_refused(objects: Objects) -> None:
    raw = objects.diff({b"a": (TEXT, numbered(5))}, {b"a": (TEXT, numbered(5, _2=b"two"))})
    assert parse_patch(raw).added == 1
    for bad in damaged(raw):
        assert bad != raw
        with pytest.raises(PatchError):
            parse_patch(bad)


def test_nothing_is_an_empty_patch() -> None:
    patch = parse_patch(b"")
    assert (patch.files, patch.hunk_count, patch.added, patch.find("x")) == ((), 0, 0, None)


@given(st.binary() | st.text().map(lambda text: f"diff --git a/x b/x\n{text}".encode()))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        parse_patch(raw)
    except PatchError:
        pass
