#!/bin/sh
# in-toto-attestation 0.9.3: a Statement keeps its predicate in a protobuf Struct, whose numbers are all doubles. The integer 9007199254740993
# (2**53 + 1) is taken, validated and printed as 9007199254740992.0 without a word, and 1 comes back as 1.0: ids and sizes belong in strings.
# validate() also passes a sha256 digest of "zz". A good guess was that integers survive and that digests are looked at.
# Installs in-toto-attestation into a temporary folder, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" in-toto-attestation==0.9.3 2>/dev/null
PYTHONPATH=$home timeout 120 "$python" -c '
import sys
from google.protobuf.json_format import MessageToDict
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

subject = ResourceDescriptor(name="a", digest={"sha256": "zz"}).pb
statement = Statement([subject], "https://example.invalid/review/v1", {"id": 2**53 + 1, "round": 1})
statement.validate()
seen = MessageToDict(statement.pb)
print(seen)
same = seen["predicate"]["id"] == 2**53 and isinstance(seen["predicate"]["round"], float)
sys.exit(0 if same and seen["subject"][0]["digest"] == {"sha256": "zz"} else "changed")
'
