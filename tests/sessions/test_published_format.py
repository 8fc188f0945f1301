"""The published format: schema, page, corpus and upcasters say what the code does."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from agent_tui.domain import events as e
from agent_tui.domain.events import Event
from agent_tui.sessions import codec
from agent_tui.sessions.reader import LogReader
from agent_tui.sessions.replay import fold
from agent_tui.sessions.schema import log_schema
from tests.write_format import FOLDER, published

CORPUS = Path(__file__).parent / "corpus"
EXPECTED: dict[str, dict[str, Any]] = json.loads((CORPUS / "expected.json").read_text("utf-8"))
SHIPPED = sorted(FOLDER.glob("*/events.jsonl"))


def validator() -> Any:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    schema = log_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", published(), ids=lambda path: path.name)
def test_what_is_published_is_what_the_code_says(path: Path) -> None:
    same = path.is_file() and path.read_text("utf-8") == published()[path]
    assert same, "the format has changed: run python -m tests.write_format, and read the difference"


def test_the_page_explains_every_event() -> None:
    page = (FOLDER / "FORMAT.md").read_text("utf-8")
    for cls in get_args(Event):
        assert f"\n#### `{cls.model_fields['type'].default}`" in page
        assert cls.__doc__, f"{cls.__name__} says nothing of itself"


@pytest.mark.parametrize("name", EXPECTED)
def test_the_corpus_is_read_as_it_should_be(name: str) -> None:
    expected = EXPECTED[name]
    reader = LogReader(CORPUS / f"{name}.jsonl")
    records = reader.read_new()
    said = [problem.replace(f"{name.partition('/')[2]}.jsonl", "events.jsonl")
            for problem in reader.problems]  # fmt: skip
    assert [r.seq for r in records] == expected["records"]
    assert [r.seq for r in records if isinstance(r.event, e.Unknown)] == expected["unknown"]
    assert said == expected["problems"]
    assert reader.tail == expected["tail"]
    fold(records)


def test_every_file_of_the_corpus_has_an_expectation() -> None:
    files = {f"{p.parent.name}/{p.stem}" for p in CORPUS.glob("*/*.jsonl")}
    assert files == set(EXPECTED)
    assert all(not EXPECTED[name]["problems"] for name in files if name.startswith("valid/"))
    assert all(
        EXPECTED[name]["problems"] or EXPECTED[name]["tail"]
        for name in files
        if name.startswith("damaged/")
    )


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


@pytest.mark.parametrize(
    "path",
    [*SHIPPED, *(p for p in sorted(CORPUS.glob("valid/*.jsonl")) if "does-not-fit" not in p.name)],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_valid_logs_are_valid_by_the_schema(path: Path) -> None:
    check = validator()
    for line in lines_of(path):
        check.validate(line)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"h": "short"}, "h"),
        ({"actor": "nobody"}, "actor"),
        ({"seq": -1}, "seq"),
        ({"data": {"session": "x"}}, "data"),
        ({"data": []}, "data"),
    ],
)
def test_the_schema_can_refuse(change: dict[str, Any], where: str) -> None:
    line = lines_of(SHIPPED[0])[0]
    errors = list(validator().iter_errors({**line, **change}))
    assert any(error.path and error.path[0] == where for error in errors)


def test_every_earlier_version_has_an_upcaster_and_a_log() -> None:
    in_corpus = {
        (line["type"], line["v"])
        for path in CORPUS.glob("valid/*.jsonl")
        for line in lines_of(path)
    }
    known = {cls.model_fields["type"].default for cls in get_args(Event)}
    assert set(codec.VERSIONS) <= known
    for type_, current in codec.VERSIONS.items():
        for old in range(1, current):
            assert (type_, old) in codec.UPCASTERS, f"no upcaster for {type_} version {old}"
            assert (type_, old) in in_corpus, f"no log with {type_} version {old} in the corpus"
    for type_, old in codec.UPCASTERS:
        assert old < codec.VERSIONS.get(type_, 1), f"{type_} {old} is not an earlier version"


def test_a_changed_event_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "VERSIONS", {"session.left": 2})
    with pytest.raises(AssertionError, match=r"no upcaster for session\.left version 1"):
        test_every_earlier_version_has_an_upcaster_and_a_log()
