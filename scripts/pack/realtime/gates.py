"""The gates: derive everything again from the evidence, trust nothing, say what to do.

`evaluate(team_dir, definition, now)` reads the evidence folder, rt.yaml, git and the artifacts and returns a JSON-able
dict. It writes nothing and measures nothing. Verdicts, worst first: FORGED (contradicts itself, the chain or git), FAIL
(over budget), INVALID (cannot carry the claim: measure again), STALE (true once, not of this tree), MISSING, PASS.
"""

import hashlib
import os
import platform
import re

from pack.base import codec
from pack.realtime import anchors as anchoring
from pack.realtime import checks, claims, clock, derive, evidence, gitinfo, hand_over, rtfile, written
from pack.store import open_for_reading
from pack.teams import schema
from pack.teams.layout import artifact_problem, by_id, project_of

ORDER = ("FORGED", "FAIL", "INVALID", "STALE", "MISSING", "PASS")
HERE = os.path.dirname(os.path.abspath(__file__))
SKEW = 120.0  # seconds that a clock may be ahead
SELFTEST_HOURS = 24.0


JOURNAL = "the run's journal"
WAY_BACK = "; put the evidence folder back, or let the user begin anew with another one (`git notes --ref=pack-rt`, docs/realtime.md)"


def worst(verdicts):
    """The worst of some verdicts; PASS for none."""
    return min(verdicts, key=ORDER.index, default="PASS")


