#!/bin/sh
# tmux 3.3a: `tmux send-keys -l TEXT`, how a program types into a pane. -l is said to send the text literally, yet a semicolon at its very end is lost: it is
# taken for the mark between two tmux commands before send-keys sees it, also as part of one argument that no shell has split. No error, exit code 0. One in
# the middle stays, `\;` at the end types one. So a shell line that ends in `;`, SQL above all, arrives without it: the prompt then waits for more, and nobody sees
# why. `set-buffer TEXT` loses it alike; `load-buffer -` from standard input, with paste-buffer, keeps it. Seen: "select 1;" arrives as "select 1", "a;b" whole, "x\;"
# as "x;", set-buffer "buffer", load-buffer "loaded;". A good guess was that -l is literal. Uses the machine's tmux on a server and socket of its own, in a
# temporary folder, which it removes. Exits 0 while that is so.
set -eu
command -v tmux >/dev/null || { echo 'needs tmux'; exit 1; }
work=$(mktemp -d)
t() { TMUX='' tmux -S "$work/socket" -f /dev/null "$@"; }
trap 't kill-server 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
tmux -V
t new-session -d -x 80 -y 24 "cat >'$work/typed.part'; mv '$work/typed.part' '$work/typed'"
for text in 'select 1;' 'a;b' 'x\;'; do
  t send-keys -l "$text"
  t send-keys Enter
done
t set-buffer 'buffer;'
t paste-buffer
t send-keys Enter
printf 'loaded;' | t load-buffer -
t paste-buffer
t send-keys Enter
t send-keys C-d
tries=0
until [ -f typed ]; do
  tries=$((tries + 1))
  [ $tries -lt 200 ] || { echo 'the pane did not end'; exit 1; }
  sleep 0.2
done
cat typed
printf 'select 1\na;b\nx;\nbuffer\nloaded;\n' >expected
cmp -s typed expected || { echo changed; exit 1; }
