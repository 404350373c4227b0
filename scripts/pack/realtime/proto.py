"""Protobuf: what a change of a .proto file breaks on the wire, by descriptors (`protoc` of grpcio-tools compiles, the extra `schemas`).

The rules are those of the language guide, "Updating a message type": a field is its number; types of one wire group may replace each
other; a number that is given up must be reserved, or somebody will use it again. Unknown fields are skipped, so fields may come and go,
but for proto2's `required`. `breaks(old, new)` looks both ways: events that are stored, and consumers that were not updated.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile

from pack.base import extras

GROUPS = (  # types that may replace each other on the wire
    ("int32", "uint32", "int64", "uint64", "bool", "enum"),
    ("sint32", "sint64"),
    ("string", "bytes"),
    ("fixed32", "sfixed32"),
    ("fixed64", "sfixed64"),
)
PACKED = {t for group in GROUPS if "string" not in group for t in group} | {"float", "double"}  # numbers: repeated, they are packed


class BadSchema(ValueError):
    """No .proto that can be compiled; the message is the compiler's."""


class Absent(RuntimeError):
    """The compiler is not installed; the message names the way out."""


def compiled(text, project="."):
    """The FileDescriptorProto of a .proto file's text. What it imports is found from the project's folder."""
    if importlib.util.find_spec("grpc_tools") is None:
        raise Absent("Protobuf needs grpcio-tools: %s" % extras.install("schemas"))
    from google.protobuf import descriptor_pb2

    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "it.proto"), "w", encoding="utf-8") as handle:
            handle.write(text)
        made = os.path.join(folder, "it.desc")
        command = [sys.executable, "-I", "-m", "grpc_tools.protoc", "-I", folder, "-I", os.path.abspath(project), "--descriptor_set_out", made, "it.proto"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise BadSchema(lines[0] if lines else "protoc ended with exit code %d" % done.returncode)
        with open(made, "rb") as handle:
            return descriptor_pb2.FileDescriptorSet.FromString(handle.read()).file[0]


def breaks(old, new):
    """What a change from one FileDescriptorProto to another breaks: lines."""
    found = []
    if old.package != new.package:
        found.append("the package was %r, is %r: every full name changes" % (old.package, new.package))
    _messages(old.message_type, new.message_type, "", found)
    _enums(old.enum_type, new.enum_type, "", found)
    return found


def _messages(before, after, where, found):
    new = {m.name: m for m in after}
    for old in before:
        name = where + old.name
        if old.name not in new:
            if not old.options.map_entry:
                found.append("%s: the message is gone" % name)
            continue
        _fields(old, new[old.name], name, found)
        _messages(old.nested_type, new[old.name].nested_type, name + ".", found)
        _enums(old.enum_type, new[old.name].enum_type, name + ".", found)


def _kind(field):
    """A field's type as it is written: `int32`, `message Order`, `repeated string`."""
    return field.Type.Name(field.type)[5:].lower()


def _fields(old, new, where, found):
    before, after = {f.number: f for f in old.field}, {f.number: f for f in new.field}
    reserved = [range(r.start, r.end) for r in new.reserved_range]
    for number in sorted(set(before) - set(after)):
        field = before[number]
        if field.label == field.LABEL_REQUIRED:
            found.append("%s.%s: a required field is gone; consumers that were not updated refuse the message" % (where, field.name))
        elif not any(number in some for some in reserved):
            found.append("%s.%s: it is gone, and its number %d is not reserved" % (where, field.name, number))
    for number in sorted(set(after) - set(before)):
        field = after[number]
        if field.label == field.LABEL_REQUIRED:
            found.append("%s.%s: a new required field; what is stored lacks it" % (where, field.name))
        if any(r.start <= number < r.end for r in old.reserved_range):
            found.append("%s.%s: its number %d was reserved: it had another meaning" % (where, field.name, number))
    for number in sorted(set(before) & set(after)):
        _field(before[number], after[number], old, new, "%s.%s" % (where, before[number].name), found)


def _field(old, new, before, after, where, found):
    kinds = _kind(old), _kind(new)
    same = kinds[0] == kinds[1] or any(kinds[0] in group and kinds[1] in group for group in GROUPS)
    if not same:
        found.append("%s (number %d): type was %s, is %s" % (where, old.number, *kinds))
    elif kinds[0] in ("message", "enum", "group") and kinds[0] == kinds[1] and old.type_name != new.type_name:
        found.append("%s (number %d): it was a %s, is a %s" % (where, old.number, old.type_name.lstrip("."), new.type_name.lstrip(".")))
    repeated = [f.label == f.LABEL_REPEATED for f in (old, new)]
    if repeated[0] != repeated[1] and (kinds[0] in PACKED or kinds[1] in PACKED):
        words = ["repeated" if r else "single" for r in repeated]
        found.append("%s (number %d): it was %s, is %s: packed numbers are not read as one" % (where, old.number, *words))
    elif repeated[0] != repeated[1]:
        found.append("%s (number %d): it was %s, is %s: only the last value is read" % (where, old.number, *["repeated" if r else "single" for r in repeated]))  # fmt: skip
    required = [f.label == f.LABEL_REQUIRED for f in (old, new)]
    if required[0] != required[1]:
        found.append("%s (number %d): it %s required" % (where, old.number, "became" if required[1] else "is no longer"))
    if new.HasField("oneof_index") and not old.HasField("oneof_index") and not new.proto3_optional:
        others = [f for f in after.field if f.HasField("oneof_index") and f.oneof_index == new.oneof_index and f.number != new.number]
        if any(f.number in {o.number for o in before.field} for f in others):
            found.append("%s (number %d): it was moved into a oneof with others: setting one clears it" % (where, old.number))
    if old.name != new.name and old.json_name != new.json_name:
        found.append("%s (number %d): it is called %s now: Protobuf's JSON form has another name" % (where, old.number, new.name))


def _enums(before, after, where, found):
    new = {e.name: e for e in after}
    for old in before:
        if old.name not in new:
            found.append("%s%s: the enum is gone" % (where, old.name))
            continue
        reserved = [range(r.start, r.end + 1) for r in new[old.name].reserved_range]
        numbers = {v.number for v in new[old.name].value}
        found += [
            "%s%s: the value %s is gone, and its number %d is not reserved" % (where, old.name, v.name, v.number)
            for v in old.value
            if v.number not in numbers and not any(v.number in some for some in reserved)
        ]
