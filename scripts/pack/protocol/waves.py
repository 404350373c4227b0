"""Teams whose work goes in waves behind gates (a team definition as data, `pack.teams`): guards, transitions, advice.

The same `step`, journal and gate as for `/build`; what differs is in the definition that RUN_OPENED carries. `unmet` comes
with events as a fact: {wave id: {"entry": [reasons], "exit": [reasons]}}, read from the artifacts by the gate.
"""

from . import tables, view
from .kernel import guard, rule
from .refusal import Refusal


def initial(definition):
    """The wave part of a state."""
    return {
        "verdicts": {},
        "failures": {},
        "failed_on": {},
        "reasons": {},
        "halted": None,
        "halts": [],
        "spawned": {},
        "lost": {},
        "unmet": {},
        "nonce": None,
        "words": {},
        "anchors": [],
        "approved": None,
        "heard": False,
        "resumed_at": None,
        "lead": definition.get("lead"),
    }


def roles(state):
    """{role id: role} of the definition, without the one that the lead plays."""
    return {r["id"]: r for r in state["team"]["definition"]["roles"] if r["id"] != state["waves"]["lead"]}


def of_agent(state, name):
    """The role id of an agent type (`team:rt-architect`, or an agent of the user's own: `ping-builder`), or None. Another plugin's
    agent of the same name is another agent."""
    return next((r["id"] for r in roles(state).values() if name in (r["agent"], r["agent"].rpartition(":")[2], "team:" + r["agent"])), None)


def wave(state, wave_id):
    """One wave of the definition."""
    return next(w for w in state["team"]["definition"]["waves"] if w["id"] == wave_id)


def gate_of(state, gate_id):
    """One gate of the definition."""
    return next(g for g in state["team"]["definition"]["gates"] if g["id"] == gate_id)


def busy(state, role):
    """Names of a role's agents that are at work. A terminal pane says nothing when a message wakes it: it is at work from then on."""
    mine = [(n, state["roster"][n]) for n in view.living(state, role)]
    return [n for n, e in mine if e["state"] != "IDLE" or e["mail"] and view.in_pane(e)]


def open_reasons(state, w, unmet, role=None):
    """Why a wave (or a role of it) may not begin; empty when it may."""
    facts, out = state["waves"], []
    if w["mode"] == "loop":
        failing = [g for g in w["when"]["gate_fails"] if facts["verdicts"].get(g) in ("FAIL", "FORGED")]
        wanted = {r for g in failing for r in gate_of(state, g).get("on_fail", {}).get("respawn", [])}
        if not failing:
            out.append("no gate of wave %s fails" % w["id"])
        elif role is not None and role not in wanted:
            out.append("gate %s asks for %s" % (failing[0], ", ".join(sorted(wanted))))
        return out
    for before in w.get("after", []):
        out += ["wave %s: %s" % (before, r) for r in end_reasons(state, wave(state, before), unmet)]
    return out + list(unmet.get(w["id"], {}).get("entry", []))


def end_reasons(state, w, unmet):
    """Why a wave is not over; empty when it is."""
    if w["mode"] == "loop":
        return []
    known, out = roles(state), []
    for r in w["roles"]:
        if r in known and not state["waves"]["spawned"].get(r):
            out.append("%s was not spawned" % r)
        elif r in known and w["mode"] != "background" and busy(state, r):
            out.append("%s is still at work" % r)
    return out + list(unmet.get(w["id"], {}).get("exit", []))


def all_over(state, unmet):
    """Why the team is not finished; empty when every wave is over."""
    return ["wave %s: %s" % (w["id"], r) for w in state["team"]["definition"]["waves"] for r in end_reasons(state, w, unmet)]


# --- Guards ---------------------------------------------------------------------------------------------------------------
@guard
def wave_role_is_known(state, data, actor):
    if data["role"] in roles(state):
        return None
    lead = state["waves"]["lead"]
    return Refusal(
        "UNKNOWN_ROLE",
        "%r is not a role to spawn" % (data.get("agent_type") or data["role"]),
        "roles: " + ", ".join("%s = %s" % (r["id"], r["agent"]) for r in roles(state).values()),
        "you play %s yourself" % lead if lead else "spawn one of these",
    )


