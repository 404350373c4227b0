"""Random walks over the shipped core that look for a witness of every guard: a situation in which this guard, and it alone,
refuses an event. The shortest ones are kept in tests/protocol/refusals.txt, which people read and a test replays.

`python -m prove.harvest` writes the file anew (same seed, same file).
"""

import contextlib
import random
import sys

from pack.protocol import machine, tables
from pack.protocol.refusal import Refusal

from .explore import GATE, LEAD, PERSON, actor
from .scenes import task
from .transcript import Player, play, script

SCENES = [
    "open",
    "plan SIMPLE",
    "plan COMPLEX",
    "owned MEDIUM",
    "owned SIMPLE",
    "risks MEDIUM",
    "ready SIMPLE limit=1",
    "plan MEDIUM",
    "supervised SIMPLE",
    "ready SIMPLE",
    "ready SIMPLE coders=2",
    "ready MEDIUM",
    "ready COMPLEX",
    "finished SIMPLE",
    "finished MEDIUM",
    "teardown SIMPLE coders=2",
    "teardown SIMPLE headless=yes",
    "finished SIMPLE headless=yes",
    "ready MEDIUM reviewers=logic-reviewer,quality-reviewer",
]


def pairs():
    """(where, event or role, guard): every place where a guard is named."""
    out = []
    for name, rule in sorted(machine.RULES.items()):
        out += [("rule", name, g) for g in rule["epoch"] + rule["guards"] if g != "spawn_is_in_its_place"]
    for role, guards in sorted(machine.SPAWN_RULES.items()):
        # places where a guard cannot say no, by the tables: the role has a row, so it is known; no singleton; in every mode
        never = (
            {"spawn_role_is_known"}
            | ({"spawn_role_is_single"} if role not in tables.SINGLETONS else set())
            | ({"spawn_mode_has_role"} if all(role in roles for roles in tables.MODE_ROLES.values()) else set())
        )
        out += [("spawn", role, g) for g in guards if g not in never]
    out.append(("guard", "*", "spawn_role_is_known"))
    for kind, guards in sorted(machine.COMPLETION_RULES.items()):
        out += [("completion", kind, g) for g in guards]
    return out


@contextlib.contextmanager
def removed(where, name, g):
    """The core with one guard taken out of one place."""
    if where == "rule":
        kept = machine.RULES[name]
        machine.RULES[name] = dict(kept, guards=tuple(x for x in kept["guards"] if x != g), epoch=tuple(x for x in kept["epoch"] if x != g))
    elif where == "guard":
        kept = machine.GUARDS[g]
        machine.GUARDS[g] = lambda state, data, actor: None
    else:
        table = machine.SPAWN_RULES if where == "spawn" else machine.COMPLETION_RULES
        kept = table[name]
        table[name] = tuple(x for x in kept if x != g)
    try:
        yield
    finally:
        if where == "rule":
            machine.RULES[name] = kept
        elif where == "guard":
            machine.GUARDS[g] = kept
        else:
            table[name] = kept


