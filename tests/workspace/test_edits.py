"""Edits as models print them: every format, what is wrong with them, and what is said about it."""

import json

import pytest

from agent_tui.domain.edits import EditFormat, EditFormatError, EditResult
from agent_tui.workspace.edits import Formats, detect

CODE = b"""import os


class A:
    def run(self):
        return 1


class B:
    def run(self):
        return 1


def last(text):
    return text.strip()
"""


def apply(
    text: str | bytes, format: EditFormat | None = None, **files: bytes
) -> tuple[EditResult, dict[str, bytes | None]]:
    known = {"a.py": CODE} | {name.replace("__", "."): data for name, data in files.items()}
    result = Formats().apply(text, known.get, format)
    return result, {edit.path: edit.data for edit in result.files}


def applied(text: str | bytes, **files: bytes) -> dict[str, bytes | None]:
    result, edits = apply(text, **files)
    assert result.applies, result.explain()
    return edits


def refused(text: str | bytes, **files: bytes) -> str:
    result, edits = apply(text, **files)
    assert not result.applies
    assert edits == {}
    return result.explain()


def doubted(text: str | bytes, **files: bytes) -> str:
    result, _ = apply(text, **files)
    assert result.applies, result.explain()
    assert not result.certain
    return result.explain()


SEARCH = """a.py
```python
<<<<<<< SEARCH
def last(text):
    return text.strip()
=======
def last(text: str) -> str:
    return text.strip()
>>>>>>> REPLACE
```
"""
PATCH = """*** Begin Patch
*** Update File: a.py
@@ def last(text):
-    return text.strip()
+    return text.rstrip()
*** End Patch
"""
DIFF = """--- a/a.py
+++ b/a.py
@@ -14,2 +14,2 @@ class B:
-def last(text):
+def final(text):
     return text.strip()
"""
WHOLE = "a.py\n```python\nimport os\n```\n"
CALL = json.dumps({"command": "create", "path": "n.txt", "file_text": "x\n"})


@pytest.mark.parametrize(
    ("text", "format"),
    [
        (SEARCH, "search_replace"),
        (PATCH, "apply_patch"),
        (DIFF, "unified"),
        (WHOLE, "whole"),
        (CALL, "tools"),
        ("Here you are.\n\n```diff\n" + DIFF + "```\nThat is all.", "unified"),
        ("```\n" + PATCH + "```", "apply_patch"),
        ("I call:\n```json\n" + CALL + "\n```", "tools"),
        ("Nothing to do.\n```sh\nls\n```\n", None),
        ('{"answer": 42}', None),
        ("", None),
    ],
)
def test_the_format_is_found(text: str, format: EditFormat | None) -> None:
    assert detect(text) == format
    if format is None:
        with pytest.raises(EditFormatError, match="no edits"):
            Formats().paths(text)
    else:
        assert apply(text)[0].applies