class Look:
    """What one evaluation sees. Read once, so that all gates judge the same state."""

    def __init__(self, team_dir, definition, now, resumed_at=None, anchors=(), approved=None, unheard=False, run=None):
        self.team_dir, self.definition, self.now = os.path.abspath(os.fspath(team_dir)), definition, float(now)
        self.project = project_of(self.team_dir, definition)
        self.git = gitinfo.Git(self.project, gitinfo.own(self.team_dir, definition))
        self.run, self.tree = run, None
        self.kinds, self.roles = by_id(definition, "evidence", "kind"), by_id(definition, "roles")
        self.resumed_at = resumed_at if resumed_at is not None else read_resumed(self.team_dir)
        self.approved, self.unheard = approved, unheard
        self.rt, self.rt_problems, self.paths = None, [], {}
        try:
            self.rt = rtfile.load(self.team_dir, definition)
            self.paths = by_id(self.rt, "paths")
        except rtfile.RtError as error:
            self.rt_problems = error.problems
        self.folder = os.path.join(self.team_dir, "evidence")
        self.records, self.chain = evidence.read_ledger(self.folder)
        self.chain = evidence.links(self.team_dir) + self.chain
        hashes = {r["seq"]: r["hash"] for r in self.records}
        noted = [dict(a, where=JOURNAL) for a in anchors] + anchoring.noted(self.project, self.team_dir)
        self.anchored = {}
        for anchor in noted:
            self.anchored[anchor["where"]] = max(anchor["seq"], self.anchored.get(anchor["where"], 0))
            if anchor["seq"] not in hashes and not self.chain:
                self.chain = self.chain + [
                    "the ledger was cut back: it has %d record(s), %s noted record %d%s"
                    % (len(self.records), anchor["where"], anchor["seq"], "" if anchor["where"] == JOURNAL else WAY_BACK)
                ]
            elif hashes.get(anchor["seq"]) != anchor["hash"]:
                self.chain = self.chain + [
                    "the ledger was rewritten: record %s is not the one that %s noted" % (anchor["seq"], anchor["where"])
                ]
        self.known = {r["digest"]: r for r in self.records}
        self.tool = evidence.tool_digest()
        self.files, self.histograms, self.runs, self._schema = {}, {}, {}, schema.load(HERE, "evidence.schema.json")
        for kind in [evidence.SELFTEST] + list(self.kinds.values()):
            envelopes, problem = evidence.read_file(os.path.join(self.folder, *kind["file"].split("/")))
            self.files[kind["kind"]] = (envelopes, problem)
            for envelope in envelopes:
                told = {k: v for k, v in envelope.items() if k not in ("kind", "class")}  # one run fills several kinds alike
                self.runs.setdefault(envelope["run"]["id"], {}).setdefault(evidence.digest(told), []).append(kind["kind"])
                for entry in envelope["entries"]:
                    held = entry.get("sample_count", entry.get("received"))  # without a sample, all are alike: interrupted early
                    if isinstance(entry.get("histogram"), str) and isinstance(held, int) and held > 0:
                        self.histograms.setdefault(entry["histogram"], set()).add(envelope["run"]["id"])
        self.selftests = {e["run"]["id"]: e for e in self.files["selftest"][0]}

    def limits(self, name):
        """A threshold as this project has it."""
        return rtfile.limit(self.rt, self.definition, name)

    # -- provenance --------------------------------------------------------------------------------------------------

    def authentic(self, kind, envelope):
        """None, or a FORGED/INVALID finding about where the envelope comes from."""
        run, entry, forged, invalid = envelope["run"], envelope["entries"][0], claims.forged, claims.invalid
        record = self.known.get(evidence.digest(envelope))
        if self.chain:
            return forged(self.chain[0])
        if record is None:
            return forged("run %s is not in the evidence ledger: written or edited by hand" % run["id"])
        if (record["kind"], record["path"], record["run"]) != (kind["kind"], entry["message_path"], run["id"]):
            return forged("ledger record %d is of %s on %s, not of this" % (record["seq"], record["kind"], record["path"]))
        if envelope["kind"] != kind["kind"] or envelope["class"] != kind["class"]:
            return forged("the envelope is of kind %s, the file holds %s" % (envelope["kind"], kind["kind"]))
        if len(self.runs[run["id"]]) > 1:
            return forged("two measurements bear the id of run %s" % run["id"])
        twin = self.twin(entry, run)
        if twin:
            return forged("the histogram is a copy of the one of run %s" % twin)
        if run["end"] < run["start"] or run["end"] > self.now + SKEW:
            return forged("the run ends before it starts or in the future")
        if evidence.iso(run["end"])[:19] < entry["timestamp"][:19] or entry["timestamp"][:19] < evidence.iso(run["start"])[:19]:
            return forged("timestamp %s is not within the run" % entry["timestamp"])
        later = min((r["ts"] for r in self.records[record["seq"] :]), default=None)
        if later is not None and later < record["ts"] - SKEW:
            return invalid("the clock was set back by %.0f s after this run: nobody knows how old it is" % (record["ts"] - later))
        commit = run["git"]["commit"]
        if self.git.head() is None:
            return invalid("the project is not a git repository with a commit: nothing to bind evidence to")
        if not self.git.exists(commit):
            return forged("commit %s does not exist in this repository" % (commit or "none"))
        wrong = schema.errors(entry, self._schema["$defs"][derive.SCHEMAS[kind["measure"]]], self._schema)
        if wrong:
            return forged("%s: %s" % wrong[0])
        return None

    def twin(self, entry, run):
        """Another run with the very same histogram, or None: two runs never agree to the microsecond."""
        return min(self.histograms.get(entry.get("histogram"), set()) - {run["id"]}, default=None)

    def fit(self, kind, envelope, path):
        """None, or a STALE or INVALID finding about how it was measured."""
        run, invalid = envelope["run"], claims.invalid
        if run["tool_digest"] != self.tool:
            return claims.Finding(
                "STALE",
                ["measured by another pack (digest %s..., this one is %s...)" % (run["tool_digest"][:8], self.tool[:8])],
            )
        if run["target"]["reality"] != "real":
            return invalid("measured against a mock (%s): a mock is no evidence" % run["target"]["server"])
        if run["partial"]:
            return invalid("the measurement was interrupted: partial evidence")
        if clock.off(run.get("clock")):
            return invalid(clock.off(run["clock"]))
        if run["exit_code"] != 0:
            return invalid("the measuring command ended with exit code %d" % run["exit_code"])
        if envelope["entries"][0]["protocol"] != protocol_of(path):
            return invalid("protocol %s, rt.yaml says %s" % (envelope["entries"][0]["protocol"], protocol_of(path)))
        if run["target"]["address"] != path["address"]:
            return invalid("measured at %s, rt.yaml says %s" % (run["target"]["address"], path["address"]))
        if not run["loaded"]["isolated"]:
            return invalid(
                "measured by a Python that was not isolated: whatever was on its path could have measured otherwise; run `pack rt` itself"
            )
        reasons = self.selftest_of(run)
        return invalid(reasons[0]) if reasons else None

    def selftest_of(self, run):
        """Why the self-test behind a run does not hold; empty if it does."""
        test = self.selftests.get(run["selftest"])
        if test is None:
            return ["no self-test %s: run `pack rt selftest`, then measure again" % (run["selftest"] or "was made")]
        if evidence.digest(test) not in self.known or self.chain:
            return ["the self-test %s is not in the evidence ledger" % run["selftest"]]
        twin = self.twin(test["entries"][0], test["run"])
        if twin:
            return ["the self-test %s is a copy of the one of run %s" % (run["selftest"], twin)]
        if test["run"]["end"] - test["run"]["start"] < test["entries"][0].get("duration_s", 0) - 0.5:
            return ["the self-test %s claims more time than it took" % run["selftest"]]
        if test["run"]["partial"] or test["run"]["exit_code"]:
            return ["the self-test %s failed" % run["selftest"]]
        if test["run"]["tool_digest"] != run["tool_digest"] or test["run"]["host"]["name"] != run["host"]["name"]:
            return ["the self-test was made by another pack or on another machine"]
        if not -SKEW <= run["start"] - test["run"]["start"] <= SELFTEST_HOURS * 3600:
            return ["the self-test is older than %g h, or newer than the run" % SELFTEST_HOURS]
        return derive.selftest(test["entries"][0])

    def stale(self, kind, envelope, path, release):
        """Why the evidence is no longer of this tree."""
        run, found = envelope["run"], []
        hours = self.definition.get("max_age_hours", 24)
        if self.now - run["end"] > hours * 3600:
            found.append("measured %.1f h ago, older than %g h" % ((self.now - run["end"]) / 3600.0, hours))
        if run["git"]["dirty"]:
            names = ", ".join(run["git"].get("changed", ())[:3])
            found.append(
                "measured on a dirty work tree%s: commit, then measure again%s"
                % (" (%s)" % names if names else "", "; what is no source belongs into .gitignore" if names else "")
            )
        if run["spec"] != rtfile.path_digest(path):
            found.append("rt.yaml says something else of %s than when it was measured" % path["id"])
        changed = self.git.changed_since(run["git"]["commit"], path.get("sources"), rtfile.programs(path))
        if changed:
            found.append("changed since: %s%s" % (", ".join(changed[:3]), " and %d more" % (len(changed) - 3) if len(changed) > 3 else ""))
        if kind["class"] == "delivery" and self.resumed_at and run["start"] < self.resumed_at:
            found.append("measured before the team was resumed: delivery is validated again on resume")
        if release and run["purpose"] != "release":
            found.append("a release gate measures again: run `pack rt all --release`")
        return found

    def raw(self, entry, run):
        """(text of a run's ledger or None, problem)."""
        told = entry.get("ledger")
        if not isinstance(told, dict):
            return None, None
        if told["file"] != ledger_of(run["id"]):
            return None, claims.forged("%s is not the ledger of run %s" % (told["file"], run["id"]))
        path = os.path.normpath(os.path.join(self.folder, told["file"]))
        if not os.path.isfile(path):
            return None, None
        with open(path, "rb") as handle:
            data = handle.read()
        if hashlib.sha256(data).hexdigest() != told["sha256"]:
            return None, claims.forged("the audit's ledger %s was changed" % told["file"])
        return data.decode("utf-8", "replace"), None

    # -- one row -----------------------------------------------------------------------------------------------------

    def judged(self, kind, envelope, path):
        """The finding of the numbers alone."""
        entry = envelope["entries"][0]
        text, problem = self.raw(entry, envelope["run"])
        return problem or derive.judge(kind, path, entry, envelope["run"], self.limits, text)

    def row(self, kind, path_id, release=False):
        """The verdict for one kind on one path."""
        path = self.paths[path_id]
        base = {"kind": kind["kind"], "path": path_id, "class": kind["class"], "protocol": protocol_of(path)}
        envelopes, problem = self.files[kind["kind"]]
        if problem:
            return dict(base, verdict="FORGED", reasons=["%s: %s; only `pack rt` writes it" % (kind["file"], problem)])
        if self.chain:  # what it no longer holds may have been a FAIL: nothing is merely missing
            return dict(base, verdict="FORGED", reasons=[self.chain[0]])
        for envelope in envelopes:
            if evidence.digest(envelope) not in self.known:
                return dict(base, verdict="FORGED", reasons=self.authentic(kind, envelope).reasons)
        mine = [e for e in envelopes if e["entries"][0]["message_path"] == path_id]
        here = {evidence.digest(e) for e in envelopes}
        gone = [r for r in self.records if r["kind"] == kind["kind"] and r["path"] == path_id and r["digest"] not in here]
        if gone:
            return dict(
                base,
                verdict="FORGED",
                reasons=["run %s is in the evidence ledger but was removed from %s" % (gone[-1]["run"], kind["file"])],
            )
        if not mine:
            return dict(base, verdict="MISSING", reasons=["never measured: `pack rt %s --path %s`" % (verb(kind), path_id)])
        by_seq = sorted(mine, key=lambda e: self.known[evidence.digest(e)]["seq"])
        newest = by_seq[-1]
        run = newest["run"]
        base.update(
            run=run["id"],
            commit=run["git"]["commit"],
            at=evidence.iso(run["end"]),
            server=run["target"]["server"],
            host=run["host"]["name"],
            runs=len(by_seq),
        )
        finding = self.authentic(kind, newest) or self.fit(kind, newest, path)
        if finding is None:
            numbers = self.judged(kind, newest, path)
            base.update(value=numbers.value, limit=numbers.limit, facts=numbers.facts)
            old = self.stale(kind, newest, path, release)
            finding = numbers
            if numbers.verdict != "FORGED" and old:
                finding = claims.Finding("STALE", old)
            elif numbers.verdict == "PASS":
                failed = self.failed_before(kind, path, by_seq)
                if failed:
                    finding = claims.Finding("FAIL", [failed])
        history = self.history(kind, path, by_seq)
        if finding.verdict == "INVALID":
            base["attempts"] = history["invalid"]
            if history["invalid"] > self.definition.get("retries", 3):
                base["escalate"] = True
                finding.reasons.append(
                    "invalid for the %dth time: this machine cannot carry the claim, a person must decide" % history["invalid"]
                )
        if finding.verdict == "FAIL":
            base["failures"] = history["failed"]
            base["escalate"] = history["failed"] >= self.definition.get("retries", 3)
        return dict(base, verdict=finding.verdict, reasons=finding.reasons)

    def _number(self, kind, path, envelope):
        if self.authentic(kind, envelope) is None and envelope["run"]["spec"] == rtfile.path_digest(path):
            return (self.fit(kind, envelope, path) or self.judged(kind, envelope, path)).verdict
        return None

    def failed_before(self, kind, path, by_seq):
        """A PASS after a FAIL of the same tree is luck, not a repair: the reason, or None."""
        newest = by_seq[-1]
        for older in reversed(by_seq[:-1]):
            if older["run"]["git"]["dirty"] or self._number(kind, path, older) != "FAIL":
                continue
            if self.git.changed_between(older["run"]["git"]["commit"], newest["run"]["git"]["commit"], path.get("sources")) == []:
                return (
                    "run %s failed on the same tree and nothing was changed since: a FAIL is not measured away; "
                    "commit what mends it (or change the path in rt.yaml), then measure again" % older["run"]["id"]
                )
            return None
        return None

    def history(self, kind, path, by_seq):
        """How many INVALID and FAIL in a row, the newest included; FAILs are counted once a tree."""
        invalid = failed = 0
        for envelope in reversed(by_seq):
            if self._number(kind, path, envelope) != "INVALID":
                break
            invalid += 1
        trees = set()
        for envelope in reversed(by_seq):
            if self.authentic(kind, envelope) is not None:
                break
            verdict = self._numbers_only(kind, path, envelope)
            if verdict == "PASS" and failed:
                break
            if verdict == "FAIL":
                trees.add((envelope["run"]["git"]["commit"], envelope["run"]["spec"]))
                failed = len(trees)
        return {"invalid": invalid, "failed": failed}

    def _numbers_only(self, kind, path, envelope):
        finding = self.fit(kind, envelope, path)
        return finding.verdict if finding else self.judged(kind, envelope, path).verdict

    # -- one gate ----------------------------------------------------------------------------------------------------

    def gate(self, gate, done):  # noqa: C901 - one part for each kind of evidence that a gate may ask for
        """The verdict for one gate; `done` maps gates already judged to their results."""
        rows, reasons, verdicts, waivers = [], [], [], []
        for name in gate.get("evidence", []):
            kind = self.kinds[name]
            if self.rt is None:
                rows.append(
                    {
                        "kind": name,
                        "path": None,
                        "class": kind["class"],
                        "verdict": "MISSING",
                        "reasons": ["no usable rt.yaml says what to measure"],
                    }
                )
                continue
            ids = [p["id"] for p in self.rt["paths"] if rtfile.needs(kind, p)]
            rows += [self.row(kind, i, bool(gate.get("remeasure"))) for i in ids]
            if not ids:
                rows.append(self._no_path(kind))
            for used in kind.get("thresholds", {}).values():
                if ids and used in self.rt.get("waivers", {}):
                    waivers.append(used)
        counted = [r for r in rows if "out_of_scope" not in r]
        if gate.get("evidence") and not counted and gate.get("non_negotiable"):
            reasons.append("non-negotiable: not all of its evidence can be out of scope; at least one path must be measured")
            verdicts.append("MISSING")
        for row in counted:
            verdicts.append(row["verdict"])
            if row["verdict"] != "PASS":
                reasons += ["%s%s: %s" % (row["kind"], " on %s" % row["path"] if row.get("path") else "", r) for r in row["reasons"]]
        if gate.get("non_negotiable") and any(self.kinds[k]["class"] == "latency" for k in gate.get("evidence", [])):
            covered = {r["path"] for r in counted}
            for path in sorted(set(self.paths) - covered):
                verdicts.append("MISSING")
                reasons.append("path %s: no latency evidence kind covers it; name one in `measures`" % path)
        for item in gate.get("checks", []):
            found = (
                checks.TABLE[item["check"]](self, item, gate)
                if item["check"] in checks.OF_GATE
                else checks.TABLE[item["check"]](self, item)
            )
            verdict, why = found[:2]
            rows.append(
                dict(
                    {"check": item["check"], "verdict": verdict, "reasons": why, "path": item.get("file")},
                    **(found[2] if len(found) > 2 else {}),
                )
            )
            verdicts.append(verdict)
            reasons += why
        wanted = list(gate.get("artifacts", []))
        for role in gate.get("artifacts_of", []):
            wanted += self.roles[role].get("artifacts", [])
        for artifact in wanted:
            problem = artifact_problem(self.team_dir, artifact)
            if problem:
                rows.append({"artifact": artifact, "verdict": "MISSING", "reasons": [problem]})
                verdicts.append("MISSING")
                reasons.append(problem)
        for need in gate.get("needs", []):
            if done[need]["verdict"] != "PASS":
                verdicts.append("FAIL" if done[need]["verdict"] == "FAIL" else "MISSING")
                reasons.append("gate %s is %s" % (need, done[need]["verdict"]))
        verdict = worst(verdicts)
        on_fail = gate["on_fail"]
        return {
            "id": gate["id"],
            "title": gate["title"],
            "verdict": verdict,
            "reasons": reasons,
            "evidence": rows,
            "hard_stop": bool(gate.get("hard_stop")),
            "retries": on_fail.get("retries", self.definition.get("retries", 3)),
            "roles_to_respawn": _menders(on_fail, rows) if verdict == "FAIL" else [],
            "say": on_fail.get("say", "") if verdict == "FAIL" else "",
            "escalate": any(r.get("escalate") for r in rows),
            "waivers": sorted(set(waivers)),
            "next": _next(verdict),
        }

    def _no_path(self, kind):
        row = {
            "kind": kind["kind"],
            "path": None,
            "class": kind["class"],
            "verdict": "MISSING",
            "reasons": ["no path of rt.yaml measures it"],
        }
        envelopes, problem = self.files[kind["kind"]]
        if problem or any(evidence.digest(e) not in self.known for e in envelopes):
            row.update(verdict="FORGED", reasons=["%s was written by hand" % kind["file"]])
            return row
        scope = (self.rt or {}).get("out_of_scope", {}).get(kind["kind"])
        if scope:
            row.update(out_of_scope=scope["reason"], reasons=["out of scope: %s" % scope["reason"]])
        else:
            row["reasons"].append("add a path, or declare it in `out_of_scope` with a reason")
        return row


