"""What comes next in a run of waves: steps, what is due, what the user is asked, the lines of the status tree."""

from __future__ import annotations

from . import guards_waves, tables, waves

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import MakeStep, State, Step, Unmet, Wave


def duties(state: State, name: str, unmet: Unmet) -> dict[str, list[str]]:
    """{gate id: verdicts} of the gates that an agent can do something about now: who measures, or whose plan it is, where something
    is missing or must be measured again; who is asked to mend it where it was judged to fail."""
    role, facts = state["roster"][name]["role"], state["waves"]
    out: dict[str, list[str]] = {}
    if state["paused"] or state["phase"] not in tables.OPEN_PHASES or guards_waves.halting(state, role) or guards_waves.spent(state, role):
        return out
    open_waves = [w for w in state["team"]["definition"]["waves"] if role in w["roles"] and not waves.open_reasons(state, w, unmet, role)]
    for g in state["team"]["definition"]["gates"]:
        if g["after_role"] == role and any(g["id"] in w.get("gates", []) for w in open_waves):
            out[g["id"]] = ["MISSING", "INVALID", "STALE"]
        judged = facts["verdicts"].get(g["id"]) == "FAIL"
        if (
            judged
            and role in g["on_fail"]["respawn"]
            and any(g["id"] in w.get("gates", []) + w.get("when", {}).get("gate_fails", []) for w in open_waves)
        ):
            out.setdefault(g["id"], []).append("FAIL")
    return out


def steps(state: State, step: MakeStep) -> list[Step]:
    """What the lead could do next, from what was last seen. `step` makes one step (advice._step)."""
    facts, known, out = state["waves"], waves.roles(state), []
    if facts["halted"]:
        g = waves.gate_of(state, facts["halted"])
        respawn = guards_waves.menders(state, g["id"])
        if not any(waves.busy(state, r) for r in respawn):
            out.append(
                step(
                    tables.LEAD,
                    "halt:%s:%s" % (g["id"], facts["failures"].get(g["id"], 0)),
                    "HARD STOP %s: %s; have %s fix it, measure again, then `pack gate check`"
                    % (g["id"], "; ".join(facts["reasons"].get(g["id"], [])[:1]), ", ".join(respawn)),
                )
            )
        return out
    held = None
    for w in state["team"]["definition"]["waves"]:
        left = waves.end_reasons(state, w, facts["unmet"])
        if not left or w["mode"] == "loop":
            continue
        if waves.open_reasons(state, w, facts["unmet"]):
            own = facts["unmet"].get(w["id"], {}).get("entry", [])
            if own and not held and not any(waves.end_reasons(state, waves.wave(state, b), facts["unmet"]) for b in w.get("after", [])):
                held = (w, own)
            continue
        missing = [r for r in w["roles"] if r in known and not waves.has_worked(state, r)]
        if missing:
            out.append(
                step(
                    tables.LEAD,
                    "wave:%s:%s" % (w["id"], ",".join(missing)),
                    "wave %s: spawn %s"
                    % (w["id"], ", ".join(state["team"]["definition"].get("prefix", "team:") + known[r]["agent"] for r in missing)),
                )
            )
        elif not any(waves.busy(state, r) for r in w["roles"]) and not _asks_user(state, w):
            judge = "; judge it again: `pack gate check`" if any("gate" in c for c in w.get("exit", [])) else ""
            out.append(
                step(
                    tables.LEAD,
                    "exit:%s:%s" % (w["id"], left[0]),
                    "wave %s is not over: %s%s%s" % (w["id"], "; ".join(left[:2]), judge, _on_lost(state, w)),
                )
            )
        if w["mode"] == "sequential":
            break
    if not out and held and not any(waves.busy(state, r) for r in known) and not _asks_user(state, held[0], "entry"):
        judge = "; judge it: `pack gate check`" if any("gate" in c for c in held[0].get("entry", [])) else ""
        out.append(
            step(
                tables.LEAD,
                "entry:%s:%s" % (held[0]["id"], held[1][0]),
                "wave %s may not begin: %s%s%s"
                % (held[0]["id"], "; ".join(held[1][:2]), judge, guards_waves.advice_on_held(state, held[1])),
            )
        )
    if not out and state["phase"] == "COMPLETION":
        out.append(step(tables.LEAD, "teardown", "every wave is over: run `pack teardown`"))
    return out


def _on_lost(state: State, w: Wave) -> str:
    """What is to be done about the agents of a wave that failed, "" where none did: the error table's words, where it has some."""
    gone = waves.lost(state, w)
    then = "; ".join(waves.advised(state, "agent_lost")) or "spawn it again"
    return "; %s failed: %s" % (", ".join(gone), then) if gone else ""


def of_waves(state: State, gate_id: str) -> list[Wave]:
    """The waves that end with a gate."""
    return [w for w in state["team"]["definition"]["waves"] if gate_id in w.get("gates", [])]


def due(state: State) -> list[str]:
    """Gates whose work has begun: their `after_role` was spawned, and everybody of the waves before. The command of another gate is not
    run: that it fails before anybody worked would open loops and halt the team for nothing."""
    known = waves.roles(state)
    out: list[str] = []

    def there(role: str) -> bool:
        return role not in known or waves.has_worked(state, role)

    for g in state["team"]["definition"]["gates"]:
        mine = of_waves(state, g["id"])
        if there(g["after_role"]) and any(
            all(
                there(r)
                for before in w.get("after", [])
                if waves.wave(state, before)["mode"] != "loop"
                for r in waves.wave(state, before)["roles"]
            )
            for w in mine
        ):
            out.append(g["id"])
    return out


def asking(state: State) -> list[str]:
    """Gates that wait for nothing but the user's word, as the last judgement has it."""
    facts = state["waves"]
    return [
        g["id"]
        for g in state["team"]["definition"]["gates"]
        if facts["verdicts"].get(g["id"]) == "MISSING"
        and facts["reasons"].get(g["id"])
        and all(r.startswith(tables.USER_DECIDES) for r in facts["reasons"][g["id"]])
    ]


def _asks_user(state: State, w: Wave, side: str = "exit") -> bool:
    """Whether a wave waits for the user's word: then the lead may rest."""
    conditions = w.get("exit", []) if side == "exit" else w.get("entry", [])
    wanted = {c["gate"] for c in conditions if "gate" in c and state["waves"]["verdicts"].get(c["gate"]) != "PASS"}
    return bool(wanted) and wanted <= set(asking(state))


def lines(state: State) -> list[str]:
    """The waves and gates for the status tree."""
    facts, out = state["waves"], []
    for w in state["team"]["definition"]["waves"]:
        left = waves.end_reasons(state, w, facts["unmet"])
        begun = any(waves.has_worked(state, r) for r in w["roles"])
        mark = "✅" if not left and (begun or w["mode"] == "loop" or w["id"] == "0") else "🔨" if begun else "⏳"
        out.append("%s wave %s %s%s" % (mark, w["id"], w["title"], ": " + left[0] if left and begun else ""))
    judged = ["%s %s" % (g["id"], facts["verdicts"][g["id"]]) for g in state["team"]["definition"]["gates"] if g["id"] in facts["verdicts"]]
    out += ["✋ gate %s waits for the user: `team approve %s`, or `team reject %s WHY`" % (g, g, g) for g in asking(state)]
    return out + (["gates: " + ", ".join(judged)] if judged else []) + (["🚨 HARD STOP: %s" % facts["halted"]] if facts["halted"] else [])
