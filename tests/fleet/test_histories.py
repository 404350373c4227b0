"""Histories of leases on the real engine are judged; without any one guard of the schema some history is wrong. `make fleet-histories` runs 20,000."""

import hashlib
import random

import pytest
from prove import leases, leasing

from pack.fleet import setup
from pack.fleet.engine import Engine, FleetError, migrations


def test_a_sample_of_histories_is_right(base):
    assert leases.check(base, range(1, 41)) == []


@pytest.mark.parametrize("guard", leases.GUARDS, ids=lambda g: g[0])
def test_without_a_guard_the_judge_notices(server, base, guard, monkeypatch):
    server.sql("drop schema fleet cascade", dbname=base["dbname"])
    broken = leases.without(migrations(), guard)
    monkeypatch.setattr(setup, "migrations", lambda: broken)
    setup.init(dict(base, user="postgres"))
    try:
        assert leases.check(base, range(1, 200), first=True), "nobody noticed"
    except FleetError as error:
        assert error.code[:2] == "23" or error.code == "42501", error  # stopped behind the guard, by a key or by row security


@pytest.mark.parametrize("seed", range(4))
def test_the_explorers_engine_is_the_schema(server, base, seed):  # noqa: C901 - one branch for each call of the engine
    """The same calls, honest ones and others, to the model that the explorer visits whole and to PostgreSQL: the same answers, the same leases."""
    rng, model = random.Random(seed), leasing.Engine()
    state, epochs = {"n": 0, "runs": {}, "leases": {}}, {}
    real = {name: "%032x" % rng.getrandbits(128) for name in ("r", "s", "r1", "r2", "s1")}
    server.sql("insert into fleet.projects (project, roots) values ('shop', '{x}')", dbname=base["dbname"])
    with Engine(dict(base, user="postgres")) as engine:

        def ask(name, *args):
            """Both, and what they answered, in the model's words."""
            nonlocal state
            run, holder = args[:2]
            try:
                state, said = model.call(state, name, *args)
            except leasing.Refused as refused:
                said = str(refused)
            me = (real[run], real[holder]) + tuple(epochs.get(e, 0) for e in args[2:3] if not isinstance(e, bool))
            try:
                if name == "announce":
                    row = engine.call("announce", *me, "shop", "t", "s", "m", "main", "main", "1 hour")[0]
                    got = row[0], row[1]
                elif name == "take_over":
                    row = engine.call("take_over", *me, "m2", args[2])[0]
                    got = row[0], row[1]
                elif name == "acquire":
                    got = tuple(sorted({c["held"] for c in engine.acquire(*me, [{"path": args[3], "task": 1}])}))
                elif name == "release":
                    got = engine.call("release", *me, [args[3]]) and ()
                elif name == "may_write":
                    got = engine.call("may_write", *me, [args[3]])[0][0] == []
                elif name == "ship":
                    lines = [line(n, text) for n, text in enumerate(args[4], args[3])]
                    total = b"\0" * 32
                    for n, text in enumerate(args[5], args[3] + len(args[4]) - len(args[5])):
                        total = hashlib.sha256(total + line(n, text).encode()).digest()
                    got = engine.call("ship", *me, args[3], lines, total)[0][0]
                elif name == "heartbeat":
                    engine.call("heartbeat", *me, "{}", "", "")
                    got = tuple(sorted(p for p, _t, _f in engine.call("held", real[run])))
                else:
                    got = engine.call("close", *me, "{}") and ()
            except FleetError as error:
                got = error.code
            if name in ("announce", "take_over") and not isinstance(said, str):
                epochs[said[0]] = got[0]
                said, got = len(said[1]), got[1]
            return said, got

        def line(n, text):
            return '{"seq":%d,"x":"%s"}' % (n, text)

        for _ in range(60):
            run, holder = rng.choice((("r", "r1"), ("r", "r1"), ("r", "r2"), ("s", "s1")))
            epoch = rng.choice([e for e in epochs] or [0])
            if run in state["runs"] and rng.random() < 0.8:
                holder, epoch = state["runs"][run][:2]
            have = state["runs"].get(run, (0, 0, 0, 0, ()))[4]
            first = rng.choice((len(have), len(have) + 1, len(have) + 1, len(have) + 2)) or 1
            fresh = (rng.choice("xyz"),)
            whole = have[: first - 1] + fresh
            path = rng.choice((leasing.FILE, leasing.FOLDER))
            name, args = rng.choice(
                (
                    ("announce", ()),
                    ("take_over", (rng.random() < 0.3,)),
                    ("acquire", (epoch, path)),
                    ("acquire", (epoch, path)),
                    ("release", (epoch, path)),
                    ("may_write", (epoch, path)),
                    ("ship", (epoch, first, fresh, whole)),
                    ("heartbeat", (epoch,)),
                    ("late", ()),
                    ("close", (epoch,)),
                )
            )
            if name == "close" and rng.random() < 0.7:
                continue
            if name == "late":
                if run in state["runs"]:
                    r = state["runs"][run]
                    state["runs"][run] = r[:2] + (False,) + r[3:]
                    engine.rows("update fleet.runs set until = clock_timestamp() - interval '1 s' where run = %s", (real[run],))
                continue
            said, got = ask(name, run, holder, *args)
            assert said == got, (name, run, holder, args, state)
            held = engine.rows("select path, run, fence from fleet.leases order by fence")
            names = {real["r"]: "r", real["s"]: "s"}
            assert [(p, names[r]) for p, r, _f in held] == [(p, r) for p, (r, _f) in sorted(state["leases"].items(), key=lambda x: x[1][1])]