class TestSearchReplace:
    NEW = CODE.replace(b"def last(text):", b"def last(text: str) -> str:")

    @pytest.mark.parametrize(
        "wrap",
        [
            "{0}",
            "Sure! I changed the signature.\n\n{0}\nLet me know.",
            "**a.py**\n{1}",
            "### `a.py`:\n\n{1}",
            "File: a.py\n{1}",
            "```python\na.py\n{1}```",
        ],
    )
    def test_however_the_file_is_named(self, wrap: str) -> None:
        bare = "\n".join(SEARCH.split("\n")[2:8]) + "\n"
        assert applied(wrap.format(SEARCH, bare)) == {"a.py": self.NEW}

    def test_the_marker_of_other_tools(self) -> None:
        text = SEARCH.replace("<<<<<<<", "-------").replace(">>>>>>>", "+++++++")
        assert applied(text) == {"a.py": self.NEW}

    def test_crlf_on_the_way_is_no_content(self) -> None:
        assert applied(SEARCH.replace("\n", "\r\n")) == {"a.py": self.NEW}

    def test_blocks_of_one_file_and_a_new_one(self) -> None:
        text = SEARCH + (
            "<<<<<<< SEARCH\nimport os\n=======\nimport sys\n>>>>>>> REPLACE\n"
            "new/file.txt\n<<<<<<< SEARCH\n=======\nhello\n>>>>>>> REPLACE\n"
        )
        assert applied(text) == {
            "a.py": self.NEW.replace(b"import os", b"import sys"),
            "new/file.txt": b"hello\n",
        }

    def test_a_block_may_be_about_what_an_earlier_one_wrote(self) -> None:
        text = (
            "t.txt\n<<<<<<< SEARCH\none\n=======\ntwo\n>>>>>>> REPLACE\n"
            "<<<<<<< SEARCH\ntwo\n=======\nthree\n>>>>>>> REPLACE\n"
        )
        assert applied(text, t__txt=b"one\n") == {"t.txt": b"three\n"}

    def test_more_than_one_place_is_refused(self) -> None:
        text = (
            "a.py\n<<<<<<< SEARCH\n        return 1\n=======\n        return 2\n>>>>>>> REPLACE\n"
        )
        said = refused(text)
        assert "occur 2 times (lines 6, 11)" in said
        assert "a.py, block 1" in said

    def test_what_is_nearest_is_quoted(self) -> None:
        text = SEARCH.replace("return text.strip()\n=======", "return text.trim()\n=======")
        said = refused(text)
        assert "not in the file" in said
        assert "return text.trim()" in said
        assert "15 |     return text.strip()" in said

    def test_a_missing_end_is_doubtful(self) -> None:
        text = SEARCH.replace(">>>>>>> REPLACE\n", "")
        assert "'>>>>>>> REPLACE' is missing" in doubted(text)
        assert applied(text) == {"a.py": self.NEW}

    def test_a_divider_in_the_text_is_refused_and_longer_markers_mend_it(self) -> None:
        block = "r.rst\n<<<<<<< SEARCH\nTitle\n=======\n=======\nName\n=======\n>>>>>>> REPLACE\n"
        assert "longer markers" in refused(block, r__rst=b"Title\n=======\n")
        block = (
            "r.rst\n<<<<<<<<< SEARCH\nTitle\n=======\n=========\nName\n=======\n>>>>>>>>> REPLACE\n"
        )
        assert applied(block, r__rst=b"Title\n=======\n") == {"r.rst": b"Name\n=======\n"}

    def test_a_block_without_a_file_or_a_divider(self) -> None:
        assert "no file name" in refused("<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n")
        assert "no line '======='" in refused("a.py\n<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n")


class TestTheLadder:
    def swap(self, old: str, new: str) -> str:
        return f"t.txt\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"

    def test_trailing_blanks(self) -> None:
        text = self.swap("a\nb", "a\nc")
        assert "rung 'trailing blanks'" in doubted(text, t__txt=b"a  \nb\t\nd\n")
        assert applied(text, t__txt=b"a  \nb\t\nd\n") == {"t.txt": b"a  \nc\nd\n"}

    def test_one_shift_of_the_indentation_is_undone(self) -> None:
        text = self.swap("if x:\n    go()", "if x:\n    stop()\n\n    wait()")
        base = b"def f():\n    if x:\n        go()\n"
        assert "rung 'indent'" in doubted(text, t__txt=base)
        assert applied(text, t__txt=base) == {
            "t.txt": b"def f():\n    if x:\n        stop()\n\n        wait()\n"
        }
        deeper = self.swap("        x = 1", "        x = 2\n        y = 3")
        assert applied(deeper, t__txt=b"    x = 1\n") == {"t.txt": b"    x = 2\n    y = 3\n"}

    def test_two_different_shifts_are_no_match(self) -> None:
        assert "not in the file" in refused(
            self.swap("if x:\n  go()", "if y:\n  go()"), t__txt=b"if x:\n    go()\n"
        )

    def test_typography(self) -> None:
        text = self.swap("print('it’s – “so”')", "print('yes')")
        base = b"print('it\\'s - \"so\"')\n".replace(b"\\", b"")
        assert "rung 'punctuation'" in doubted(text, t__txt=base)
        assert applied(text, t__txt=base) == {"t.txt": b"print('yes')\n"}

    def test_the_strictest_rung_that_matches_counts(self) -> None:
        text = self.swap("a", "b")
        assert applied(text, t__txt=b"  a\na\na \n") == {"t.txt": b"  a\nb\na \n"}
        assert apply(text, t__txt=b"  a\na\na \n")[0].certain


