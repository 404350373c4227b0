#!/bin/sh
# PyYAML 6.0.4 (with libyaml too) and ruamel.yaml 0.19.1 as readers: a plain `=` is a text in YAML 1.2, and yaml 2.9.1 (npm) writes it without quotes. Both end with
# ConstructorError, "could not determine a constructor for the tag 'tag:yaml.org,2002:value'", on a document in which no tag stands: they resolve `=` to a tag of
# YAML 1.1 for which they have no constructor, in the safe loaders and in PyYAML's full one; ruamel.yaml's does so though it is a reader of YAML 1.2. So one operator in a
# list of a configuration ([<, =, >]) makes a file unreadable for Python that JavaScript's readers take, and the message names neither the sign nor a way out; quoted
# it is read. A list item `<<`, which yaml writes plain too, has the same fate in PyYAML, with the tag "merge". Seen: written "- =" and "- <<"; ConstructorError
# as said; js-yaml 5.5.0 and yaml ["="]. A good guess was a text, as for < and >. Installs the four into a temporary folder, which it removes; python and node are
# the machine's. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 1' INT TERM
cd "$home"
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" pyyaml==6.0.4 ruamel.yaml==0.19.1 2>/dev/null
timeout 600 npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$home" js-yaml@5.5.0 yaml@2.9.1 >/dev/null
node -e '
const js = require("js-yaml"), yaml = require("yaml");
console.log(JSON.stringify([yaml.stringify(["="]), yaml.stringify(["<<"]), js.load("- =\n"), yaml.parse("- =\n")]));' >node.json
PYTHONPATH=$home/py timeout 100 "$python" - <<'END'
import json, sys
import ruamel.yaml, yaml
equals, merge, by_js, by_yaml = json.load(open("node.json"))
def read(text, loader):
    try:
        return yaml.load(text, loader)
    except yaml.constructor.ConstructorError as e:
        return str(e).split("\n")[0].split("tag:yaml.org,2002:")[1].rstrip("'")
loaders = (yaml.SafeLoader, yaml.FullLoader, yaml.CSafeLoader)
own = [read(text, loader) for text in (equals, merge) for loader in loaders]
try:
    ruamel_reads = ruamel.yaml.YAML(typ="safe").load(equals)
except ruamel.yaml.constructor.ConstructorError as e:
    ruamel_reads = str(e).split("\n")[0].split("tag:yaml.org,2002:")[1].rstrip("'")
print("written:", repr(equals), repr(merge), "PyYAML:", own, "js-yaml:", by_js, "yaml:", by_yaml, "ruamel:", ruamel_reads, "quoted:", yaml.safe_load("- '='"))
same = (equals, merge) == ("- =\n", "- <<\n") and own == ["value"] * 3 + ["merge"] * 3
sys.exit(0 if same and ruamel_reads == "value" and by_js == by_yaml == yaml.safe_load("- '='") == ["="] else "changed")
END
