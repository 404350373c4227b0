#!/bin/sh
# dash 0.5.12 against bash 5.2.15, a script that comes through a pipe (`... | sh`) and starts a command that reads its own standard input:
# bash reads the pipe one byte at a time, so `cat` in line 1 gets line 2 (POSIX: a shell must not read ahead of the command it runs); dash has
# read the whole block, `cat` gets nothing and line 2 runs as a command. Seen for "cat", "echo second": bash prints `echo second`, dash `second`.
# The price: for 100 KB bash makes over 100,000 read calls from the pipe (seen 100,065), about 30 from a file, which it can seek in.
# A good guess was that both do the same. Uses the machine's shells; nothing is installed. Exits 0 while that is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
bash --version | head -1
in_bash=$(printf 'cat\necho second\n' | timeout 10 bash)
in_dash=$(printf 'cat\necho second\n' | timeout 10 dash)
echo "bash: $in_bash; dash: $in_dash"
[ "$in_bash" = "echo second" ] && [ "$in_dash" = second ] || { echo "changed"; exit 1; }
printf 'sed -n "s/^syscr: //p" /proc/$$/io </dev/null\n#%0100000d\nsed -n "s/^syscr: //p" /proc/$$/io </dev/null\n' 0 > script
from_file=$(timeout 20 bash script | tr '\n' ' ')
from_pipe=$(cat script | timeout 20 bash | tr '\n' ' ')
echo "read calls before and after the long line: file $from_file, pipe $from_pipe"
set -- $from_file $from_pipe
[ $(($2 - $1)) -lt 1000 ] && [ $(($4 - $3)) -ge 100000 ] || { echo "changed: the number of read calls"; exit 1; }