class TestBytes:
    def test_terminators_are_those_of_the_lines_replaced(self) -> None:
        text = "t.txt\n<<<<<<< SEARCH\nb\nc\n=======\nB\nnew\n>>>>>>> REPLACE\n"
        assert applied(text, t__txt=b"a\nb\r\nc\nd\r\n") == {"t.txt": b"a\nB\r\nnew\nd\r\n"}

    def test_the_final_newline_stays_as_it_is(self) -> None:
        text = "t.txt\n<<<<<<< SEARCH\nb\n=======\nB\nC\n>>>>>>> REPLACE\n"
        assert applied(text, t__txt=b"a\nb") == {"t.txt": b"a\nB\nC"}
        assert applied(text, t__txt=b"a\nb\n") == {"t.txt": b"a\nB\nC\n"}

    def test_a_diff_can_change_the_final_newline(self) -> None:
        gone = (
            "--- a/t.txt\n+++ b/t.txt\n@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n"
        )
        assert applied(gone, t__txt=b"a\nb\n") == {"t.txt": b"a\nb"}
        back = gone.replace("-b\n+b\n", "-b\n").rstrip() + "\n+b\n"
        assert applied(back, t__txt=b"a\nb") == {"t.txt": b"a\nb\n"}

    def test_the_mark_stays_at_the_beginning(self) -> None:
        bom = b"\xef\xbb\xbf"
        text = "t.txt\n<<<<<<< SEARCH\na\n=======\nfirst\na\n>>>>>>> REPLACE\n"
        assert applied(text, t__txt=bom + b"a\nb\n") == {"t.txt": bom + b"first\na\nb\n"}
        text = "t.txt\n<<<<<<< SEARCH\na\nb\n=======\nb\n>>>>>>> REPLACE\n"
        assert applied(text, t__txt=bom + b"a\nb\n") == {"t.txt": bom + b"b\n"}

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (b"a\0b\n", "binary"),
            (b"\xff\xfea\0\n\0", "UTF-16"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "LFS pointer"),
        ],
    )
    def test_files_without_lines_are_refused(self, data: bytes, said: str) -> None:
        text = "t.txt\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"
        assert said in refused(text, t__txt=data)

    def test_bytes_that_are_no_utf8(self) -> None:
        text = b"--- a/t.txt\n+++ b/t.txt\n@@ -1 +1 @@\n-caf\xe9\n+th\xe9\n"
        assert applied(text, t__txt=b"caf\xe9\n") == {"t.txt": b"th\xe9\n"}


