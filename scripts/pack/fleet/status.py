"""What `pack fleet status` shows: every run of the project on every machine, who holds what, how far each is stored."""

import time

from ..protocol.guards_result import plainly
from . import files

RUNS = """
select r.run, r.team, r.squad, r.member, r.machine, r.lineage, r.branch, r.last_seq, r.facts, r.epoch,
       extract(epoch from r.opened), extract(epoch from r.beat), r.closed is not null, r.until > clock_timestamp(),
       (select count(*) from fleet.leases l where l.run = r.run)
  from fleet.runs r where r.project = %s and (r.closed is null or r.closed > clock_timestamp() - interval '7 days')
 order by r.closed is not null, r.opened limit %s
"""
SPRINT = """
select data->>'state', count(*), count(*) filter (where data->>'state' = 'blocked' and
       (data->>'since')::float8 + coalesce((data->>'limit')::float8, 4) * 3600 < extract(epoch from clock_timestamp()))
  from fleet.items where project = %s and version > 0 group by 1
"""
NAMES = "run team squad member machine lineage branch stored facts epoch opened beat closed living leases".split()
MOST = 500


def collect(engine, project, leases=False):
    """{"project", "now", "runs": [...], "sprint": {...}, "leases": [...]} of a project; times are seconds since the epoch by the engine's clock."""
    now = float(engine.rows("select extract(epoch from clock_timestamp())")[0][0])
    runs = []
    found = engine.rows(RUNS, (project, MOST + 1))
    for row in found[:MOST]:
        one = dict(zip(NAMES, row))
        facts = one.pop("facts")
        one.update(
            opened=float(one["opened"]),
            beat=float(one["beat"]),
            phase=facts.get("phase"),
            tasks=facts.get("tasks", 0),
            done=facts.get("done", 0),
            unleased=facts.get("unleased", 0),
            silent=round(now - float(one["beat"]), 1),
            lag=max(0, facts.get("last", 0) - one["stored"]),  # records that the machine had at its last word and that are not stored
        )
        one["state"] = "closed" if one["closed"] else "alive" if one["living"] else "silent"
        runs.append(one)
    items = engine.rows(SPRINT, (project,))
    out = {"project": project, "now": now, "runs": runs, "more": len(found) > MOST}
    out["sprint"] = {"items": {state: count for state, count, _over in items}, "escalated": sum(over for _s, _c, over in items)}
    if leases:
        out["leases"] = [
            dict(zip(("path", "lineage", "squad", "team", "run", "task", "machine", "fence", "since"), row))
            for row in engine.rows(
                "select l.path, l.lineage, r.squad, r.team, r.run, l.task, r.machine, l.fence, extract(epoch from l.since)::float8 "
                "from fleet.leases l join fleet.runs r using (run) where l.project = %s order by l.lineage, l.key limit 100000",
                (project,),
            )
        ]
    return out


def here(run, status):
    """Lines about this machine's own shipper. status: ship.json."""
    if not status:
        return ["this machine: no shipper has run yet"]
    up = files.alive(status.get("pid")) and status.get("boot") == files.boot()
    behind = status.get("last", 0) - status.get("shipped", 0)
    lines = [
        "this machine: %s%s; %d records here, %d stored, lag %d"
        % (
            files.STATES.get(status["state"], status["state"]),
            "" if up or status["state"] in ("done", "left", "fenced") else " (no shipper runs; the next hook starts one)",
            status.get("last", 0),
            status.get("shipped", 0),
            behind,
        )
    ]
    if status.get("why"):
        lines.append("  " + status["why"])
    if status.get("unkept"):
        lines.append("  a machine that takes over would not have them: " + status["unkept"])
    waiting = files.read(run, "unleased.json", [])
    if waiting:
        lines.append("  without a lease (`offline: allow`): " + ", ".join(w["path"] for w in waiting)[:300])
    lines += ["  conflict: " + c for c in files.read(run, "conflicts.json", [])]
    return list(map(plainly, lines))


def text(found):
    """The same for people."""
    runs = found["runs"]
    lines = [
        "🛰  FLEET %s: %d open runs, %d of them alive"
        % (found["project"], sum(not r["closed"] for r in runs), sum(r["state"] == "alive" for r in runs))
    ]
    for r in runs:
        lines.append(
            "%-6s %s %-14s %-30s %-11s %d/%d tasks  %d leases  %d records, lag %d  on %s, heard of %s ago"
            % (
                r["state"],
                r["run"][:8],
                r["squad"][:14],
                r["team"][:30],
                r["phase"] or "-",
                r["done"],
                r["tasks"],
                r["leases"],
                r["stored"],
                r["lag"],
                r["machine"],
                _ago(r["silent"]),
            )
        )
        if r["state"] == "silent":
            lines.append("       its leases may be taken; `pack fleet resume %s` in a clone goes on with it" % r["run"][:8])
        if r["unleased"]:
            lines.append("       ⚠ works on %d paths without a lease (offline: allow)" % r["unleased"])
    if found.get("more"):
        lines.append("⚠ there are more than %d runs; the newest are not shown: `pack fleet prune` removes old ones" % MOST)
    said = found.get("sprint") or {}
    if said.get("items"):
        line = "sprint: " + ", ".join("%d %s" % (n, state) for state, n in sorted(said["items"].items()))
        lines.append(line + (", ⚠ %d blocked for too long: `pack sprint blockers`" % said["escalated"] if said["escalated"] else ""))
    for one in found.get("leases", ()):
        lines.append(
            "lease  %s (%s): squad %s, %s%s, on %s since %s"
            % (
                one["path"],
                one["lineage"],
                one["squad"],
                one["team"],
                files.of_task(one["task"]),
                one["machine"],
                time.strftime("%Y-%m-%d %H:%M", time.gmtime(one["since"])),
            )
        )
    return "\n".join(map(plainly, lines))


def _ago(seconds):
    from ..store.history import duration

    return duration(seconds)
