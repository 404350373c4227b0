"""`pack rt ci`: the seed's GitHub workflow (section 11), for what this project's rt.yaml asks for. A job for each family of paths, with
the services that they need; `act push --job NAME` runs one on a desk.
"""

import json
import os
import shutil

from pack.base.paths import PLUGIN_ROOT
from pack.realtime import local, managed, rtfile

JOBS = (  # name -> adapters, verbs
    ("websocket-tests", ("websocket", "socketio", "sse")),
    ("kafka-delivery-tests", ("kafka", "redis", "nats", "mqtt", "rabbitmq")),
    ("eventsourcing-tests", ("eventstore", "postgres")),
    ("own-adapter-tests", ()),
)
VERBS = (  # what is measured with which verb, in the seed's order
    ("audit", ("delivery",)),
    ("ordering", ("ordering",)),
    ("latency", ("latency", "tail")),
    ("throughput", ("throughput",)),
    ("burst", ("burst",)),
    ("density", ("density",)),
    ("stream", ("stream",)),
    ("failover", ("recovery", "rebalance", "reconnect", "election")),
)
PACKAGES = {"redis": "redis-server", "nats": "nats-server", "mqtt": "mosquitto", "rabbitmq": "rabbitmq-server"}
EXTRAS = {"eventstore": "realtime,eventstore", "postgres": "realtime,eventstore"}


def workflow(data, definition):
    """The workflow as a mapping."""
    jobs, named = {}, {a for _, adapters in JOBS for a in adapters}
    for name, adapters in JOBS:
        paths = [p for p in data["paths"] if (p["adapter"] in adapters if adapters else p["adapter"] not in named)]
        if paths:
            jobs[name] = _job(paths, data, definition)
    return {
        "name": "Real-Time Systems CI Pipeline",
        "on": ["push", "pull_request"],
        "permissions": {"contents": "read"},
        "jobs": jobs,
    }


def _job(paths, data, definition):
    made = {"runs-on": "ubuntu-latest", "timeout-minutes": 60}
    services, before = {}, []
    for path in paths:
        if "server" in path or "cluster" in path:  # pack starts it, so its program must be there
            if path["adapter"] in PACKAGES:
                before.append("sudo apt-get update && sudo apt-get install -y --no-install-recommends %s" % PACKAGES[path["adapter"]])
                before.append("sudo systemctl stop %s || true" % PACKAGES[path["adapter"]])
            continue
        port = managed.host_port(path["address"])[1]
        for service in local.PARTS.get(path["adapter"], ((), ()))[1]:
            told = local.SERVICES[service]
            mine = service == local.PARTS[path["adapter"]][1][0] or len(local.PARTS[path["adapter"]][1]) > 1
            ports = ["%s:%s" % (port if service == path["adapter"] and mine else p.split(":")[0], p.split(":")[1]) for p in told["ports"]]
            if "command" in told:  # a service of a workflow has no arguments
                words = ["docker run -d"] + ["-p %s" % p for p in ports] + [told["image"]] + list(told["command"])
                before.append(" ".join(words))
            else:
                services[service] = {"image": told["image"], "ports": ports}
                if told.get("environment"):
                    services[service]["env"] = {k: str(v) for k, v in told["environment"].items()}
    if services:
        made["services"] = services
    kinds = {e["kind"]: e["measure"] for e in definition["evidence"]}
    wanted = {(kinds[k], p) for k, p in rtfile.required(data, definition)}
    steps = [
        {"uses": "actions/checkout@v4", "with": {"fetch-depth": 0}},
        {"uses": "actions/setup-python@v5", "with": {"python-version": "3.12"}},
        {"name": "Install pack", "run": "python -m pip install '%s'" % source(EXTRAS.get(paths[0]["adapter"], "realtime"))},
    ]
    if before:
        steps.append({"name": "Servers", "run": "\n".join(dict.fromkeys(before))})
    steps.append({"name": "Check rt.yaml", "run": "pack rt check"})
    for verb, measures in VERBS:
        some = [p["id"] for p in paths if any((m, p["id"]) in wanted for m in measures)]
        if some:
            steps.append({"name": "Run %s" % verb, "run": "pack rt %s %s" % (verb, " ".join("--path %s" % p for p in some))})
    steps.append(
        {
            "name": "Upload evidence",
            "if": "always()",
            "uses": "actions/upload-artifact@v4",
            "with": {"name": "%s-evidence" % paths[0]["adapter"].split(":")[0], "path": "%s/evidence/" % definition["root"]},
        }
    )
    return dict(made, steps=steps)


def source(extra):
    """What pip installs: this pack's repository at this version, with an extra."""
    with open(os.path.join(PLUGIN_ROOT, "plugin.json"), encoding="utf-8") as handle:
        told = json.load(handle)
    where = told.get("repository") or told.get("homepage")
    where = where.get("url") if isinstance(where, dict) else where
    return "team-pack[%s] @ git+%s@v%s" % (extra, where or "https://github.com/OWNER/team", told["version"])


def text(data, definition):
    """The workflow file."""
    import yaml

    made = workflow(data, definition)
    head = ["# Made by `pack rt ci` from rt.yaml; make it again when rt.yaml changes.", "# On a desk: %s" % ", ".join("`act push --job %s`" % j for j in made["jobs"])]  # fmt: skip
    if "/OWNER/" in source(""):
        head.append("# Put the owner of the pack's repository in OWNER's place: this checkout does not say where it came from.")
    if not shutil.which("act"):
        head.append("# (`act` of nektos runs workflows in Docker; it was not installed where this was made)")
    body = yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=140)
    return "\n".join(head) + "\n" + body.replace("'on':", "on:", 1)