def _next(verdict):
    return {
        "FORGED": "remove what was written by hand, then measure with `pack rt`",
        "FAIL": "spawn the named roles again with these reasons; after the repair is committed, measure again",
        "INVALID": "measure again (at most 3 times); no role is at fault",
        "STALE": "measure again on the present tree",
        "MISSING": "produce what is missing",
        "PASS": "",
    }[verdict]


def verb(kind):
    """The `pack rt` verb that measures a kind."""
    return {
        "latency": "latency",
        "tail": "latency",
        "delivery": "audit",
        "ordering": "ordering",
        "throughput": "throughput",
        "burst": "burst",
        "density": "density",
        "stream": "stream",
    }.get(kind["measure"], "failover")


def ledger_of(run_id):
    """Where the ledger of a run lies in the evidence folder."""
    return "delivery/ledgers/%s.log" % run_id


def protocol_of(path):
    """The protocol name that entries of a path carry."""
    return path.get("options", {}).get("protocol", path["adapter"]) if ":" in path["adapter"] else path["adapter"]


def read_resumed(team_dir):
    """The time of the `resumed_at: ...` line of TEAM_STATUS.md (ISO in UTC, or seconds), or None."""
    import calendar
    import time

    try:
        with open(os.path.join(team_dir, "TEAM_STATUS.md"), encoding="utf-8", errors="replace") as handle:
            lines = [x.strip().lstrip("-* ") for x in handle]
    except OSError:
        return None
    found = None
    for text in lines:
        if text.lower().startswith("resumed_at:"):
            value = text.split(":", 1)[1].strip().strip("`")
            try:
                found = float(value)
            except ValueError:
                try:
                    found = float(calendar.timegm(time.strptime(value[:19], "%Y-%m-%dT%H:%M:%S")))
                except ValueError:
                    continue
    return found


