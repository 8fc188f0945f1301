"""Lines of keys: compared with a search for values that say their own line."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent_tui.config.positions import Positions

TEXT = """\
top = 1 # comment with "quote
"quoted key" = 3
'lit.eral' = { inner = 3, other = [
  3 ] }
multi = \"""
[not.a.table]
fake = 1
\\\"""still\"""\"
lit = '''
[nor = this'''''
nested = [ # [
  "]", 13,
  [13]]
a . b . "c" = 15

[table] # x
x = 18
[table.sub."dotted.name"]
y = 20

[[list]]
z = 23
[list.inner]
z = 25
[[list]]
z = 27
[[list.deep]]
z = 29
[[list.deep]]
z = 31
"es\\u0063aped" = 32
"""


def test_lines() -> None:
    lines = Positions(TEXT)
    assert lines.line(("top",)) == 1
    assert lines.line(("quoted key",)) == 2
    assert lines.line(("lit.eral",)) == 3
    assert lines.line(("lit.eral", "inner")) == 3
    assert lines.line(("multi",)) == 5
    assert lines.line(("lit",)) == 9
    assert lines.line(("nested",)) == 11
    assert lines.line(("nested", 2, 0)) == 11
    assert lines.line(("a", "b", "c")) == 14
    assert lines.line(("table",)) == 16
    assert lines.line(("table", "x")) == 17
    assert lines.line(("table", "sub", "dotted.name", "y")) == 19
    assert lines.line(("list",)) == 21
    assert lines.line(("list", 0)) == 21
    assert lines.line(("list", 0, "z")) == 22
    assert lines.line(("list", 0, "inner", "z")) == 24
    assert lines.line(("list", 1)) == 25
    assert lines.line(("list", 1, "z")) == 26
    assert lines.line(("list", 1, "deep", 0, "z")) == 28
    assert lines.line(("list", 1, "deep", 1, "z")) == 30
    assert lines.line(("list", 1, "deep", 1, "escaped")) == 31
    assert lines.line(("not", "there")) == 1
    tomllib.loads(TEXT)  # it has to be a document


KEY = st.sampled_from(["a", "b", '"c d"', "'e.f'", '"g\\"h"', "k-1"])
VALUE = st.sampled_from(
    ["1", '"[x]"', "'#'", '"\\\\"', '"""\n[a]\n\\""""', "'''\n'a'\n'''", "[\n 1, # ]\n]", "{}"]
)


@given(st.lists(st.tuples(st.booleans(), KEY, VALUE), max_size=12))
def test_every_key_is_found_where_it_is_written(parts: list[tuple[bool, str, str]]) -> None:
    text = ""
    expected: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for is_table, key, value in parts:
        name = next(iter(tomllib.loads(f"{key} = 1")))
        new = f"[t.{key}]\n" if is_table else f"{key} = {value}  # [z]\n"
        try:
            tomllib.loads(text + new)
        except tomllib.TOMLDecodeError:
            continue
        line = text.count("\n") + 1
        text += new
        if is_table:
            table = ("t", name)
            expected[table] = line
        else:
            expected[(*table, name)] = line
    lines = Positions(text)
    found: dict[tuple[str, ...], Any] = {path: lines.line(path) for path in expected}
    assert found == expected
