"""JSON schemas as the providers' strict modes want them.

Anthropic and OpenAI both enforce a schema only if it keeps to a small part of JSON Schema: every
object closed, every property required, no recursion, no free-form maps. The sources are
https://platform.claude.com/docs/en/build-with-claude/structured-outputs and
https://platform.openai.com/docs/guides/structured-outputs; what is made here fits both.
"""

import json
from collections.abc import Mapping
from typing import Any

_KEPT = ("type", "enum", "const", "description")
_CONSTRAINTS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
    "minLength": "characters, at least",
    "maxLength": "characters, at most",
    "minItems": "items, at least",
    "maxItems": "items, at most",
    "pattern": "matches",
    "format": "format",
}
_REFUSED = ("not", "if", "patternProperties", "prefixItems", "propertyNames", "dependentSchemas")
_NULL = {"type": "null"}
_CLOSED: dict[str, Any] = {"additionalProperties": False}


class SchemaError(ValueError):
    """The schema cannot be said in the strict modes' part of JSON Schema."""


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema made fit for strict mode. The given one is not changed.

    References are inlined. Every property becomes required: one that has a default in the schema
    is simply always written, one that may be absent and has none becomes nullable. Constraints
    that strict modes do not know are told in the description.

    Raises:
        SchemaError: If it is not an object at the top, is recursive, or has free-form maps.
    """
    strict = _convert(schema, schema.get("$defs", {}), ())
    if strict.get("type") != "object":
        raise SchemaError("the top of the schema is not an object")
    return strict


def fits_strict(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The strict schema, or None where there is none."""
    try:
        return strict_schema(schema)
    except SchemaError:
        return None


def instruction(schema: Mapping[str, Any]) -> str:
    """The words that ask for a JSON answer where the provider does not enforce a schema."""
    return (
        "Answer with one JSON object and nothing else: no prose, no code fence. "
        f"It must satisfy this JSON schema:\n{json.dumps(schema, ensure_ascii=False)}"
    )


def _convert(
    node: Mapping[str, Any], definitions: Mapping[str, Any], within: tuple[str, ...]
) -> dict[str, Any]:
    if "$ref" in node:
        return _resolved(node, definitions, within)
    for keyword in _REFUSED:
        if keyword in node:
            raise SchemaError(f"strict mode has no {keyword}")
    if "allOf" in node:
        parts = node["allOf"]
        if len(parts) != 1:
            raise SchemaError("strict mode has no allOf")
        rest = {key: value for key, value in node.items() if key != "allOf"}
        return _convert({**parts[0], **rest}, definitions, within)
    out = {key: node[key] for key in _KEPT if key in node}
    choices = node.get("anyOf", node.get("oneOf"))
    if choices is not None:
        out["anyOf"] = [_convert(choice, definitions, within) for choice in choices]
    elif _is_object(node):
        out |= _object(node, definitions, within)
    elif node.get("type") == "array":
        if "items" not in node:
            raise SchemaError("an array does not say what its items are")
        out["items"] = _convert(node["items"], definitions, within)
    elif not out.keys() & {"type", "enum", "const"}:
        raise SchemaError("a part of the schema allows anything")
    return _with_constraints(out, node)


def _resolved(
    node: Mapping[str, Any], definitions: Mapping[str, Any], within: tuple[str, ...]
) -> dict[str, Any]:
    name = str(node["$ref"]).removeprefix("#/$defs/")
    if name in within:
        raise SchemaError(f"{name} contains itself")
    if name not in definitions:
        raise SchemaError(f"{node['$ref']} is not defined in the schema")
    rest = {key: value for key, value in node.items() if key != "$ref"}
    return _convert({**definitions[name], **rest}, definitions, (*within, name))


def _is_object(node: Mapping[str, Any]) -> bool:
    return node.get("type") == "object" or "properties" in node


def _object(
    node: Mapping[str, Any], definitions: Mapping[str, Any], within: tuple[str, ...]
) -> dict[str, Any]:
    if node.get("additionalProperties", False) is not False or "properties" not in node:
        raise SchemaError("an object has free-form properties")
    required = set(node.get("required", ()))
    properties: dict[str, Any] = {}
    for name, given in node["properties"].items():
        part = _convert(given, definitions, within)
        absent = name not in required and "default" not in given
        properties[name] = _nullable(part) if absent else part
    return {"type": "object", "properties": properties, "required": list(properties)} | _CLOSED


def _nullable(part: dict[str, Any]) -> dict[str, Any]:
    choices = part.get("anyOf")
    if choices is not None:
        return part if _NULL in choices else {**part, "anyOf": [*choices, _NULL]}
    kinds = part.get("type")
    if kinds == "null" or (isinstance(kinds, list) and "null" in kinds):
        return part
    return {"anyOf": [part, _NULL]}


def _with_constraints(out: dict[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    said = [f"{words} {node[key]}" for key, words in _CONSTRAINTS.items() if key in node]
    if said:
        rule = f"({'; '.join(said)})"
        out["description"] = f"{out['description']} {rule}" if "description" in out else rule
    return out
