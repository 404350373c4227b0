"""The promises of docs/protocol.md written down a second time, for hostile.py: what a bystander with a notebook would say.

A Witness is told every call that was let through, by whom the client made it, and looks at the real files. It knows the
text of docs/protocol.md and nothing of guards, tables or rules: nothing of `pack.protocol` is imported here but the replay of the
journal, which *is* the promise "replay = snapshot + tail = state.md". Whatever it cannot have known (a timer, an automatic
STUCK_ESCALATED) it leaves open: it only ever says that something happened which was promised not to happen.
"""

import hashlib
import os
import re
import subprocess

from pack.base import codec
from pack.protocol import machine
from pack.store.journal import START, decode_line
from pack.store.render import state_md

IMPLEMENTERS = ("coder", "realtime-dev", "realtime-engineer", "test-writer")
SPECIALISTS = {"security-reviewer", "logic-reviewer", "quality-reviewer"}
REVIEWERS = SPECIALISTS | {"unified-reviewer"}
JUDGES = tuple(REVIEWERS) + ("enabling-agent", "tech-lead")
AREA = re.compile(r"(?i)(?:^|[^a-z])(?:auth|oauth|login|payments?|billing|migrations?|permissions?)(?:[^a-z]|$)")
RESEARCHERS = ("codebase-researcher", "reference-researcher", "web-researcher")
VALIDATED = ("MEDIUM", "COMPLEX")
ROLES_OF = {
    "SIMPLE": {"supervisor", "unified-reviewer"}.union(IMPLEMENTERS, RESEARCHERS),
    "MEDIUM": {"supervisor", "tech-lead", "risk-tester", "enabling-agent"}.union(SPECIALISTS, IMPLEMENTERS, RESEARCHERS),
    "COMPLEX": {"supervisor", "tech-lead", "risk-tester", "enabling-agent"}.union(SPECIALISTS, IMPLEMENTERS, RESEARCHERS),
    "SIMPLE_ESCALATED_TO_MEDIUM": {"supervisor", "tech-lead", "risk-tester", "enabling-agent"}.union(REVIEWERS, IMPLEMENTERS, RESEARCHERS),
}
# PROTOCOL 7, the table: (what the first line is, event, senders, receivers). `*` in a receiver: each of the reviewers and the tech lead.
_TASK = r": task #(\d{1,9})\.?"
LINES = [
    (re.compile(pattern + r"\Z"), event, senders, receivers)
    for pattern, event, senders, receivers in (
        (r"STATE_OWNERSHIP_HANDOFF\((?:epoch=)?(\d{1,9})\)", "STATE_OWNERSHIP_HANDOFF", ("lead",), ("supervisor",)),
        (r"STATE_OWNERSHIP_ACK\((?:epoch=)?(\d{1,9})\)", "STATE_OWNERSHIP_ACK", ("supervisor",), ("lead",)),
        (r"VALIDATE PLAN(?:[:.].*)?", "VALIDATE_PLAN", ("lead",), ("tech-lead",)),
        (r"PLAN OK(?:[:.].*)?", "PLAN_OK", ("tech-lead",), ("lead",)),
        (r"PLAN CHANGES(?:[:.].*)?", "PLAN_CHANGES", ("tech-lead",), ("lead",)),
        (r"IDENTIFY RISKS(?:[:.].*)?", "IDENTIFY_RISKS", ("lead",), ("tech-lead",)),
        (r"RISKS: (\d{1,9})\.*", "RISKS", ("tech-lead",), ("lead",)),
        (r"RISK ANALYSIS RESULTS(?:[:.].*)?", "RISK_ANALYSIS_RESULTS", ("lead",), ("tech-lead",)),
        (r"RISKS MITIGATED(?:[:.].*)?", "RISKS_MITIGATED", ("tech-lead",), ("lead",)),
        (r"CLAIM" + _TASK, "CLAIM", IMPLEMENTERS, ("supervisor",)),
        (r"IN_REVIEW" + _TASK, "IN_REVIEW", IMPLEMENTERS, ("supervisor",)),
        (r"REVIEW" + _TASK, "REVIEW", IMPLEMENTERS, JUDGES),
        (r"APPROVED" + _TASK, "APPROVED", JUDGES, IMPLEMENTERS),
        (r"CHANGES_REQUESTED" + _TASK, "CHANGES_REQUESTED", JUDGES, IMPLEMENTERS),
        (r"DONE: task #(\d{1,9})(?:, claiming task #(\d{1,9})\.*|\. ALL MY TASKS COMPLETE\.*|\.)?", "DONE", IMPLEMENTERS, ("supervisor",)),
        (r"STUCK" + _TASK, "STUCK", IMPLEMENTERS + ("supervisor",), ("supervisor", "lead")),
        (r"REVIEW_LOOP" + _TASK, "REVIEW_LOOP", IMPLEMENTERS + ("supervisor",), ("supervisor", "lead")),
        (r"IMPOSSIBLE_WAIT" + _TASK, "IMPOSSIBLE_WAIT", IMPLEMENTERS + ("supervisor",), ("supervisor", "lead")),
        (r"QUESTION:.*", "QUESTION", IMPLEMENTERS, ("lead",)),
        (r"ESCALATE TO MEDIUM" + _TASK, "ESCALATE_TO_MEDIUM", ("unified-reviewer", "supervisor") + IMPLEMENTERS, ("supervisor", "lead")),
        (r"CONSISTENCY OK(?:[:.].*)?", "CONSISTENCY_OK", ("tech-lead",), ("lead",)),
        (r"CONSISTENCY CHANGES(?:[:.].*)?", "CONSISTENCY_CHANGES", ("tech-lead",), ("lead",)),
        (r"FORCED_FINALIZE_CANDIDATE(?:[:.].*)?", "FORCED_FINALIZE_CANDIDATE", ("supervisor",), ("lead",)),
        (r"FORCED_FINALIZE_ACK(?:[:.].*)?", "FORCED_FINALIZE_ACK", ("lead",), ("supervisor",)),
        (r"FORCED_FINALIZE_DENY(?:[:.].*)?", "FORCED_FINALIZE_DENY", ("lead",), ("supervisor",)),
        (r"PATTERN DOES NOT FIT" + _TASK, "PATTERN_DOES_NOT_FIT", IMPLEMENTERS, ("tech-lead", "lead")),
        (r"SUPERVISOR_REPORT\b.*", "SUPERVISOR_REPORT", ("supervisor",), ("lead",)),
    )
]
PROTOCOL_EVENTS = {event for _p, event, _s, _r in LINES}
NEEDS_OWNER = {"CLAIM", "IN_REVIEW", "REVIEW", "APPROVED", "CHANGES_REQUESTED", "DONE", "STUCK", "REVIEW_LOOP", "ESCALATE_TO_MEDIUM"}
CORE = (
    "phase",
    "mode",
    "owner",
    "tasks",
    "plan",
    "risks",
    "verify",
    "consistency",
    "commit",
    "teardown",
    "team",
    "paused",
    "definition_of_done",
)
# What may stand in the journal because of a call that was refused: the refusal, what time made due, who was seen at work.
BESIDE = {
    "REFUSED",
    "HANDOFF_MISSING",
    "STALE_EPOCH",
    "SPLIT_BRAIN_DETECTED",
    "RECONCILE_LOCK_ENTER",
    "TICK",
    "AGENT_ACTIVE",
    "AGENT_BOUND",
    "LOOP_SUSPECTED",
    "NUDGED",
    "STATE_DIVERGENCE",
    "SNAPSHOT_NOT_FOUND",
    "SNAPSHOT_CONFLICT",
    "BREACH",
    "MAIL",
    "OVERLAP_SCOPE",
}
MOVES = {
    "TICK",
    "AGENT_BOUND",
    "SPLIT_BRAIN_DETECTED",
    "STUCK_ESCALATED",
    "FILE_WRITTEN",
    "CONTENT_SEALED",
    "CONTENT_DRIFTED",
    "CONTENT_RESTORED",
    "COMMITTED",
    "COMMIT_DIVERGES",
    "HEAD_MOVED",
    "RESULT_CHECKED",
}  # those of them that may change more than counters


