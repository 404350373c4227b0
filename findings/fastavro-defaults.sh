#!/bin/sh
# fastavro 1.13.1: a default that the reader's schema fills in for a field that the writer did not have.
# (1) A field of type bytes with the default "\u00ff" comes out as the str 'ÿ'; the Avro specification maps code points 0-255 to bytes
# (b'\xff'). (2) The default [] of an array is one and the same list in every record that is read with that schema: appending to it in one
# record changes all others, also those that are read later. Seen: {'b': 'ÿ', 'l': []}, then {'b': 'ÿ', 'l': [1]}.
# A good guess was bytes and a fresh list. Installs fastavro into a temporary folder, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" fastavro==1.13.1 2>/dev/null
PYTHONPATH=$home timeout 120 "$python" -c '
import io, sys, fastavro

old = fastavro.parse_schema({"type": "record", "name": "R", "fields": []})
new = fastavro.parse_schema({"type": "record", "name": "R", "fields": [
    {"name": "b", "type": "bytes", "default": "\u00ff"},
    {"name": "l", "type": {"type": "array", "items": "int"}, "default": []}]})
stored = io.BytesIO()
fastavro.schemaless_writer(stored, old, {})
first = fastavro.schemaless_reader(io.BytesIO(stored.getvalue()), old, new)
print(fastavro.__version__, first)
kind = type(first["b"])
first["l"].append(1)
second = fastavro.schemaless_reader(io.BytesIO(stored.getvalue()), old, new)
print(second)
sys.exit(0 if kind is str and second["l"] == [1] else "changed")
'
