"""Criterion ↔ hunk ↔ check ↔ finding: every link leads both ways, and gaps are named."""

import pytest
from domain_git import Objects
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.domain.checks import CheckResult, TestCase
from agent_tui.domain.events import Claim, CoderReport
from agent_tui.domain.links import Links, Node, anchor, hunk_at
from agent_tui.domain.patch import Patch, parse_patch
from agent_tui.domain.spec import Criterion, Spec
from agent_tui.domain.verdict import Finding

SPEC = Spec(
    title="T",
    summary="S",
    criteria=tuple(Criterion(id=f"AC{n}", text=f"criterion {n}") for n in (1, 2, 3)),
)
OLD = b"".join(b"line %d\n" % n for n in range(1, 61))
NEW = (
    OLD.replace(b"line 5\n", b"return five\nx = 1\n")
    .replace(b"line 30\n", b"return thirty\nx = 1\n")
    .replace(b"line 50\n", b"")
)


@pytest.fixture(scope="module")
def patch(tmp_path_factory: pytest.TempPathFactory) -> Patch:
    objects = Objects(tmp_path_factory.mktemp("links") / "repo.git")
    old = {b"a.py": ("100644", OLD), b"gone.py": ("100644", b"old\n")}
    new = {b"a.py": ("100644", NEW), b"new.py": ("100644", b"import re\nx = 1\n")}
    return parse_patch(objects.diff(old, new))


def ids(patch: Patch, path: str) -> list[str]:
    return [hunk.id for file, hunk in patch.hunks if file.path == path]


def report(*claims: Claim) -> CoderReport:
    return CoderReport(summary="", claims=claims)


def nodes(kind: str, *names: str) -> set[Node]:
    return {Node(kind, name) for name in names}  # type: ignore[arg-type]


def test_a_claim_by_quote_line_or_path_links_its_hunks(patch: Patch) -> None:
    first, second, third = ids(patch, "a.py")
    links = Links(
        SPEC,
        patch,
        report(
            Claim(criterion="AC1", path="a.py", quote="  return five "),
            Claim(criterion="AC2", path="a.py", line=31, end_line=31),
            Claim(criterion="AC3", path="new.py"),
        ),
    )
    assert links.hunks_of(Node("criterion", "AC1")) == (first,)
    assert links.hunks_of(Node("criterion", "AC2")) == (second,)
    assert links.hunks_of(Node("criterion", "AC3")) == tuple(ids(patch, "new.py"))
    assert links.criteria_of(first) == ("AC1",)
    assert links.criteria_of(second) == ("AC2",)
    assert links.unclaimed_hunks == (third, *ids(patch, "gone.py"))
    assert links.unclaimed_criteria == ()


def test_a_quote_names_changed_lines_only(patch: Patch) -> None:
    links = Links(SPEC, patch, report(Claim(criterion="AC1", path="a.py", quote="line 4")))
    assert links.hunks_of(Node("criterion", "AC1")) == ()
    removed = Links(SPEC, patch, report(Claim(criterion="AC1", path="a.py", quote="line 50")))
    assert removed.hunks_of(Node("criterion", "AC1")) == (ids(patch, "a.py")[2],)


def test_a_quote_that_occurs_twice_links_both(patch: Patch) -> None:
    links = Links(SPEC, patch, report(Claim(criterion="AC1", path="a.py", quote="x = 1")))
    assert links.hunks_of(Node("criterion", "AC1")) == tuple(ids(patch, "a.py")[:2])


def test_claims_of_what_is_not_there_link_nothing(patch: Patch) -> None:
    links = Links(
        SPEC,
        patch,
        report(
            Claim(criterion="AC9", path="a.py"),
            Claim(criterion="AC1", path="b.py"),
            Claim(criterion="AC1", path="a.py", quote="nowhere"),
            Claim(criterion="AC1", path="a.py", line=15),
        ),
    )
    assert links.unclaimed_criteria == ("AC1", "AC2", "AC3")
    assert len(links.unclaimed_hunks) == patch.hunk_count == 5
    assert links.related(Node("criterion", "AC9")) == frozenset()


def test_a_finding_leads_to_its_hunk_its_criterion_and_their_checks(patch: Patch) -> None:
    tests = (TestCase(name="test_five", path="tests/test_a.py"), TestCase(name="other"))
    checks = [
        CheckResult(name="tests", tree="t", ok=True, tests=tests),
        CheckResult(name="lint", tree="t", ok=True),
    ]
    first, second, _ = ids(patch, "a.py")
    findings = [
        Finding(id="F1", severity="major", title="", criterion="AC1"),
        Finding(id="F2", severity="major", title="", path="a.py", quote="return thirty"),
        Finding(id="F3", severity="major", title="", check="lint"),
        Finding(id="F4", severity="major", title="", path="a.py", line=15, criterion="AC9"),
    ]
    claims = report(
        Claim(criterion="AC1", path="a.py", quote="return five", test="tests/test_a.py::test_five")
    )
    links = Links(SPEC, patch, claims, checks, findings)
    assert links.related(Node("finding", "F1")) == nodes("criterion", "AC1") | nodes(
        "check", "tests"
    )
    assert links.related(Node("finding", "F2")) == nodes("hunk", second)
    assert links.related(Node("finding", "F3")) == nodes("check", "lint")
    assert links.related(Node("finding", "F4")) == frozenset()
    assert links.related(Node("hunk", first)) == nodes("criterion", "AC1") | nodes("check", "tests")
    assert links.related(Node("criterion", "AC1")) == (
        nodes("hunk", first) | nodes("check", "tests") | nodes("finding", "F1")
    )
    assert Node("finding", "F3") in links.related(Node("check", "lint"))
    assert first not in links.unclaimed_hunks
    assert second in links.unclaimed_hunks  # a finding is no claim


