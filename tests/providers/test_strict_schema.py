"""Schemas made fit for the strict modes."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from agent_tui.engine.answers import ReviewAnswer, SpecAnswer, schema
from agent_tui.engine.tools import CODER_TOOLS
from agent_tui.providers.schema import SchemaError, fits_strict, instruction, strict_schema

KNOWN_WORDS = {
    "type",
    "enum",
    "const",
    "description",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "anyOf",
}


def check(node: dict[str, Any]) -> None:
    """What both strict modes demand of every part."""
    assert node.keys() <= KNOWN_WORDS
    if node.get("type") == "object":
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
        for part in node["properties"].values():
            check(part)
    if "items" in node:
        check(node["items"])
    for part in node.get("anyOf", ()):
        check(part)


@pytest.mark.parametrize(
    "given",
    [schema(SpecAnswer), schema(ReviewAnswer), *(t.model_json_schema() for t in CODER_TOOLS)],
    ids=lambda given: given["title"],
)
def test_what_the_engine_sends_fits(given: dict[str, Any]) -> None:
    before = copy.deepcopy(given)
    strict = strict_schema(given)
    check(strict)
    assert given == before
    assert list(strict["properties"]) == list(given["properties"])


def test_a_property_may_be_named_like_a_word_of_the_schema() -> None:
    strict = strict_schema(schema(ReviewAnswer))
    finding = strict["properties"]["findings"]["items"]
    assert finding["properties"]["title"] == {"type": "string"}


class Inner(BaseModel):
    """What is within."""

    word: str


class Outer(BaseModel):
    first: Inner = Field(description="The first.")
    tags: list[str] = []
    made: list[str] = Field(default_factory=list)
    maybe: int | None = None
    either: Inner | None = None
    share: float = Field(default=0.5, ge=0, le=1, description="How much.")


def test_the_parts() -> None:
    inner = {
        "type": "object",
        "properties": {"word": {"type": "string"}},
        "required": ["word"],
        "additionalProperties": False,
    }
    null = {"type": "null"}
    assert strict_schema(Outer.model_json_schema())["properties"] == {
        "first": {"description": "The first.", **inner},
        "tags": {"type": "array", "items": {"type": "string"}},
        "made": {"anyOf": [{"type": "array", "items": {"type": "string"}}, null]},
        "maybe": {"anyOf": [{"type": "integer"}, null]},
        "either": {"anyOf": [{"description": "What is within.", **inner}, null]},
        "share": {"type": "number", "description": "How much. (at least 0; at most 1)"},
    }


def test_what_the_strict_answer_may_say_is_what_pydantic_reads() -> None:
    told = '{"first": {"word": "a"}, "tags": [], "made": [], "maybe": null, "either": null, '
    read = Outer.model_validate_json(told + '"share": 1}')
    assert read == Outer(first=Inner(word="a"), share=1)


def test_absent_and_nullable_already() -> None:
    parts = {
        "a": {"type": ["string", "null"]},
        "b": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "c": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "d": {"oneOf": [{"const": 1}, {"enum": ["x"]}], "discriminator": {}},
        "e": {"allOf": [{"type": "string"}], "description": "Only one."},
    }
    strict = strict_schema({"type": "object", "properties": parts, "required": ["d", "e"]})
    assert strict["properties"] == {
        "a": parts["a"],
        "b": parts["b"],
        "c": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        "d": {"anyOf": [{"const": 1}, {"enum": ["x"]}]},
        "e": {"type": "string", "description": "Only one."},
    }


class Tree(BaseModel):
    children: "list[Tree]" = []


class Free(BaseModel):
    notes: dict[str, str] = {}


class Anything(BaseModel):
    value: Any


class Pair(BaseModel):
    pair: tuple[int, str]


@pytest.mark.parametrize(
    "given",
    [
        *(kind.model_json_schema() for kind in (Tree, Free, Anything, Pair)),
        {"type": "array", "items": {"type": "string"}},
        {"anyOf": [{"type": "object", "properties": {}}]},
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "array"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/Lost"}}},
        {"type": "object", "properties": {"a": {"allOf": [{}, {}]}}},
        {"type": "object", "properties": {"a": {"not": {"type": "null"}}}},
    ],
    ids=str,
)
def test_what_cannot_be_strict(given: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        strict_schema(given)
    assert fits_strict(given) is None
    assert instruction(given).count("{") >= 1


LEAVES = st.sampled_from(
    [
        {"type": "string", "minLength": 2},
        {"type": "integer", "default": 3},
        {"type": "boolean"},
        {"enum": ["a", "b"], "title": "Letter"},
        {"$ref": "#/$defs/Leaf", "description": "Referred to."},
    ]
)


def objects(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["title", "default", "type", "items", "x", "$ref", "enum"])
    fields = st.dictionaries(names, parts, max_size=4)
    return st.tuples(fields, st.lists(names)).map(
        lambda pair: {"type": "object", "properties": pair[0], "required": pair[1]}
    )


SCHEMAS = objects(
    st.recursive(
        LEAVES,
        lambda parts: st.one_of(
            objects(parts),
            parts.map(lambda part: {"type": "array", "items": part, "maxItems": 3}),
            parts.map(lambda part: {"anyOf": [part, {"type": "null"}], "default": None}),
        ),
        max_leaves=8,
    )
)


@given(SCHEMAS)
def test_any_schema_of_known_parts_becomes_strict(given: dict[str, Any]) -> None:
    given = {**given, "$defs": {"Leaf": {"type": "number", "title": "Leaf"}}}
    strict = strict_schema(given)
    check(strict)
    assert strict_schema(strict) == strict, "strict is already strict"
