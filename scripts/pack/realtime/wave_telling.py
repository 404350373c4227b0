"""What the agents of a run of waves are told: when they start, when they are woken, when they end a turn."""

import os
import time

from ..base import codec
from ..protocol import advice_waves
from ..store import open_for_reading
from .wave_team import definition_of, root, unmet


TOLD = 8000  # characters of a briefing: the client puts what a hook says beyond 10,000 into a file, and greeting and steps come on top


def briefing(call, role_id):
    """What an agent of the team is told when it starts: the strategy, its tasks, why it was spawned again."""
    state, lines = call.state, []
    role = next((r for r in state["team"]["definition"]["roles"] if r["id"] == role_id), {})
    if role.get("artifacts"):
        lines.append("Your artifacts, below %s/: %s" % (state["team"]["definition"]["root"], ", ".join(role["artifacts"])))
    lines += failing(state, role_id)
    if state["waves"]["lost"].get(role_id):
        lines.append(
            "You are attempt %d of this role: an earlier agent failed%s; its artifacts may be partial."
            % (state["waves"]["lost"][role_id] + 1, _failure(call, role_id))
        )
    lost = state["waves"]["lost"].get(role_id)
    from . import hand_over

    again = lost or state["waves"]["spawned"].get(role_id, 0) > 1
    lines += hand_over.lines(root(state, call.project), state["team"]["definition"], role, again, _failure(call, role_id) if lost else "")
    return "\n".join(strategy_lines(call.project, state["team"]["strategy"], TOLD - len("\n".join(lines))) + lines)


def _failure(call, role_id):
    """How the last agent of a role was lost, from the journal: the state counts only."""
    mine = {name for name, entry in call.state["roster"].items() if entry["role"] == role_id}
    for record in reversed(call.store.records()):
        if record["event"] == "AGENT_LOST" and record["data"].get("name") in mine:
            return " (%s)" % str(record["data"].get("why"))[:400]
    return ""


def strategy_lines(project, strategy, room):
    """The strategy file's text for an agent, [] without one. What has no room is not dropped in silence: the agent is told to read on."""
    if not strategy:
        return []
    most = max(2000, room)
    try:
        with open(os.path.join(project, strategy), encoding="utf-8", errors="replace") as f:
            text, more = f.read(most).lstrip(), f.read(1_000_000).strip()
    except OSError:
        return ["PROJECT STRATEGY (%s): the file cannot be read; tell the lead" % strategy, ""]
    if not more:
        return ["PROJECT STRATEGY (%s):" % strategy, text.rstrip(), ""]
    return [
        "PROJECT STRATEGY (%s), its first %d characters; READ THE REST OF THE FILE BEFORE YOU BEGIN:" % (strategy, len(text)),
        text,
        "(cut here: read %s to its end)" % strategy,
        "",
    ]


def failing(state, role_id):
    """A line for each gate that failed and asks for this role: what an agent is told when it starts, and when it is woken."""
    facts, out = state["waves"], []
    for g in state["team"]["definition"]["gates"]:
        if role_id in g.get("on_fail", {}).get("respawn", []) and facts["verdicts"].get(g["id"]) in ("FAIL", "FORGED"):
            out.append(
                "Gate %s %s (failure %d): %s. %s"
                % (
                    g["id"],
                    facts["verdicts"][g["id"]],
                    facts["failures"].get(g["id"], 0),
                    "; ".join(facts["reasons"].get(g["id"], [])),
                    g["on_fail"].get("say", ""),
                )
            )
    if state["team"]["definition"].get("errors"):
        from . import hand_over

        out += [hand_over.text(r) for r in hand_over.rows(state["team"]["definition"], facts["verdicts"], facts["reasons"], role_id)]
    return out


def reminder(call):
    """The step of an agent that ends its turn while a gate that it can do something about does not pass: the gate's reasons, once.

    The gate is judged now, for looking: what was mended or measured since the lead's last check is no reason any more.
    """
    state, name = call.state, call.actor["name"]
    mine = advice_waves.duties(state, name, unmet(call))
    if not mine:
        return []
    from . import gates

    facts = state["waves"]
    try:
        definition = definition_of(state, call.project)
        judged = gates.evaluate(
            root(state, call.project),
            definition,
            time.time(),
            resumed_at=facts["resumed_at"],
            anchors=facts["anchors"],
            approved=facts["approved"],
            unheard=not facts.get("heard"),
            run=open_for_reading.wave_facts(state, runs=False),
        )["gates"]
    except Exception:
        return []  # a broken definition or rt.yaml is the lead's gate check's to tell; advice stops nobody
    # Only a step that the agent can take: nobody but the user gives the user's word.
    left = [
        g
        for g in judged
        if g["verdict"] in mine.get(g["id"], [])
        and any(r["verdict"] != "PASS" and r.get("check") != "approval" for r in g["evidence"] or [{"verdict": "?"}])
    ]
    key = "gate:" + codec.digest(
        codec.dumps([[g["id"], g["verdict"], sorted(gates.what(r) for r in g["evidence"] if r["verdict"] != "PASS")] for g in left]), size=6
    )
    entry = state["roster"][name]
    if not left or state["nudges"].get("%s|%s#%d" % (name, key, entry["inc"])):
        return []
    told = [
        "gate %s is %s: %s%s"
        % (g["id"], g["verdict"], "; ".join(str(r)[:300] for r in g["reasons"][:3]), ". " + g["say"] if g["say"] else "")
        for g in left[:2]
    ]
    more = " (and %d more gates: `pack gate check`)" % (len(left) - 2) if len(left) > 2 else ""
    return [
        {
            "who": name,
            "step": key,
            "task": None,
            "text": "%s%s. Do your part of it, or report to the lead what keeps you" % (". ".join(told), more),
        }
    ]


def report_due(call):
    """The reminder that the definition's rhythm of reports asks for, "" where it has none or the next is not due yet."""
    from ..teams import TeamError, rhythm

    try:
        definition = definition_of(call.state, call.project)
    except (TeamError, OSError):
        return ""  # what is wrong with it is told where it is needed
    folder = os.path.join(root(call.state, call.project), "reports")
    if "report_every_hours" not in definition or not rhythm.due(folder, definition, call.now)[0]:
        return ""
    last = rhythm.last_report(folder, call.now)
    told = "none was written yet" if last is None else "the last is %.1f h old" % ((call.now - last) / 3600.0)
    return "\nA report is due (every %g h; %s): `pack report --due`." % (definition["report_every_hours"], told)
