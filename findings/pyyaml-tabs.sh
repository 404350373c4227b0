#!/bin/sh
# PyYAML 6.0.3: CSafeLoader (libyaml) reads a tab before and inside a plain value, SafeLoader (pure Python) refuses it ("found character '\t'
# that cannot start any token"); YAML 1.2 allows both, and the Claude Code client reads them. A program that falls back to SafeLoader where
# libyaml is missing calls good frontmatter broken. Installs pyyaml 6.0.3 into a temporary folder, which it removes.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" pyyaml==6.0.3 2>/dev/null
PYTHONPATH=$home timeout 120 "$python" -c '
import sys, yaml

text = "tools:\tRead,\tGrep\n"
fast = yaml.load(text, yaml.CSafeLoader)
try:
    slow = yaml.load(text, yaml.SafeLoader)
except yaml.YAMLError as error:
    slow = type(error).__name__
print(yaml.__version__, fast, slow)
sys.exit(0 if fast == {"tools": "Read,\tGrep"} and slow == "ScannerError" else 1)
'
