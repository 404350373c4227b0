#!/bin/sh
# git 2.39.5: a commit message whose body holds a line `---` (a Markdown rule, the edge of front matter). Two writers of trailers and two readers disagree where
# the message ends. `git commit --trailer` (and interpret-trailers) puts the trailer above that line, `git commit -s` at the end. `git log --format=%(trailers)`
# and `git shortlog --group=trailer:` read the end of the whole message, `git interpret-trailers --parse` what stands above the line. So what --trailer has
# written, %(trailers) does not find, and what -s has written, --parse does not: a Signed-off-by or Co-authored-by that is there and is not counted. Seen:
#   --trailer: %(trailers) none, --parse "X: y";  -s: %(trailers) "Signed-off-by: n <n@example.invalid>", --parse none
# `interpret-trailers --no-divider` agrees with %(trailers). A good guess was one rule for all four. Nothing but git is used; everything is in a temporary
# folder. Exits 0 while that is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git --version
git init -q repository
cd repository
git config user.name n
git config user.email n@example.invalid
printf 'subject\n\nbody\n\n---\n\nnotes on the change\n' >../message
readers() {
  logged=$(git log -1 --format='%(trailers)')
  counted=$(git shortlog -s --group=trailer:"$1" HEAD)
  parsed=$(git log -1 --format=%B | git interpret-trailers --parse)
  whole=$(git log -1 --format=%B | git interpret-trailers --parse --no-divider)
  echo "$2: %(trailers) [$logged] shortlog [$counted] --parse [$parsed] --parse --no-divider [$whole]"
}
git commit -q --allow-empty -F ../message --trailer 'X: y'
readers X --trailer
[ -z "$logged$counted$whole" ] && [ "$parsed" = 'X: y' ] || { echo changed; exit 1; }
git commit -q --allow-empty -F ../message -s
readers Signed-off-by -s
signed='Signed-off-by: n <n@example.invalid>'
[ "$logged" = "$signed" ] && [ -n "$counted" ] && [ -z "$parsed" ] && [ "$whole" = "$signed" ] || { echo changed; exit 1; }
