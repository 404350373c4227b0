#!/bin/sh
# hdrhistogram 0.10.8 (Python): a value above the histogram's range is not recorded; record_value returns False, raises nothing and counts
# nothing, so the slowest answers vanish from the total and from every percentile (Java's raises ArrayIndexOutOfBoundsException). Where the
# range ends is not where it was set: with (1, 1000, 2 digits) the value 1001 is recorded and 5000 is not; 1001 is reported as 1003.
# Seen: five answers, one of them 5000: total 4, max 1003. A good guess was an exception or a value cut to the highest one.
# Installs hdrhistogram into a temporary folder, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" hdrhistogram==0.10.8 2>/dev/null
PYTHONPATH=$home timeout 120 "$python" -c '
import sys
from hdrh.histogram import HdrHistogram

answers = HdrHistogram(1, 1000, 2)
taken = [answers.record_value(v) for v in (10, 20, 30, 1001, 5000)]
seen = (taken, answers.get_total_count(), answers.get_max_value(), answers.get_value_at_percentile(100))
print(seen)
sys.exit(0 if seen == ([True] * 4 + [False], 4, 1003, 1003) else "changed")
'
