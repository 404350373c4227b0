"""Supervision (PROTOCOL 10): who has been silent for too long, who turns in circles, which tool nobody has. All pure.

A silence is measured from the agent's last sign of life, never before its grace after the spawn is over, and only while it owes
something: it is in a turn, or it has a next step. A BREACH is noted at one look; at the next one in a row, at least a minute
later, it counts and becomes a step for the supervisor, or for the lead where there is none (advice.py). Looks happen at every
hook event and, in a terminal, once a minute (watcher.py), so a model wakes only on a breach.
"""

from __future__ import annotations

from . import tables, view
from .kernel import rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Container
    from .literals import EventName
    from .state_types import Actor, Data, Due, Effects, Entry, FindSteps, MakeStep, State, Step, Watched

STAGES = ("PING", "ESCALATE", "REPLACE")  # level 1, 2, 3 of tables.WATCH


def _clock(e: Entry) -> float:
    """When the silence of a roster entry began to count."""
    return max(e["seen"], e["since"] + tables.limit("WATCH_GRACE_SEC"))


def _owes(state: State, name: str, e: Entry, awaited: Container[str]) -> str | None:
    """What an agent is watched for: a row of tables.WATCH, or None while it owes nothing."""
    if view.waves(state) is not None:
        return "coder coding" if e["state"] == "ACTIVE" else None
    if e["role"] in tables.IMPLEMENTERS:
        working = view.owned(state, name, tables.WORKING)
        if working:
            waits = all(view.task(state, n)["state"] == "IN_REVIEW" for n in working) and e["state"] == "IDLE"
            return "coder waiting for review" if waits else "coder coding"
    elif e["role"] in tables.REVIEWERS + (tables.ENABLING,) or e["role"] == tables.TECH_LEAD:
        row = tables.TECH_LEAD if e["role"] == tables.TECH_LEAD else "reviewer"
        return row if e["state"] == "ACTIVE" or name in awaited else None
    elif e["role"] == tables.SUPERVISOR:
        return None
    return "coder coding" if e["state"] == "ACTIVE" else None


def silences(state: State, now: float, find_steps: FindSteps) -> dict[str, tuple[str, int, float]]:
    """{name: (row of tables.WATCH, level 1-3, silent since)} of everybody who has been silent beyond a threshold. find_steps: advice.steps."""
    if view.team(state) is None or state["paused"] or state["phase"] not in tables.OPEN_PHASES:
        return {}
    minute = tables.limit("WATCH_MINUTE_SEC")
    shortest = min(row[0] for row in tables.WATCH.values()) * minute
    quiet = [(n, e) for n, e in state["roster"].items() if e["state"] in tables.PRESENT and now - _clock(e) >= shortest]
    if not quiet:
        return {}  # the hot path ends here
    awaited = {s["who"] for s in find_steps(state)}
    out = {}
    for name, e in quiet:
        row = _owes(state, name, e, awaited)
        level = sum(now - _clock(e) >= m * minute for m in tables.WATCH[row]) if row else 0
        if row and level:
            out[name] = (row, level, _clock(e))
    return out