def evaluate(team_dir, definition, now, only=None, resumed_at=None, anchors=(), approved=None, unheard=False, run=None):
    """Judge the gates in the definition's order; a JSON-able dict.

    `only`: ids to report (what they need is judged too). `resumed_at`: when the team was last resumed. `anchors`:
    `{"seq", "hash"}` heads of the evidence ledger that the run's journal noted. `approved`: `result["rt"]["content"]`
    as it was when planning passed; loosening it later fails the planning gate. `unheard`: the user has not been asked about
    waivers yet, so that any fails it. `run`: what the run knows (runs.wave_facts); found out when it is None.
    """
    if run is None and any(c["check"] in checks.OF_GATE for g in definition["gates"] for c in g.get("checks", [])):
        run = open_for_reading.wave_facts_here(project_of(team_dir, definition), definition)
    look = Look(team_dir, definition, now, resumed_at, anchors, approved, unheard, run)
    done, stray = {}, strays(look)
    ordered = _ordered(definition)
    asked = set(only or ())
    for gate in reversed(ordered):  # what an asked gate needs is judged too; commands of others are not run for nothing
        asked |= set(gate.get("needs", [])) if gate["id"] in asked else set()
    for gate in ordered:
        done[gate["id"]] = look.gate(gate, done) if not only or gate["id"] in asked else None
    if only:
        unknown = set(only) - set(done)
        if unknown:
            raise KeyError("unknown gate %s; known: %s" % (", ".join(sorted(unknown)), ", ".join(done)))
    gates = [done[g["id"]] for g in definition["gates"] if done[g["id"]] is not None]
    if stray and gates:
        gates[0]["verdict"] = "FORGED"
        gates[0]["reasons"] = stray + gates[0]["reasons"]
        gates[0]["next"], gates[0]["roles_to_respawn"] = _next("FORGED"), []
    edited = written.edited(look.project, team_dir)
    written.refuse(gates, definition, edited)
    if only:
        gates = [g for g in gates if g["id"] in only]
    first = next((g for g in gates if g["verdict"] != "PASS"), None)
    halt = next((g for g in gates if g["hard_stop"] and g["verdict"] == "FAIL"), None)
    missing = [
        {"kind": r["kind"], "path": r["path"], "reason": r["reasons"][0], "gate": g["id"]}
        for g in gates
        for r in g["evidence"]
        if r["verdict"] == "MISSING" and "kind" in r
    ]
    return {
        "team": definition["team"],
        "at": evidence.iso(look.now),
        "now": look.now,
        "verdict": worst(g["verdict"] for g in gates),
        "commit": look.git.head(),
        "dirty": look.git.dirty() if look.git.head() else None,
        "host": platform.node(),
        "ledger": {
            "records": len(look.records),
            "head": look.records[-1]["hash"] if look.records else evidence.ZERO,
            "problems": look.chain,
            "anchored": look.anchored,
        },
        "rt": {
            "digest": evidence.digest(look.rt) if look.rt else None,
            "content": rtfile.content(look.rt, look.project) if look.rt else None,
            "problems": look.rt_problems,
        },
        "waivers": {n: w for n, w in (look.rt or {}).get("waivers", {}).items()},
        "resumed_at": look.resumed_at,
        "reports": edited,
        "gates": gates,
        "first_failure": first["id"] if first else None,
        "missing": missing,
        "halt": {"gate": halt["id"], "roles_to_respawn": halt["roles_to_respawn"], "say": halt["say"]} if halt else None,
        "universal_checks": hand_over.checked(definition, gates),
        "errors": hand_over.happened(definition, gates),
    }


