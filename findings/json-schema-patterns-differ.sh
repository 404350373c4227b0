#!/bin/sh
# One JSON Schema, three validators: jsonschema 4.26.0 and fastjsonschema 2.22.3 (Python) and ajv 8.20.0 (JavaScript, the dialect that the specification names). What
# "pattern" takes differs. "^[0-9a-f]{7}$" and a value with a line break at its end: jsonschema takes it, the two others refuse. "^\d+$" and Arabic digits, "^\w+$"
# and an a with dots: both Python ones take them, ajv refuses. "^\p{L}+$": ajv knows it, the others end with re.error, not with an error of their own for a
# schema. "\Z": ajv refuses the schema, Python takes it for the end. So a value that one side has checked (a commit id, a name that becomes a path) is not what
# the other side's schema promises, and fastjsonschema, which mends $ alone, agrees with neither. Seen: as said, in the order jsonschema, fastjsonschema,
# ajv: yes no no; yes yes no; yes yes no; error error yes. A good guess was that two Python validators agree. Installs the three into a temporary folder, which it
# removes; node is the machine's. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 1' INT TERM
cd "$home"
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" jsonschema==4.26.0 fastjsonschema==2.22.3 2>/dev/null
timeout 600 npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$home" ajv@8.20.0 >/dev/null
cat >ajv.js <<'END'
const Ajv = require("ajv/dist/2020").default, cases = JSON.parse(require("fs").readFileSync("cases.json", "utf8"));
console.log(JSON.stringify(cases.map(([pattern, value]) => {
  try { return new Ajv().validate({type: "string", pattern}, value) ? "yes" : "no"; } catch (e) { return "error"; }
})));
END
PYTHONPATH=$home/py timeout 100 "$python" - <<'END'
import json, re, subprocess, sys
import fastjsonschema, jsonschema
cases = [("^[0-9a-f]{7}$", "abc1234\n"), (r"^\d+$", "\u0663"), (r"^\w+$", "\u00e4"), (r"^\p{L}+$", "\u00e4"), (r"^a\Z", "a")]
json.dump(cases, open("cases.json", "w"))
def first(schema, value):
    try:
        return "yes" if jsonschema.Draft202012Validator(schema).is_valid(value) else "no"
    except re.error:
        return "error"
def second(schema, value):
    try:
        fastjsonschema.compile(schema)(value)
        return "yes"
    except fastjsonschema.JsonSchemaValueException:
        return "no"
    except re.error:
        return "error"
schemas = [({"type": "string", "pattern": pattern}, value) for pattern, value in cases]
seen = [list(row) for row in zip([first(*c) for c in schemas], [second(*c) for c in schemas], json.loads(subprocess.check_output(["node", "ajv.js"])))]
for (pattern, value), row in zip(cases, seen):
    print(pattern, ascii(value), *row)
wanted = [["yes", "no", "no"], ["yes", "yes", "no"], ["yes", "yes", "no"], ["error", "error", "yes"], ["yes", "yes", "error"]]
sys.exit(0 if seen == wanted else "changed")
END