class TestApplyPatch:
    def test_all_kinds_of_sections(self) -> None:
        text = """*** Begin Patch
*** Add File: new.txt
+one
+
+two
*** Delete File: old.txt
*** Update File: a.py
*** Move to: pkg/b.py
@@
 def last(text):
-    return text.strip()
+    return text
*** End of File
*** End Patch
"""
        assert applied(text, old__txt=b"x\n") == {
            "new.txt": b"one\n\ntwo\n",
            "old.txt": None,
            "a.py": None,
            "pkg/b.py": CODE.replace(b"text.strip()", b"text"),
        }

    @pytest.mark.parametrize("name", ["class B:", "class A:"])
    def test_an_anchor_decides_by_its_scope(self, name: str) -> None:
        text = f"*** Begin Patch\n*** Update File: a.py\n@@ {name}\n-        return 1\n+        return 2\n*** End Patch\n"  # noqa: E501
        head, _, tail = CODE.partition(name.encode())
        assert applied(text) == {"a.py": head + name.encode() + tail.replace(b"1", b"2", 1)}

    def test_an_anchor_that_opens_two_scopes_is_ambiguous(self) -> None:
        text = "*** Begin Patch\n*** Update File: a.py\n@@     def run(self):\n-        return 1\n+        return 2\n*** End Patch\n"  # noqa: E501
        assert "occur 2 times" in refused(text)
        nested = text.replace("@@     def", "@@ class B:\n@@     def")
        assert applied(nested) == {"a.py": CODE[:80] + CODE[80:].replace(b"return 1", b"return 2")}

    def test_heredoc_and_lost_blanks(self) -> None:
        text = (
            "apply_patch <<'EOF'\n" + PATCH.replace("@@ def last(text):\n", "@@\ndef last(text):\n")
        ) + "EOF\n"
        assert "lost its first blank" in doubted(text)

    def test_a_missing_end(self) -> None:
        assert "may have been cut off" in doubted(PATCH.replace("*** End Patch\n", ""))

    def test_added_lines_without_a_place(self) -> None:
        text = "*** Begin Patch\n*** Update File: a.py\n@@\n+x = 1\n*** End Patch\n"
        assert "nothing says where" in refused(text)
        assert "for want of context" in doubted(text.replace("@@", "@@ class B:"))
        at_end = text.replace("+x = 1\n", "+x = 1\n*** End of File\n")
        assert applied(at_end) == {"a.py": CODE + b"x = 1\n"}

    def test_what_exists_is_not_overwritten(self) -> None:
        text = "*** Begin Patch\n*** Add File: a.py\n+x\n*** End Patch\n"
        assert "exists already" in refused(text)
        moved = "*** Begin Patch\n*** Update File: a.py\n*** Move to: b.py\n*** End Patch\n"
        assert "'b.py' exists already" in refused(moved, b__py=b"")