def an_event(rng, p):  # noqa: C901 - one branch for each kind of line in a journal
    """Some event by somebody; most are illegal."""
    name = rng.choice(WEIGHTED)
    roster = p["roster"]
    names = list(roster) or ["nobody"]
    roles = machine.RULES[name]["roles"]

    def somebody(wanted=None):
        fit = [n for n in names if n in roster and (not wanted or roster[n]["role"] in wanted)]
        n = rng.choice(fit or names)
        e = roster.get(n, {"role": None, "inc": 1})
        inc = e["inc"] if rng.random() < 0.9 else rng.randrange(1, 4)
        return actor(n, e["role"], inc)

    if rng.random() < 0.12:
        who = rng.choice([LEAD, PERSON, somebody(), somebody()])
    elif roles is None:
        who = somebody()
    elif "gate" in roles and rng.random() < 0.9:
        who = GATE
    elif "lead" in roles:
        who = LEAD
    elif "person" in roles:
        who = PERSON
    else:
        who = somebody(roles)
    tasks = sorted(map(int, p["tasks"])) or [1]
    number = rng.choice(tasks + [1, 1, 9]) if rng.random() < 0.2 else rng.choice(tasks)
    t = p["tasks"].get(str(number)) or {"files": ["f"], "reviewers": [], "owner": None, "revision": None}
    revision = rng.choice(["r1", "r2"]) if rng.random() < 0.3 else t["revision"] or "r1"
    data = {}
    if name in tables.MESSAGES:
        receivers = tables.MESSAGES[name][2]
        pool = [n for n in roster if roster[n]["role"] in receivers] + (["lead"] if "lead" in receivers else [])
        if len(receivers) == 2 and "supervisor" in receivers:
            pool = ["lead"] if who["role"] == "supervisor" else [n for n in roster if roster[n]["role"] == "supervisor"]
        data["to"] = rng.choice(pool or names) if rng.random() < 0.93 else rng.choice(names + ["lead"])
        if name in ("APPROVED", "CHANGES_REQUESTED") and t["owner"] and rng.random() < 0.85:
            data["to"] = t["owner"]
        if "#<N>" in tables.MESSAGES[name][0]:
            data.update(task=number, revision=revision, present=rng.choice([0, 1, 1, 1, 1]))
        if "epoch" in tables.MESSAGES[name][0]:
            data["epoch"] = (
                rng.randrange(0, p["owner"]["minted"] + 3)
                if rng.random() < 0.5
                else p["owner"]["minted"] + (name == "STATE_OWNERSHIP_HANDOFF")
            )
        if name == "RISKS":
            data.update(n=2, counts={"CRITICAL": rng.randrange(2), "MAJOR": rng.randrange(2), "MINOR": 0})
        if name == "DONE" and rng.random() < 0.3:
            data["claims"] = rng.choice(tasks + [9])
        if name == "SUPERVISOR_REPORT":
            data.update(severity="INFO", action="PING")
    elif name == "SPAWN_REQUESTED":
        role = (
            rng.choice(tables.ROLES + ("wizard",))
            if rng.random() < 0.6
            else rng.choice(("coder", "supervisor", "tech-lead", "risk-tester", "unified-reviewer"))
        )
        data = {"name": rng.choice([role, role, role, "c9", "C1", "lead", "a b", rng.choice(names)]), "role": role, "call": None}
    elif name in ("AGENT_BOUND", "PANE_OPENED"):
        n = rng.choice(names)
        data = {"name": n, "agent_id": rng.choice([n + "/x%d" % rng.randrange(3), "%s/%d" % (n, roster.get(n, {"inc": 1})["inc"])])}
        if name == "PANE_OPENED":
            data["session"] = "s2"
    elif name in ("SPAWN_FAILED", "AGENT_ACTIVE", "AGENT_IDLE", "AGENT_ENDED", "AGENT_LOST"):
        n = rng.choice(names)
        data = {"name": n, "inc": roster.get(n, {"inc": 1})["inc"] if rng.random() < 0.8 else 7, "why": "x"}
    elif name in ("SHUTDOWN_REQUESTED",):
        data = {"to": rng.choice(names), "reason": ""}
    elif name in ("SHUTDOWN_ID", "SHUTDOWN_ACK", "SHUTDOWN_REJECTED"):
        n = rng.choice(names)
        data = {"name": n, "how": "x", "reason": "x"}
        if name == "SHUTDOWN_ID":
            data["request_id"] = "r"
    elif name == "SHUTDOWN_RESPONSE":
        data = {"request_id": rng.choice("rz"), "approve": rng.random() < 0.7, "reason": ""}
    elif name == "TEARDOWN_INIT":
        data = {"tree": rng.choice("TTTX"), "conventions": rng.choice(["c1", "c1", "c1", "c0", None]), "persisted": rng.random() < 0.8}
    elif name == "TASK_ADDED":
        data = {"task_record": task(0, [rng.choice("ghij")], ["logic-reviewer"])}
    elif name == "TASK_ASSIGNED":
        data = {"task": number, "to": rng.choice(names)}
    elif name in ("TASK_CANCELLED",):
        data = {"task": number}
    elif name == "TASK_RESCOPED":
        data = {
            "task": number,
            "files": rng.choice([list(t["files"]), ["f1"], [".conventions/"], ["z"]]),
            "reviewers": rng.choice([list(t["reviewers"]), [], list(tables.SPECIALISTS)]),
        }
    elif name in ("FILE_WRITTEN", "WAIT_RESUMED"):
        data = {"task": number, "path": "f1", "by": "c1", "revision": revision}
    elif name in ("OVERLAP_SCOPE",):
        data = {"task": number, "path": "f1"}
    elif name == "STUCK_ESCALATED":
        data = {"task": number, "cause": rng.choice(["OWNER_GONE", "NOT_MOVING"]), "who": "c1"}
    elif name == "VERIFY_STARTED":
        data = {"nonce": "n", "build": "b", "test": "t"}
    elif name == "VERIFIED":
        data = {"nonce": rng.choice("nnm"), "build_exit": 0, "test_exit": rng.choice([0, 0, 1]), "tree": "T"}
    elif name == "NUDGED":
        data = {"who": "c1", "step": "s", "task": None}
    elif name in ("RUN_RESUMED",):
        data = {"agents_gone": rng.random() < 0.1}
    elif name in ("RUN_ABORTED", "RUN_CLOSED"):
        data = {"reason": "x"}
    elif name == "PLAN_REGISTERED":
        from .scenes import FACTS, MEDIUM

        tasks = {"1": task(1, reviewers=["logic-reviewer"]), "2": task(2, [".conventions/"], ["logic-reviewer"], blocked=[1])}
        data = {"tasks": tasks, "facts": rng.choice([FACTS, MEDIUM]), "definition_of_done": ["x"]}
    elif name == "RUN_OPENED":
        data = {"name": "t", "session": "s", "headless": False, "coders": 3, "client_pid": None, "conventions": "c0"}
    elif name == "GATES_STARTED" or name == "GATES_RECORDED" or name == "WAVES_SEEN":
        data = {"nonce": "n", "gates": [], "results": {}, "unmet": {}}
    return {"event": name, "actor": who, "data": data, "key": None}


