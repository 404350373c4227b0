#!/bin/sh
# git 2.39.5: a bundle that is made in a shallow clone (what a CI runner has: depth 1). `git bundle create` ends with 0 and says nothing, `git bundle verify`
# says "The bundle records a complete history" and "is okay", also in an empty repository, though the parents are not in it and it names no prerequisite: that
# the source is shallow is written nowhere in the file. Cloning it fails ("remote did not send all necessary objects"), and so does a fetch into an empty
# repository; only where the history lies already does it work, so a test on the maker's machine passes. So a backup or a proof that is kept as a bundle can be
# "okay" and of no use, and `bundle verify` is no check of it. Seen: create 0, verify 0 with "complete history", clone 128, fetch into the full repository 0. A
# good guess was that create refuses, or names the missing parent as a prerequisite. Nothing but git is used; everything is in a temporary folder. Exits 0
# while that is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 LC_ALL=C
git --version
git init -q full
for n in 1 2 3; do
  git -C full -c user.name=n -c user.email=n@example.invalid commit -q --allow-empty -m "$n"
done
branch=$(git -C full symbolic-ref --short HEAD)
git clone -q --depth 1 "file://$work/full" shallow
git init -q empty
code() { "$@" >out 2>&1 && echo 0 || echo $?; }
created=$(code git -C shallow bundle create "$work/b.bundle" "$branch" HEAD)
verified=$(code git -C empty bundle verify "$work/b.bundle")
says=$(grep -c 'records a complete history\|is okay' out)
cloned=$(code git clone -q b.bundle copy)
why=$(grep -c 'did not send all necessary objects' out || :)
known=$(code git -C full fetch "$work/b.bundle" "$branch")
git -C full bundle create -q "$work/deep.bundle" HEAD
whole=$(code git clone -q deep.bundle copy2)
echo "create $created, verify $verified ($says of 2 praises), clone $cloned, fetch where the history is $known; of the full repository: clone $whole"
[ "$created $verified $says $cloned $why $known $whole" = '0 0 2 128 1 0 0' ] || { echo changed; exit 1; }