class TestUnified:
    def test_numbers_and_counts_do_not_matter(self) -> None:
        for header in ("@@ -1,9 +400,2 @@", "@@ ... @@", "@@", "@@ -14,2 +14,2 @@"):
            text = "```diff\n" + DIFF.replace("@@ -14,2 +14,2 @@ class B:", header) + "```\n"
            assert applied(text) == {"a.py": CODE.replace(b"def last", b"def final")}, header

    def test_a_second_place_is_refused_however_right_the_number_is(self) -> None:
        text = "--- a/a.py\n+++ b/a.py\n@@ -6 +6 @@\n-        return 1\n+        return 2\n"
        assert "occur 2 times" in refused(text)

    def test_the_order_of_hunks_decides(self) -> None:
        text = (
            "--- a/a.py\n+++ b/a.py\n@@ -9 +9 @@\n-class B:\n+class C:\n"
            "@@ -11 +11 @@\n-        return 1\n+        return 2\n"
        )
        head, _, tail = CODE.partition(b"class B:")
        assert applied(text) == {"a.py": head + b"class C:" + tail.replace(b"1", b"2", 1)}

    def test_numbers_count_when_the_diff_names_these_very_bytes(self) -> None:
        text = "diff --git a/t.txt b/t.txt\nindex {}..1111111 100644\n--- a/t.txt\n+++ b/t.txt\n@@ -2 +2 @@\n-x\n+y\n"  # noqa: E501
        base = b"x\nx\nx\n"
        # The name that git hash-object gives those bytes.
        assert applied(text.format("f3eae69"), t__txt=base) == {"t.txt": b"x\ny\nx\n"}
        assert "occur 3 times" in refused(text.format("f3eae68"), t__txt=base)

    def test_headers_of_all_kinds(self) -> None:
        text = """diff --git a/a.py b/c d.py
similarity index 90%
rename from a.py
rename to c d.py
--- a/a.py
+++ b/c d.py
@@ -14,2 +14,2 @@
-def last(text):
+def final(text):
     return text.strip()
diff --git a/new.sh b/new.sh
new file mode 100755
index 0000000..e69de29
--- /dev/null
+++ b/new.sh
@@ -0,0 +1 @@
+#!/bin/sh
diff --git a/old.txt b/old.txt
deleted file mode 100644
--- a/old.txt
+++ /dev/null
@@ -1,2 +0,0 @@
-x
-y
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
"""
        result, edits = apply(text, old__txt=b"x\ny\n", run__sh=b"echo\n")
        assert result.applies, result.explain()
        assert edits == {
            "a.py": None,
            "c d.py": CODE.replace(b"def last", b"def final"),
            "new.sh": b"#!/bin/sh\n",
            "old.txt": None,
            "run.sh": b"echo\n",
        }
        assert {e.path: e.mode for e in result.files if e.mode} == {
            "new.sh": "100755", "run.sh": "100755",
        }  # fmt: skip
        assert "more lines than the diff removes" in refused(
            text, old__txt=b"x\ny\nz\n", run__sh=b""
        )

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("     return text.strip()", "return text.strip()", "lost its first blank"),
        ],
    )
    def test_lost_blanks_in_a_fence(self, old: str, new: str, said: str) -> None:
        base = b"def last(text):\nreturn text.strip()\n"
        assert said in doubted("```diff\n" + DIFF.replace(old, new) + "```\n", a__py=base)

    def test_no_change_is_dropped_in_silence(self) -> None:
        text = "--- a/t.txt\n+++ b/t.txt\n@@ -1,4 +1,4 @@\n a\n-b\n+B\nc\n-d\n+D\n"
        assert "begins with neither" in refused(text, t__txt=b"a\nb\nc\nd\n")

    def test_lines_that_look_like_headers(self) -> None:
        text = "--- a/t.sql\n+++ b/t.sql\n@@ -1,2 +1,2 @@\n--- old\n+++ new\n x\n"
        assert applied(text, t__sql=b"-- old\nx\n") == {"t.sql": b"++ new\nx\n"}

    def test_links_binaries_and_two_names(self) -> None:
        link = "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n"  # noqa: E501
        assert "not that of a plain file" in refused(link)
        binary = "diff --git a/i.png b/i.png\nindex 1..2 100644\nBinary files a/i.png and b/i.png differ\n"  # noqa: E501
        assert "binary" in refused(binary)
        assert "names two files" in refused(DIFF.replace("+++ b/a.py", "+++ b/b.py"))