SKIPPED = (
    "REFUSED",
    "HANDOFF_MISSING",
    "STALE_EPOCH",
    "SPLIT_BRAIN_DETECTED",
    "STATE_DIVERGENCE",
    "SNAPSHOT_NOT_FOUND",
    "SNAPSHOT_CONFLICT",
    "RECONCILE_CONFLICT",
    "STATE_FROZEN",
    "DELIVERY_FAILED",
    "MAIL",
    "LEAD_WOKE",
    "LEAD_STOPPED",
    "COMMITTED",
    "CLIENT_TASK",
    "HANDOFF_DUPLICATE",
    "OWNER_LOST",
    "RECONCILE_LOCK_ENTER",
    "RECONCILE_LOCK_EXIT",
    "TEARDOWN_FAILED_SAFE",
    "GATES_RECORDED",
    "WAVES_SEEN",
)
# the gate's own decisions are tried as events too: their guards are the last line of defence
RARE = (
    "RUN_ABORTED",
    "RUN_CLOSED",
    "AGENT_LOST",
    "AGENT_ENDED",
    "SHUTDOWN_ACK",
    "RUN_PAUSED",
    "TEARDOWN_INIT",
    "SPAWN_FAILED",
    "STUCK_ESCALATED",
    "WAIT_RESUMED",
    "PLAN_REGISTERED",
    "OVERLAP_SCOPE",
)
WEIGHTED = []
for _name in sorted(machine.RULES):
    if _name not in SKIPPED:
        WEIGHTED += [_name] * (2 if _name in RARE else 6)


def outcome(p, ev, now):
    try:
        machine.fold(p, ev, now)
    except Refusal as refusal:
        return refusal.code
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        return type(error).__name__
    return "accepted"