def _menders(on_fail, rows):
    """Who is spawned again: where the gate says who owns which evidence, the owners of what failed, else all that it names."""
    owners = on_fail.get("owners", {})
    mine = {role for r in rows if r["verdict"] == "FAIL" for role in owners.get(r.get("kind"), on_fail["respawn"])}
    return [r for r in on_fail["respawn"] if r in mine] or on_fail["respawn"]


def _ordered(definition):
    """The gates so that what a gate needs is judged before it."""
    known, placed, order = by_id(definition, "gates"), set(), []

    def place(gate):
        if gate["id"] not in placed:
            placed.add(gate["id"])
            for need in gate.get("needs", []):
                place(known[need])
            order.append(gate)

    for gate in definition["gates"]:
        place(gate)
    return order


def strays(look):
    """Files below evidence/ that no tool writes: somebody filed something by hand."""
    known = {os.path.join(*k["file"].split("/")) for k in [evidence.SELFTEST] + list(look.kinds.values())}
    found = []
    for folder, folders, files in os.walk(look.folder):
        folders.sort()
        for name in sorted(files):
            relative = os.path.relpath(os.path.join(folder, name), look.folder)
            kept = name in (".lock", evidence.MEASURING, evidence.LEDGER, ".gitkeep") or ".refused-" in name or name.endswith(".new")
            ledger = re.match(r"delivery/ledgers/\d{8}T\d{6}Z-[0-9a-f]{8}\.log$", relative.replace(os.sep, "/"))  # after a crash of no run
            if relative not in known and not kept and not ledger:
                found.append("evidence/%s is not written by any tool: hand-made evidence" % relative.replace(os.sep, "/"))
    return found


def what(row):
    """What a row of a gate looks at."""
    return "%s:%s" % (row.get("kind") or row.get("check") or row.get("artifact"), row.get("path"))


def failed(row):
    """What failed, as a name that a new measurement (of a check: new reasons) changes."""
    return "%s:%s" % (what(row), row.get("run") or codec.digest(codec.dumps(row["reasons"]), size=4))
