#!/bin/sh
# git 2.39.5, OpenSSH 9.2: git and ssh-keygen read one allowed signers file differently. git asks `ssh-keygen -Y find-principals` whose key it is, takes what the
# first line with that key says, and verifies as that name. find-principals looks at a line's dates and not at its namespaces. So where a key stands in two lines,
# first for one with namespaces="file", then for another with namespaces="git", `git verify-commit` says "Could not verify signature" and %G? is B, bad, for a
# signature that ssh-keygen calls good for the second one; with the lines the other way round it is G. And the letter for a wrong purpose is B, as for a
# forgery, while a key whose valid-before is over is U ("good, unknown validity"), not X or Y, which git log's manual has for what expired. Seen: file first:
# verify-commit 1, B, ssh-keygen 0; git first: 0, G; expired: 1, U. A good guess was that any line that permits it will do, and X or Y for what is over. Uses the
# machine's git and ssh-keygen in a temporary folder, which it removes. Exits 0 while that is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 HOME="$work" LC_ALL=C
git --version
ssh -V
ssh-keygen -q -t ed25519 -N '' -C c -f key
public=$(cut -d' ' -f1,2 key.pub)
git init -q work
cd work
git config user.name n
git config user.email n@example.invalid
git config gpg.format ssh
git config user.signingkey "$work/key"
git config gpg.ssh.allowedSignersFile "$work/signers"
git commit -q -S --allow-empty -m signed
git cat-file commit HEAD | sed -n '/^gpgsig/,/END SSH/{s/^gpgsig //;s/^ //;p}' >../signature
git cat-file commit HEAD | sed '/^gpgsig/,/END SSH/d' >../payload
seen() { # seen LINE...: exit code of verify-commit and the letter, with these lines as the file
  for line in "$@"; do echo "$line $public"; done >"$work/signers"
  git verify-commit HEAD >/dev/null 2>&1 && code=0 || code=$?
  echo "$code $(git log -1 --format=%G? 2>/dev/null)"
}
right=$(seen 'a@x namespaces="git"' 'b@x namespaces="file"')
wrong=$(seen 'b@x namespaces="file"' 'a@x namespaces="git"')
direct=$(ssh-keygen -Y verify -f "$work/signers" -I a@x -n git -s ../signature <../payload >/dev/null 2>&1 && echo 0 || echo $?)
over=$(seen 'a@x valid-before="20200101"')
echo "line for git first: $right; line for file first: $wrong, ssh-keygen itself on that file: $direct; expired: $over"
[ "$right $wrong $direct $over" = '0 G 1 B 0 1 U' ] || { echo changed; exit 1; }
