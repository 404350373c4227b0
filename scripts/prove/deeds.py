"""What the honest actors of hostile.py do next: what the gate's own advice and their trade tell them. The others are in noise.py.

Every deed is a JSON object for `Client.do`. Chosen at random from what the present state makes possible; carried out without
looking at it again, so that a list of deeds repeats a run.
"""

import os

from pack.protocol import advice, guards_risks, machine, tables, view

from .client import BUILD, FILES, TEST

EVIDENCE = lambda value: {"value": value, "evidence": "src/old.py"}
RIGHT_VERIFY = ["verify", "--build", BUILD, "--test", TEST]


def a_plan(rng, mode):
    """A plan's JSON that is classified as the mode asked for."""
    n = {"SIMPLE": rng.choice((1, 2)), "MEDIUM": rng.choice((2, 3)), "COMPLEX": rng.choice((2, 3, 4))}[mode]
    tasks = []
    for i in range(1, n):
        files = ["src/%s.py" % "abcd"[i - 1]] + (["tests/test_%d.py" % i] if rng.random() < 0.2 else [])
        tasks.append(
            {
                "id": i,
                "subject": "Add part %d" % i,
                "files": files,
                "references": ["src/old.py"],
                "acceptance": ["works"],
                "checks": ["short"],
                "tooling": {"test": "true"},
                "blocked_by": [i - 1] if mode == "COMPLEX" and i > 1 and rng.random() < 0.4 else [],
                "reviewers": sorted(rng.sample(tables.SPECIALISTS, rng.choice((1, 1, 2)))),
                "high_risk": mode == "MEDIUM" and rng.random() < 0.1,
                "sensitive": ["auth"] if rng.random() < 0.2 else [],
            }
        )
    tasks.append(
        {
            "id": n,
            "subject": "Update .conventions/ with discovered patterns",
            "files": [".conventions/"],
            "references": [],
            "acceptance": ["recorded"],
            "checks": ["short"],
            "tooling": {"test": "true"},
            "blocked_by": list(range(1, n)),
            "reviewers": [rng.choice(tables.SPECIALISTS)],
        }
    )
    facts = {
        "layers": ["api"],
        "changes_existing": EVIDENCE(mode != "SIMPLE"),
        "near_sensitive": EVIDENCE(mode == "COMPLEX"),
        "shared_by_3_modules": EVIDENCE(False),
        "direct_sensitive": EVIDENCE(mode == "COMPLEX"),
        "gold_standard_exists": EVIDENCE(True),
    }
    return {
        "facts": facts,
        "definition_of_done": ["tests pass"],
        "tasks": tasks,
        "trade_offs": ["a module rather than a class: one caller"],
    }


def a_task(rng, files, conventions=False):
    return {
        "subject": "Update .conventions/ again" if conventions else "Mend " + ", ".join(files),
        "files": files,
        "references": ["src/old.py"],
        "acceptance": ["works"],
        "checks": ["short"],
        "tooling": {"test": "true"},
        "blocked_by": [],
        "reviewers": [rng.choice(tables.SPECIALISTS)],
    }


def say(who, to, text, **more):
    return dict({"do": "say", "who": who, "to": to, "text": text}, **more)


def pack(words, raw=None, who="lead"):
    deed = {"do": "pack", "who": who, "words": list(words)}
    return dict(deed, raw=raw) if raw is not None else deed


