#!/bin/sh
# "multipleOf": 0.01, the usual way to say "two digits" of a price or a budget, in jsonschema 4.26.0, fastjsonschema 2.22.3 (Python) and ajv 8.20.0 (JavaScript). Of the
# 2,000 values 0.01, 0.02 ... 20.00, all of them multiples, jsonschema and ajv refuse the same 321: 0.07, 0.14, 0.28, 0.29 ("0.29 is not a multiple of
# 0.01"). fastjsonschema refuses none of them, and 0.295 as the others do, so two Python validators disagree on every sixth price. A schema that was
# tried with 0.05, 0.1 and 9.99 looks right for months. ajv has the option multipleOfPrecision, jsonschema takes decimal.Decimal for both numbers; by default neither
# warns. Seen: refused 321, 0, 321; the same ones in both. A good guess was that a library for this keyword divides with care. Installs the
# three into a temporary folder, which it removes; node is the machine's. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 1' INT TERM
cd "$home"
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" jsonschema==4.26.0 fastjsonschema==2.22.3 2>/dev/null
timeout 600 npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$home" ajv@8.20.0 >/dev/null
PYTHONPATH=$home/py timeout 100 "$python" - <<'END'
import json, subprocess, sys
from decimal import Decimal
import fastjsonschema, jsonschema
schema = {"multipleOf": 0.01}
values = [n / 100 for n in range(1, 2001)]
json.dump(values, open("values.json", "w"))
slow, quick = jsonschema.Draft202012Validator(schema), fastjsonschema.compile(schema)
def takes(value):
    try:
        quick(value)
        return True
    except fastjsonschema.JsonSchemaValueException:
        return False
first, second = [v for v in values if not slow.is_valid(v)], [v for v in values if not takes(v)]
third = json.loads(subprocess.check_output(["node", "-e", """
const Ajv = require("ajv/dist/2020").default, takes = new Ajv({strictTypes: false}).compile({multipleOf: 0.01});
console.log(JSON.stringify(JSON.parse(require("fs").readFileSync("values.json")).filter(v => !takes(v))));"""]))
exact = jsonschema.Draft202012Validator({"multipleOf": Decimal("0.01")})
fine = [n for n in range(1, 2001) if not exact.is_valid(Decimal(n) / 100)]
odd = [takes(0.295), slow.is_valid(0.295)]
print("refused by jsonschema", len(first), first[:4], "fastjsonschema", len(second), "ajv", len(third), "jsonschema with Decimal", len(fine), "0.295 taken", odd)
sys.exit(0 if (len(first), len(second), fine, odd) == (321, 0, [], [False, False]) and first == third else "changed")
END
