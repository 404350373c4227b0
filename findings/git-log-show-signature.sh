#!/bin/sh
# git 2.39.5, OpenSSH 9.2: log.showSignature=true in the user's configuration. `git log --format=%ct` and `git show -s --format=%H` of a signed commit print the
# verdict on the signature first, on *standard output*, as a line beside the format's own, also with -z (where it ends with a newline, not with NUL). A script
# that takes the first line for the time or the hash gets 'Good "git" signature for ...', as soon as one commit is signed. `git reflog` does it once it is given
# a format, `git rev-list --format` never; --no-show-signature takes it away. Seen: log, show and reflog with a format 2 lines each, reflog without 1. A good
# guess was that an explicit --format is all that is printed, and that the verdict goes to standard error. Uses the machine's git and ssh-keygen in a temporary
# folder, which it removes. Exits 0 while that is so.
set -eu
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
cd "$home"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null HOME="$home"
ssh-keygen -q -t ed25519 -N "" -C n -f key
echo "n@example.invalid $(cat key.pub)" >allowed
git init -q repository
cd repository
git config user.name n
git config user.email n@example.invalid
git config gpg.format ssh
git config user.signingKey "$home/key"
git config gpg.ssh.allowedSignersFile "$home/allowed"
git commit -q --allow-empty -S -m one
git config log.showSignature true
hash=$(git rev-parse HEAD)
log=$(git log -1 --format=%H 2>/dev/null)
show=$(git show -s --format=%H 2>/dev/null)
nul=$(git log -1 -z --format=%H 2>/dev/null | tr '\0' '@')
list=$(git rev-list -1 --format=%H HEAD 2>/dev/null)
reflog=$(git reflog -1 --format=%H 2>/dev/null)
echo "$log"
test "$(echo "$log" | head -1 | cut -d' ' -f1-2)" = 'Good "git"' && test "$(echo "$log" | sed 1d)" = "$hash"
test "$(echo "$show" | wc -l)" = 2 && test "$(echo "$show" | sed 1d)" = "$hash"
test "$(echo "$nul" | sed 1d)" = "$hash@"
test "$list" = "commit $hash
$hash"
test "$(git log -1 --no-show-signature --format=%H 2>/dev/null)" = "$hash"
test "$(echo "$reflog" | sed 1d)" = "$hash" && test "$(git reflog -1 2>/dev/null | wc -l)" = 1
