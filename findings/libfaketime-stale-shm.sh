#!/bin/sh
# libfaketime 0.9.10 (Debian 12: 0.9.10-2.1): a process that was killed decides, hours later, that another program does not start. At its start the library makes
# /dev/shm/faketime_shm_PID with O_EXCL and removes it at exit; kill -9 leaves it there, and so does every plain end of Python (and of dash). The next process with the library that gets the same
# number says "ft_shm_create(), shm_open failed: File exists" and ends with 1 before its main() has run. Numbers come round after 32,768 processes by default, so a test
# suite that kills what it starts under faketime fails at random, in another test, and the more often it has been run; `git config KEY` with exit code 1 is
# "no such key". A good guess was that a preloaded library fails open, as the dynamic linker does for one that it cannot load. Seen: the file is left by kill -9,
# by os._exit and by sys.exit(0), not by `date`; a `true` of that number ends with 1, another one with 0. Wants libfaketime on the machine. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
lib=$(ls /usr/lib/*/faketime/libfaketime.so.1 | head -1)
made=
trap 'for n in $made; do rm -f /dev/shm/faketime_shm_$n /dev/shm/sem.faketime_sem_$n; done' EXIT INT TERM
left() { [ -e "/dev/shm/faketime_shm_$1" ] && echo left || echo gone; }
run() {  # how a process ends: its number
  timeout 20 env LD_PRELOAD="$lib" FAKETIME=-365d "$python" -S -c "import os, sys; print(os.getpid()); sys.stdout.flush(); $1" 2>/dev/null || true
}
killed=$(run 'os.kill(os.getpid(), 9)')
quick=$(run 'os._exit(0)')
plain=$(run 'sys.exit(0)')
date=$(LIB="$lib" timeout 20 sh -c 'echo $$; exec env LD_PRELOAD="$LIB" FAKETIME=-365d date +%n')
date=$(echo $date)
made="$killed $quick $plain $date"
seen="kill -9 $(left "$killed"), os._exit $(left "$quick"), sys.exit $(left "$plain"), date $(left "$date")"
# A process that gets such a number: the shell makes what a dead one had left, and becomes the program under the same number.
code=0
said=$(LIB="$lib" timeout 20 sh -c 'echo $$; : >/dev/shm/faketime_shm_$$; exec env LD_PRELOAD="$LIB" FAKETIME=-365d true' 2>&1) || code=$?
made="$made ${said%%[!0-9]*}"
other=0
timeout 20 env LD_PRELOAD="$lib" FAKETIME=-365d true || other=$?
echo "$seen; same number: $code ($said); another number: $other"
[ "$seen" = "kill -9 left, os._exit left, sys.exit left, date gone" ] && [ "$code" = 1 ] && [ "$other" = 0 ]
