#!/bin/sh
# libfaketime 0.9.10 (Debian 12: 0.9.10-2.1), Python 3.11: the option that is to leave the monotonic clock alone, FAKETIME_DONT_FAKE_MONOTONIC=1, ends every
# time.sleep() with OSError EINVAL. Python 3.11 sleeps until a point in time (clock_nanosleep, TIMER_ABSTIME, CLOCK_MONOTONIC), and the library takes that point for
# one on its own shifted clock, whatever the option says. What makes it costly: subprocess.run(..., timeout=T) sleeps only where the child is not gone at its first
# look, so it fails now and then, as an OSError that reads like "the program could not be started". Without the option everything sleeps as it should.
# A good guess was that the option is the careful choice, for timeouts stay true with it. Seen: sleep EINVAL with the option, for an offset to either side, 0 of 3
# without; of 40 short children with a timeout some were an error with it (24 to 66 of 100 to 300 elsewhere), none without. time.monotonic() is right in both.
# Wants libfaketime on the machine. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
lib=$(ls /usr/lib/*/faketime/libfaketime.so.1 | head -1)
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
cat >"$home/try.py" <<'PY'
import subprocess
import sys
import time


def fails(what):
    try:
        what()
        return 0
    except OSError as error:
        return error.errno


child = lambda: subprocess.run([sys.executable, "-S", "-c", ""], stdout=subprocess.PIPE, timeout=20)  # gone a moment later than its pipe
print(fails(lambda: time.sleep(0.01)), sum(1 for _ in range(40) if fails(child)) > 0)
PY
cd "$home"
for offset in +365d -365d; do
  for option in FAKETIME_DONT_FAKE_MONOTONIC=1 NOTHING=1; do
    said=$(timeout 60 env LD_PRELOAD="$lib" FAKETIME="$offset" "$option" "$python" "$home/try.py")
    echo "$offset $option: sleep ends with errno, some child fails: $said"
    case $option in
    NOTHING=1) [ "$said" = "0 False" ] ;;
    *) [ "${said% *}" = 22 ] && [ "${said#* }" = True ] ;;
    esac
  done
done