@guard
def wave_role_is_single(state, data, actor):
    others = view.living(state, data["role"])
    if not others:
        return None
    return Refusal(
        "ROLE_TAKEN",
        "the team has a %s already: %s" % (data["role"], others[0]),
        state["roster"][others[0]]["state"],
        "send it a message; a finished agent goes on with its context",
    )


@guard
def wave_is_open(state, data, actor):
    reasons = []
    for w in state["team"]["definition"]["waves"]:
        if data["role"] in w["roles"]:
            why = open_reasons(state, w, data["unmet"], data["role"])
            if not why:
                return None
            reasons.append((w["id"], why))
    w, why = reasons[0]
    return Refusal(
        "WAVE_CLOSED",
        "%s belongs to wave %s, which may not begin" % (data["role"], w),
        "; ".join(why[:4]),
        "finish what is named first; `pack gate check` judges the gates",
    )


@guard
def foreground_is_free(state, data, actor):
    """A foreground role blocks the wave: nobody else of a sequential wave starts beside it."""
    spec = roles(state)
    for name in view.living(state):
        e = state["roster"][name]
        if e["state"] != "IDLE" and spec.get(e["role"], {}).get("spawning") == "foreground" and data["role"] != e["role"]:
            return Refusal("FOREGROUND", "%s is at work in the foreground" % name, "role " + e["role"], "wait until it has finished")
    return None


def _holding(state, gate_id):
    """A gate, and those of the gates that it needs that do not pass: what there is to mend."""
    out, todo = {}, [gate_id]
    while todo:
        one = todo.pop()
        if one not in out:
            out[one] = gate_of(state, one)
            todo += [n for n in reversed(out[one].get("needs", [])) if state["waves"]["verdicts"].get(n) != "PASS"]
    return list(out.values())


def _menders(state, gate_id):
    """The roles that are asked to mend a gate: its own, and those of the gates that it needs."""
    return list(dict.fromkeys(r for g in _holding(state, gate_id) for r in g.get("on_fail", {}).get("respawn", [])))


def _halting(state, role):
    """The HARD STOP that keeps a role from working, as a Refusal; None for the roles that mend it and who measures again."""
    halted = state["waves"]["halted"]
    if halted is None:
        return None
    if role in _menders(state, halted) or role in [g.get("after_role") for g in _holding(state, halted)]:
        return None
    return Refusal(
        "HALTED",
        "HARD STOP: gate %s is %s" % (halted, state["waves"]["verdicts"].get(halted, "not judged again since the run was resumed")),
        "; ".join(state["waves"]["reasons"].get(halted, [])[:2]),
        "spawn %s to fix it, then `pack gate check`" % ", ".join(_menders(state, halted)),
    )


@guard
def not_halted(state, data, actor):
    return _halting(state, data["role"])


def may_wake(state, name):
    """None, or the Refusal for a message that would put an idle agent to work while the run is paused or halted."""
    e = view.entry(state, name)
    if not e or e["state"] != "IDLE" or state["phase"] not in tables.OPEN_PHASES:
        return None
    if state["paused"]:
        return Refusal(
            "PAUSED", "a message would set %s to work, and the run is paused" % name, "", "the user types `resume team`", "MESSAGE"
        )
    refusal = _halting(state, e["role"]) or _spent(state, e["role"])
    if refusal is not None:
        refusal.event = "MESSAGE"
    return refusal


def _allowed(state, gate_id):
    """How many failures of a gate are allowed: its own number, else the team's."""
    return max(1, gate_of(state, gate_id).get("on_fail", {}).get("retries", state["team"]["definition"].get("retries", 3)))