class Honest:
    """Chooses what somebody who means well does next."""

    def __init__(self, rng, client, mode, hostile=0.3):
        self.rng, self.c, self.mode, self.hostile, self.serial, self.told = rng, client, mode, hostile, 0, {}

    # -- honest -----------------------------------------------------------------------------------------------------------------
    def honest(self):
        """Everything that somebody who means well could do now."""
        state = self.c.book.state
        out = []
        for s in advice.steps(state):
            deed = self._step(state, s)
            out += deed if isinstance(deed, list) else [deed] if deed else []
        return out + self._trade(state)

    def _who(self, name):
        """The actor of a step, if it is in a turn; else the lead wakes it."""
        p = self.c.person(name)
        if p is None or p.silent or not p.alive:
            return None
        return p if p.running else False

    def _wake(self, name):
        """The lead writes to somebody who has a step and no turn; whoever never answers is stopped."""
        p = self.c.person(name)
        if p is None:
            return None
        self.told[name] = self.told.get(name, 0) + 1
        if p.silent or self.told[name] > 6:
            self.told[name] = 0
            return {"do": "tool", "who": "lead", "tool": "TaskStop", "given": {"task_id": name}}
        return say("lead", name, "please go on with your next step")

    def free_name(self, state, role, alias=None):
        base = alias or role
        if base.lower() not in [n.lower() for n in view.living(state)]:
            return base
        n = 2
        while "%s-%d" % (base, n) in state["roster"]:
            n += 1
        return "%s-%d" % (base, n)

    def spawn(self, state, role):
        name = self.free_name(state, role, "coder-1" if role == "coder" else None)
        return {"do": "spawn", "who": "lead", "name": name, "role": role, "start": self.rng.choice(("ok", "ok", "ok", "post"))}

    def content(self, number):
        self.serial += 1
        return "# task %s, version %d%s\n" % (number, self.serial, " BROKEN" if self.rng.random() < 0.03 * (self.hostile > 0) else "")

    def editable(self, role, t):
        """Those of a task's files that a role may edit now."""
        if role == "test-writer":
            return [f for f in t["files"] if f.startswith("tests/")]
        tests = role != "realtime-dev" and not self.c.living("test-writer")
        return [f for f in t["files"] if tests or not f.startswith("tests/")]

    def path(self, t, role=None):
        """One of the files of a task that an edit may change."""
        name = self.rng.choice(role and self.editable(role, t) or t["files"])
        return name + "checks/naming-%d.md" % self.rng.randrange(3) if name.endswith("/") else name

    def _edit(self, who, t):
        path = self.path(t, self.c.person(who).role)
        if os.path.islink(os.path.join(self.c.project, path)):
            return {"do": "bash", "who": who, "command": "rm -f '%s'" % path, "writes": [path]}
        return {"do": "edit", "who": who, "path": path, "content": FILES[path] if path == "check.sh" else self.content(t["id"])}

    def _step(self, state, s):  # noqa: C901 - one branch for each step that an agent can be told
        rng, key, who, number = self.rng, s["step"].split(":"), s["who"], s["task"]
        kind, t = key[0], view.task(state, number) if number else None
        if who != "lead":
            p = self._who(who)
            if p is None or p is False:
                return self._wake(who)
        sup = (view.present(state, "supervisor") or ["supervisor"])[0]
        tl = (view.present(state, "tech-lead") or [None])[0]
        if kind == "ack":
            return say(who, "lead", "STATE_OWNERSHIP_ACK(%s)" % key[1])
        if kind == "offer":
            return say("lead", sup, "STATE_OWNERSHIP_HANDOFF(%s)" % key[1])
        if kind == "spawn":
            return [self.spawn(state, role) for role in s["step"][6:].split(",") if not view.living(state, role)]
        if kind == "plan":
            return pack(["plan"], a_plan(rng, self.mode))
        if kind == "validate":
            again = [pack(["plan"], a_plan(rng, self.mode))] if state["plan"]["ok"] is False and rng.random() < 0.5 else []
            return again or say("lead", tl, "VALIDATE PLAN")
        if kind == "plan-verdict":
            return say(who, "lead", "PLAN CHANGES\nsmaller tasks" if self.hostile and rng.random() < 0.08 else "PLAN OK")
        if kind == "risks":
            found = [rng.choice(tables.SEVERITIES) for _ in range(rng.choice((0, 0, 1, 2)))]
            return say(
                who,
                "lead",
                "RISKS: %d\n%s"
                % (
                    len(found),
                    "one file, read whole"
                    if not found
                    else "\n".join("RISK-%d: x\n  Severity: %s" % (i + 1, f) for i, f in enumerate(found)),
                ),
            )
        if kind == "mitigate":
            open_ones = [r["id"] for r in guards_risks.confirmed(state) if r["id"] not in state["risks"]["decided"]]
            if open_ones and not (self.hostile and rng.random() < 0.2):
                text = "# Decisions\n%s\n" % "\n".join("- RISK-%d: a criterion" % n for n in open_ones)
                return {"do": "edit", "who": who, "path": "DECISIONS.md", "content": text}
            return say(who, "lead", "RISKS MITIGATED")
        if kind == "verdict":
            if self.hostile and rng.random() < 0.2:
                return {"do": "stops", "who": who}
            return say(who, "lead", "RISK-%d: %s" % (rng.choice((1, 1, 2)), rng.choice(tables.RISK_VERDICTS)))
        if kind == "risk-step":
            return self._risk(state, tl)
        if kind == "decide":
            return self._decide(state, number, t)
        if kind == "done":
            return self._finish(state, who, number, t, sup)
        if kind == "fix":
            if (
                t["approvals"]
                and any(v["revision"] == t["revision"] and v["verdict"] != "APPROVED" for v in t["approvals"].values())
                and rng.random() < 0.7
            ):
                return self._edit(who, t)
            return say(who, sup, "IN_REVIEW: task #%d" % number)
        if kind == "ask" and number:
            have = view.present(state, key[2])
            return say(who, have[0], "REVIEW: task #%d" % number) if have else None
        if kind == "review" and self.c.last_refusal.get(who) in ("STALE_REVISION", "WRITTEN_SINCE"):
            self.told["stale:" + t["owner"]] = who
            return say(who, t["owner"], "your files changed after you asked me, ask again")
        if kind == "review":
            if rng.random() < 0.12 * bool(self.hostile):
                return say(who, t["owner"], "CHANGES_REQUESTED: task #%d\nMAJOR 90%%: rename it" % number)
            return say(who, t["owner"], "APPROVED: task #%d" % number)
        if kind == "give":
            idle = [
                n
                for n in view.living(state)
                if state["roster"][n]["role"] in tables.IMPLEMENTERS
                and state["roster"][n]["state"] == "IDLE"
                and self._suits(self.c.person(n), t)
            ]
            return self._wake(idle[0]) if idle else self.spawn(state, "coder" if self.editable("coder", t) else "test-writer")
        if kind == "given":
            mine = self.c.person(t["owner"])
            return self._wake(t["owner"]) if mine and self._suits(mine, t) else self._decide(state, number, dict(t, owner=None))
        if kind == "coder":
            return self.spawn(state, "coder")
        if kind == "stalled":
            return self._wake(t["owner"])
        if kind == "verify":
            return self._verify(state)
        if kind == "consistency":
            if tl is None:
                return self.spawn(state, "tech-lead") if not view.living(state, "tech-lead") else None
            return say(tl, "lead", "CONSISTENCY OK") if self._who(tl) else self._wake(tl)
        if kind == "teardown":
            return self._teardown(state)
        if kind == "retry":
            return pack(["teardown", "retry"])
        if kind == "forced":
            have = view.living(state, "supervisor")
            line = rng.choice(("ACK", "ACK", "DENY" if self.hostile else "ACK"))
            return say("lead", have[0], "FORCED_FINALIZE_" + line) if have else pack(["teardown", "finalize" if line == "ACK" else "deny"])
        if kind in ("last", "ask"):
            names = view.living(state, "supervisor") if kind == "last" else s["step"].split(":", 3)[3].split(",")
            if state["team"]["headless"]:
                return pack(["teardown", "ask"])
            return [{"do": "frame", "who": "lead", "to": n, "type": "shutdown_request"} for n in names]
        if kind == "unanswered":
            have = view.living(state, "supervisor")
            p = self.c.person(have[0]) if have else None
            self.told["unanswered"] = self.told.get("unanswered", 0) + 1
            if p is None or p.running and not p.silent and self.told["unanswered"] < 12:
                return None  # it ends its turn, or answers
            return {"do": "tool", "who": "lead", "tool": "TaskStop", "given": {"task_id": have[0]}}
        if kind == "tampered":
            return {"do": "prompt", "text": "team resume"}
        if kind == "cut":
            return say("lead", key[1], "go on with it, please")
        if kind in ("drifted", "unapproved"):
            return self._accept(state)
        if kind in ("ping", "loop", "escalate", "replace", "tool"):
            if who != "lead" and kind in ("escalate", "tool"):
                return say(who, "lead", "SUPERVISOR_REPORT\nWARN ESCALATE")
            if kind == "replace":
                return {"do": "tool", "who": "lead", "tool": "TaskStop", "given": {"task_id": key[1]}}
            return say(who, key[1] if kind != "tool" else sup, "are you still at it?")
        raise AssertionError("a step that nobody knows how to do: %s" % s)

    def _risk(self, state, tl):
        r = state["risks"]
        if not r["asked"]:
            return say("lead", tl, "IDENTIFY RISKS")
        if r["testers"] < machine.testers_needed(state):
            return {"do": "spawn", "who": "lead", "name": self.free_name(state, "risk-tester"), "role": "risk-tester"}
        running = [n for n in view.living(state, "risk-tester") if self.c.person(n) and self.c.person(n).running]
        return [{"do": "stops", "who": n} for n in running] or say("lead", tl, "RISK ANALYSIS RESULTS")

    def _decide(self, state, number, t):
        rng = self.rng
        if t["cause"] == "IMPOSSIBLE_WAIT":
            return [self.spawn(state, r) for r in view.quorum(state, t)["absent"] if not view.living(state, r)]
        coders = [
            n
            for n in view.living(state)
            if state["roster"][n]["role"] in tables.CODERS and self._who(n) is not None and self._suits(self.c.person(n), t)
        ]
        coders += [p.name for p in self.c.living("test-writer") if not p.silent and self._suits(p, t)]
        if not coders:
            return self.spawn(state, "coder" if self.editable("coder", t) else "test-writer")
        if t["owner"] and t["owner"] in coders and rng.random() < 0.5:
            return pack(["task", "rescope", str(number), "--reason", "smaller"])
        return pack(["task", "assign", str(number), t["owner"] if t["owner"] in coders else rng.choice(coders)])

    def _finish(self, state, who, number, t, sup):
        files = [f for f in t["files"] if os.path.lexists(os.path.join(self.c.project, f))]
        form = (
            "git add -f -- %s && git commit -qm 'feat: task #%d'" if self.rng.random() < 0.7 else "git commit -qm 'feat: %s #%d'"
        )  # what was staged when it was written
        command = form % (" ".join(files), number)
        if self.c.last_refusal.get(who) == "NOT_YOUR_FILE":  # others have staged something: as the refusal says
            command = "git add -f -- %s && git commit -qm 'feat: task #%d' -- %s" % (" ".join(files), number, " ".join(files))
        commit = {"do": "bash", "who": who, "command": command, "gated": True}
        key = "commit:%d:%s" % (number, t["revision"])
        self.told[key] = self.told.get(key, 0) + 1
        if files and self.told[key] == 1:
            return commit
        more = ""
        free = [n for n in view.claimable(dict(state, tasks=dict(state["tasks"], **{str(number): dict(t, state="DONE")})), who)]
        if free and self.rng.random() < 0.3:
            more = ", claiming task #%d" % free[0]
        return say(who, sup, "DONE: task #%d%s" % (number, more))

    def _verify(self, state):
        if (
            state["verify"]
            and state["verify"]["nonce"] is None
            and not state["verify"]["ok"]
            and self.told.get("verify-again") == state["verify"]["tree"]
        ):
            broken = self._lost(state) or [f for f in [self._broken()] if f]
            if broken:
                return pack(["task", "add"], a_task(self.rng, broken))
        self.told["verify-again"] = (state["verify"] or {}).get("tree")
        return pack(RIGHT_VERIFY)

    def _lost(self, state):
        """What the last verification says git has lost, and no task names yet. A link stays out: an edit would make a file of it."""
        named = {f for _n, t in view.tasks(state) for f in t["files"]}
        paths = [(f, os.path.join(self.c.project, f)) for f in self.c.lost if f not in named]
        return [f for f, full in paths if os.path.isfile(full) and not os.path.islink(full)]

    def _broken(self):
        """A file that keeps the tests from passing."""
        if not self._whole("check.sh"):
            return "check.sh"
        for folder in ("src", ".conventions"):
            for base, _folders, files in os.walk(os.path.join(self.c.project, folder)):
                for name in files:
                    full = os.path.join(base, name)
                    if not os.path.isfile(full):
                        continue
                    with open(full, encoding="utf-8", errors="replace") as f:
                        if "BROKEN" in f.read():
                            return os.path.relpath(full, self.c.project)
        return None if self._whole("src/old.py") else "src/old.py"

    def _whole(self, name):
        try:
            with open(os.path.join(self.c.project, name), encoding="utf-8", errors="replace") as f:
                text = f.read()
        except OSError:
            return False
        if name != "check.sh":
            return text.strip() != ""
        return text.startswith(FILES[name]) and all(line.startswith("#") for line in text[len(FILES[name]) :].splitlines())

    def _teardown(self, state):
        why = self.c.last_refusal.get("lead")
        if why == "NOT_VERIFIED":
            return pack(RIGHT_VERIFY)
        if why == "NOT_APPROVED" and state["result"]["open"]:
            return self._accept(state)
        if why == "NO_CONVENTIONS":
            return pack(["task", "add"], a_task(self.rng, [".conventions/"], conventions=True))
        return pack(["teardown"])

    def _accept(self, state):
        """The user looks, and takes what nobody approved as it is."""
        drift = [d["path"] for t in state["tasks"].values() for d in t["drift"]]
        paths = sorted(set(drift + [f["path"].replace("commit ", "") for f in state["result"]["open"]]))
        return {"do": "prompt", "text": "team accept " + " ".join(paths)}

    def _agrees(self, who):
        """The answer to a shutdown request: mostly yes."""
        yes = not self.hostile or self.rng.random() < 0.9
        return {"do": "frame", "who": who, "to": "lead", "type": "shutdown_response", "request": -1, "approve": yes}

    def _trade(self, state):
        """What agents do without being told: claim, implement, answer a shutdown request, end a turn."""
        out = []
        sup = (view.present(state, "supervisor") or ["supervisor"])[0]
        for p in self.c.living():
            if not p.running or p.silent:
                continue
            me = self.c.key(p)
            if p.requests:
                out.append(self._agrees(me))
                continue
            if (
                p.role == tables.TECH_LEAD
                and state["phase"] == "COMPLETION"
                and state["mode"] in tables.VALIDATED_MODES
                and state["consistency"] != "OK"
            ):
                out.append(say(me, "lead", "CONSISTENCY OK"))
                continue
            busy = False
            asker = self.told.pop("stale:" + p.name, None)
            if asker:
                out += [say(me, asker, "REVIEW: task #%d" % n) for n in view.owned(state, p.name, tables.WORKING)]
            if p.role in tables.IMPLEMENTERS and state["phase"] in ("SETUP", "EXECUTION", "COMPLETION") and view.owner_active(state):
                mine = view.owned(state, p.name, ("IN_PROGRESS",))
                if mine and not self._suits(p, view.task(state, mine[0])):
                    busy = True
                    out.append(say(me, sup, "STUCK: task #%d" % mine[0]))
                elif mine:
                    t, busy = view.task(state, mine[0]), True
                    if self.c.last_refusal.get(me) == "NOTHING_WRITTEN":
                        self.told.clear()
                    step = "edit:%s:%d:%s" % (me, mine[0], t["since"])
                    if self.told.get(step) and self.rng.random() < 0.15:
                        out.append({"do": "bash", "who": me, "command": "git add -f -- " + " ".join(t["files"])})
                    elif self.told.get(step):
                        out.append(say(me, sup, "IN_REVIEW: task #%d" % mine[0]))
                        self.told[step] = self.rng.random() < 0.8
                    else:
                        out.append(self._edit(me, t))
                        self.told[step] = True
                elif not view.owned(state, p.name, tables.WORKING):
                    free = [n for n in view.claimable(state, p.name) if self._suits(p, view.task(state, n))]
                    if free:
                        busy = True
                        out.append(say(me, sup, "CLAIM: task #%d" % self.rng.choice(free)))
            if not busy and not advice.for_agent(state, p.name):
                out.append({"do": "stops", "who": me})
        return out

    def _suits(self, p, t):
        """Whether an implementer may edit something of a task."""
        return bool(self.editable(p.role, t))
