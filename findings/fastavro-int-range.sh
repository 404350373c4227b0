#!/bin/sh
# fastavro 1.13.1 against avro 1.12.0 (Apache): a value that does not fit an Avro "int". fastavro's writer stores 2**40 and 1.9 (as 1) in a
# field of type int without an error, though its own validate() says False to both; Apache's writer refuses both.
# fastavro's reader gives 2**40 back, so a test that goes there and back sees nothing; a reader in a language with 32-bit ints gets a bad file.
# Seen: fastavro 1099511627776 and 1, validate False False, avro AvroTypeException twice. A good guess was an error from the writer.
# Installs both into a temporary folder, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" fastavro==1.13.1 avro==1.12.0 2>/dev/null
PYTHONPATH=$home timeout 120 "$python" -c '
import io, sys, fastavro, avro.errors, avro.io, avro.schema

def there_and_back(value):
    stored = io.BytesIO()
    fastavro.schemaless_writer(stored, "int", value)
    return fastavro.schemaless_reader(io.BytesIO(stored.getvalue()), "int", None)

def apache(value):
    try:
        avro.io.DatumWriter(avro.schema.parse("\"int\"")).write(value, avro.io.BinaryEncoder(io.BytesIO()))
    except avro.errors.AvroTypeException:
        return "AvroTypeException"
    return "stored"

back = [there_and_back(v) for v in (2**40, 1.9)]
valid = [fastavro.validate(v, "int", raise_errors=False) for v in (2**40, 1.9)]
refused = [apache(v) for v in (2**40, 1.9)]
print(fastavro.__version__, back, valid, refused)
sys.exit(0 if back == [2**40, 1] and valid == [False, False] and refused == ["AvroTypeException"] * 2 else "changed")
'
