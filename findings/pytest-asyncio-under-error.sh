#!/bin/sh
# pytest-lsp 1.0.1 installs pytest-asyncio (1.5.0), a plugin that pytest loads by itself. With `filterwarnings = error` its deprecation
# ("asyncio_default_fixture_loop_scope" is unset) is raised while pytest configures itself: exit code 3, INTERNALERROR, no test is collected,
# in a project whose tests use neither plugin. With `-p no:asyncio`, or with the option set, the same test passes.
# A good guess was that a plugin nobody uses stays silent, and that filterwarnings concerns tests. Installs both (with pytest 9.2.0) into
# a temporary folder, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
"$python" -m venv "$home/venv"
timeout 600 "$home/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 pytest-lsp==1.0.1 pytest-asyncio==1.5.0 2>/dev/null
"$home/venv/bin/pip" show pytest-lsp 2>/dev/null | grep -q '^Requires:.*pytest-asyncio' || { echo "changed: pytest-lsp does not need it"; exit 1; }
mkdir "$home/project"
cd "$home/project"
echo 'def test_nothing(): pass' > test_nothing.py
printf '[pytest]\nfilterwarnings = error\n' > pytest.ini
code=0
timeout 240 "$home/venv/bin/pytest" -q > said 2>&1 || code=$?
tail -1 said | cut -c1-120
[ "$code" = 3 ] && grep -q 'asyncio_default_fixture_loop_scope" is unset' said || { echo "changed: exit $code"; exit 1; }
timeout 240 "$home/venv/bin/pytest" -q -p no:asyncio | tail -1
timeout 240 "$home/venv/bin/pytest" -q -o asyncio_default_fixture_loop_scope=function | tail -1
