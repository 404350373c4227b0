"""Mutation: every guard is taken out in turn, everywhere and in each single place, and somebody must notice.

Who may notice: a story (tests/protocol/*.txt, replayed), a hole's story (tests/proof/test_holes.py), or the explorer, which then
breaks a named property. `python -m prove.mutate [--guard NAME] [--explore] [--json FILE]` prints the list.
"""

import argparse
import glob
import json
import multiprocessing
import os
import sys
import time

from pack.protocol import machine

from . import configs
from .explore import explore
from .harvest import pairs, removed
from .transcript import play

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STORIES = os.path.join(ROOT, "tests", "protocol")

# Places where a guard stands behind another one, by the tables: taking it out there changes nothing that can be reached. Why, in words.
BEHIND = {
    ("rule", "VALIDATE_PLAN", "plan_is_registered"): "its receiver is a tech lead, and none is spawned before the plan",
    ("rule", "IDENTIFY_RISKS", "plan_is_registered"): "its receiver is a tech lead, and none is spawned before the plan",
    ("rule", "CONSISTENCY_OK", "plan_is_registered"): "its sender is a tech lead, and none is spawned before the plan",
    ("rule", "CONSISTENCY_CHANGES", "plan_is_registered"): "its sender is a tech lead, and none is spawned before the plan",
    ("rule", "VALIDATE_PLAN", "mode_is_validated"): "a SIMPLE run has no tech lead that could receive it",
    ("rule", "IDENTIFY_RISKS", "mode_is_validated"): "a SIMPLE run has no tech lead that could receive it",
    ("rule", "FORCED_FINALIZE_ACK", "every_task_is_terminal"): "a task that is added in a teardown closes the candidate",
    ("rule", "SHUTDOWN_REQUESTED", "shutdown_has_no_open_task"): "a task that is added in a teardown leaves the phase",
    (
        "rule",
        "FORCED_FINALIZE_ACK",
        "delivered_is_approved",
    ): "READY_TO_DELETE, which it emits, has it too; here the refusal is the lead's own",
    ("rule", "FORCED_FINALIZE_ACK", "owner_is_active_or_aborting"): "the loss of the owner closes the candidate",
    (
        "spawn",
        "supervisor",
        "spawn_before_ready",
    ): "READY_TO_DELETE without a supervisor is TEAM_DELETED at once, and with one ROLE_TAKEN comes first",
    ("rule", "GATES_RECORDED", "gates_were_started"): "raised by the gate only, for the nonce that it keeps",
    ("guard", "*", "mode_is_validated"): "a SIMPLE run has no tech lead that could receive what it guards",
    ("guard", "*", "owner_is_active_or_aborting"): "the loss of the owner closes the candidate",
    ("guard", "*", "shutdown_has_no_open_task"): "a task that is added in a teardown leaves the phase",
    ("rule", "WAVES_SEEN", "team_has_waves"): "raised by the gate only, for a team with waves",
    ("rule", "GATES_STARTED", "team_has_waves"): "raised by the gate only, for a team with waves",
    ("completion", "waves", "waves_are_over"): "tests/realtime has it: teams with waves",
    ("rule", "TEAM_DELETED", "every_task_is_terminal"): "READY_TO_DELETE has it already; kept as the last line of defence",
    ("rule", "TEAM_DELETED", "nobody_lives"): "READY_TO_DELETE has no missing ack; kept as the last line of defence",
    ("guard", "*", "nobody_lives"): "READY_TO_DELETE has no missing ack; kept as the last line of defence",
}


def tellers():
    """name -> function() that says whether something was noticed."""
    out = {}
    for path in sorted(glob.glob(os.path.join(STORIES, "*.txt"))):
        with open(path, encoding="utf-8") as f:
            told = f.read()
        for part in told.split("\n\n"):
            title = part.strip().splitlines()[0].lstrip("# ") if part.strip() else ""
            if "\n=" in "\n" + part:
                out["%s: %s" % (os.path.basename(path), title[:60])] = lambda part=part: play(part) != part.rstrip("\n") + "\n"
    return out


def holes():
    """The stories of the holes, when the tests are there."""
    sys.path.insert(0, os.path.join(ROOT, "tests", "proof"))
    try:
        import test_holes
    except ImportError:
        return {}

    def broken(story):
        try:
            story()
        except Exception:
            return True
        return False

    return {"hole " + name: lambda story=story: broken(story) for name, story in test_holes.STORIES.items()}


_TELLERS = {}


def notice(place, with_explorer=False, all_of_them=False):
    """Who notices that a guard is missing in a place: [names]."""
    if not _TELLERS:
        _TELLERS.update(holes())
        _TELLERS.update(tellers())
    found = []
    with removed(*place):
        for name, changed in _TELLERS.items():
            try:
                hit = changed()
            except Exception as error:
                hit, name = True, "%s (%s)" % (name, type(error).__name__)
            if hit:
                found.append(name)
                if not all_of_them:
                    break
        if with_explorer:
            for model in configs.small():
                result = explore(model, most=12000, liveness=False, deadline=time.monotonic() + 25)
                if result.violations:
                    found.insert(0, "explorer, %s: %s" % (model.name, result.violations[0][0]))
                    break
    return found


def _job(job):
    return job[0], notice(*job)


def places(guard=None):
    """[(where, event or role, guard name)]: every guard everywhere, and each place that names it; guard: those of this one."""
    every = [("guard", "*", g) for g in sorted(machine.GUARDS)] + [p for p in pairs() if p[0] != "guard"]
    return [p for p in every if guard in (None, p[2])]


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m prove.mutate")
    parser.add_argument("--guard", help="only this guard, everywhere and in each of its places (seconds)")
    parser.add_argument("--explore", action="store_true", help="let the explorer try every guard too (many minutes)")
    parser.add_argument("--json")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args(argv)
    if given.guard is not None and given.guard not in machine.GUARDS:
        parser.error("there is no guard %s: its function stands in a guards_*.py of scripts/pack/protocol, under @guard" % given.guard)
    start, rows, missed = time.time(), [], []
    todo = [(p, given.explore and p[0] == "guard") for p in places(given.guard)]
    with multiprocessing.Pool(given.jobs) as pool:
        for place, found in pool.imap(_job, todo, chunksize=1):
            why = BEHIND.get(tuple(place))
            rows.append({"place": place, "noticed": found, "behind": why})
            where = "everywhere" if place[0] == "guard" else place[1]
            print(
                "%-32s %-28s %s" % (place[2], where, "; ".join(found[:2]) or ("behind another guard: " + why if why else "NOBODY NOTICED")),
                flush=True,
            )
            if not found and not why:
                missed.append(place)
    print(
        "\n%d mutants in %.0f s: %d noticed, %d behind another guard, %d that nobody noticed"
        % (
            len(rows),
            time.time() - start,
            sum(bool(r["noticed"]) for r in rows),
            sum(not r["noticed"] and bool(r["behind"]) for r in rows),
            len(missed),
        )
    )
    if given.json:
        with open(given.json, "w") as f:
            json.dump({"rows": rows, "seconds": round(time.time() - start, 1)}, f, indent=1)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