class Broken(AssertionError):
    """A promise is broken. kind: a short name, the same for the same promise; shrinking keeps to it."""

    def __init__(self, kind, text):
        AssertionError.__init__(self, "%s: %s" % (kind, text))
        self.kind = kind


def need(ok, kind, text, *more):
    if not ok:
        raise Broken(kind, text % more if more else text)


def parse(message):
    """(event, number or None, second number or None, senders, receivers) of the first line, None for talk."""
    if not isinstance(message, str):
        return None
    line = message.lstrip("\ufeff\r\n\t ").partition("\n")[0].rstrip()
    for pattern, event, senders, receivers in LINES:
        found = pattern.match(line)
        if found:
            numbers = [int(g) if g else None for g in found.groups()] + [None, None]
            return event, numbers[0], numbers[1], senders, receivers
    return None


def bytes_of(path):
    """Digest of what a reader of the path sees; a link's own target counts too."""
    link = os.readlink(path) + ">" if os.path.islink(path) else ""
    try:
        with open(path, "rb") as f:
            return link + hashlib.sha256(f.read()).hexdigest()[:16]
    except OSError:
        return link + "-"


def classified(raw):
    """The mode of a plan, counted by hand (the seed's Step 3)."""
    facts, tasks = raw["facts"], raw["tasks"]
    said = lambda name: facts[name]["value"]
    blocked = {int(t["id"]): [int(b) for b in t.get("blocked_by") or []] for t in tasks}

    def depth(n):
        return 1 + max([depth(b) for b in blocked[n]] or [0])

    files, layers = len({f for t in tasks for f in t["files"]}), len(set(facts["layers"]))
    medium = sum((layers >= 2, said("changes_existing"), said("near_sensitive"), len(tasks) >= 3, any(blocked.values()), files >= 5))
    very = (
        layers >= 3,
        said("shared_by_3_modules"),
        said("direct_sensitive"),
        len(tasks) >= 5,
        max(map(depth, blocked)) >= 3,
        not said("gold_standard_exists"),
        files >= 10,
    )
    return "SIMPLE" if medium <= 1 else "COMPLEX" if medium >= 4 or any(very) else "MEDIUM"


