#!/bin/sh
# git 2.39.5: what `git notes add` makes of a note's text. Its manual says of -m and -F that lines that start with # are stripped out; both keep
# them. What both do change: double empty lines are folded, blanks at line ends and empty lines at the end go. An -F file of blanks only
# removes the note that was there ("Removing note") and exits 0. So the bytes of a note are not those of the file, unless it is given with -C BLOB.
# Seen: "# head\n\n\nx  \n#no\n\n" is stored as "# head\n\nx\n#no\n". A good guess was what the manual says.
# Nothing but git is used; everything is in a temporary folder. Exits 0 while that is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git version
git init -q .
git config user.name t
git config user.email t@example.invalid
git commit -q --allow-empty -m start
printf '# head\n\n\nx  \n#no\n\n' > given
printf '# head\n\nx\n#no\n' > folded
git notes add -F given
git notes show > stored
cat -A stored
cmp stored folded || { echo "changed: -F"; exit 1; }
git notes add -f -m '# only' 2>/dev/null
[ "$(git notes show)" = '# only' ] || { echo "changed: -m"; exit 1; }
git notes add -f -C "$(git hash-object -w given)" 2>/dev/null
git notes show | cmp - given || { echo "changed: -C"; exit 1; }
printf '\n \n' > blanks
said=$(git notes add -f -F blanks 2>&1) || { echo "changed: exit $?"; exit 1; }
echo "$said"
[ -z "$(git notes list)" ] || { echo "changed: a note is left"; exit 1; }
