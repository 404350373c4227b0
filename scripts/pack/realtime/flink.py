"""What the REST interface of a Flink cluster says about its jobs: running, restarted, restored from which checkpoint.

Source: Flink's documentation, "REST API" (/jobs/overview, /jobs/ID, /jobs/ID/checkpoints, /jobs/ID/metrics). Standard library only.
"""

import json
import time
import urllib.error
import urllib.request

from .adapters import AdapterError

POLL_S = 0.1


def ask(address, what):
    """The JSON document that the cluster gives for `what`."""
    url = (address if "://" in address else "http://" + address).rstrip("/") + what
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise AdapterError("the Flink cluster at %s does not answer %s: %s" % (address, what, error))


def jobs(address):
    """{id of a running job: {"restarts", "restored"}}."""
    running = [job["jid"] for job in ask(address, "/jobs/overview")["jobs"] if job["state"] in ("RUNNING", "RESTARTING", "CREATED")]
    return {ident: state(address, ident) for ident in running}


def state(address, ident):
    """{"name", "restarts", "restored", "checkpoint", "up"}: how often a job was restarted, and how often from a checkpoint (and the newest
    one's number); up: all of its tasks run."""
    job, saved = ask(address, "/jobs/" + ident), ask(address, "/jobs/%s/checkpoints" % ident)
    told = ask(address, "/jobs/%s/metrics?get=numRestarts" % ident)
    restored = saved.get("latest", {}).get("restored") or {}
    return {
        "name": job["name"],
        "restarts": int(float(told[0]["value"])) if told else 0,
        "restored": saved.get("counts", {}).get("restored", 0),
        "checkpoint": restored.get("id"),
        "up": job["state"] == "RUNNING" and all(v["status"] == "RUNNING" for v in job["vertices"]),
    }


def after(address, before, within_s):
    """[{"name", "restarts", "restored", "checkpoint", "up", "down_s"}] of the jobs that ran before the kill, once each that was hit runs
    again; counts are of what came since. down_s: seconds until all tasks ran again, None where nothing was restarted."""
    begun, found = time.monotonic(), {}
    while time.monotonic() - begun < within_s and len(found) < len(before):
        for ident, was in before.items():
            now = state(address, ident)
            if ident not in found and now["restarts"] > was["restarts"] and now["up"]:
                found[ident] = round(time.monotonic() - begun, 3)
        time.sleep(POLL_S)
    rows = []
    for ident, was in before.items():
        now = state(address, ident)
        for name in ("restarts", "restored"):
            now[name] -= was[name]
        rows.append(dict(now, down_s=found.get(ident)))
    return rows