NAMES = st.sampled_from(["AC1", "AC2", "AC3", "AC9"])
PATHS = st.sampled_from(["a.py", "new.py", "gone.py", "b.py"])
QUOTES = st.sampled_from(["", "return five", "x = 1", "line 50", "old", "nowhere"])
LINES = st.none() | st.integers(1, 60)
CLAIMS = st.builds(
    Claim,
    criterion=NAMES,
    path=PATHS,
    line=LINES,
    quote=QUOTES,
    test=st.sampled_from([None, "test_five", "test_none"]),
)
FINDINGS = st.builds(
    Finding,
    id=st.sampled_from(["F1", "F2", "F3"]),
    severity=st.just("major"),
    title=st.just(""),
    path=st.none() | PATHS,
    line=LINES,
    quote=QUOTES,
    criterion=st.none() | NAMES,
    check=st.sampled_from([None, "tests", "lint"]),
)


@given(st.lists(CLAIMS, max_size=5), st.lists(FINDINGS, max_size=4))
def test_links_are_symmetric(patch: Patch, claims: list[Claim], findings: list[Finding]) -> None:
    tests = (TestCase(name="test_five"),)
    checks = [CheckResult(name="tests", tree="t", ok=True, tests=tests)]
    links = Links(SPEC, patch, report(*claims), checks, findings)
    hunks = [hunk.id for _, hunk in patch.hunks]
    every = nodes("criterion", "AC1", "AC2", "AC3") | nodes("hunk", *hunks)
    every |= nodes("check", "tests", "lint") | nodes("finding", "F1", "F2", "F3")
    for node in every:
        related = links.related(node)
        assert node not in related
        assert related <= every
        for other in related:
            # A finding or a hunk shows its criteria's checks as well; that is one step further.
            inherited = other.kind == "check" and any(
                other in links.related(c) for c in related if c.kind == "criterion"
            )
            assert node in links.related(other) or inherited
    for criterion in ("AC1", "AC2", "AC3"):
        claimed = links.hunks_of(Node("criterion", criterion))
        assert all(criterion in links.criteria_of(hunk) for hunk in claimed)
        assert (criterion in links.unclaimed_criteria) == (not claimed)
        assert list(claimed) == [hunk for hunk in hunks if hunk in claimed]
    for hunk in hunks:
        assert (hunk in links.unclaimed_hunks) == (not links.criteria_of(hunk))


# -- places of findings ------------------------------


@pytest.mark.parametrize(
    ("line", "quote", "found"),
    [
        (None, "return five", 5),
        (40, "return five", 5),  # the line is wrong, the quote decides
        (None, "x = 1", 6),
        (6, "x = 1", 6),
        (33, "x = 1", 32),  # the nearer one of two
        (5, "  return five  ", 5),
        (5, "nowhere", None),  # a quote that is not there is not guessed
        (5, "line 50", None),  # a removed line has no place in the new file
        (5, "", 5),
        (4, "", 4),  # a line of the context is shown as well
        (20, "", None),
        (None, "", None),
    ],
)
def test_anchor(patch: Patch, line: int | None, quote: str, found: int | None) -> None:
    assert anchor(patch, "a.py", line, quote) == found


def test_an_anchor_needs_its_file(patch: Patch) -> None:
    assert anchor(patch, "b.py", 1, "return five") is None
    assert anchor(patch, None, 1, "return five") is None
    assert anchor(patch, "gone.py", 1, "") is None


def test_a_finding_follows_lines_that_move(
    patch: Patch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    objects = Objects(tmp_path_factory.mktemp("moved") / "repo.git")
    old = {b"a.py": ("100644", OLD)}
    moved = parse_patch(objects.diff(old, {b"a.py": ("100644", b"new\nlines\n" + NEW)}))
    assert anchor(moved, "a.py", 5, "return five") == 7
    assert anchor(moved, "a.py", 32, "x = 1") == 34


def test_the_hunk_at_a_line(patch: Patch) -> None:
    first, second, third = ids(patch, "a.py")

    def at(line: int, end_line: int | None = None) -> str | None:
        hunk = hunk_at(patch, "a.py", line, end_line)
        return hunk.id if hunk else None

    assert [at(1), at(2), at(9), at(10)] == [None, first, first, None]
    assert at(31) == second
    assert at(52) == third
    assert at(10, 29) == second
    assert hunk_at(patch, "b.py", 1) is None
