"""Can data written with one Avro schema be read with another? The rules of the specification, "Schema Resolution". Pure.

`unreadable(writer, reader)` gives the reasons why not. A consumer that was not updated reads with the old schema what is written with
the new one; a new consumer reads what was stored with the old one: a compatible change is readable both ways. Where a rule depends on
the data (an enum's symbol, a union's branch), it counts as unreadable if any data could fail. Tests hold it against `fastavro`.
"""

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
PROMOTED = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}


class BadSchema(ValueError):
    """It is no Avro schema; the message says where."""


class Names:
    """The named types of a schema, by full name."""

    def __init__(self, schema):
        self.types = {}
        self._collect(schema, "")

    def _collect(self, schema, space):
        if isinstance(schema, list):
            for branch in schema:
                self._collect(branch, space)
        elif isinstance(schema, dict):
            kind = schema.get("type")
            if kind in ("record", "error", "enum", "fixed"):
                if not isinstance(schema.get("name"), str):
                    raise BadSchema("a %s without a name" % kind)
                full = full_name(schema["name"], schema.get("namespace", space))
                space = full.rpartition(".")[0]
                self.types[full] = (schema, space)
                if kind in ("record", "error") and not isinstance(schema.get("fields"), list):
                    raise BadSchema("record %s has no fields" % full)
                if kind == "enum" and not isinstance(schema.get("symbols"), list):
                    raise BadSchema("enum %s has no symbols" % full)
                for field in schema.get("fields", ()):
                    if not isinstance(field, dict) or "name" not in field or "type" not in field:
                        raise BadSchema("record %s: a field needs a name and a type" % full)
                    self._collect(field["type"], space)
            elif kind == "array":
                self._collect(schema.get("items"), space)
            elif kind == "map":
                self._collect(schema.get("values"), space)
            elif isinstance(kind, (dict, list)):
                self._collect(kind, space)

    def resolved(self, schema, space):
        """(schema with its type spelt out, namespace): a name becomes what it names, `{"type": "int"}` becomes "int"."""
        if isinstance(schema, dict) and schema.get("type") in PRIMITIVES:
            return schema["type"], space  # logical types read as what they are made of
        if isinstance(schema, dict) and isinstance(schema.get("type"), (dict, list)):
            return self.resolved(schema["type"], space)
        if isinstance(schema, dict) and schema.get("type") in ("record", "error", "enum", "fixed"):
            return schema, full_name(schema["name"], schema.get("namespace", space)).rpartition(".")[0]
        name = schema.get("type") if isinstance(schema, dict) and schema.get("type") not in ("array", "map") else schema
        if isinstance(name, str) and name not in PRIMITIVES:
            for full in (full_name(name, space), name):
                if full in self.types:
                    return self.types[full]
            raise BadSchema("no type is called %r" % name)
        return schema, space


def full_name(name, space):
    """The full name of a type."""
    return name if "." in name or not space else "%s.%s" % (space, name)


def unreadable(writer, reader):
    """Why data of `writer` cannot be read with `reader`: lines, empty if it always can. BadSchema if one is no schema."""
    return _Look(Names(writer), Names(reader)).differ(writer, reader, "", "", "")


class _Look:
    def __init__(self, written, read):
        self.written, self.read, self.open = written, read, set()

    def differ(self, writer, reader, wspace, rspace, where):
        at = where or "/"
        writer, wspace = self.written.resolved(writer, wspace)
        reader, rspace = self.read.resolved(reader, rspace)
        if isinstance(writer, list):
            found = []
            for branch in writer:
                found += self.differ(branch, reader, wspace, rspace, where)
            return found
        if isinstance(reader, list):
            tried = [self.differ(writer, branch, wspace, rspace, where) for branch in reader]
            if any(not t for t in tried):
                return []
            same = [t for t, branch in zip(tried, reader) if self._kind(self.read.resolved(branch, rspace)[0]) == self._kind(writer)]
            return same[0] if same else ["%s: %s fits no branch of the union" % (at, self._shown(writer))]
        one, two = self._kind(writer), self._kind(reader)
        if one != two:
            return [] if two in PROMOTED.get(one, ()) else ["%s: %s cannot be read as %s" % (at, self._shown(writer), self._shown(reader))]
        if one in PRIMITIVES:
            return []
        if one == "array":
            return self.differ(writer["items"], reader["items"], wspace, rspace, where + "/[]")
        if one == "map":
            return self.differ(writer["values"], reader["values"], wspace, rspace, where + "/{}")
        if not self._named(writer, wspace, reader, rspace):
            return ["%s: %s %s cannot be read as %s" % (at, one, writer["name"], reader["name"])]
        if one == "fixed":
            same = writer.get("size") == reader.get("size")
            return [] if same else ["%s: fixed of %s bytes cannot be read as one of %s" % (at, writer.get("size"), reader.get("size"))]
        if one == "enum":
            gone = [s for s in writer["symbols"] if s not in reader["symbols"]]
            if not gone or reader.get("default") in reader["symbols"]:
                return []
            return ["%s: symbol %s of enum %s is not known to the reader, which has no default" % (at, gone[0], writer["name"])]
        return self._record(writer, reader, wspace, rspace, where)

    def _record(self, writer, reader, wspace, rspace, where):
        pair = (id(writer), id(reader))
        if pair in self.open:
            return []  # a type that contains itself: what differs was found above
        self.open.add(pair)
        found, fields = [], {f["name"]: f for f in writer["fields"]}
        for field in reader["fields"]:
            known = next((fields[n] for n in [field["name"]] + list(field.get("aliases", ())) if n in fields), None)
            at = "%s/%s" % (where, field["name"])
            if known is not None:
                found += self.differ(known["type"], field["type"], wspace, rspace, at)
            elif "default" not in field:
                found.append("%s: it is not written, and the reader has no default" % at)
        return found

    @staticmethod
    def _kind(schema):
        if isinstance(schema, str):
            return schema
        if isinstance(schema, list):
            return "union"
        if isinstance(schema, dict):
            return "record" if schema.get("type") == "error" else schema.get("type")
        raise BadSchema("%r is no schema" % (schema,))

    def _shown(self, schema):
        return (
            schema
            if isinstance(schema, str)
            else "%s %s" % (self._kind(schema), schema.get("name", ""))
            if isinstance(schema, dict)
            else "union"
        )

    @staticmethod
    def _named(writer, wspace, reader, rspace):
        """Names agree without their namespaces (the specification), or the reader's has the writer's as an alias."""
        plain = writer["name"].rpartition(".")[2]
        if plain == reader["name"].rpartition(".")[2]:
            return True
        aliases = [full_name(a, rspace) for a in reader.get("aliases", ())]
        return full_name(writer["name"], wspace) in aliases