def due(state: State, now: float, find_steps: FindSteps) -> Due:
    """The BREACH events that a look at this moment makes: [(event, data)]."""
    out: Due = []
    for name, (row, level, since) in silences(state, now, find_steps).items():
        w = state["watch"].get(name)
        same = w is not None and w["since"] == since and w["row"] == row
        counts, noted, looked = (w["level"], w["noted"], w["looked"]) if w is not None and same else (0, 0, 0)
        level = min(level, counts + 1)  # one stage after the other: a suspended machine replaces nobody (H19)
        if level > counts and (noted != level or now - looked >= tables.limit("WATCH_LOOK_SEC")):
            out.append(("BREACH", {"who": name, "watched": row, "level": level, "since": since, "minutes": int((now - since) // 60)}))
    return out


def standing(state: State, name: str) -> Watched | None:
    """The breach of an agent that counts and is not over: {"row", "level", "since", "minutes", "told"}; else None."""
    w, e = state["watch"].get(name), state["roster"].get(name)
    return w if w and w["level"] and e and e["state"] in tables.PRESENT and w["since"] == _clock(e) else None


def untaken(state: State) -> list[int]:
    """Of what nobody was given, the tasks that stay free once everybody has begun who was spawned or is in a turn and has none yet."""
    coming = [
        n
        for n in view.living(state)
        if state["roster"][n]["role"] in tables.IMPLEMENTERS
        and state["roster"][n]["state"] != "IDLE"
        and not view.owned(state, n, tables.WORKING + ("PENDING",))
        and not standing(state, n)
    ]
    return [n for n in view.claimable(state) if not view.task(state, n)["owner"]][len(coming) :]


def concerns(state: State, name: str) -> bool:
    """Whether a message to an agent may settle something that the watch has found."""
    return bool(standing(state, name)) or any(n["who"] == name for n in state["notices"].values())


@rule("BREACH", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    who, level = data["who"], data["level"]
    w = state["watch"].get(who)
    if w is None or w["since"] != data["since"] or w["row"] != data["watched"]:
        w = {"row": data["watched"], "since": data["since"], "level": 0, "noted": 0, "told": True, "pings": w["pings"] if w else []}
    if w["noted"] != level:
        w.update({"noted": level, "looked": now})
    else:  # the second look in a row
        hour = [t for t in w["pings"] if now - t < 3600]
        spent = (
            level == 1
            and state["roster"][who]["role"] not in tables.UNPINGED
            and (len(hour) >= tables.limit("PINGS_AN_HOUR") or hour and now - hour[-1] < tables.limit("PING_EVERY_SEC"))
        )
        w.update(
            {
                "level": level,
                "minutes": data["minutes"],
                "looked": now,
                "told": bool(spent),
                "pings": hour + [now] if level == 1 and not spent else hour,
            }
        )
    state["watch"] = dict(sorted(dict(state["watch"], **{who: w}).items()))


@rule("LOOP_SUSPECTED", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    _notice(
        state,
        "loop:" + data["who"],
        "%s made the same %s call %d times in a row" % (data["who"], data["tool"], data["times"]),
        who=data["who"],
    )


@rule("TOOL_UNAVAILABLE", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    names = state["unavailable"].setdefault(data["tool"], [])
    if data["who"] not in names:
        names.append(data["who"])
        names.sort()
        if len(names) == tables.limit("SYSTEMIC_AGENTS"):
            _notice(state, "tool:" + data["tool"], "%s cannot run `%s`: it is missing for everybody" % (", ".join(names), data["tool"]))


def _notice(state: State, key: str, text: str, who: str | None = None) -> None:
    state["notices"][key] = {"text": text, "who": who}
    state["notices"] = dict(sorted(state["notices"].items()))


def spoken(state: State, event: EventName, to: str | None, sender: str | None) -> None:
    """The supervisor or the lead has acted: what it was told to do is done. Called for every message that was let through."""
    if sender == tables.SUPERVISOR and event == "SUPERVISOR_REPORT":
        state["notices"] = {}
        for w in state["watch"].values():
            w["told"] = w["told"] or w["level"] == 2
    elif sender in (tables.SUPERVISOR, tables.LEAD) and to is not None and to in state["roster"]:
        breach = standing(state, to)
        if breach and (breach["level"] == 1 or sender == tables.LEAD):
            breach["told"] = True
        state["notices"] = {k: n for k, n in state["notices"].items() if n["who"] != to and (n["who"] or sender != tables.LEAD)}


def steps(state: State, step: MakeStep) -> list[Step]:
    """What is to be done about breaches and notices. `step` makes one step (advice._step)."""
    have = view.present(state, tables.SUPERVISOR) if view.owner_active(state) else []
    watcher, out = (have[0] if have else tables.LEAD), []
    for name, _w in state["watch"].items():
        w = standing(state, name)
        if not w or w["told"]:
            continue
        what = "%s has been silent for %d minutes (%s)" % (name, w["minutes"], w["row"])
        text = what + (
            ": ask it one question in plain words"
            if w["level"] == 1
            else ": send SUPERVISOR_REPORT to the lead, on line 2 `WARN ESCALATE`"
            if w["level"] == 2 and watcher != tables.LEAD
            else ": ask it once more; then stop it (TaskStop) and spawn another one"
        )
        out.append(step(tables.LEAD if w["level"] == 3 else watcher, "%s:%s:%d" % (STAGES[w["level"] - 1].lower(), name, w["since"]), text))
    for key, notice in state["notices"].items():
        text = notice["text"] + (
            ": ask it what it is trying"
            if notice["who"]
            else ": report it to the lead (SUPERVISOR_REPORT, `CRITICAL ESCALATE`)"
            if watcher != tables.LEAD
            else ": install it or change the tasks' tooling, then tell them"
        )
        out.append(step(watcher, key, text))
    return out