def blame(p, ev, now):
    """The places whose removal changes what happens to a refused event."""
    name, out = ev["event"], []
    rule = machine.RULES[name]
    code = outcome(p, ev, now)
    for g in rule["epoch"] + rule["guards"]:
        if g == "spawn_is_in_its_place":
            for s in machine.spawn_rules(p).get(ev["data"]["role"], ()):
                out.append(("spawn", ev["data"]["role"], s))
        else:
            if g == "completion_gate_passes":
                out += [("completion", "tasks", c) for c in machine.COMPLETION_RULES["tasks"]]
            out.append(("rule", name, g))
    found = []
    for place in out:
        with removed(*place):
            if outcome(p, ev, now) != code:
                found.append(place)
    if code == "UNKNOWN_ROLE":
        found.append(("guard", "*", "spawn_role_is_known"))
    return code, found


def harvest(walks=4000, length=14, seed=1, want=None):
    """Witnesses: {place: (scene, [events], event, code)}, the shortest that were met."""
    rng, found = random.Random(seed), {}
    wanted = set(want or pairs())
    for _walk in range(walks):
        scene = rng.choice(SCENES)
        player = Player()
        player.scene(scene.split())
        done = []
        for _ in range(length):
            ev = an_event(rng, player.p)
            if ev["actor"]["role"] is None:
                continue
            try:
                after, _events = machine.fold(player.p, ev, player.now)
            except Refusal:
                code, places = blame(player.p, ev, player.now)
                for place in places:
                    if place in wanted and (place not in found or len(found[place][1]) > len(done)):
                        found[place] = (scene, list(done), ev, code)
                continue
            except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
                raise AssertionError("%s > %s: %r" % (scene, " > ".join(script(e) for e in done + [ev]), error)) from error
            player.p = after
            done.append(ev)
            if player.p["phase"] == "CLOSED" and rng.random() < 0.7:
                break
    return {place: shorter(place, *found[place]) for place in found}


def shorter(place, scene, events, last, code):
    """Leave out every event that the witness does not need."""
    keep, i = list(events), 0
    while i < len(keep):
        trial = keep[:i] + keep[i + 1 :]
        if _still(place, scene, trial, last, code):
            keep = trial
        else:
            i += 1
    return scene, keep, last, code


def _still(place, scene, events, last, code):
    player = Player()
    player.scene(scene.split())
    for ev in events:
        try:
            player.p, _events = machine.fold(player.p, ev, 0)
        except Refusal:
            return False
    if outcome(player.p, last, 0) != code:
        return False
    with removed(*place):
        return outcome(player.p, last, 0) != code


def text(found):
    """The witnesses as a transcript."""
    lines = [
        "# A witness of every guard: a situation in which it, and it alone, refuses the last event.",
        "# Found by random walks (python -m prove.harvest), shortened, and kept for people to read; a test replays it.",
        "",
    ]
    groups = {}
    for place, (scene, events, last, _code) in found.items():
        groups.setdefault((scene, tuple(script(e) for e in events + [last])), []).append(place)
    for (scene, rows), places in sorted(groups.items(), key=lambda x: sorted(x[1])):
        lines += [
            "# "
            + "; ".join(
                "%s of %s" % (g, n) if w == "rule" else "%s when %s" % (g, "spawning a " + n if w == "spawn" else "completing")
                for w, n, g in sorted(places)
            )
        ]
        lines += ["= " + scene] + list(rows) + [""]
    return play("\n".join(lines))


def main():
    found = harvest(walks=int(sys.argv[2]) if len(sys.argv) > 2 else 6000)
    missing = [p for p in pairs() if p not in found]
    with open(sys.argv[1] if len(sys.argv) > 1 else "tests/protocol/refusals.txt", "w") as f:
        f.write(text(found))
    print("%d of %d places have a witness; without: %s" % (len(found), len(found) + len(missing), missing))


if __name__ == "__main__":
    main()
