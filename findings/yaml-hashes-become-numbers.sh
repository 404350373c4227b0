#!/bin/sh
# PyYAML 6.0.4 as the writer, js-yaml 5.5.0, yaml 2.9.1 (npm) and ruamel.yaml 0.19.1 as readers. PyYAML quotes a text that would be read as a number, but by its own
# idea of a number, in which an exponent needs a point and a sign. So the short commit ids 1234567e8 and 12e4567 and the version 1e3 are written without quotes and
# come back as text only in PyYAML; the three others, which follow YAML 1.2, read 123456700000000, 1000, and for 12e4567 infinity (js-yaml alone leaves that one a
# text). One short id of nine digits and letters in a few hundred has this shape. No warning on either side, and a test that writes and reads with PyYAML is green.
# Seen: as said; '0777', 'yes' and '1_000', which PyYAML itself would misread, are quoted. A good guess was that what a YAML library writes as a text is one
# for every reader. json.dumps of the value, which is YAML too, is safe. Installs the four into a temporary folder, which it removes; python and node are the
# machine's. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 1' INT TERM
cd "$home"
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" pyyaml==6.0.4 ruamel.yaml==0.19.1 2>/dev/null
timeout 600 npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$home" js-yaml@5.5.0 yaml@2.9.1 >/dev/null
cat >read.js <<'END'
const fs = require("fs"), text = fs.readFileSync("written.yaml", "utf8");
const shown = values => values.map(v => typeof v === "number" ? "number " + v : v);
console.log(JSON.stringify([shown(require("js-yaml").load(text)), shown(require("yaml").parse(text))]));
END
PYTHONPATH=$home/py timeout 100 "$python" - <<'END'
import json, subprocess, sys
import ruamel.yaml, yaml
texts = ["1234567e8", "12e4567", "1e3", "0777", "yes", "1_000"]
written = yaml.safe_dump(texts)
open("written.yaml", "w").write(written)
own = yaml.safe_load(written)
first, second = json.loads(subprocess.check_output(["node", "read.js"]))
third = ["number %g" % v if isinstance(v, (int, float)) and not isinstance(v, bool) else v for v in ruamel.yaml.YAML(typ="safe").load(written)]
print(written.replace("\n", " "), "PyYAML:", own == texts, "js-yaml:", first, "yaml:", second, "ruamel:", third, sep="\n")
rest = texts[3:]
same = own == texts and first == ["number 123456700000000", "12e4567", "number 1000"] + rest
same = same and second == ["number 123456700000000", "number Infinity", "number 1000"] + rest
sys.exit(0 if same and third == ["number 1.23457e+14", "number inf", "number 1000"] + rest else "changed")
END
