"""The tree of a change's files: every file once and in order, below the folders that it is in."""

from hypothesis import given
from hypothesis import strategies as st

from agent_tui.ui.screens.files import FileEntry, tree_of


def entries(*paths: str) -> list[FileEntry]:
    return [FileEntry(n, path, "modified", 1, 1, 0, 1, False) for n, path in enumerate(paths)]


def drawn(*paths: str) -> list[str]:
    return ["  " * depth + name for depth, name, _ in tree_of(entries(*paths))]


def test_folders_that_lead_nowhere_else_share_a_row() -> None:
    assert drawn(
        "README.md",
        "src/main/java/org/one/A.java",
        "src/main/java/org/one/B.java",
        "src/main/java/org/two/C.java",
        "src/test/D.java",
    ) == [
        "README.md",
        "src/",
        "  main/java/org/",
        "    one/",
        "      A.java",
        "      B.java",
        "    two/",
        "      C.java",
        "  test/",
        "    D.java",
    ]
    assert drawn("a/b/c", "a/d") == ["a/", "  b/", "    c", "  d"]
    assert drawn("a/b/c/d") == ["a/b/c/", "  d"]


NAMES = st.sampled_from(["a", "b", "cc"])
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=5).map("/".join), unique=True, max_size=30)


@given(PATHS)
def test_rows_lead_to_each_file(paths: list[str]) -> None:
    """Also where the files of a folder do not stand together."""
    above: list[str] = []
    found: list[str] = []
    for depth, name, entry in tree_of(entries(*paths)):
        del above[depth:]
        above.append(name)
        if entry is not None:
            assert "".join(above) == entry.path
            found.append(entry.path)
    assert found == paths
