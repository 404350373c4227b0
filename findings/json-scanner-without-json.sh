#!/bin/sh
# CPython 3.10 and 3.11 (seen: 3.10.13, 3.11.2, 3.11.7): _json.make_scanner in a process that has not imported json ends a broken text
# with SystemError ("returned NULL without setting an exception") where json.loads raises JSONDecodeError: the C code looks json.decoder up
# among the loaded modules. 3.9.18, 3.12.1 and 3.13.0 raise JSONDecodeError. Standard library only; nothing is installed.
set -eu
python=${PYTHON:-python3}
timeout 20 "$python" -S -c '
import sys, _json

class Context:
    strict, object_hook, object_pairs_hook, parse_float, parse_int, memo = True, None, None, float, int, {}
    parse_constant = staticmethod(float)

scan = _json.make_scanner(Context())
assert "json" not in sys.modules and scan("{\"a\": 1}", 0) == ({"a": 1}, 8)
try:
    scan("{\"a\": 1,}", 0)
except SystemError as error:
    seen = "SystemError"
except ValueError as error:
    seen = type(error).__name__
wanted = "SystemError" if (3, 10) <= sys.version_info < (3, 12) else "JSONDecodeError"
print(sys.version.split()[0], seen)
sys.exit(0 if seen == wanted else "expected " + wanted)
'
