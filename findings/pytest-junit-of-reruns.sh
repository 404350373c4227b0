#!/bin/sh
# pytest 9.2.0 with pytest-rerunfailures 16.7, --junitxml: a test that fails once and passes when it is run again. The terminal says "1 passed, 1 rerun". The file has
# two testcase elements of one name for it, neither with a failure, an error, a skip or any mark that one of them was a failed run; the attempt that failed
# looks like a pass, its message is gone, and tests="1" beside them does not fit their number. So a reader that counts elements (most dashboards do) sees two
# passes, and a report of flaky tests cannot be made from it. A test that fails and whose teardown fails too is the other way round: two elements of one name, and
# tests="2" for that one test. Seen: flaky: exit 0, tests 1, elements 2, children 0; failed twice: exit 1, tests 2, elements 2, for a file with one test. A good guess
# was a rerunFailure or flakyFailure element, as Surefire writes, in one testcase. Installs both into a temporary folder, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 1' INT TERM
cd "$home"
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" pytest==9.2.0 pytest-rerunfailures==16.7 2>/dev/null
cat >test_flaky.py <<'END'
runs = []
def test_flaky():
    runs.append(1)
    assert len(runs) > 1, "FIRST RUN"
END
cat >test_twice.py <<'END'
import pytest
@pytest.fixture
def broken():
    yield
    assert False, "TEARDOWN"
def test_twice(broken):
    assert False, "BODY"
END
export PYTHONPATH="$home/py" PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
run() { timeout 60 "$python" -m pytest -q -p pytest_rerunfailures -p no:cacheprovider "$@" >"out" 2>&1 && echo 0 || echo $?; }
flaky=$(run --reruns 1 --junitxml=flaky.xml test_flaky.py)
terminal=$(tail -1 out)
twice=$(run --junitxml=twice.xml test_twice.py)
"$python" - "$flaky" "$twice" "$terminal" <<'END'
import sys, xml.etree.ElementTree as tree
def counts(name):
    suite = tree.parse(name).getroot().find("testsuite")
    cases = suite.findall("testcase")
    return int(suite.get("tests")), len(cases), sum(len(case) for case in cases), len({case.get("name") for case in cases})
flaky, twice = counts("flaky.xml"), counts("twice.xml")
print("flaky: exit", sys.argv[1], repr(sys.argv[3]), "(tests, elements, children, names)", flaky, "FIRST RUN in it:", "FIRST RUN" in open("flaky.xml").read(), "twice: exit", sys.argv[2], twice)
same = sys.argv[1:3] == ["0", "1"] and "1 passed, 1 rerun" in sys.argv[3] and flaky == (1, 2, 0, 1) and twice == (2, 2, 2, 1)
sys.exit(0 if same and "FIRST RUN" not in open("flaky.xml").read() else "changed")
END
