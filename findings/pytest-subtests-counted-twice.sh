#!/bin/sh
# pytest 9 (here 9.2.0) has subtests built in. Their parts stand in its last line as words of two ("2 passed, 5 subtests passed"), so that a
# parser of `NUMBER word` pairs finds no summary. And one part that fails counts otherwise in each of two kinds: in a test with the `subtests`
# fixture two are "failed" (the part, SUBFAILED, and the test that "contains 1 failed subtest"), in a unittest `subTest` one, and the test
# around it has "passed". So 2 tests with 1 failing part each add up to "3 failed, 1 passed".
# A good guess was one failed test each, 2 in all. Installs pytest into a temporary folder, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
"$python" -m venv "$home/venv"
timeout 600 "$home/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 2>/dev/null
mkdir "$home/project"
cd "$home/project"
cat > test_parts.py <<'PYTHON'
import os
import unittest

BAD = os.environ.get("BAD") == "1"


def test_fixture(subtests):
    for i in range(3):
        with subtests.test(i=i):
            assert not (BAD and i == 1)


class T(unittest.TestCase):
    def test_case(self):
        for i in range(2):
            with self.subTest(i=i):
                self.assertFalse(BAD and i == 1)
PYTHON
good=$(BAD=0 timeout 240 "$home/venv/bin/pytest" -q | tail -1)
bad=$(BAD=1 timeout 240 "$home/venv/bin/pytest" -q | tail -1) || true
echo "all pass: $good"
echo "one part of each fails: $bad"
case "$good" in "2 passed, 5 subtests passed in "*) ;; *) echo "changed"; exit 1 ;; esac
case "$bad" in "3 failed, 1 passed"*) ;; *) echo "changed"; exit 1 ;; esac