def _spent(state, role):
    """A role, or a gate that asks for it, failed too often: the user decides. A Refusal or None."""
    most, facts = state["team"]["definition"].get("retries", 3), state["waves"]
    lost = facts["lost"].get(role, 0)
    failing = [
        g
        for g, n in facts["failures"].items()
        if n >= _allowed(state, g)
        and facts["verdicts"].get(g) in ("FAIL", "FORGED")
        and role in gate_of(state, g).get("on_fail", {}).get("respawn", [])
    ]
    if lost <= most and not failing:
        return None
    what = "%s failed %d times" % (role, lost) if lost > most else "gate %s failed %d times" % (failing[0], facts["failures"][failing[0]])
    return Refusal(
        "RETRIES_SPENT",
        what,
        "at most %d retries" % (most if lost > most else _allowed(state, failing[0])),
        "tell the user; `resume team` typed by the user allows another round",
    )


@guard
def retries_are_left(state, data, actor):
    return _spent(state, data["role"])


WAVE_SPAWN = (
    "run_is_not_paused",
    "spawn_name_is_plain",
    "wave_role_is_known",
    "spawn_name_is_free",
    "wave_role_is_single",
    "spawn_before_ready",
    "not_halted",
    "retries_are_left",
    "wave_is_open",
    "foreground_is_free",
)


@guard
def waves_are_over(state, data, actor):
    left = all_over(state, data["unmet"])
    halted = state["waves"]["halted"]
    if halted:
        left = ["HARD STOP: gate %s" % halted] + left
    if not left:
        return None
    return Refusal("WAVES_OPEN", "the team is not finished", "; ".join(left[:4]), "go on with that; `pack status` shows the waves")


@guard
def gates_were_started(state, data, actor):
    if state["waves"] and state["waves"]["nonce"] == data["nonce"]:
        return None
    return Refusal("VOUCHER", "no gate check waits for this result", "", "run `pack gate check` again")


@guard
def team_has_waves(state, data, actor):
    if state["waves"] is not None:
        return None
    return Refusal("NO_GATES", "this team has no gates", "team %s" % state["team"]["name"], "gates belong to teams with a definition")


# --- Transitions -------------------------------------------------------------------------------------------------------------
@rule("GATES_STARTED", None, ("run_is_open", "team_has_waves"))
def _(state, data, actor, now, effects):
    state["waves"]["nonce"] = data["nonce"]


@rule("GATES_RECORDED", ("gate",), ("gates_were_started",))
def _(state, data, actor, now, effects):
    facts = state["waves"]
    facts["nonce"] = None
    for g in state["team"]["definition"]["gates"]:
        verdict = data["verdicts"].get(g["id"])
        if verdict is None:
            continue
        facts["verdicts"][g["id"]] = verdict
        facts["reasons"][g["id"]] = data["reasons"].get(g["id"], [])[:3]
        if verdict == "FAIL" and set(data["evidence"].get(g["id"], [])) - set(facts["failed_on"].get(g["id"], [])):
            # What failed judged twice is one failure: only a measurement that failed anew counts as a new try.
            facts["failures"][g["id"]] = facts["failures"].get(g["id"], 0) + 1
            facts["failed_on"][g["id"]] = data["evidence"][g["id"]]
        elif verdict == "PASS":
            facts["failures"][g["id"]] = 0
    # A hard stop holds until its gate passes: evidence that was made stale by a commit or a resume lifts nothing. One whose work has
    # not begun stops nobody: who could make it pass may not begin before those who would be stopped.
    begun = due(state)
    facts["halts"] = [
        g["id"]
        for g in state["team"]["definition"]["gates"]
        if g.get("hard_stop")
        and (g["id"] in begun or not _of_waves(state, g["id"]))
        and (
            facts["verdicts"].get(g["id"]) in ("FAIL", "FORGED")
            or g["id"] in facts.get("halts", [])
            and facts["verdicts"].get(g["id"]) != "PASS"
        )
    ]
    facts["halted"] = facts["halts"][0] if facts["halts"] else None
    if data.get("anchor"):
        facts["anchors"] = (facts["anchors"] + [data["anchor"]])[-50:]
    approving = [g["id"] for g in state["team"]["definition"]["gates"] if g.get("approves_matrix")]
    if facts["approved"] is None and any(facts["verdicts"].get(g) == "PASS" for g in approving):
        facts["approved"] = data.get("approved")
    facts["unmet"] = data["unmet"]


