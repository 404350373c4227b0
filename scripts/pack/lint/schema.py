"""The client's schemas (client/*.json, those that ship for editors): what a value of JSON breaks, with exact paths and the client's words.

jsonschema decides where a schema has several readings of a value. It takes 100 ms to import, more than a run on a whole plugin, and words
its messages for schema authors; so a quick look of our own goes before, which says what the client would print. A keyword that can only be
read in one way (a type, a pattern, a key that is missing) stands as it is; what is wrong in one of several branches that may take the value
is asked. What JSON Schema cannot say (an address, a name that is there twice) is ours alone; tests/lint/test_schema.py holds the quick look
against the library on every recorded case.
"""

from .lazy import lazy

_PORT = lazy(r":([0-9]+)(?:[/?#]|$)")
_TYPES = {
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
    "null": lambda v: v is None,
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool) or isinstance(v, float) and v.is_integer(),
}
_compiled: "dict[object, object]" = {}
_validators: "dict[int, tuple]" = {}


def type_name(value):
    """What the client calls a value's type."""
    if value is None:
        return "null"
    for name in ("boolean", "string", "array", "object", "number"):
        if _TYPES[name](value):
            return name
    return "null"


def matches(pattern, text):
    """True when the pattern (Python and JavaScript agree on those in the facts) is found in the text."""
    if pattern == "^[^ ]*$":
        return " " not in text
    compiled = _compiled.get(pattern)
    if compiled is None:
        compiled = _compiled[pattern] = lazy(pattern.replace("$", r"\Z") if pattern.endswith("$") else pattern)
    return compiled.search(text) is not None


def is_url(text):
    """What `new URL(text)` takes, near enough: a scheme, and a host for the web's schemes."""
    if not matches(r"^[A-Za-z][A-Za-z0-9+.-]*:", text) or any(c in text for c in "\n\r\t"):
        return False
    port = _PORT.search(text.split("//", 1)[-1].split("/", 1)[0])
    if port and int(port.group(1)[:9]) > 65535:
        return False
    if matches(r"^(?i:https?|wss?|ftp):", text):
        return matches(r"^(?i:https?|wss?|ftp):[/\\]*[^\s/\\?#:@<>^|%]", text) and not matches(r"^[^/?#]*//[^/?#]*\s", text)
    return True


def check(value, schema, path=(), refs=None):
    """[(path, message, missing key or None)] of everything the schema refuses. `refs`: what looks at a value behind a $ref, by its name."""
    found = list(quick(value, schema, path, refs))
    if not any(_asked(one) for one in found) or not at_hand():
        return found
    refused = _refused(value, schema, len(path))
    return [one for one in found if not _asked(one) or _says_so(refused, one, len(path))]


def at_hand():
    """Whether this Python has jsonschema: a plugin user's need not, and then the quick look stands."""
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        return False
    return True


class Problem(tuple):
    """(path, message, missing) that no JSON Schema has a word for, or that comes from behind a $ref: not the library's to judge."""


class Doubted(tuple):
    """(path, message, missing) in one of several branches that may take the value: the library's to judge."""


def _asked(problem):
    return isinstance(problem, Doubted)


def _refused(value, schema, depth):
    """Every place that the library refuses, as a path below `value`."""
    places = set()
    stack = list(_validator(schema).iter_errors(value))
    while stack:
        error = stack.pop()
        places.add(tuple(error.absolute_path))
        for inner in error.context or ():  # of an anyOf: their paths begin at it
            places.add(tuple(inner.absolute_path))
            stack.append(inner)
    return places


def _says_so(refused, problem, depth):
    here = tuple(problem[0][depth:])
    return here in refused or here[:-1] in refused  # an unknown key is a mistake of the object that has it


def _validator(schema):
    found = _validators.get(id(schema))
    if found is None:
        from jsonschema import Draft7Validator

        found = _validators[id(schema)] = (Draft7Validator(_plain(schema)), schema)  # the schema is kept, so that its id stays its own
    return found[0]


def _plain(schema):
    """A schema without our own `x-` keys, and with nothing said behind a $ref, where others look."""
    if isinstance(schema, dict):
        return {key: _plain(item) for key, item in schema.items() if not key.startswith(("x-", "$ref"))}
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema


def quick(value, schema, path=(), refs=None):  # noqa: C901 - one branch for each keyword of a schema
    """Yield (path, message, missing key or None), as the quick look has it."""
    if not schema:
        return
    kind = schema.get("type")
    if kind is not None:
        kinds = kind if isinstance(kind, list) else [kind]
        if not any(_TYPES[k](value) for k in kinds):
            yield path, "must be %s, not %s" % (" or ".join(_article(k) for k in kinds), _found(value)), None
            return
    if "$ref" in schema and refs and schema["$ref"] in refs:
        for problem in refs[schema["$ref"]](value, path):
            yield Problem(problem)
        return
    if "const" in schema and value != schema["const"]:
        yield path, "must be %r, not %s" % (schema["const"], _found(value)), None
    if "enum" in schema and value not in schema["enum"]:
        yield path, "must be one of %s, not %s" % (", ".join(schema["enum"]), _found(value)), None
    if "anyOf" in schema:
        yield from _any_of(value, schema, path, refs)
        return
    if isinstance(value, str):
        yield from _string(value, schema, path)
    elif isinstance(value, dict):
        yield from _object(value, schema, path, refs)
    elif isinstance(value, list):
        yield from _list(value, schema, path, refs)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if "exclusiveMinimum" in schema and not value > schema["exclusiveMinimum"]:
            yield path, "must be greater than %s, not %s" % (schema["exclusiveMinimum"], value), None
        if "minimum" in schema and value < schema["minimum"]:
            yield path, "must be at least %s, not %s" % (schema["minimum"], value), None
        if "maximum" in schema and value > schema["maximum"]:
            yield path, "must be at most %s, not %s" % (schema["maximum"], value), None


def _article(kind):
    return {"null": "null"}.get(kind) or ("an " if kind[0] in "aio" else "a ") + kind


def _found(value):
    if isinstance(value, str):
        return "%r" % (value if len(value) < 60 else value[:57] + "...")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return "the number %s" % value
    return _article(type_name(value)) if value is not None else "null"


def _string(value, schema, path):
    if len(value) < schema.get("minLength", 0):
        yield path, "must not be empty", None
    elif len(value) > schema.get("maxLength", len(value)):
        yield path, "is longer than %d characters" % schema["maxLength"], None
    elif "pattern" in schema and not matches(schema["pattern"], value):
        yield path, "%s is not %s" % (_found(value), schema.get("x-expected", "of the form " + schema["pattern"])), None
    elif schema.get("format") == "uri" and not is_url(value):
        yield Problem((path, "%s is not an absolute URL" % _found(value), None))


def _object(value, schema, path, refs):
    for key in schema.get("required", ()):
        if key not in value:
            yield path, "has no %r" % key, key
    if len(value) < schema.get("minProperties", 0):
        yield path, "must not be empty", None
    properties, extra, names = (
        schema.get("properties", {}),
        schema.get("additionalProperties"),
        schema.get("propertyNames"),
    )
    for key, item in value.items():
        here = path + (key,)
        if names:
            yield from quick(key, names, here)
        if key in properties:
            yield from quick(item, properties[key], here, refs)
        elif extra is False:
            yield here, "unknown field %r" % key, None
        elif extra:
            yield from quick(item, extra, here, refs)


def _list(value, schema, path, refs):
    if len(value) < schema.get("minItems", 0):
        yield path, "must not be empty", None
    if len(value) > schema.get("maxItems", len(value)):
        yield path, "has more than %d items" % schema["maxItems"], None
    if "items" in schema:
        for index, item in enumerate(value):
            yield from quick(item, schema["items"], path + (index,), refs)
    unique = schema.get("x-unique")
    if unique:
        seen = set()
        for index, item in enumerate(value):
            name = item.get(unique) if isinstance(item, dict) else None
            if isinstance(name, str):
                if name in seen:
                    yield Problem((path + (index, unique), "%r is there twice" % name, None))
                seen.add(name)


def _any_of(value, schema, path, refs):
    """The first branch that takes it, else the complaints of the branch whose type fits best."""
    best, fit = None, 0
    for branch in schema["anyOf"]:
        problems = list(quick(value, branch, path, refs))
        if not problems:
            return
        type_fits = not any(p[0] == path and p[1].startswith("must be ") for p in problems)
        fit += type_fits
        rank = (not type_fits, len(problems))
        if best is None or rank < best[0]:
            best = (rank, problems)
    if best[0][0]:
        kinds = sorted({b.get("type") for b in schema["anyOf"] if isinstance(b.get("type"), str)})
        yield path, "must be %s, not %s" % (" or ".join(_article(k) for k in kinds), _found(value)), None
    else:
        yield from best[1] if fit == 1 else (one if isinstance(one, Problem) else Doubted(one) for one in best[1])
