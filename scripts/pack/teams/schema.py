"""A small JSON Schema validator for our own schemas: standard library only, so that hooks can use it anywhere.

It knows exactly the keywords of `KEYWORDS` and refuses a schema with any other one: nothing is silently ignored. A
test holds it against the jsonschema package on every schema of this pack.
"""

from __future__ import annotations

import difflib
import json
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pack.base.protocols import Path
    from typing import Any

KEYWORDS = {
    "$schema",
    "$id",
    "$defs",
    "$ref",
    "title",
    "description",
    "type",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "minLength",
    "minItems",
    "maxItems",
    "oneOf",
    "anyOf",
    "propertyNames",
    "examples",
    "x-expected",  # what a pattern wants, for people; validators ignore it
}
_TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: not isinstance(v, bool) and (isinstance(v, int) or (isinstance(v, float) and v.is_integer())),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}


def load(folder: str, name: str) -> Any:
    """Read a schema that lies beside the module that asks."""
    with open(os.path.join(folder, name), encoding="utf-8") as handle:
        return json.load(handle)


def errors(value: Any, schema: Any, root: Any = None) -> list[tuple[str, str]]:
    """All violations as (where, message), in document order; where is `$.roles[0].id`."""
    return [
        ("$" + "".join("[%d]" % p if isinstance(p, int) else ".%s" % p for p in path), message)
        for path, message in problems(value, schema, root)
    ]


def problems(value: Any, schema: Any, root: Any = None, where: Path = ()) -> list[tuple[Path, str]]:
    """All violations as (path, message), in document order."""
    root = schema if root is None else root
    unknown = set(schema) - KEYWORDS
    if unknown:
        raise ValueError("schema keyword not supported: %s" % ", ".join(sorted(unknown)))
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].lstrip("#/").split("/"):
            target = target[part]
        return problems(value, target, root, where)
    found = []
    kinds = schema.get("type")
    if kinds is not None:
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if not any(_TYPES[k](value) for k in kinds):
            return [(where, "must be %s, found %s" % (" or ".join(kinds), _short(value)))]
    if "const" in schema and not _same(value, schema["const"]):
        found.append((where, "must be %s, found %s" % (_short(schema["const"]), _short(value))))
    if "enum" in schema and not any(_same(value, v) for v in schema["enum"]):
        found.append((where, "%s is not one of %s" % (_short(value), ", ".join(map(_short, schema["enum"])))))
    for keyword in ("oneOf", "anyOf"):
        if keyword in schema:
            found += _alternatives(value, schema[keyword], keyword == "oneOf", root, where)
    if isinstance(value, dict):
        found += _object(value, schema, root, where)
    elif isinstance(value, list):
        found += _array(value, schema, root, where)
    elif isinstance(value, str):
        found += [(where, what) for what in _text(value, schema)]
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found += [(where, what) for what in _number(value, schema)]
    return found


def _alternatives(value: Any, forms: Any, only_one: bool, root: Any, where: Path) -> list[tuple[Path, str]]:
    fits = [not problems(value, form, root, where) for form in forms]
    if any(fits) and (not only_one or sum(fits) == 1):
        return []
    titles = [form["title"] for form in forms if "title" in form]
    if titles and not any(fits):
        return [(where, "%s is none of: %s" % (_short(value), ", ".join(titles)))]
    return [(where, "%s fits %d of the %d allowed forms" % (_short(value), sum(fits), len(fits)))]


def _array(value: list[Any], schema: Any, root: Any, where: Path) -> list[tuple[Path, str]]:
    found = []
    if len(value) < schema.get("minItems", 0):
        found.append((where, "needs at least %d item(s)" % schema["minItems"]))
    if len(value) > schema.get("maxItems", len(value)):
        found.append((where, "may have at most %d item(s)" % schema["maxItems"]))
    if "items" in schema:
        for index, item in enumerate(value):
            found += problems(item, schema["items"], root, where + (index,))
    return found


def _text(value: str, schema: Any) -> list[str]:
    found = []
    if len(value) < schema.get("minLength", 0):
        least = schema["minLength"]
        found.append("needs at least %d characters, has %d" % (least, len(value)) if least > 1 else "may not be empty")
    if "pattern" in schema and not _matches(schema["pattern"], value):
        wants = schema.get("x-expected")
        found.append("%s is not %s" % (_short(value), wants) if wants else "%s does not match %s" % (_short(value), schema["pattern"]))
    return found


def _number(value: float, schema: Any) -> list[str]:
    found = []
    if value < schema.get("minimum", value):
        found.append("%s is less than %s" % (value, schema["minimum"]))
    if value > schema.get("maximum", value):
        found.append("%s is more than %s" % (value, schema["maximum"]))
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        found.append("%s must be more than %s" % (value, schema["exclusiveMinimum"]))
    return found


def _object(value: Any, schema: Any, root: Any, where: Path) -> list[tuple[Path, str]]:
    found = []
    for name in schema.get("required", ()):
        if name not in value:
            found.append((where, "%r is missing" % name))
    properties = schema.get("properties", {})
    extra = schema.get("additionalProperties", True)
    for name, item in value.items():
        below = where + (name,)
        if "propertyNames" in schema:
            found += [(where, "name %r: %s" % (name, m)) for _, m in problems(name, schema["propertyNames"], root, below)]
        if name in properties:
            found += problems(item, properties[name], root, below)
        elif extra is False:
            near = difflib.get_close_matches(str(name), properties, 1, 0.6) or [p for p in properties if p.startswith(str(name))]
            meant = "did you mean %r? " % near[0] if near else ""
            found.append((where, "unknown name %r; %sknown: %s" % (name, meant, ", ".join(sorted(properties)))))
        elif isinstance(extra, dict):
            found += problems(item, extra, root, below)
    return found


def _matches(pattern: str, value: Any) -> bool:
    """JSON Schema's `$` is the end; Python's also stands before a last line end."""
    return bool(re.search(pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith("\\$") else pattern, value))


def _same(a: Any, b: Any) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