@rule("MATRIX_APPROVED", (tables.LEAD,), ("team_has_waves",))
def _(state, data, actor, now, effects):
    """Only what the user types raises it: the next gate check takes the matrix as it is then (a waiver, a changed budget)."""
    state["waves"].update(approved=None, heard=True)


@rule("GATE_DECIDED", (tables.LEAD,), ("team_has_waves",))
def _(state, data, actor, now, effects):
    """What only the user types raises it: the next gate check finds it, as long as the files that the gate looks at are the same."""
    facts = state["waves"]
    facts.setdefault("words", {})[data["gate"]] = {"approve": data["approve"], "why": data["why"], "content": data["content"], "at": now}
    facts["reasons"][data["gate"]] = ["the user has answered: judge it again"]


@rule("WAVES_SEEN", ("gate",), ("team_has_waves",))
def _(state, data, actor, now, effects):
    facts = state["waves"]
    facts["unmet"] = data["unmet"]
    if data.get("anchor"):
        facts["anchors"] = (facts["anchors"] + [data["anchor"]])[-50:]
    if state["phase"] == "EXECUTION" and not all_over(state, data["unmet"]):
        state["phase"] = "COMPLETION"


def spawned(state, data):
    """Part of SPAWN_REQUESTED."""
    facts = state["waves"]
    facts["spawned"][data["role"]] = facts["spawned"].get(data["role"], 0) + 1
    facts["unmet"] = data["unmet"]


def ended(state, name, how):
    """Part of AGENT_LOST and SPAWN_FAILED: a failed agent of a role counts against its retries; one that never began is none, and its
    wave still waits for the role."""
    role, facts = state["roster"][name]["role"], state["waves"]
    if state["roster"][name]["agent_id"] is None:
        facts["spawned"][role] = max(0, facts["spawned"].get(role, 0) - 1)
    elif how == "LOST":
        facts["lost"][role] = facts["lost"].get(role, 0) + 1


def resumed(state, now, asked=True):
    """Part of RUN_RESUMED. When the user asked for it (`resume team`): delivery is measured again, every verdict is judged again
    but those of gates that survive a resume, failed roles may be tried again; a hard stop stays until its gate passes. A client that merely takes its
    session up again (in -p: every prompt) changes nothing of that."""
    facts = state["waves"]
    facts["nonce"] = None
    if asked:
        kept = [g["id"] for g in state["team"]["definition"]["gates"] if g.get("survives_resume")]
        facts.update(resumed_at=now, lost={}, failures={}, verdicts={g: v for g, v in facts["verdicts"].items() if g in kept})


def duties(state, name, unmet):
    """{gate id: verdicts} of the gates that an agent can do something about now: who measures, or whose plan it is, where something
    is missing or must be measured again; who is asked to mend it where it was judged to fail."""
    role, facts, out = state["roster"][name]["role"], state["waves"], {}
    if state["paused"] or state["phase"] not in tables.OPEN_PHASES or _halting(state, role) or _spent(state, role):
        return out
    open_waves = [w for w in state["team"]["definition"]["waves"] if role in w["roles"] and not open_reasons(state, w, unmet, role)]
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


