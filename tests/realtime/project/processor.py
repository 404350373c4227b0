"""A real stream processor for the tests: tumbling windows by event time with allowed lateness, over Redis Streams.

`python processor.py REDIS_URL INPUT OUTPUT WINDOW_S LATENESS_S`. Counts events by key and window; a window closes when
the watermark (newest event time less the allowed lateness) has passed its end; later events are set aside.
"""

import json
import sys

import redis


def main(url, source, target, window, lateness):
    client, last, counts, closed, newest = redis.Redis.from_url(url), "0-0", {}, set(), 0.0

    def close(before):
        for key, start in sorted(k for k in counts if before is None or k[1] + window <= before):
            client.xadd(target, {"m": json.dumps({"key": key, "start": start, "count": counts.pop((key, start))})})
            closed.add((key, start))

    while True:
        for _, items in client.xread({source: last}, count=500, block=1000) or ():
            for last, fields in items:
                event = json.loads(fields[b"m"])
                if event.get("end"):
                    close(None)
                    client.xadd(target, {"m": json.dumps({"end": True})})
                    return
                where = (event["key"], round(int(event["time"] / window + 1e-9) * window, 6))
                if where not in closed:
                    counts[where] = counts.get(where, 0) + 1
                else:
                    client.xadd(target, {"m": json.dumps({"too_late": event["n"]})})
                newest = max(newest, event["time"])
                close(newest - lateness)


main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5]))
