#!/bin/sh
# towncrier 26.9.0: a news fragment whose type is not configured (9.fixed.md where the type is called fix) is left out by `towncrier build`, which says nothing
# of it, ends with 0 and leaves the file lying, so the change is missing in the release and turns up in none of the later ones. `towncrier check` calls the very
# same file an error ("Invalid news fragment name"). A project that only builds, as a release script does, loses news by one letter. Seen: build 0, CHANGELOG
# without it, the file still there, check 1. A good guess was that both look alike. Installs towncrier into a temporary folder, which it removes. Exits 0 while
# that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" towncrier==26.9.0 2>/dev/null
cd "$home"
mkdir -p project/changes
cd project
cat >pyproject.toml <<'END'
[tool.towncrier]
name = "x"
version = "1.0"
directory = "changes"
filename = "CHANGELOG.md"
type = [{ directory = "fix", name = "Mended", showcontent = true }]
END
export PYTHONPATH="$home" GIT_CONFIG_GLOBAL=/dev/null
g() { git -c user.name=n -c user.email=n@example.invalid "$@"; }
g init -q -b base
echo "A good one." >changes/1.fix.md
g add .
g commit -qm one
g switch -qc change
echo "A lost one." >changes/9.fixed.md
g add .
g commit -qm two
check=0
timeout 240 "$python" -m towncrier check --compare-with base >check.txt 2>&1 || check=$?
build=0
timeout 240 "$python" -m towncrier build --yes >build.txt 2>&1 || build=$?
echo "check $check: $(grep Invalid check.txt || true)"
echo "build $build, left: $(ls changes), CHANGELOG has the good one: $(grep -c 'A good one' CHANGELOG.md), the lost one: $(grep -c 'A lost one' CHANGELOG.md || true)"
test "$check" = 1 && grep -q "Invalid news fragment name: 9.fixed.md" check.txt
test "$build" = 0 && test "$(ls changes)" = 9.fixed.md && ! grep -q "9.fixed" build.txt
grep -q "A good one" CHANGELOG.md && ! grep -q "A lost one" CHANGELOG.md