# --- Who may write what --------------------------------------------------------------------------------------------------------
def may_write(state, actor, path):
    """The Refusal for a wave team's agent writing a path of the project, or None. Evidence is measured, never written."""
    definition = state["team"]["definition"]
    root = definition["root"].rstrip("/") + "/"
    inside = path[len(root) :] if (path + "/").startswith(root) else None
    for folder in definition.get("guarded", []):
        if inside is not None and (inside + "/").startswith(folder.rstrip("/") + "/"):
            return Refusal(
                "EVIDENCE_IS_MEASURED",
                "nobody writes %s by hand" % path,
                "evidence is written by `pack rt` only",
                "measure: `pack rt --help`",
                "WRITE",
            )
    if path.startswith(".claude/team-definitions"):
        return Refusal(
            "DEFINITION",
            "no agent writes a team's definition: %s" % path,
            "it decides what is measured and who may do what",
            "the user changes it between two runs",
            "WRITE",
        )
    if path == state["team"]["strategy"]:
        return Refusal(
            "STRATEGY",
            "no agent writes the strategy: %s" % path,
            "it is the user's, and binds everybody",
            "tell the user what should change in it",
            "WRITE",
        )
    if path in definition.get("sealed", {}):
        return Refusal(
            "SEALED", "no agent writes %s" % path, "a gate's command judges with it", "the user changes it between two runs", "WRITE"
        )
    role_id = state["waves"]["lead"] if actor["role"] == tables.LEAD else actor["role"]
    role = next((r for r in definition["roles"] if r["id"] == role_id), None)
    if role is None and actor["role"] == tables.LEAD:
        return Refusal(
            "ROLE_EDITS_NOTHING",
            "the lead of this team writes no file: %s" % path,
            "no role of the definition is the `lead`",
            "leave it to a role",
            "WRITE",
        )
    if role is None:
        return Refusal("UNKNOWN_AGENT", "%s may not edit %s" % (actor["name"], path), "not in the roster", "leave it to the team", "WRITE")
    if inside is not None:
        mine = role.get("writes", []) + [a for a in role.get("artifacts", []) if not _covers(role.get("writes", []), a)]
        if _covers(mine, inside):
            return None
        return Refusal(
            "NOT_YOUR_FILE",
            "%s does not write %s" % (role["title"], path),
            "it writes %s below %s" % (", ".join(mine) or "nothing", root),
            "leave it to the role that owns it",
            "WRITE",
        )
    engineering = {r for w in definition["waves"] if w["mode"] in ("parallel", "loop") for r in w["roles"]}
    if "edits" in role and (role["edits"] == ["./"] or _covers(role["edits"], path)) or "edits" not in role and role_id in engineering:
        refusal = _halting(state, role_id)  # also whoever was at work when the gate failed: only the mending is measured next
        if refusal is not None:
            refusal.event = "WRITE"
            refusal.next = "leave the project's files as they are until that gate passes"
        return refusal
    if role.get("edits"):
        return Refusal(
            "NOT_YOUR_FILE",
            "%s does not change %s" % (role["title"], path),
            "of the project it changes " + ", ".join(role["edits"]),
            "leave it to the role that does",
            "WRITE",
        )
    return Refusal(
        "ROLE_EDITS_NOTHING",
        "%s edits no project file: %s" % (role["title"], path),
        "it writes below " + root,
        "leave it to an engineer",
        "WRITE",
    )


def _covers(names, path):
    """Whether a path is one of these files or lies in one of these folders (with / at the end)."""
    return any(path == n or n.endswith("/") and path.startswith(n) for n in names)


def may_commit(state, actor, files):
    """The Refusal for a wave team's agent committing these files, or None. Who may write a file may commit it; evidence may be
    committed by anybody, for a commit does not change it."""
    definition = state["team"]["definition"]
    guarded = [definition["root"].rstrip("/") + "/" + g.rstrip("/") + "/" for g in definition.get("guarded", [])]
    for path in files:
        refusal = None if any(path.startswith(g) for g in guarded) else may_write(state, actor, path)
        if refusal is not None:
            return Refusal(
                refusal.code,
                "%s may not commit %s" % (actor["name"] or "an unknown agent", path),
                refusal.seen,
                "commit what you may write: git add FILES && git commit -- FILES",
                "COMMIT",
            )
    return None


