"""What other squads' runs have approved, so that a merge of their work is no stranger to this run's ledger.

Asked by the shipper, of the records that every run stores: a task's CONTENT_SEALED names the digest of each of its files as its required roles
approved it; TASK_REOPENED takes that back, and so does a CONTENT_DRIFTED of the whole task: it had changed before it was sealed. Content is compared, not commits: a squash or a cherry-pick of approved content is approved.
"""

from ..base import codec
from . import files

# The same words as the index of migrations/0005, or the server reads every record.
ROWS = r"""
select r.run, r.squad, r.team, c.line from fleet.runs r join fleet.records c using (run)
  where r.project = %s and r.run <> %s and (c.line like '%%"event":"CONTENT\_SEALED"%%' or c.line like '%%"event":"TASK\_REOPENED"%%'
    or c.line like '%%"event":"RUN\_OPENED"%%' or c.line like '%%"event":"CONTENT\_DRIFTED"%%')
  order by r.run, c.seq"""


def approved(engine, project, run, paths):
    """[[path, digest, "squad S, run T, task #N"]] of what DONE tasks of a project's other runs hold for some paths (as `files.spelt` writes them)."""
    wanted, prefix = set(paths), ""
    held = {}  # {(run, task): [[path, digest, who]]}, in the order in which they were approved
    unsound = set()  # runs with a record that no program of ours wrote: what they say counts for nothing, and keeps nobody from an answer
    for other, squad, team, line in engine.rows(ROWS, (project, run)):
        try:
            record = codec.loads(line)
            data = record["data"]
            if record["event"] == "RUN_OPENED":
                prefix = (data.get("start") or {}).get("prefix") or ""
                continue
            if record["event"] == "CONTENT_DRIFTED" and not any(one["was"].startswith("revision ") for one in data["paths"]):
                continue  # changed there since: what was approved stays approved
            held.pop((other, data["task"]), None)
            if record["event"] == "CONTENT_SEALED":
                who = "squad %s, run %s, task #%s" % (squad, team, data["task"])
                held[other, data["task"]] = [[prefix + p, d, who] for p, d in data["content"].items() if prefix + p in wanted]
        except (ValueError, KeyError, TypeError, AttributeError):
            unsound.add(other)
    return [row for (other, _task), rows in held.items() if other not in unsound for row in rows]


def elsewhere(call, ask, pairs):
    """{(path, digest): who approved it} of those pairs that another run's DONE task holds, and a sentence where the engine could not be asked.

    pairs: of paths relative to the project and digests as `project_facts.entry_digest` writes them. ask: the shipper's answer to a question."""
    status = files.read(call.store.data, "ship.json") or {}
    if status.get("state") == "offline":
        return {}, "the engine is away: whether another squad has approved it is not known"
    spelt = {p: next(iter(files.spelt(call.project, call.state, {p: 0}))) for p, _digest in pairs}
    found = ask({"ask": "approved", "paths": sorted(set(spelt.values()))})
    if not found.get("ok"):
        return {}, "the engine did not answer (%s): whether another squad has approved it is not known" % (
            found.get("refused") or found.get("away")
        )
    known = {(path, digest): who for path, digest, who in found["approved"]}
    return {(p, d): known[spelt[p], d] for p, d in pairs if (spelt[p], d) in known}, ""
