"""JSON Schemas for editors, generated from the client's facts: `pack lint --schema plugin > plugin.schema.json`."""

import json

from .facts import load

SCHEMAS = ("plugin", "marketplace", "hooks", "mcp", "agent", "command", "skill")
DRAFT = "http://json-schema.org/draft-07/schema#"


def schema(name, client=None):
    """The schema as text."""
    facts = load(client)
    made = {"$schema": DRAFT, "title": "Claude Code %s: %s" % (facts.client, name)}
    made.update(globals()["_" + name](facts))
    made["definitions"] = _definitions(facts)
    return json.dumps(_clean(made), indent=2) + "\n"


def _plugin(facts):
    return facts.schemas["plugin"]


def _marketplace(facts):
    return facts.schemas["marketplace"]


def _hooks(facts):
    return {
        "type": "object",
        "properties": {
            "$schema": {"type": "string"},
            "description": {"type": "string"},
            "hooks": {"$ref": "hookEvents"},
            "modules": {"type": "array", "items": {"type": "string"}, "maxItems": 1},
        },
        "required": ["hooks"],
        "additionalProperties": False,
    }


def _mcp(facts):
    return {
        "type": "object",
        "properties": {"mcpServers": {"type": "object", "additionalProperties": {"$ref": "mcpServer"}}},
    }


_NAMES = {"type": ["string", "array"], "items": {"type": "string"}}


def _frontmatter(keys, special):
    return {"type": "object", "properties": {key: special.get(key, {}) for key in keys}}


def _agent(facts):
    agent = facts.agent
    special = {
        "name": {"type": "string"},
        "description": {"type": "string", "minLength": 1},
        "model": {"type": "string"},
        "tools": _NAMES,
        "disallowedTools": _NAMES,
        "skills": _NAMES,
        "color": {"enum": agent["colors"]},
        "memory": {"enum": agent["memory"]},
        "isolation": {"enum": agent["isolation"]},
        "permissionMode": {"enum": agent["permission_modes"]},
        "maxTurns": {"type": "integer", "minimum": 1},
        "background": {"type": "boolean"},
        "effort": {"anyOf": [{"enum": facts.effort}, {"type": "integer"}]},
    }
    return dict(_frontmatter(agent["keys"], special), required=["name", "description"])


def _command(facts):
    special = {
        "name": {"type": "string"},
        "description": {"type": "string", "minLength": 1},
        "allowed-tools": _NAMES,
        "disallowed-tools": _NAMES,
        "model": {"type": "string"},
        "shell": {"enum": facts.shells},
        "metadata": {"type": "object"},
    }
    return dict(_frontmatter(facts.command_keys, special), required=["description"])


def _skill(facts):
    made = _command(facts)
    made["properties"] = dict({key: {} for key in facts.skill_keys}, **made["properties"])
    return made


def _definitions(facts):
    schemas = facts.schemas
    handlers = [dict(value, required=["type"] + value["required"]) for value in schemas["handlers"].values()]
    group = {
        "type": "object",
        "properties": {"matcher": {"type": "string"}, "hooks": {"type": "array", "items": {"anyOf": handlers}}},
        "required": ["hooks"],
    }
    servers = schemas["mcpServers"]
    sources = []
    for kind, value in schemas["pluginSources"].items():
        properties = dict(value["properties"], source={"const": kind})
        sources.append(dict(value, properties=properties, required=["source"] + value["required"]))
    return {
        "hookEvents": {
            "type": "object",
            "properties": {event: {"type": "array", "items": {"$ref": "hookGroup"}} for event in facts.events},
            "additionalProperties": False,
        },
        "hookGroup": group,
        "mcpServer": {"anyOf": list(servers.values())},
        "lspServer": schemas["lspServer"],
        "pluginSource": {"anyOf": [{"type": "string"}] + sources},
    }


def _clean(value):
    """Our own `x-` keys out, `$ref` names into pointers."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            return {"$ref": "#/definitions/" + value["$ref"]}
        return {key: _clean(item) for key, item in value.items() if not key.startswith("x-")}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
