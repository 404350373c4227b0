#!/bin/sh
# git 2.39.5: `git archive COMMIT` does not pack the bytes of the commit. It writes each file as a checkout on this machine would: core.autocrlf=true of the
# user's own configuration turns every LF into CRLF, in a bare repository too, and a `filter` of the attributes is run (smudge). No option turns that off, and
# the commit's id stands in the archive's header all the same (`git get-tar-commit-id`). So two people who archive one commit get two digests, a release
# that is built by one and checked by the other does not match, and scripts inside it may no longer start. Seen for the two bytes "a\n": with no configuration
# 61 0a, with core.autocrlf=true 61 0d 0a, also bare; the same commit id in both; tree and blob ids of course unchanged. A good guess was that an archive of a
# commit is made of its blobs. `git cat-file --batch` or a clone with core.autocrlf=false gives the bytes. Nothing but git is used; everything is in a temporary
# folder. Exits 0 while that is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git --version
git init -q work
echo a >work/f
git -C work add f
git -C work -c user.name=n -c user.email=n@example.invalid commit -q -m first
git clone -q --bare work bare.git
bytes() { "$@" archive HEAD >a.tar; git get-tar-commit-id <a.tar >>ids; tar xOf a.tar f | od -An -tx1 | tr -d ' \n'; }
plain=$(bytes git -C work)
changed=$(bytes git -C work -c core.autocrlf=true)
bare=$(bytes git -C bare.git -c core.autocrlf=true)
ids=$(sort -u ids | wc -l)
echo "no configuration $plain, core.autocrlf=true $changed, bare $bare, commit ids in the headers: $ids"
[ "$plain $changed $bare $ids" = '610a 610d0a 610d0a 1' ] || { echo changed; exit 1; }