class Book:
    """The journal as it lies there, replayed as it grows: every record once, nothing that was acknowledged ever changes."""

    def __init__(self, folder, run):
        self.folder, self.run = folder, run
        self.raw, self.sum, self.records, self.keys, self.state = b"", START, [], {}, machine.initial()

    def read(self, end=None):
        """Take in what is new, of the first `end` bytes if they are given. Answers the new records."""
        try:
            with open(os.path.join(self.folder, "journal.jsonl"), "rb") as f:
                data = f.read()
        except FileNotFoundError:
            data = b""
        data = data[:end]
        need(
            data.startswith(self.raw),
            "HISTORY",
            "the journal no longer begins with the %d records that were acknowledged",
            len(self.records),
        )
        fresh = []
        for line in data[len(self.raw) :].splitlines(True):
            try:
                need(line.endswith(b"\n"), "JOURNAL", "half a record is left")
                record, self.sum = decode_line(line[:-1], self.sum)
            except (ValueError, KeyError, TypeError) as error:
                raise Broken("JOURNAL", "record %d is damaged after a call: %s" % (len(self.records) + 1, error)) from error
            last = self.records[-1] if self.records else {"ts": 0, "epoch": 0}
            need(record["seq"] == len(self.records) + 1, "JOURNAL", "seq %d after %d records", record["seq"], len(self.records))
            need(record["ts"] >= last["ts"] and record["epoch"] >= last["epoch"], "JOURNAL", "time or epoch goes back at %d", record["seq"])
            need(
                not record["key"] or record["key"] not in self.keys,
                "TWICE",
                "%s is in the journal twice (%s)",
                record["key"],
                record["event"],
            )
            if record["key"]:
                self.keys[record["key"]] = record
            self.state, _effects = machine.step(self.state, record, record["ts"])
            self.records.append(record)
            fresh.append(record)
        self.raw = data
        return fresh

    def same(self):
        """Replay = snapshot = state.md = mirror, byte for byte."""
        if not self.records:
            return
        text, seq = codec.dumps(self.state), self.records[-1]["seq"]
        snapshot = self._bytes(os.path.join(self.folder, "snapshot.json")).split(b"\n")
        need(len(snapshot) > 2 and snapshot[2] == text.encode(), "SNAPSHOT", "the snapshot is not what replay gives at %d", seq)
        need(
            self._bytes(os.path.join(self.folder, "state.md")) == state_md(self.state, seq).encode(),
            "STATE_MD",
            "state.md is not what replay gives at %d",
            seq,
        )
        need(self._bytes(os.path.join(self.run, "mirror.jsonl")) == self.raw, "MIRROR", "journal and mirror differ at %d", seq)

    @staticmethod
    def _bytes(path):
        try:
            with open(path, "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""


class Task:
    """What the notebook has on one task."""

    def __init__(self, raw):
        self.files, self.ever, self.blocked_by = list(raw["files"]), set(raw["files"]), [int(b) for b in raw.get("blocked_by") or []]
        self.reviewers, self.high_risk = set(raw.get("reviewers") or []) & SPECIALISTS, bool(raw.get("high_risk"))
        self.sensitive = bool(raw.get("sensitive"))
        self.conventions = any(f.startswith(".conventions") for f in self.files)
        self.owner, self.claimed, self.stuck, self.waits, self.end = None, False, False, False, None  # end: "DONE" | "CANCELLED"
        self.rounds, self.loops = [], False  # contents for which changes were asked; the third makes it a REVIEW_LOOP
        self.committed = False  # its owner committed some of it through the gate
        self.final = None  # what was there when it became DONE
        self.written = {}  # role -> how the files looked on disk when it was asked
        self.asked, self.said = {}, {}  # role -> content; role -> (verdict, content, person)

    def holds(self, rel):
        return any(
            rel.casefold() == f.casefold() or f.endswith("/") and (rel + "/").casefold().startswith(f.casefold()) for f in self.files
        )


class Witness:
    """The notebook of one run."""

    def __init__(self, project, headless, coders):
        self.project, self.headless, self.coders = os.path.realpath(project), headless, coders
        self.mode, self.tasks, self.plan, self.planned, self.delegate = None, {}, None, False, False
        self.locked = self.in_place = False
        self.waived = set()  # paths that the user accepted
        self.epoch, self.holder, self.acked = 0, None, False
        self.asked, self.ok, self.risks, self.counts, self.testers, self.results, self.mitigated = (
            False,
            False,
            False,
            None,
            0,
            False,
            False,
        )
        self.people = []
        self.listed, self.verdicts, self.decided = {}, {}, set()  # risk -> severity; -> (verdict, tester); named in DECISIONS.md since
        self.consistent, self.verified, self.verify_at, self.tampered, self.closed, self.aborted, self.begun, self.forced = (
            False,
            False,
            None,
            False,
            False,
            False,
            False,
            False,
        )
        self.sends, self.uses, self.conventions, self.client_tasks = {}, {}, self.folder_content(".conventions/"), {}
        self.checked = {"calls": 0, "allowed": 0, "refused": 0, "done": 0, "approved": 0, "commits": 0, "edits": 0, "closed": 0}

    # -- files ------------------------------------------------------------------------------------------------------------
    def paths(self, declared):
        full = os.path.join(self.project, declared)
        if not declared.endswith("/") and not os.path.isdir(full):
            return [declared]
        out = []
        for base, folders, files in os.walk(full):
            folders[:] = sorted(f for f in folders if f not in (".git", ".claude", "__pycache__"))
            out += [os.path.relpath(os.path.join(base, f), self.project) for f in files]
        return sorted(out)

    def content(self, t):
        """What is on disk of a task's files at this moment."""
        names = sorted({p for f in t.ever for p in self.paths(f)})
        return tuple((n, bytes_of(os.path.join(self.project, n))) for n in names)

    def committed_names(self, names):
        """Those of these files that the last commit has: where one is gone from the disk, its removal is what there is to read."""
        if not names:
            return []
        command = ["git", "-C", self.project, "--literal-pathspecs", "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", *names]
        listed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()  # nothing without a commit
        return [n for n in listed.split("\0") if n]

    def stamps(self, t):
        """How those files look without being read: whoever writes one, with whatever bytes, changes this."""
        out = []
        for name, _digest in self.content(t):
            try:
                s = os.stat(os.path.join(self.project, name))
                out.append((name, s.st_ino, s.st_ctime_ns))
            except OSError:
                out.append((name, 0, 0))
        return out

    def delivered(self):
        """What a finished run leaves of its DONE tasks is what was approved, or what the user took as it is."""
        for n, t in self.tasks.items():
            later = {name for m, o in self.tasks.items() if m != n and o.end for name, _d in self.content(o)}
            then = dict(t.final or ())
            for name, digest in self.content(t) if t.end == "DONE" else ():
                ok = then.get(name) == digest or name in later or any(name == w or name.startswith(w + "/") for w in self.waived)
                need(ok, "DELIVERED", "the run is closed and %s of task #%d is not what was approved", name, n)

    def folder_content(self, folder):
        return (
            tuple((n, bytes_of(os.path.join(self.project, n))) for n in self.paths(folder))
            if os.path.isdir(os.path.join(self.project, folder))
            else ()
        )

    def tree(self, in_place=False):
        """Everything that git tracks and the tasks' files, as on disk; a link is its target's name, as git has it. What is in the index alone is
        not on disk. Of a file that git was told to overlook a fresh checkout has what the index has; in_place: tests there saw the disk."""
        command = ["git", "-C", self.project, "ls-files", "-v", "-s", "-z"]
        rows = [r.partition("\t") for r in subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().split("\0") if r]
        names = {n for _f, _t, n in rows} | {p for t in self.tasks.values() for f in t.ever for p in self.paths(f)}
        full = [(n, os.path.join(self.project, n)) for n in names]
        found = {n: os.readlink(p) if os.path.islink(p) else bytes_of(p) for n, p in full if os.path.lexists(p)}
        found.update((n, self._in_index(facts)) for facts, _t, n in rows if facts[0] in "Ssh" and not in_place)
        return tuple(sorted(found.items()))

    def _in_index(self, facts):
        """What a reader sees of an entry of the index (a row of `ls-files -v -s`) when it is laid out."""
        blob = subprocess.run(
            ["git", "-C", self.project, "cat-file", "blob", facts.split(" ")[2]], stdout=subprocess.PIPE, check=True
        ).stdout
        return blob.decode() if facts.split(" ")[1] == "120000" else hashlib.sha256(blob).hexdigest()[:16]

    # -- sentences --------------------------------------------------------------------------------------------------------
    def required(self, t):
        """(roles, how many of the specialists at least)."""
        if self.mode == "SIMPLE":
            return {"unified-reviewer"}
        if self.mode == "MEDIUM" and not t.high_risk:
            return t.reviewers | {"tech-lead"}
        sensitive = t.high_risk and (t.sensitive or any(AREA.search(f) for f in t.ever))
        return SPECIALISTS | {"tech-lead"} | ({"enabling-agent"} if sensitive else set())

    def approved(self, t, now=None):
        """Why a task is not approved for what is on disk now, None when it is."""
        now = self.content(t) if now is None else now
        people = set()
        for role in sorted(self.required(t)):
            said = t.said.get(role)
            if not said:
                return "%s never approved" % role
            if said[0] != "APPROVED":
                return "%s asked for changes" % role
            if said[1] != now:
                return "%s approved other content" % role
            people.add(said[2].id)
        if len(people) < len(self.required(t)):
            return "one agent approved for two roles"
        if self.mode == "MEDIUM" and not any(r in t.said and t.said[r][:2] == ("APPROVED", now) for r in SPECIALISTS):
            return "no specialist approved"
        return None

    def owner_lives(self):
        return self.acked and self.holder is not None and self.holder.alive

    def gone(self, person):
        """The client or the lead said that an agent is no more."""
        person.alive = person.running = False
        for t in self.tasks.values():
            if t.owner is person and t.end is None:
                t.owner, t.claimed = None, False

    # -- calls that were answered -------------------------------------------------------------------------------------------
    def refused(self, who, what, before, after, records):
        """A call was refused: nothing but counters may have changed."""
        self.checked["refused"] += 1
        events = {r["event"] for r in records}
        if not events & MOVES:
            strange = [e for e in events if e not in BESIDE]
            need(not strange, "REFUSED_MOVED", "%s by %s was refused and left %s", what, who, strange)
            for part in CORE:
                if part == "owner" and "SPLIT_BRAIN_DETECTED" in events:
                    continue
                need(
                    codec.dumps(before[part]) == codec.dumps(after[part]),
                    "REFUSED_MOVED",
                    "%s by %s was refused and changed %s",
                    what,
                    who,
                    part,
                )

    def once(self, book, key, event):
        """What was let through is in the journal, under the client's id of the call."""
        record = book.keys.get(key)
        need(record is not None, "NOT_RECORDED", "%s was let through and is not in the journal (%s)", event, key)
        need(record["event"] == event, "NOT_RECORDED", "%s was let through and the journal has %s (%s)", event, record["event"], key)

    def repeats(self, book, key, words, raw):
        """Whether `pack plan` sent the plan that stands once more, its answer having been lost (two hooks at once, another plugin's hook
        that rewrote the call): the same request, which may stay without a record."""
        return words[0] == "plan" and raw == self.plan and key not in book.keys

    def escalated(self, records):
        """What only the gate knows: a task that waits in vain was escalated, and its owner may take another; two supervisors wait for the
        lead's arbitration, which may be to dismiss one."""
        for r in records:
            if r["event"] in ("RECONCILE_LOCK_ENTER", "RECONCILE_LOCK_EXIT"):
                self.locked = r["event"] == "RECONCILE_LOCK_ENTER"
            if r["event"] in ("IMPOSSIBLE_WAIT", "STUCK_ESCALATED") and r["data"].get("task") in self.tasks:
                self.tasks[r["data"]["task"]].waits = True
            if r["event"] in ("SPAWN_FAILED", "AGENT_LOST"):
                self._never_came(r["data"]["name"])

    def _never_came(self, name):
        """A spawn came to nothing: what was given to that agent is nobody's."""
        last = [p for p in self.people if p.name == name and not p.nested][-1:]
        for t in self.tasks.values():
            if last and not last[0].started and t.owner is last[0] and t.end is None:
                t.owner, t.claimed = None, False

    def spawn(self, who, name, role, people, again):
        need(who == "lead", "SPAWN_BY", "%s was allowed to spawn %s", who, name)
        plain = isinstance(name, str) and name.isascii() and re.match(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z", name)
        need(plain and name.lower() not in ("lead", "main", "team-lead"), "SPAWN_NAME", "%r was allowed", name)
        if again:
            return
        living = [p for p in people if p.alive and not p.nested]
        need(not [p for p in living if p.name.lower() == name.lower()], "SPAWN_NAME", "two living agents are called %s", name)
        need(self.mode is None or role in ROLES_OF[self.mode], "SPAWN_ROLE", "a %s in a %s run", role, self.mode)
        if role in REVIEWERS | {"supervisor", "tech-lead"}:
            need(not [p for p in living if p.role == role], "SPAWN_ROLE", "a second %s", role)
        if role in REVIEWERS or role in IMPLEMENTERS or role == "enabling-agent":
            need(self.planned, "SPAWN_EARLY", "%s before the plan", role)
            need(self.owner_lives(), "SPAWN_EARLY", "%s without an owner of the state", role)
        if role in IMPLEMENTERS:
            need(self.mode not in VALIDATED or self.ok and self.mitigated, "SPAWN_EARLY", "%s before PLAN OK and RISKS MITIGATED", role)
        if role in IMPLEMENTERS and role != "test-writer":
            busy = [
                p
                for p in living
                if p.role in IMPLEMENTERS
                and p.role != "test-writer"
                and (p.running or any(t.owner is p and t.end is None for t in self.tasks.values()))
            ]
            need(len(busy) < self.coders, "SPAWN_MANY", "coder number %d of %d", len(busy) + 1, self.coders)
        need(not self.begun or role == "supervisor", "SPAWN_LATE", "%s in the teardown", role)
        if role == "risk-tester":
            need(self.counts is not None, "SPAWN_EARLY", "a risk tester before the risks")
            self.testers += 1

    def starts(self, person):
        """What was given to an agent that the client had not started yet is its own from now on."""
        for t in self.tasks.values():
            if t.owner is not None and not t.owner.started and t.owner.name == person.name:
                t.owner = person

    def edit(self, who, person, path, cwd=None, appends=None, entry=False, claims=None):
        """An edit, or a shell command that plainly names its target, was let through. entry: a link is taken away, not what it points to.
        claims: the task that the journal says it claimed."""
        self.checked["edits"] += 1
        full = os.path.join(cwd or self.project, path)
        full = os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full)) if entry else os.path.realpath(full)
        if full.startswith(os.path.join(self.project, ".claude", "teams")) or full.startswith(
            os.path.join(self.project, ".claude", "settings")
        ):
            raise Broken("PROTECTED", "%s may write %s" % (who, path))
        inside = full.startswith(self.project + os.sep)
        rel = full[len(self.project) + 1 :] if inside else None
        if who == "foreign" or not inside:
            return
        if who == "lead":
            need(not self.delegate, "LEAD_EDITS", "the lead may edit %s between SETUP and COMPLETION", rel)
            return
        need(
            person is not None and person.known and not person.nested,
            "EDIT_UNKNOWN",
            "%s, whom the lead did not spawn, may edit %s",
            who,
            rel,
        )
        need(person.alive, "EDIT_DEAD", "%s has ended and may edit %s", who, rel)
        if rel == "DECISIONS.md" and (person.role == "tech-lead" or person.role == "supervisor" and appends is not False):
            return
        if person.role == "risk-tester":
            need(rel.startswith(".team-scratch/%s/" % person.name), "EDIT_ROLE", "a risk tester may edit %s", rel)
            return
        need(person.role in IMPLEMENTERS, "EDIT_ROLE", "a %s may edit %s", person.role, rel)
        test = os.path.basename(rel).startswith("test_") or rel.startswith("tests/")
        need(
            not (person.role == "realtime-dev" and test) and (person.role != "test-writer" or test),
            "EDIT_TEST",
            "a %s may edit %s",
            person.role,
            rel,
        )
        mine = [n for n, t in self.tasks.items() if t.owner is person and t.claimed and t.holds(rel)]
        at_work = [n for n in mine if self.tasks[n].end is None and not self.tasks[n].stuck]
        if not at_work or claims is not None and claims not in mine and all(self.tasks[n].loops for n in at_work):
            mine = self._claimed_by_writing(person, rel) or mine
        need(mine, "EDIT_FOREIGN", "%s may edit %s, which is in no task it works on", who, rel)
        need(
            any(self.tasks[n].end is None and not self.tasks[n].stuck for n in mine),
            "EDIT_CLOSED",
            "%s may edit %s of a closed or stuck task",
            who,
            rel,
        )

    def restored(self, person, path, claimed):
        """A command that may write its target claimed a task: as the plain write of that file would have."""
        rel = os.path.relpath(os.path.realpath(os.path.join(self.project, path)), self.project)
        if not (self.tasks[claimed].claimed and self.tasks[claimed].owner is person):
            need(self._claimed_by_writing(person, rel) == [claimed], "CLAIM", "restoring %s claims task #%d", rel, claimed)

    def _claimed_by_writing(self, person, rel):
        """PROTOCOL 12: the first write of an unblocked task's file claims it. [its number], or [] where it claims none."""
        free = [
            (t.owner is not person, n) for n, t in self.tasks.items() if not t.claimed and t.end is None and not t.stuck and t.holds(rel)
        ]
        for _foreign, n in sorted(free):
            t = self.tasks[n]
            if t.owner not in (None, person) or any(b in self.tasks and not self.tasks[b].end for b in t.blocked_by):
                continue
            need(self.owner_lives() and not self.begun, "CLAIM", "a write claims task #%d without an owner of the state", n)
            mine = [(k, o) for k, o in self.tasks.items() if o.owner is person and o.claimed and o.end is None]
            others = [k for k, o in mine if not (o.stuck or o.waits or o.loops)]
            need(not others, "CLAIM", "a write claims task #%d beside %s", n, others)
            self._claim(person, None, n, None, t, "")
            return [n]
        return []

    def _clean(self, t):
        """Whether git has nothing of a task's files that is not committed."""
        names = sorted(set(t.files) | t.ever)
        command = ["git", "-C", self.project, "status", "--porcelain", "--untracked-files=all", "--"] + names
        return not subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def written(self, person, full):
        """A file was written with an edit tool that the gate saw: it is one of the task's files from now on."""
        rel = full[len(self.project) + 1 :]
        if rel == "DECISIONS.md" and person is not None and person.role == "tech-lead":
            with open(full, encoding="utf-8") as f:
                named = {int(n) for n in re.findall(r"RISK-(\d+)", f.read())}
            self.decided |= {n for n in named if self.results or n in self.verdicts}
        for t in self.tasks.values():
            if person is not None and t.owner is person and t.holds(rel):
                t.ever.add(rel)

    def committed(self, who, person, names, blobs):
        """A commit that the gate let through was made: {path: digest of the committed bytes}."""
        self.checked["commits"] += 1
        if who == "foreign" or not names:
            return
        need(
            person is not None and person.known and person.alive and person.role in IMPLEMENTERS, "COMMIT_BY", "%s committed %s", who, names
        )
        for name in names:
            if name.startswith(".claude/teams/"):
                continue
            # A successor may commit what an agent of its name had brought to DONE.
            mine = [
                t
                for t in self.tasks.values()
                if t.owner is not None and (t.owner is person or t.end == "DONE" and t.owner.name == person.name)
            ]
            held = [t for t in mine if t.holds(name) or name in t.ever]
            need(held, "COMMIT_FOREIGN", "%s committed %s, which is in no task of its own", who, name)
            whys = [self.approved(t) for t in held]
            need(None in whys, "COMMIT_EARLY", "%s committed %s: %s", who, name, whys)
            seen = bytes_of(os.path.join(self.project, name))
            need(blobs[name] == seen, "COMMIT_OTHER", "%s committed %s with other content than was approved", who, name)
        for t in self.tasks.values():  # PROTOCOL 12: the commit of approved content is its DONE
            if t.owner is person and any(t.holds(n) or n in t.ever for n in names):
                t.committed = True
                self._done_by_commit(t)

    def _done_by_commit(self, t):
        """A commit without an owner of the state is a DONE once there is one."""
        if t.committed and t.claimed and t.end is None and not t.stuck and self.owner_lives() and not self.begun:
            if self.approved(t) is None and self._clean(t):
                self.checked["done"] += 1
                t.end, t.final = "DONE", self.content(t)

    def message(self, who, person, to, receiver, text):
        """A message was let through. receiver: the person that the client will deliver it to, "lead", or None."""
        need(
            who == "lead" or person is not None and person.known and not person.nested,
            "SAY_UNKNOWN",
            "%s, whom the lead did not spawn, may write %r",
            who,
            text[:60],
        )
        found = parse(text)
        if found is None and receiver == "lead" and person is not None and person.role == "risk-tester" and person.alive:
            for n, verdict in re.findall(r"(?m)^RISK-(\d+): (CONFIRMED|MITIGATED|THEORETICAL)\s*$", text):
                self.verdicts[int(n)] = (verdict, person)  # of a risk that nobody listed, too: the tester has answered
        if receiver not in (None, "lead"):
            need(receiver.alive or not receiver.told, "SAY_TO_DEAD", "%s may write to %s, which has ended", who, to)
        if found is None:
            return None
        event, n, m, senders, receivers = found
        role = "lead" if who == "lead" else person.role
        need(role in senders, "SAY_ROLE", "%s (%s) may send %s", who, role, event)
        have = "lead" if receiver == "lead" else receiver.role if receiver is not None else None
        need(have in receivers, "SAY_TO", "%s may go to %s (%s)", event, to, have)
        need(who == "lead" or person.alive, "SAY_DEAD", "%s has ended and may send %s", who, event)
        if event in NEEDS_OWNER:
            need(self.owner_lives(), "NO_OWNER", "%s without an owner of the state", event)
            need(not self.begun, "SAY_LATE", "%s in the teardown", event)
        if role == "supervisor" and event != "STATE_OWNERSHIP_ACK":
            need(self.holder is person and self.acked, "FENCED", "%s does not own the state and may send %s", who, event)
        t = None
        if "#" in text.lstrip("\ufeff\r\n\t ").partition("\n")[0] and n is not None:
            need(n in self.tasks, "NO_TASK", "%s for task #%d", event, n)
            t = self.tasks[n]
        getattr(self, "_" + event.lower(), self._nothing)(person, receiver, n, m, t, text)
        return event

    def _nothing(self, person, receiver, n, m, t, text):
        pass

    def _state_ownership_handoff(self, person, receiver, n, m, t, text):
        need(receiver.alive and receiver.role == "supervisor", "EPOCH", "offered to %s", receiver.name)
        if n == self.epoch and self.holder is receiver:
            return
        need(n == self.epoch + 1, "EPOCH", "epoch %d after %d", n, self.epoch)
        self.epoch, self.holder, self.acked = n, receiver, False

    def _state_ownership_ack(self, person, receiver, n, m, t, text):
        need(
            self.holder is person and n == self.epoch,
            "EPOCH",
            "%s acknowledges %d, offered is %d to %s",
            person.name,
            n,
            self.epoch,
            self.holder and self.holder.name,
        )
        self.acked = True
        for task in self.tasks.values():
            self._done_by_commit(task)
        self.delegate = self.delegate or self.planned and not self.begun

    def _validate_plan(self, *_):
        need(self.planned, "PLAN", "VALIDATE PLAN without a plan")
        self.asked = True

    def _plan_ok(self, *_):
        need(self.asked, "PLAN", "PLAN OK that nobody asked for")
        self.ok, self.asked = True, False

    def _plan_changes(self, *_):
        need(self.asked, "PLAN", "PLAN CHANGES that nobody asked for")
        self.ok, self.asked = False, False

    def _identify_risks(self, *_):
        need(self.ok, "RISKS", "IDENTIFY RISKS before PLAN OK")
        self.risks = True

    def _risks(self, person, receiver, n, m, t, text):
        need(self.risks, "RISKS", "RISKS that nobody asked for")
        body = text.partition("\n")[2]
        need(n or body.strip(), "RISKS", "RISKS: 0 without a reason")
        self.listed = {int(i): s for i, s in re.findall(r"RISK-(\d+):[^\n]*\n *Severity: (\w+)", body)}
        self.counts = [len(re.findall(r"Severity: " + s, body)) for s in ("CRITICAL", "MAJOR", "MINOR")]
        self.counts[1] += max(0, n - sum(self.counts))

    def testers_needed(self):
        return self.counts[0] + min(3, self.counts[1])

    def _risk_analysis_results(self, *_):
        need(
            self.counts is not None and self.testers >= self.testers_needed(),
            "RISKS",
            "results of %d testers, needed %s",
            self.testers,
            self.counts,
        )
        mute = [
            p.name
            for p in self.people
            if p.alive and p.role == "risk-tester" and p.known and p not in [v[1] for v in self.verdicts.values()]
        ]
        need(not mute, "RISKS", "RISK ANALYSIS RESULTS before the verdict of %s", mute)
        self.results = True
        if any(s == "CRITICAL" and self.verdicts.get(i, ("",))[0] == "CONFIRMED" for i, s in self.listed.items()):
            for t in self.tasks.values():  # the deeds' risks name no task: they affect all
                t.high_risk = t.high_risk or not (t.conventions or t.claimed or t.end)

    def _risks_mitigated(self, *_):
        need(self.results or self.counts is not None and not self.testers_needed(), "RISKS", "RISKS MITIGATED before the results")
        for i, severity in self.listed.items():
            found = self.verdicts.get(i, ("CONFIRMED",))[0]
            need(severity != "CRITICAL" or found != "CONFIRMED" or i in self.decided, "RISKS", "RISK-%d stands and nothing is decided", i)
        self.mitigated = True

    def _claim(self, person, receiver, n, m, t, text):
        need(t.end is None, "CLAIM", "task #%d is %s", n, t.end)
        need(t.owner in (None, person), "CLAIM", "task #%d belongs to %s", n, t.owner and t.owner.name)
        need(all(b not in self.tasks or self.tasks[b].end for b in t.blocked_by), "CLAIM", "task #%d is blocked", n)
        need(self.mode not in VALIDATED or self.ok and self.mitigated, "CLAIM", "before PLAN OK and RISKS MITIGATED")
        t.owner, t.claimed = person, True

    def _own(self, person, n, t):
        need(t.owner is person, "NOT_OWNER", "%s speaks for task #%d of %s", person.name, n, t.owner and t.owner.name)

    def _pattern_does_not_fit(self, person, receiver, n, m, t, text):
        self._own(person, n, t)
        need(not self.begun, "SAY_LATE", "a pattern is judged in the teardown")

    def _in_review(self, person, receiver, n, m, t, text):
        self._own(person, n, t)
        need(t.claimed and t.end is None, "NOT_OPEN", "IN_REVIEW of task #%d", n)
        there = self.content(t)
        need(any(d != "-" for _p, d in there) or self.committed_names([p for p, _d in there]), "EMPTY", "IN_REVIEW of nothing")

    def _review(self, person, receiver, n, m, t, text):
        self._in_review(person, receiver, n, m, t, text)
        need(receiver.role in self.required(t), "NOT_REQUIRED", "REVIEW of #%d to a %s", n, receiver.role)
        t.asked[receiver.role] = self.content(t)
        t.written[receiver.role] = self.stamps(t)

    def _approved(self, person, receiver, n, m, t, text):
        self.checked["approved"] += 1
        need(person.role in self.required(t), "NOT_REQUIRED", "a %s approves #%d in %s", person.role, n, self.mode)
        need(t.owner is receiver, "SAY_TO", "approval of #%d to %s", n, receiver.name)
        need(t.end is None, "NOT_OPEN", "approval of #%d, which is %s", n, t.end)
        now = self.content(t)
        need(t.asked.get(person.role) == now, "UNSEEN", "%s approves content of #%d that it was not asked to review", person.name, n)
        need(
            t.written.get(person.role) == self.stamps(t), "WRITTEN", "%s approves #%d, which was written since it was asked", person.name, n
        )
        t.said[person.role] = ("APPROVED", now, person)

    def _changes_requested(self, person, receiver, n, m, t, text):
        need(person.role in self.required(t), "NOT_REQUIRED", "a %s judges #%d in %s", person.role, n, self.mode)
        need(t.owner is receiver, "SAY_TO", "findings on #%d to %s", n, receiver.name)
        need(person.role in t.asked, "UNSEEN", "%s was not asked to review #%d", person.name, n)
        asked = t.asked[person.role]
        t.said[person.role] = ("CHANGES", asked, person)
        if asked not in t.rounds or asked == self.content(t) != t.rounds[-1]:
            t.rounds.append(asked)
        t.loops = len(t.rounds) >= 3

    def _done(self, person, receiver, n, m, t, text):
        self.checked["done"] += 1
        if not (t.end == "DONE" and t.owner and t.owner.name == person.name):
            self._own(
                person, n, t
            )  # said once more, by itself or by a successor of its name, it changes nothing: messages are at-least-once
        if t.end != "DONE":
            need(t.end is None and t.claimed, "NOT_OPEN", "DONE of task #%d, which is %s", n, t.end or "not claimed")
            why = self.approved(t)
            need(why is None, "DONE_EARLY", "task #%d is DONE though %s (%s)", n, why, self.mode)
            need(not t.stuck, "DONE_EARLY", "task #%d is DONE though it waits for the lead's decision", n)
            t.end, t.final = "DONE", self.content(t)
        if m is not None:
            need(m in self.tasks, "NO_TASK", "claiming #%d", m)
            self._claim(person, receiver, m, None, self.tasks[m], text)

    def _stuck(self, person, receiver, n, m, t, text):
        if person.role != "supervisor":
            self._own(person, n, t)
        need(t.end is None, "NOT_OPEN", "STUCK of task #%d, which is %s", n, t.end)
        t.stuck = True

    _review_loop = _stuck

    def _escalate_to_medium(self, *_):
        need(self.mode in ("SIMPLE", "SIMPLE_ESCALATED_TO_MEDIUM"), "MODE", "%s escalates", self.mode)
        self.mode = "SIMPLE_ESCALATED_TO_MEDIUM"

    def _consistency_ok(self, *_):
        self.consistent = True

    def _consistency_changes(self, *_):
        self.consistent = False

    def _forced_finalize_ack(self, *_):
        self.finalize()

    def finalize(self):
        """Finishing without the missing acks was accepted."""
        self.forced = True

    # -- verbs ------------------------------------------------------------------------------------------------------------
    def verb(self, who, words, raw, people):
        """A state-changing `pack` verb was let through. Answers the event that the journal must have."""
        need(who == "lead", "VERB_BY", "%s may run pack %s", who, " ".join(words))
        verb, args = words[0], words[1:]
        if verb == "plan":
            self._registered(raw)
            return "PLAN_REGISTERED"
        if verb == "verify":
            self.verified, self.verify_at = False, None
            return "VERIFY_STARTED"
        if verb == "abort":
            self.abort()
            return "RUN_ABORTED"
        if verb == "resume":
            return "RUN_RESUMED"
        if verb == "teardown":
            return self._teardown_verb(args, people)
        self.plan = None  # not as it was registered from now on
        need(self.owner_lives() or args[0] == "add", "NO_OWNER", "pack task %s without an owner of the state", args[0])
        if args[0] == "add":
            number = max(self.tasks) + 1
            for t in self.tasks.values():
                if t.conventions and t.end is None:
                    t.blocked_by.append(number)
            self.tasks[number] = Task(dict(raw, id=number))
            need(
                self.mode != "MEDIUM" or self.tasks[number].reviewers or self.tasks[number].high_risk,
                "PLAN",
                "a task without reviewers in MEDIUM",
            )
            self.consistent, self.begun = False, False
            self.delegate = True if self.acked else self.delegate
            return "TASK_ADDED"
        t = self.tasks.get(int(args[1].lstrip("#")))
        need(t is not None and t.end is None, "NOT_OPEN", "pack task %s", " ".join(args))
        if args[0] == "assign":
            return self._assigned(t, args[2], people)
        if args[0] == "cancel":
            need(not t.conventions, "CONVENTIONS", "the conventions task was cancelled")
            t.end = "CANCELLED"
            return "TASK_CANCELLED"
        before = set(t.reviewers)
        for i, word in enumerate(args):
            value = args[i + 1] if i + 1 < len(args) else ""
            if word == "--file":
                t.files.append(value)
                t.ever.add(value)
            elif word == "--drop":
                t.files = [f for f in t.files if f != value]
            elif word == "--reviewers":
                t.reviewers |= set(value.split(","))
        t.high_risk = t.high_risk or "--high-risk" in args
        t.stuck, t.rounds, t.loops = False, [], False
        need(before <= t.reviewers, "SHRANK", "a re-scope dropped reviewers")
        return "TASK_RESCOPED"

    def _assigned(self, t, name, people):
        heir = [p for p in people if p.name == name and (p.alive and p.known or not p.started)]  # the client may start it late
        need(heir and heir[-1].role in IMPLEMENTERS, "ASSIGN", "task given to %s", name)
        if t.owner is not heir[-1] or t.stuck or t.loops:  # to who works on it, it says nothing
            t.rounds, t.loops = [], False
        t.claimed = t.claimed and t.owner is heir[-1]
        t.owner, t.stuck = heir[-1], False
        return "TASK_ASSIGNED"

    def _registered(self, raw):
        need(not any(t.claimed for t in self.tasks.values()), "PLAN", "the plan is replaced while tasks are worked on")
        mode, ladder = classified(raw), ("SIMPLE", "MEDIUM", "COMPLEX")
        if self.mode == "SIMPLE_ESCALATED_TO_MEDIUM" or self.mode in ladder and ladder.index(self.mode) > ladder.index(mode):
            mode = self.mode  # latched: a new plan never lowers it
        self.mode, self.plan, self.planned = mode, raw, True
        self.tasks = {int(t["id"]): Task(t) for t in raw["tasks"]}
        last = self.tasks[int(raw["tasks"][-1]["id"])]
        need(
            last.conventions and all(n in self._before(last) for n in self.tasks if self.tasks[n] is not last),
            "PLAN",
            "the conventions task is not last",
        )
        need(
            mode != "MEDIUM" or all(t.reviewers or t.high_risk or t.conventions for t in self.tasks.values()),
            "PLAN",
            "a task without reviewers in MEDIUM",
        )
        self.asked, self.ok, self.risks, self.counts, self.results, self.mitigated = False, False, False, None, False, False
        self.listed, self.verdicts, self.decided = {}, {}, set()
        self.testers = len([p for p in self.people if p.role == "risk-tester" and not p.nested and (p.alive or not p.started)])
        self.delegate = self.owner_lives()

    def _before(self, t):
        seen, queue = set(), list(t.blocked_by)
        while queue:
            n = queue.pop()
            if n in self.tasks and n not in seen:
                seen.add(n)
                queue += self.tasks[n].blocked_by
        return seen

    def ran_verify(self, build, test, before, after, in_place=False):
        """`pack verify` was run by the client: exit codes as they were, and what was on disk before and after. in_place: it said so."""
        self.verified, self.verify_at, self.in_place = build == 0 and test == 0 and before == after, after, in_place

    def _teardown_verb(self, args, people):
        if not args:
            left = [n for n, t in self.tasks.items() if t.end is None]
            need(self.planned and not left, "TEARDOWN_EARLY", "open tasks: %s", left)
            need(self.owner_lives(), "TEARDOWN_EARLY", "no owner of the state")
            need(self.verified, "TEARDOWN_EARLY", "build and tests did not pass")
            need(self.verify_at == self.tree(self.in_place), "TEARDOWN_EARLY", "build and tests passed on another tree")
            now = self.folder_content(".conventions/")
            need(now and now != self.conventions, "TEARDOWN_EARLY", ".conventions/ did not change")
            need(self.mode not in VALIDATED or self.consistent, "TEARDOWN_EARLY", "no CONSISTENCY OK in %s", self.mode)
            need(not self.tampered, "TEARDOWN_EARLY", "what enforces the run was changed and the user has not looked")
            self.begin()
            return "TEARDOWN_INIT"
        if args[0] == "retry":
            self.begin()
            return "TEARDOWN_RETRY"
        if args[0] == "finalize":
            self.finalize()
            return "FORCED_FINALIZE_ACK"
        if args[0] == "deny":
            return "FORCED_FINALIZE_DENY"
        return None  # ask: each name has a record of its own

    def begin(self):
        self.begun, self.delegate, self.forced, self.sends = True, False, False, {}

    def abort(self):
        self.aborted = True
        for t in self.tasks.values():
            t.end = t.end or "CANCELLED"
        self.begin()

    def shutdown(self, who, person, people):
        """The lead's shutdown request to one agent was let through."""
        need(who == "lead", "SHUTDOWN_BY", "%s asks %s to shut down", who, person and person.name)
        if person is None:
            return
        if person.role == "supervisor" and self.owner_lives() and not self.locked:
            left = [p.name for p in people if p.alive and p.told is False and p.known and p is not person and p.role != "supervisor"]
            need(self.begun and (not left or self.forced), "SUPERVISOR_LAST", "the supervisor is shut down before %s", left)
        self.sends[person.id] = self.sends.get(person.id, 0) + 1

    # -- after every payload --------------------------------------------------------------------------------------------------
    def look(self, state, people):
        """The state as recorded against the notebook."""
        self.people = people
        if state["team"] is None:
            return
        if self.planned:
            need(state["mode"] == self.mode, "MODE", "the mode is %s, it should be %s", state["mode"], self.mode)
        for n, t in self.tasks.items():
            have = state["tasks"].get(str(n))
            need(have is not None, "TASK_LOST", "task #%d is gone", n)
            need(
                (have["state"] == "DONE") == (t.end == "DONE"),
                "DONE_STATE",
                "task #%d is %s, it should be %s",
                n,
                have["state"],
                t.end or "open",
            )
            need(
                (have["state"] == "CANCELLED") == (t.end == "CANCELLED"),
                "DONE_STATE",
                "task #%d is %s, it should be %s",
                n,
                have["state"],
                t.end or "open",
            )
            if have["owner"] is not None and t.end is None:
                need(
                    t.owner is not None and t.owner.name == have["owner"],
                    "OWNER",
                    "task #%d belongs to %s, it should be %s",
                    n,
                    have["owner"],
                    t.owner and t.owner.name,
                )
            if have["state"] == "APPROVED" and t.end is None:
                missing = [r for r in self.required(t) if t.said.get(r, ("",))[0] != "APPROVED"]
                need(not missing, "APPROVED_STATE", "task #%d is APPROVED without %s", n, missing)
        need(len(state["tasks"]) == len(self.tasks), "TASK_LOST", "tasks %s", sorted(state["tasks"]))
        owner = state["owner"]
        need(owner["epoch"] == self.epoch, "EPOCH", "the epoch is %d, it should be %d", owner["epoch"], self.epoch)
        if owner["state"] == "ACTIVE" and state["phase"] != "CLOSED":
            need(self.acked and self.holder.name == owner["holder"], "EPOCH", "%s owns the state", owner["holder"])
            need(
                self.holder.alive or state["teardown"]["state"] in ("READY_TO_DELETE", "TEAM_DELETED"),
                "OWNER_DEAD",
                "%s owns the state and has ended",
                owner["holder"],
            )
        by_id = {p.id: p for p in people}
        for name, e in state["roster"].items():
            if e["state"] in ("ACTIVE", "IDLE") and e["agent_id"]:
                p = by_id.get(e["agent_id"])
                need(
                    p is not None and p.known and not p.nested and (p.name, p.role) == (name, e["role"]),
                    "SYBIL",
                    "%s is bound to %s, whom the lead did not spawn as that",
                    name,
                    e["agent_id"],
                )
        if state["phase"] == "CLOSED" and not self.closed:
            self.closed = True
            self.checked["closed"] += 1
            if not self.aborted:
                left = [n for n, t in self.tasks.items() if t.end is None]
                need(not left, "CLOSED_EARLY", "the run is closed with open tasks %s", left)
                need(self.begun, "CLOSED_EARLY", "the run is closed and never passed its completion gate")
                self.delivered()
                alive = [p for p in people if p.alive and p.known and not p.nested]
                if alive:
                    need(self.forced, "CLOSED_EARLY", "the run is closed while %s live", [p.name for p in alive])
                    early = [p.name for p in alive if self.sends.get(p.id, 0) < 3]
                    need(not early, "CLOSED_EARLY", "finished by force with fewer than three requests to %s", early)
