"""Teams of waves by chance, for hostile.py: what a stranger could write who has read docs/teams.md, as a definition and its project.

One shape, of which a seed keeps more or less: planning behind a gate, parallel work with a command of the team's own and a loop that
mends, a background scribe, tests behind a signed line, and a last wave behind the user's word. Role ids are those of /build now and
then, so that what is a role there and what is one here are never taken for each other.
"""

import random

TEAM, ROOT, STRATEGY = "harbour", ".harbour", "strategy.md"
DEFINITION = ".claude/team-definitions/%s.json" % TEAM
HEALTH = "grep -q up deploy/state || { echo 'it is down'; exit 7; }\n"
SCORE = "test -f deploy/score || exit 3\nprintf '{\"share\": %s}\\n' \"$(cat deploy/score)\"\n"
FILES = {
    STRATEGY: "# Strategy\n\nBe quick.\n",
    "deploy/state": "down\n",
    "deploy/score": "0.5\n",
    "checks/health.sh": HEALTH,
    "checks/score.sh": SCORE,
    DEFINITION: "",  # written by the client of the run
}
SEALED = ("checks/health.sh", "checks/score.sh")


def _role(id_, code, spawning, **more):
    return dict(
        {
            "id": id_,
            "code": code,
            "agent": "har-" + id_,
            "title": id_.capitalize(),
            "summary": "Works.",
            "persona": "Works on what there is to do in this team, and on nothing else.",
            "spawning": spawning,
            "tasks": [{"do": "Work"}],
        },
        **more,
    )


def a_team(number):  # long: data, a whole team definition
    """The definition of a number. The same one every time."""
    rng = random.Random("team %s" % number)
    chance = lambda p: rng.random() < p
    maker = rng.choice(("maker", "coder", "test-writer"))
    tester = rng.choice(("tester", "security-reviewer", "tech-lead"))
    strategy, led = chance(0.7), chance(0.7)
    roles = [
        _role("planner", "PL", rng.choice(("foreground", "background")), artifacts=["PLAN.md"], writes=["notes/"]),
        _role(maker, "MA", "background", artifacts=["MADE.md"], edits=["deploy/", "src/"]),
        _role("mate", "MT", "background", **({"edits": ["./"]} if chance(0.3) else {})),
        _role(tester, "TE", rng.choice(("foreground", "background")), artifacts=["TESTED.md"], edits=["tests/"]),
    ]
    if led:
        roles.insert(0, _role("chief", "CH", "foreground", writes=["LOG.md"]))
    up = {
        "id": "up",
        "title": "Up",
        "after_role": maker,
        "check": "it is up",
        "hard_stop": chance(0.5),
        "checks": [
            dict({"check": "command", "run": ["sh", "checks/health.sh"]}, **({"sealed": ["checks/health.sh"]} if chance(0.7) else {}))
        ],
        "on_fail": dict({"respawn": [maker]}, **({"retries": rng.choice((1, 2))} if chance(0.5) else {})),
    }
    if chance(0.4):
        up["checks"].append(
            {"check": "command", "run": ["sh", "checks/score.sh"], "limits": {"share": "enough"}, "sealed": ["checks/score.sh"]}
        )
    sound = {
        "id": "sound",
        "title": "Sound",
        "after_role": tester,
        "check": "it is sound",
        "hard_stop": chance(0.3),
        "artifacts_of": [tester],
        "checks": [{"check": "line", "file": "TESTED.md", "line": "status: PASS"}],
        "on_fail": {"respawn": rng.choice(([tester], [maker, tester]))},
    }
    planned = {
        "id": "planned",
        "title": "Planned",
        "after_role": "planner",
        "check": "the plan is written",
        "artifacts_of": ["planner"],
        "on_fail": {"respawn": ["planner"]},
    }
    if chance(0.3):
        planned["checks"] = [{"check": "approval", "ask": "Shall it be this?"}]
    if chance(0.4):
        planned["survives_resume"] = True
    if chance(0.5):
        sound["needs"] = ["up"]
    gates = [planned, up, sound]
    waves = [
        {"id": "1", "title": "Plan", "mode": "sequential", "roles": ["planner"], "gates": ["planned"], "exit": [{"gate": "planned"}]},
        {"id": "2", "title": "Make", "mode": "parallel", "roles": [maker, "mate"], "after": ["1"], "gates": ["up"]},
        {
            "id": "3",
            "title": "Test",
            "mode": "sequential",
            "roles": [tester],
            "after": ["2"],
            "gates": ["sound"],
            "exit": [{"gate": "sound"}],
        },
        {"id": "4", "title": "Mend", "mode": "loop", "roles": [maker], "when": {"gate_fails": ["up"]}},
    ]
    waves[1]["exit"] = rng.choice(([{"gate": "up"}], [{"gate": "up"}, {"artifacts_of": maker}], [{"artifact": "MADE.md"}]))
    if waves[1]["exit"] == [{"artifact": "MADE.md"}] and chance(0.5):
        waves[2]["entry"] = [{"gate": "up"}]
    if led:
        waves.insert(
            0, {"id": "0", "title": "Start", "mode": "sequential", "roles": ["chief"], "entry": [{"strategy": True}] if strategy else []}
        )
        waves[1]["after"] = ["0"]
    if chance(0.5):
        roles.append(_role("scribe", "SC", "background", artifacts=["BOOK.md"]))
        waves.append(
            {"id": "1.5", "title": "Book", "mode": "background", "roles": ["scribe"], "after": ["1"], "exit": [{"artifacts_of": "scribe"}]}
        )
    if chance(0.5):
        roles.append(_role("publisher", "PU", "foreground", artifacts=["OUT.md"]))
        gates.append(
            {
                "id": "go",
                "title": "Go",
                "after_role": tester,
                "check": "shall it go out",
                "artifacts": ["MADE.md"],
                "checks": [{"check": "approval"}],
                "on_fail": {"respawn": [maker]},
            }
        )
        waves[[w["id"] for w in waves].index("3")]["gates"].append("go")
        waves.append(
            {
                "id": "5",
                "title": "Out",
                "mode": "sequential",
                "roles": ["publisher"],
                "after": ["3"],
                "entry": [{"gate": "go"}],
                "exit": [{"artifacts_of": "publisher"}],
            }
        )
    waves = [{k: v for k, v in w.items() if v != []} for w in waves]
    if chance(0.5):
        rng.shuffle(waves)  # the order of the list is no order in time
    rng.shuffle(gates)
    gates.sort(key=lambda g: not g.get("hard_stop"))  # hard stops are judged first
    out = {
        "team": TEAM,
        "version": 1,
        "title": "Harbour",
        "root": ROOT,
        "guarded": ["evidence"],
        "retries": rng.choice((1, 2, 3)),
        "roles": roles,
        "waves": waves,
        "gates": gates,
        "thresholds": {"enough": {"value": 0.9, "op": ">=", "unit": "share", "source": "the strategy"}},
        "session_commands": [
            {"say": "team decide <topic>", "does": "decide it", "model": True},
            {"say": "team timeline", "does": "the events", "runs": "pack log", "model": False},
        ],
    }
    if strategy:
        out["strategy"] = True
    if led:
        out["lead"] = "chief"
    return out