class TestToolCalls:
    @pytest.mark.parametrize(
        "call",
        [
            {"command": "str_replace", "path": "a.py", "old_str": "import os",
             "new_str": "import re"},
            {"name": "Edit",
             "input": {"file_path": "a.py", "old_string": "os", "new_string": "re"}},
            {"path": "a.py", "old": "import os\n", "new": "import re\n"},
            {"file_path": "a.py", "edits": [{"old_string": "os", "new_string": "re"}]},
            {"type": "function", "function": {
                "name": "replace", "arguments": '{"path": "a.py", "old": "os", "new": "re"}'}},
            {"type": "apply_patch_call", "operation": {
                "type": "update_file", "path": "a.py", "diff": "@@\n-import os\n+import re\n"}},
            {"name": "apply_patch", "arguments": {
                "input": PATCH.replace("@@ def last(text):\n", "").replace(
                    "-    return text.strip()\n+    return text.rstrip()",
                    "-import os\n+import re")}},
        ],
    )  # fmt: skip
    def test_the_calls_of_many_tools(self, call: dict[str, object]) -> None:
        assert applied(json.dumps(call)) == {"a.py": CODE.replace(b"os", b"re")}

    def test_several_and_what_only_reads(self) -> None:
        calls = [
            {"command": "view", "path": "a.py"},
            {"command": "insert", "path": "a.py", "insert_line": 1, "insert_text": "import re\n"},
            {"command": "create", "path": "b.txt", "file_text": "no end"},
        ]
        assert applied(json.dumps(calls)) == {
            "a.py": CODE.replace(b"os\n", b"os\nimport re\n", 1), "b.txt": b"no end",
        }  # fmt: skip

    def test_exactly_once_unless_all_are_asked_for(self) -> None:
        call = {"path": "a.py", "old_str": "return 1", "new_str": "return 2"}
        assert "occurs 2 times (lines 6, 11)" in refused(json.dumps(call))
        assert applied(json.dumps({**call, "replace_all": True})) == {
            "a.py": CODE.replace(b"return 1", b"return 2")
        }

    def test_whole_lines_go_down_the_ladder(self) -> None:
        call = {"path": "a.py", "old_str": "def last(text): \n", "new_str": "def end(text):\n"}
        assert "rung 'trailing blanks'" in doubted(json.dumps(call))
        part = {"path": "a.py", "old_str": "def last(words)", "new_str": "x"}
        assert "14 | def last(text):" in refused(json.dumps(part))

    def test_bad_places(self) -> None:
        call = {"path": "a.py", "insert_line": 99, "insert_text": "x\n"}
        assert "the file has 15 lines" in refused(json.dumps(call))
        assert "its old text is empty" in refused('{"path": "a.py", "old": "", "new": "x"}')


class TestWholeFiles:
    def test_line_ends_and_the_last_one_stay(self) -> None:
        text = "Here:\n\n`t.txt`\n```text\na\nB\n```\n"
        assert applied(text, t__txt=b"a\r\nb") == {"t.txt": b"a\r\nB"}
        assert applied("```python src/x.py\nx\n```\n") == {"src/x.py": b"x\n"}

    def test_markdown_in_markdown(self) -> None:
        text = "R.md\n```markdown\n# T\n```sh\nls\n```\nend\n```\nBye.\n"
        assert applied(text) == {"R.md": b"# T\n```sh\nls\n```\nend\n"}

    def test_what_shrinks_or_stands_for_more_is_doubtful(self) -> None:
        long = b"".join(b"line %d\n" % n for n in range(40))
        said = doubted(
            "t.txt\n```\nline 0\n# ... rest of the code unchanged ...\n```\n", t__txt=long
        )
        assert "shrinks from 40 lines to 2" in said
        assert "line 2 stands for lines that were left out" in said


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/passwd", "~/x", ".git/hooks/pre-commit", "a/.GIT/config", "sub/.git\u200c/x",
     "git~1/config", "C:\\x", "c:x", "a\\..\\b", ".git./config", ".git /config",
     ".git::$INDEX_ALLOCATION/x"],
)  # fmt: skip
def test_paths_that_lead_elsewhere_are_refused_in_every_format(path: str) -> None:
    texts = [
        f"*** Begin Patch\n*** Add File: {path}\n+x\n*** End Patch\n",
        f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n",
        f"File: {path}\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n",
        f"File: {path}\n```\nx\n```\n",
        json.dumps({"path": path, "content": "x"}),
        f"*** Begin Patch\n*** Update File: a.py\n*** Move to: {path}\n*** End Patch\n",
    ]
    for text in texts:
        assert "is not written" in refused(text), text


def test_all_or_nothing() -> None:
    text = PATCH.replace("*** End Patch", "*** Update File: b.txt\n@@\n-x\n+y\n*** End Patch")
    result, edits = apply(text)
    assert edits == {}
    assert [part.problem[:20] for part in result.parts] == ["", "there is no such fil"]
