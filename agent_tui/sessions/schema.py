"""The JSON Schema of one line of ``events.jsonl``, generated from the events themselves."""

import json
from typing import Any, get_args

from pydantic.json_schema import models_json_schema

from agent_tui.domain.base import Actor
from agent_tui.domain.events import Event, Unknown
from agent_tui.sessions import codec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def log_schema() -> Schema:
    """The schema of a record.

    Fields that an event has got since its first version have defaults and are not required, so
    that every log that was ever written is valid. Types that are not listed are valid as well:
    they are kept, and shown as they are.
    """
    events = [cls for cls in get_args(Event) if cls is not Unknown]
    refs, defs = models_json_schema(
        [(cls, "validation") for cls in events], ref_template="#/$defs/{model}"
    )
    named: Schema = dict(defs.get("$defs", {}))
    rules = []
    for cls in events:
        ref = refs[cls, "validation"]["$ref"]
        body = named[ref.rpartition("/")[2]]
        body["properties"].pop("type")
        if "required" in body:
            body["required"] = [name for name in body["required"] if name != "type"]
        type_ = cls.model_fields["type"].default
        version = codec.VERSIONS.get(type_, 1)
        rules.append(
            {
                "if": {"properties": {"type": {"const": type_}, "v": {"const": version}}},
                "then": {"properties": {"data": {"$ref": ref}}},
            }
        )
    return {
        "$schema": DIALECT,
        "title": "A record of an agent-tui session log",
        "description": "One line of events.jsonl. FORMAT.md explains every event.",
        "type": "object",
        "required": ["v", "seq", "ts", "actor", "type", "data", "h"],
        "properties": {
            "v": {"type": "integer", "minimum": 1, "description": "Version of the type's data."},
            "seq": {"type": "integer", "minimum": 0, "description": "Its place, from 0."},
            "ts": {"type": "string", "format": "date-time", "description": "When, in UTC."},
            "mono_ns": {"type": "integer", "description": "The writer's monotonic clock."},
            "attempt": {"type": "integer", "minimum": 0},
            "actor": {"enum": list(get_args(Actor))},
            "type": {"type": "string"},
            "data": {"type": "object"},
            "h": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        },
        "allOf": rules,
        "$defs": dict(sorted(named.items())),
    }


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(log_schema(), indent=1, ensure_ascii=False) + "\n"