# --- Advice -------------------------------------------------------------------------------------------------------------------
def steps(state, step):
    """What the lead could do next, from what was last seen. `step` makes one step (advice._step)."""
    facts, known, out = state["waves"], roles(state), []
    if facts["halted"]:
        g = gate_of(state, facts["halted"])
        respawn = _menders(state, g["id"])
        if not any(busy(state, r) for r in respawn):
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
        left = end_reasons(state, w, facts["unmet"])
        if not left or w["mode"] == "loop":
            continue
        if open_reasons(state, w, facts["unmet"]):
            own = facts["unmet"].get(w["id"], {}).get("entry", [])
            if own and not held and not any(end_reasons(state, wave(state, b), facts["unmet"]) for b in w.get("after", [])):
                held = (w, own)
            continue
        missing = [r for r in w["roles"] if r in known and not facts["spawned"].get(r)]
        if missing:
            out.append(
                step(
                    tables.LEAD,
                    "wave:%s:%s" % (w["id"], ",".join(missing)),
                    "wave %s: spawn %s"
                    % (w["id"], ", ".join(state["team"]["definition"].get("prefix", "team:") + known[r]["agent"] for r in missing)),
                )
            )
        elif not any(busy(state, r) for r in w["roles"]) and not _asks_user(state, w):
            judge = "; judge it again: `pack gate check`" if any("gate" in c for c in w.get("exit", [])) else ""
            out.append(
                step(tables.LEAD, "exit:%s:%s" % (w["id"], left[0]), "wave %s is not over: %s%s" % (w["id"], "; ".join(left[:2]), judge))
            )
        if w["mode"] == "sequential":
            break
    if not out and held and not any(busy(state, r) for r in known) and not _asks_user(state, held[0], "entry"):
        judge = "; judge it: `pack gate check`" if any("gate" in c for c in held[0].get("entry", [])) else ""
        out.append(
            step(
                tables.LEAD,
                "entry:%s:%s" % (held[0]["id"], held[1][0]),
                "wave %s may not begin: %s%s" % (held[0]["id"], "; ".join(held[1][:2]), judge),
            )
        )
    if not out and state["phase"] == "COMPLETION":
        out.append(step(tables.LEAD, "teardown", "every wave is over: run `pack teardown`"))
    return out


def _of_waves(state, gate_id):
    """The waves that end with a gate."""
    return [w for w in state["team"]["definition"]["waves"] if gate_id in w.get("gates", [])]


def due(state):
    """Gates whose work has begun: their `after_role` was spawned, and everybody of the waves before. The command of another gate is not
    run: that it fails before anybody worked would open loops and halt the team for nothing."""
    facts, known, out = state["waves"], roles(state), []
    there = lambda r: r not in known or facts["spawned"].get(r)
    for g in state["team"]["definition"]["gates"]:
        mine = _of_waves(state, g["id"])
        if there(g["after_role"]) and any(
            all(there(r) for before in w.get("after", []) if wave(state, before)["mode"] != "loop" for r in wave(state, before)["roles"])
            for w in mine
        ):
            out.append(g["id"])
    return out


def asking(state):
    """Gates that wait for nothing but the user's word, as the last judgement has it."""
    facts = state["waves"]
    return [
        g["id"]
        for g in state["team"]["definition"]["gates"]
        if facts["verdicts"].get(g["id"]) == "MISSING"
        and facts["reasons"].get(g["id"])
        and all(r.startswith(tables.USER_DECIDES) for r in facts["reasons"][g["id"]])
    ]


def _asks_user(state, w, side="exit"):
    """Whether a wave waits for the user's word: then the lead may rest."""
    wanted = {c["gate"] for c in w.get(side, []) if "gate" in c and state["waves"]["verdicts"].get(c["gate"]) != "PASS"}
    return bool(wanted) and wanted <= set(asking(state))


def lines(state):
    """The waves and gates for the status tree."""
    facts, out = state["waves"], []
    for w in state["team"]["definition"]["waves"]:
        left = end_reasons(state, w, facts["unmet"])
        begun = any(facts["spawned"].get(r) for r in w["roles"])
        mark = "✅" if not left and (begun or w["mode"] == "loop" or w["id"] == "0") else "🔨" if begun else "⏳"
        out.append("%s wave %s %s%s" % (mark, w["id"], w["title"], ": " + left[0] if left and begun else ""))
    judged = ["%s %s" % (g["id"], facts["verdicts"][g["id"]]) for g in state["team"]["definition"]["gates"] if g["id"] in facts["verdicts"]]
    out += ["✋ gate %s waits for the user: `team approve %s`, or `team reject %s WHY`" % (g, g, g) for g in asking(state)]
    return out + (["gates: " + ", ".join(judged)] if judged else []) + (["🚨 HARD STOP: %s" % facts["halted"]] if facts["halted"] else [])
