"""All guards, all transitions, one `step`.

`step(state, event, now) -> (state, effects)`: the event is looked up in RULES; its epoch guards run first, then the
role of the sender, then the guards on the state (DESIGN rule 3); only if all pass is a copy of the state changed. A
guard answers None or a Refusal. Effects are data: `("emit", event)` is a consequence that the caller must step next,
in order, in the same journal append.

An event is {"event": name, "actor": {"name", "role", "inc", "agent_id"}, "data": {...}, "key": idempotency key}. The
actor is who the client says is calling. Everything that needs the outside (digests, exit codes) is in `data`.
"""

from . import tables, view
from .plan import check_overlap, check_reviewers, classify, covers, is_conventions
from .refusal import Refusal

GATE = {"name": "gate", "role": "gate", "inc": 0, "agent_id": None}
LEAD = tables.LEAD

GUARDS = {}  # name -> function(state, data, actor) -> None | Refusal; the explorer removes them one by one
RULES = {}  # event -> {"epoch": (...), "roles": (...)|None, "guards": (...), "apply": function}


def guard(function):
    GUARDS[function.__name__] = function
    return function


def rule(event, roles, guards=(), epoch=()):
    """Declare who may raise an event and what must hold; decorates the function that applies it."""
    def declare(function):
        RULES[event] = {"roles": roles, "guards": guards, "epoch": epoch, "apply": function}
        return function
    return declare


def initial():
    """The state before any event."""
    return {
        "v": 1, "team": None, "phase": None, "mode": None, "classification": None, "paused": False,
        "owner": {"state": "LEAD", "epoch": 0, "minted": 0, "holder": None, "inc": 0},
        "roster": {}, "agents": {}, "tasks": {}, "definition_of_done": [],
        "plan": {"registered": False, "asked": False, "ok": None},
        "risks": {"asked": False, "counts": None, "results": False, "mitigated": False, "testers": 0},
        "verify": None, "consistency": None, "commits": [],
        "teardown": {"state": "NONE", "attempt": 0, "aborted": False, "targets": {}, "sends": 0, "sent_at": 0,
                     "ack_status": None, "unresolved": [], "reason": None},
        "requests": {}, "refusals": {}, "nudges": {}, "client_tasks": {}, "escalations": [],
        "waves": None,  # of a team definition with waves and gates (waves.py)
        "lead_mail": 0,  # news on their way to the lead: ending its turn now is right, they will wake it
        "lead_idle_news": False,
    }


def clone(value):
    """A deep copy of JSON-shaped data (copy.deepcopy costs ten times as much and an import)."""
    if type(value) is dict:
        return {k: clone(v) if type(v) in (dict, list) else v for k, v in value.items()}
    return [clone(v) if type(v) in (dict, list) else v for v in value]


def check(state, event):
    """Run every guard of an event; raises Refusal. Answers the rule."""
    name, actor, data = event["event"], event["actor"], event["data"]
    found = RULES.get(name)
    if found is None:
        raise Refusal("UNKNOWN_EVENT", "no event is called %r" % name, "", "events: " + ", ".join(sorted(RULES)), name)
    for guards in (found["epoch"], _ADDRESSED if name in tables.MESSAGES else _ADDRESSED[:1], found["guards"]):
        for g in guards:
            refusal = GUARDS[g](state, data, dict(actor, event=name) if g in _ADDRESSED else actor)
            if refusal is not None:
                refusal.event = refusal.event or name
                if refusal.task is None:
                    refusal.task = data.get("task")
                raise refusal
    return found


def step(state, event, now):
    """Fold one event into the state. Answers (new state, effects); raises Refusal and leaves `state` as it was."""
    found = check(state, event)
    new, effects = clone(state), []
    found["apply"](new, event["data"], event["actor"], now, effects)
    if event["event"] in tables.MESSAGES or event["event"] == "MAIL":
        _deliver(new, event["data"].get("to"))
    return new, effects


_ADDRESSED = ("sender_has_role", "receiver_has_role")


def _deliver(state, to):
    """Mail wakes an idle agent, and the lead when its turn ends: until then nobody is stalled (PROTOCOL 10)."""
    e = state["roster"].get(to)
    if e and e["state"] == "IDLE":
        e["mail"] += 1
    elif to == LEAD:
        state["lead_mail"] += 1


def emit(effects, event, **data):
    """Add a consequence, raised by the gate itself."""
    effects.append(("emit", {"event": event, "actor": GATE, "data": data, "key": None}))


# --- Guards: who -------------------------------------------------------------------------------------------------
@guard
def sender_has_role(state, data, actor):
    roles = RULES[actor["event"]]["roles"]
    if roles is None or actor["role"] in roles:
        return None
    form = tables.MESSAGES.get(actor["event"], (actor["event"],))[0]
    who = "%s (%s)" % (actor["name"], actor["role"]) if actor["role"] else "an agent that is not in the roster"
    return Refusal("WRONG_ROLE", "%s may not send `%s`" % (who, form), "that belongs to " + ", ".join(roles),
                   "leave it to them" if actor["role"] else "only agents that the lead spawned by name have a role")


@guard
def receiver_has_role(state, data, actor):
    if actor["role"] == "gate":
        return None
    form, _senders, receivers, _when = tables.MESSAGES[actor["event"]]
    if actor["event"] in ("FORCED_FINALIZE_ACK", "FORCED_FINALIZE_DENY") and data.get("to") is None \
            and not view.living(state, tables.SUPERVISOR):
        return None  # `pack teardown finalize|deny`: nobody is left to receive it
    if len(receivers) == 2 and tables.SUPERVISOR in receivers:  # reported to the supervisor, who passes it on to the lead
        receivers = (LEAD,) if actor["role"] == tables.SUPERVISOR else (tables.SUPERVISOR,)
    to = data.get("to")
    e = view.entry(state, to)
    role = LEAD if to == LEAD else e["role"] if e else None
    if role in receivers:
        return None
    known = [n for n in view.living(state) if state["roster"][n]["role"] in receivers]
    return Refusal("WRONG_RECEIVER", "`%s` does not go to %r" % (form, data.get("as") or to), "it goes to " + ", ".join(receivers),
                   "send it to " + (", ".join(known) if known else "the lead (to: \"main\")" if LEAD in receivers else
                                    "the %s, once there is one" % receivers[0]))


@guard
def sender_is_living(state, data, actor):
    if actor["role"] in (LEAD, "gate", "person"):
        return None
    e = view.entry(state, actor["name"])
    if e and e["inc"] == actor["inc"] and e["state"] in tables.LIVING:
        return None
    return Refusal("ENDED_AGENT", "%s's incarnation %s is over" % (actor["name"], actor["inc"]),
                   "%s is %s" % (actor["name"], e["state"] + ", incarnation %d" % e["inc"] if e else "unknown"),
                   "stop: somebody else has your place")


@guard
def run_is_open(state, data, actor):
    if state["phase"] in tables.OPEN_PHASES:
        return None
    return Refusal("PHASE", "the run is in phase %s" % state["phase"], "this belongs before the teardown",
                   "nothing more is done in this phase; see `pack status`")


@guard
def run_is_new(state, data, actor):
    if state["team"] is None:
        return None
    return Refusal("RUN_LIVE", "a run is already open: %s" % state["team"]["name"], "phase " + state["phase"],
                   "go on with it, or `pack abort --reason WHY` first")


@guard
def run_is_live(state, data, actor):
    if state["team"] is not None and state["phase"] != "CLOSED":
        return None
    return Refusal("NO_RUN", "there is no live run", "phase %s" % state["phase"], "start one with /build")


# --- Guards: ownership (PROTOCOL 3), run before everything else ---------------------------------------------------------
@guard
def ack_has_an_offer(state, data, actor):
    if state["owner"]["state"] in ("OFFERED", "ACTIVE") and data["epoch"] <= state["owner"]["minted"]:
        return None
    if data["epoch"] < state["owner"]["epoch"]:
        return None  # a fenced epoch: the next guard names it
    return Refusal("HANDOFF_MISSING", "STATE_OWNERSHIP_ACK(%d) answers no offer" % data["epoch"], view.owner_text(state),
                   "wait for STATE_OWNERSHIP_HANDOFF from the lead", record="HANDOFF_MISSING")


@guard
def ack_epoch_is_current(state, data, actor):
    if data["epoch"] >= state["owner"]["epoch"]:
        return None
    return Refusal("STALE_EPOCH", "epoch %d is fenced" % data["epoch"], view.owner_text(state),
                   "stop writing; a newer epoch was offered", record="STALE_EPOCH")


@guard
def ack_is_by_the_holder(state, data, actor):
    owner = state["owner"]
    if actor["role"] != tables.SUPERVISOR or (actor["name"], actor["inc"]) == (owner["holder"], owner["inc"]):
        return None  # another role is refused for its role: it must not be able to lock the team
    return Refusal("SPLIT_BRAIN_DETECTED", "%s (incarnation %d) claims epoch %d" % (actor["name"], actor["inc"], data["epoch"]),
                   "it belongs to %s (incarnation %d)" % (owner["holder"], owner["inc"]),
                   "the lead arbitrates: STATE_OWNERSHIP_HANDOFF(%d) to one supervisor" % view.next_epoch(state),
                   record="SPLIT_BRAIN_DETECTED")


@guard
def owner_is_not_fenced(state, data, actor):
    """Owner-only events, when a supervisor sends them."""
    if actor["role"] != tables.SUPERVISOR:
        return None
    owner = state["owner"]
    if owner["state"] == "LEAD":
        return Refusal("HANDOFF_MISSING", "%s owns nothing yet" % actor["name"], view.owner_text(state),
                       "wait for STATE_OWNERSHIP_HANDOFF from the lead", record="HANDOFF_MISSING")
    if owner["state"] == "LOST" or (actor["name"], actor["inc"]) != (owner["holder"], owner["inc"]):
        return Refusal("STALE_EPOCH", "%s (incarnation %d) is fenced" % (actor["name"], actor["inc"]),
                       view.owner_text(state), "stop: the state has another owner", record="STALE_EPOCH")
    if owner["state"] == "OFFERED":
        return Refusal("OWNER_NOT_ACTIVE", "epoch %d was offered and not acknowledged" % owner["epoch"],
                       view.owner_text(state), "send STATE_OWNERSHIP_ACK(%d) to the lead first" % owner["epoch"])
    return owner_is_active(state, data, actor)


@guard
def owner_is_active(state, data, actor):
    if view.owner_active(state):
        return None
    steps = {"LEAD": "the lead spawns the supervisor and sends STATE_OWNERSHIP_HANDOFF(%d)" % view.next_epoch(state),
             "OFFERED": "the supervisor sends STATE_OWNERSHIP_ACK(%d)" % state["owner"]["epoch"],
             "LOST": "the lead spawns a supervisor and sends STATE_OWNERSHIP_HANDOFF(%d)" % view.next_epoch(state),
             "RECONCILE_LOCK": "the lead sends STATE_OWNERSHIP_HANDOFF(%d) to one supervisor" % view.next_epoch(state)}
    return Refusal("NO_OWNER", "there is no ACTIVE owner of the state", view.owner_text(state),
                   steps[state["owner"]["state"]] + "; then send this again")


@guard
def owner_is_active_or_aborting(state, data, actor):
    """An aborted run, or one without supervisor by its definition, has the lead as owner of last resort."""
    if state["teardown"]["aborted"] or state["waves"] is not None:
        return None
    return owner_is_active(state, data, actor)


@guard
def handoff_target_is_supervisor(state, data, actor):
    e = view.entry(state, data["to"])
    if e and e["role"] == tables.SUPERVISOR and e["state"] in tables.PRESENT:
        return None
    return Refusal("NOT_A_SUPERVISOR", "%r is not an ACTIVE supervisor" % data["to"],
                   "%s is %s" % (data["to"], "%s, %s" % (e["role"], e["state"]) if e else "not in the roster"),
                   "it is starting; send this again in a moment" if e and e["role"] == tables.SUPERVISOR and e["state"] == "SPAWNING" else
                   "spawn one: Agent(subagent_type: \"team:supervisor\", name: \"supervisor\")")


@guard
def handoff_epoch_is_minted(state, data, actor):
    owner, e = state["owner"], view.entry(state, data["to"])
    if data["epoch"] == view.next_epoch(state):
        return None
    if data["epoch"] == owner["epoch"] and owner["state"] in ("OFFERED", "ACTIVE") and e and \
            (data["to"], e["inc"]) == (owner["holder"], owner["inc"]):
        return None  # the same offer again
    return Refusal("WRONG_EPOCH", "epoch %d cannot be offered" % data["epoch"], view.owner_text(state),
                   "send STATE_OWNERSHIP_HANDOFF(%d)" % view.next_epoch(state))


# --- Guards: spawning (PROTOCOL 8) -----------------------------------------------------------------------------------
@guard
def spawn_name_is_plain(state, data, actor):
    name = data["name"]
    ok = isinstance(name, str) and name.isascii() and 0 < len(name) <= 64 and name[0].isalnum() and \
        all(c.isalnum() or c in "_-" for c in name)
    if ok and name.lower() not in ("lead", "main", "team-lead", "gate", "person"):
        return None
    return Refusal("SPAWN_NAME", "an agent cannot be called %r" % (name,), "names are ASCII letters, digits, _ and -",
                   "every agent needs a plain name of its own, e.g. coder-1")


@guard
def spawn_role_is_known(state, data, actor):
    if data["role"] in spawn_rules(state):
        return None
    return Refusal("UNKNOWN_ROLE", "%r is not a role of this team" % (data.get("agent_type") or data["role"]),
                   "roles: " + ", ".join(spawn_rules(state)), "spawn one of them as \"team:ROLE\", or do without")


@guard
def spawn_name_is_free(state, data, actor):
    taken = [n for n in view.living(state) if n.lower() == data["name"].lower()]
    if not taken:
        return None
    e = state["roster"][taken[0]]
    return Refusal("NAME_TAKEN", "%s is already in the team" % taken[0], "%s, %s" % (e["role"], e["state"]),
                   "send it a message instead, or choose another name")


@guard
def spawn_role_is_single(state, data, actor):
    others = view.living(state, data["role"]) if data["role"] in tables.SINGLETONS else []
    if not others:
        return None
    return Refusal("ROLE_TAKEN", "the team has a %s already: %s" % (data["role"], others[0]),
                   state["roster"][others[0]]["state"],
                   "send it a message; if it is dead, stop it with TaskStop and then spawn the next")


@guard
def spawn_mode_has_role(state, data, actor):
    if state["mode"] is None or data["role"] in tables.MODE_ROLES[state["mode"]]:
        return None
    return Refusal("ROLE_NOT_IN_MODE", "a %s run has no %s" % (state["mode"], data["role"]),
                   "its roles: " + ", ".join(tables.MODE_ROLES[state["mode"]]), "go on without it")


@guard
def spawn_after_plan(state, data, actor):
    if state["plan"]["registered"]:
        return None
    return Refusal("NO_PLAN", "%s is spawned after the plan" % data["role"], "no plan is registered",
                   "register it with `pack plan` first")


@guard
def spawn_after_owner(state, data, actor):
    refusal = owner_is_active(state, data, actor)
    if refusal is not None:
        refusal.what = "%s is spawned after the hand-off" % data["role"]
    return refusal


@guard
def spawn_after_validation(state, data, actor):
    if state["mode"] not in tables.VALIDATED_MODES or state["plan"]["ok"]:
        return None
    return Refusal("PLAN_NOT_VALIDATED", "%s is spawned after PLAN OK" % data["role"],
                   "mode %s, plan %s" % (state["mode"], "asked" if state["plan"]["asked"] else "not validated"),
                   "send VALIDATE PLAN to the tech lead and wait for PLAN OK")


@guard
def spawn_after_risks(state, data, actor):
    if state["mode"] not in tables.VALIDATED_MODES or state["risks"]["mitigated"]:
        return None
    return Refusal("RISKS_OPEN", "%s is spawned after RISKS MITIGATED" % data["role"], "mode " + state["mode"],
                   risk_step(state))


def risk_step(state):
    """The next step of the risk analysis, for messages."""
    risks = state["risks"]
    if not risks["asked"]:
        return "send IDENTIFY RISKS to the tech lead"
    if risks["counts"] is None:
        return "wait for RISKS: N from the tech lead"
    if risks["testers"] < testers_needed(state):
        return "spawn %d more risk-tester(s)" % (testers_needed(state) - risks["testers"])
    if not risks["results"]:
        return "send RISK ANALYSIS RESULTS to the tech lead"
    return "wait for RISKS MITIGATED from the tech lead"


def testers_needed(state):
    """One risk tester for every CRITICAL risk and for up to three MAJOR ones."""
    counts = state["risks"]["counts"] or {"CRITICAL": 0, "MAJOR": 0}
    return counts["CRITICAL"] + min(counts["MAJOR"], tables.limit("MAJOR_RISKS_TESTED"))


@guard
def spawn_within_coders(state, data, actor):
    busy = view.busy_coders(state)
    if len(busy) < state["team"]["coders"]:
        return None
    return Refusal("TOO_MANY_CODERS", "%d coders are at work already" % len(busy),
                   "--coders=%d: %s" % (state["team"]["coders"], ", ".join(busy)),
                   "wait until one has finished its tasks, or give the task to one of them")


@guard
def spawn_after_risk_list(state, data, actor):
    if state["risks"]["counts"] is not None:
        return None
    return Refusal("NO_RISKS", "risk testers are spawned for listed risks", "no RISKS: N was received", risk_step(state))


@guard
def spawn_before_ready(state, data, actor):
    phase, teardown = state["phase"], state["teardown"]["state"]
    if phase in tables.OPEN_PHASES:
        return None
    if phase == "TEARDOWN" and data["role"] == tables.SUPERVISOR and teardown not in ("READY_TO_DELETE", "TEAM_DELETED"):
        return None  # the owner was lost: somebody must finish (H8, H23)
    return Refusal("PHASE", "nobody is spawned in phase %s" % phase, "teardown " + teardown,
                   "finish the teardown; see `pack status`")


@guard
def run_is_not_paused(state, data, actor):
    if not state["paused"]:
        return None
    return Refusal("PAUSED", "the run is paused", "", "the user types `resume team`")


_ALWAYS = ("run_is_not_paused", "spawn_name_is_plain", "spawn_role_is_known", "spawn_name_is_free", "spawn_role_is_single",
           "spawn_mode_has_role", "spawn_before_ready")
_IMPLEMENTER = _ALWAYS + ("spawn_after_plan", "spawn_after_owner", "spawn_after_validation", "spawn_after_risks")
SPAWN_RULES = {role: _ALWAYS for role in tables.RESEARCHERS + (tables.SUPERVISOR,)}
SPAWN_RULES[tables.TECH_LEAD] = _ALWAYS + ("spawn_after_plan",)
SPAWN_RULES[tables.RISK_TESTER] = _ALWAYS + ("spawn_after_plan", "spawn_after_risk_list")
SPAWN_RULES.update({role: _ALWAYS + ("spawn_after_plan", "spawn_after_owner") for role in tables.REVIEWERS})
SPAWN_RULES.update({role: _IMPLEMENTER + ("spawn_within_coders",) for role in tables.CODERS})
SPAWN_RULES[tables.TEST_WRITER] = _IMPLEMENTER


def spawn_rules(state):
    """role -> guard names, of the team definition that the run was opened with."""
    return SPAWN_RULES if state["waves"] is None else dict.fromkeys(waves.roles(state), waves.WAVE_SPAWN)


@guard
def spawn_is_in_its_place(state, data, actor):
    """All guards of the role's own row, in order."""
    for name in spawn_rules(state).get(data["role"], _ALWAYS if state["waves"] is None else waves.WAVE_SPAWN):
        refusal = GUARDS[name](state, data, actor)
        if refusal is not None:
            return refusal
    return None


# --- Guards: tasks (PROTOCOL 5, 6) ------------------------------------------------------------------------------------
@guard
def task_exists(state, data, actor):
    if view.task(state, data["task"]):
        return None
    return Refusal("UNKNOWN_TASK", "there is no task #%s" % data["task"],
                   "tasks: " + (", ".join("#%d" % n for n, _ in view.tasks(state)) or "none"), "name one of them")


def _in_state(data, t, allowed, verb, next):
    if t["state"] in allowed:
        return None
    if t["state"] in tables.BLOCKED_ON_LEAD:
        next = "it waits for the lead's decision: `pack task rescope`, `pack task assign` or `pack task cancel`"
    return Refusal("TASK_STATE", "task #%d cannot be %s" % (data["task"], verb),
                   "it is %s; legal from %s" % (t["state"], ", ".join(allowed)), next)


@guard
def task_is_the_senders(state, data, actor):
    t = view.task(state, data["task"])
    if actor["role"] == tables.SUPERVISOR or t["owner"] == actor["name"]:
        return None
    mine = view.owned(state, actor["name"])
    return Refusal("NOT_YOUR_TASK", "task #%d is not %s's" % (data["task"], actor["name"]),
                   "its owner is %s" % (t["owner"] or "nobody"),
                   "yours: %s; CLAIM: task #N takes a free one" % (", ".join("#%d" % n for n in mine) or "none"))


@guard
def task_is_free(state, data, actor):
    t, name = view.task(state, data["task"]), actor["name"]
    if t["state"] == "PENDING" and t["owner"] in (None, name) or t["owner"] == name and t["state"] == "IN_PROGRESS":
        return None
    free = view.claimable(state, name)
    return Refusal("TASK_TAKEN", "task #%d cannot be claimed" % data["task"],
                   "%s, owner %s" % (t["state"], t["owner"] or "nobody"),
                   "free now: %s" % (", ".join("#%d" % n for n in free) or "none; wait for the lead"))


@guard
def task_is_unblocked(state, data, actor):
    t = view.task(state, data["task"])
    waits = [b for b in t["blocked_by"] if (view.task(state, b) or {"state": "DONE"})["state"] not in tables.TERMINAL]
    if not waits:
        return None
    return Refusal("TASK_BLOCKED", "task #%d is blocked" % data["task"],
                   "by " + ", ".join("#%d %s" % (b, view.task(state, b)["state"]) for b in waits),
                   "claim another task, or end your turn until they are DONE")


@guard
def coder_has_no_other_task(state, data, actor):
    others = [n for n in view.owned(state, actor["name"], tables.WORKING) if n != data["task"] and n != data.get("after")]
    if not others:
        return None
    return Refusal("ONE_TASK_AT_A_TIME", "%s still works on task #%d" % (actor["name"], others[0]),
                   view.task(state, others[0])["state"], "finish it first: DONE: task #%d" % others[0])


@guard
def claim_in_execution(state, data, actor):
    for g in ("spawn_after_validation", "spawn_after_risks"):  # the same gates as for spawning, for agents alive since before
        refusal = GUARDS[g](state, {"role": "a claim"}, actor)
        if refusal is not None:
            refusal.what = "task #%d cannot be claimed yet" % data["task"]
            return refusal
    return None


@guard
def work_is_present(state, data, actor):
    if data.get("present", 1):
        return None
    t = view.task(state, data["task"])
    return Refusal("NOTHING_WRITTEN", "task #%d has nothing to review" % data["task"],
                   "none of its files exists: " + ", ".join(t["files"]), "implement it first")


@guard
def task_may_go_to_review(state, data, actor):
    t = view.task(state, data["task"])
    legal = ["IN_PROGRESS", "IN_REVIEW", "CHANGES_REQUESTED"]
    if t["state"] == "APPROVED" and data["revision"] != t["revision"] or view.quorum(state, t)["missing"]:
        legal.append("APPROVED")
    if t["state"] == "STUCK_ESCALATED" and t["cause"] == "IMPOSSIBLE_WAIT":
        legal.append("STUCK_ESCALATED")  # asking those who are there is not what it waits for
    return _in_state(data, t, legal, "reviewed", "CLAIM it, implement it, then IN_REVIEW: task #%d" % data["task"])


@guard
def changes_were_made(state, data, actor):
    t = view.task(state, data["task"])
    role = (view.entry(state, data["to"]) or {}).get("role")
    verdict = t["approvals"].get(role)
    if not verdict or verdict["verdict"] != "CHANGES_REQUESTED" or verdict["revision"] != data["revision"]:
        return None
    return Refusal("UNCHANGED", "task #%d has not changed since %s asked for changes" % (data["task"], role),
                   "revision " + data["revision"], "fix the findings, then send REVIEW: task #%d again" % data["task"])


@guard
def receiver_is_required(state, data, actor):
    t, e = view.task(state, data["task"]), view.entry(state, data["to"])
    need = view.required(state, t)
    if e and e["role"] in need:
        return None
    return Refusal("NOT_AN_APPROVER", "%s does not approve task #%d" % (data["to"], data["task"]),
                   "mode %s requires %s" % (state["mode"], ", ".join(need)), "ask those")


@guard
def approver_is_required(state, data, actor):
    t = view.task(state, data["task"])
    need = view.required(state, t)
    if actor["role"] in need:
        return None
    return Refusal("NOT_AN_APPROVER", "%s does not approve task #%d" % (actor["role"], data["task"]),
                   "mode %s requires %s" % (state["mode"], ", ".join(need)), "nothing is asked of you")


@guard
def review_was_asked(state, data, actor):
    t = view.task(state, data["task"])
    if actor["role"] in t["requests"]:
        return None
    return Refusal("NOT_ASKED", "nobody asked %s to review task #%d" % (actor["role"], data["task"]),
                   "the task is %s" % t["state"], "wait for REVIEW: task #%d from %s" % (data["task"], t["owner"] or "its coder"))


@guard
def reviewed_revision_is_present(state, data, actor):
    t = view.task(state, data["task"])
    asked = t["requests"].get(actor["role"])
    if asked is None or asked == data["revision"]:
        return None
    return Refusal("STALE_REVISION", "task #%d changed after you were asked" % data["task"],
                   "asked to review %s, present revision %s" % (asked, data["revision"]),
                   "%s must send REVIEW: task #%d again; approve what you then read" % (t["owner"], data["task"]))


@guard
def verdict_goes_to_coder(state, data, actor):
    t = view.task(state, data["task"])
    if data["to"] == t["owner"]:
        return None
    return Refusal("WRONG_RECEIVER", "task #%d is not %s's" % (data["task"], data["to"]), "its coder is %s" % t["owner"],
                   "send the verdict to %s" % t["owner"])


@guard
def task_is_in_review(state, data, actor):
    t = view.task(state, data["task"])
    legal = ["IN_REVIEW", "CHANGES_REQUESTED", "APPROVED"]
    if t["state"] == "STUCK_ESCALATED" and t["cause"] == "IMPOSSIBLE_WAIT":
        legal.append("STUCK_ESCALATED")
    return _in_state(data, t, legal, "judged", "wait for IN_REVIEW and REVIEW: task #%d" % data["task"])


@guard
def task_is_approved(state, data, actor):
    """The approval gate: decided on the required set and the present revision, never on who happens to be alive."""
    t = view.task(state, data["task"])
    if t["state"] == "DONE" and data.get("claims") is None:
        return None  # the same line again: messages are at-least-once
    if t["state"] in tables.TERMINAL:
        return _in_state(data, t, ("APPROVED",), "DONE", "claim another task")
    q = view.quorum(state, t, data["revision"])
    if q["result"] == "APPROVED" and t["state"] == "APPROVED":
        return None
    number = data["task"]
    if q["result"] == "IMPOSSIBLE_WAIT":
        step = "the lead spawns %s; then send REVIEW: task #%d to them" % (", ".join(q["absent"]), number)
    elif q["rejected"]:
        step = "fix what %s asked, then IN_REVIEW and REVIEW: task #%d again" % (", ".join(q["rejected"]), number)
    elif q["missing"]:
        step = "send REVIEW: task #%d to %s and wait for APPROVED" % (number, ", ".join(q["missing"]))
    else:
        step = "send IN_REVIEW: task #%d first" % number
    return Refusal("APPROVAL_MISSING", "task #%d is not approved (%s)" % (number, q["result"]),
                   "mode %s, %s, revision %s; %s" % (state["mode"], t["state"], data["revision"], view.quorum_text(q)), step)


@guard
def task_is_open(state, data, actor):
    t = view.task(state, data["task"])
    return _in_state(data, t, tuple(s for s in tables.TASK_STATES if s not in tables.TERMINAL), "changed",
                     "add a new task instead: `pack task add`")


@guard
def task_is_being_worked(state, data, actor):
    t = view.task(state, data["task"])
    return _in_state(data, t, tables.WORKING + tables.BLOCKED_ON_LEAD, "reported", "CLAIM it first")


@guard
def wait_is_impossible(state, data, actor):
    t = view.task(state, data["task"])
    q = view.quorum(state, t)
    if q["absent"] or t["cause"] == "IMPOSSIBLE_WAIT":
        return None
    return Refusal("WAIT_IS_POSSIBLE", "task #%d does not wait in vain" % data["task"], view.quorum_text(q),
                   "wait for the missing approvals")


@guard
def not_the_conventions_task(state, data, actor):
    t = view.task(state, data["task"])
    if not is_conventions(t):
        return None
    return Refusal("CONVENTIONS_TASK", "task #%d is the conventions task" % data["task"],
                   "every run leaves .conventions/ up to date", "finish it, or `pack abort --reason WHY` the run")


@guard
def assignee_is_implementer(state, data, actor):
    e = view.entry(state, data["to"])
    if e and e["role"] in tables.IMPLEMENTERS and e["state"] in tables.LIVING:
        return None
    have = [n for n in view.living(state) if state["roster"][n]["role"] in tables.IMPLEMENTERS]
    return Refusal("NOT_A_CODER", "%r cannot be given a task" % data["to"], "living coders: " + (", ".join(have) or "none"),
                   "spawn a coder first, or name one of them")


@guard
def rescope_keeps_files_apart(state, data, actor):
    t = dict(view.task(state, data["task"]))
    t["files"] = data["files"]
    every = {n: x for n, x in view.tasks(state) if x["state"] not in tables.TERMINAL or n == data["task"]}
    every[data["task"]] = t
    try:
        check_overlap(every)
    except Refusal as refusal:
        return refusal
    return None


@guard
def rescope_only_raises(state, data, actor):
    lost = [r for r in view.task(state, data["task"])["reviewers"] if r not in data["reviewers"]]
    if not lost:
        return None
    return Refusal("NO_SHRINKING", "a re-scope cannot drop " + ", ".join(lost), "the required set only grows",
                   "keep them and add others")


# --- Guards: plan and risks (PROTOCOL 8) -------------------------------------------------------------------------------
@guard
def plan_is_early(state, data, actor):
    begun = [n for n, t in view.tasks(state) if t["state"] != "PENDING"]
    if state["phase"] in ("DISCOVERY", "PLANNING", "SETUP") and not begun:
        return None
    return Refusal("PLAN_LATE", "the plan cannot be replaced any more", "phase %s, %d task(s) begun" % (state["phase"], len(begun)),
                   "use `pack task add`, `pack task rescope` or `pack task cancel`")


@guard
def plan_is_registered(state, data, actor):
    if state["plan"]["registered"]:
        return None
    return Refusal("NO_PLAN", "no plan is registered", "phase %s" % state["phase"], "the lead registers it with `pack plan`")


@guard
def mode_is_validated(state, data, actor):
    if state["mode"] in tables.VALIDATED_MODES or state["mode"] == tables.ESCALATED:
        return None
    return Refusal("MODE", "a %s run has no such step" % state["mode"], "it belongs to MEDIUM and COMPLEX", "go on without it")


@guard
def plan_was_asked(state, data, actor):
    if state["plan"]["asked"]:
        return None
    return Refusal("NOT_ASKED", "no VALIDATE PLAN is open", "the plan was changed or never sent",
                   "wait for VALIDATE PLAN from the lead")


@guard
def plan_is_ok(state, data, actor):
    if state["plan"]["ok"]:
        return None
    return Refusal("PLAN_NOT_VALIDATED", "risks are analysed after PLAN OK", "plan not validated",
                   "send VALIDATE PLAN to the tech lead and wait for PLAN OK")


@guard
def risks_were_asked(state, data, actor):
    if state["risks"]["asked"]:
        return None
    return Refusal("NOT_ASKED", "no IDENTIFY RISKS is open", "", "wait for IDENTIFY RISKS from the lead")


@guard
def risks_were_tested(state, data, actor):
    need, have = testers_needed(state), state["risks"]["testers"]
    if state["risks"]["counts"] is not None and have >= need:
        return None
    return Refusal("RISKS_UNTESTED", "%d of %d risk testers were spawned" % (have, need),
                   "one for every CRITICAL risk and up to three MAJOR ones: %s" % state["risks"]["counts"], risk_step(state))


@guard
def risk_results_were_sent(state, data, actor):
    if state["risks"]["results"] or (state["risks"]["counts"] is not None and testers_needed(state) == 0):
        return None
    return Refusal("RISKS_OPEN", "the risk analysis is not finished", "", risk_step(state))


@guard
def mode_can_escalate(state, data, actor):
    if state["mode"] in (tables.SIMPLE, tables.ESCALATED):
        return None
    return Refusal("MODE", "a %s run is past that" % state["mode"], "only SIMPLE escalates to MEDIUM",
                   "name the risk in your findings instead")


# --- Guards: completion and teardown (PROTOCOL 8, 9) ---------------------------------------------------------------------
@guard
def every_task_is_terminal(state, data, actor):
    left = view.open_tasks(state)
    if not left:
        return None
    return Refusal("OPEN_TASKS", "%d task(s) are open" % len(left),
                   ", ".join("#%d %s" % (n, view.task(state, n)["state"]) for n in left), "finish or cancel them")


@guard
def verified_on_this_tree(state, data, actor):
    verify = state["verify"]
    if verify and verify["ok"] and verify["tree"] == data["tree"]:
        return None
    seen = "never run" if not verify else "build exit %s, tests exit %s" % (verify["build"]["exit"], verify["test"]["exit"]) \
        if not verify["ok"] else "passed on tree %s, present tree %s" % (verify["tree"], data["tree"])
    return Refusal("NOT_VERIFIED", "build and tests have not passed on the present tree", seen,
                   "run `pack verify --build CMD --test CMD`; a failure needs a fix task (`pack task add`)")


@guard
def conventions_changed(state, data, actor):
    if data.get("conventions") and data["conventions"] != state["team"].get("conventions"):
        return None
    return Refusal("NO_CONVENTIONS", ".conventions/ %s" % ("did not change in this run" if data.get("conventions") else "does not exist"),
                   "every run creates or updates it", "let a coder do the conventions task, then verify again")


@guard
def consistency_is_ok(state, data, actor):
    if state["mode"] not in tables.VALIDATED_MODES or state["consistency"] == "OK":
        return None
    return Refusal("CONSISTENCY_OPEN", "the tech lead has not said CONSISTENCY OK", "mode %s, %s" % (state["mode"], state["consistency"]),
                   "ask the tech lead for the cross-task consistency check")


@guard
def teardown_not_begun(state, data, actor):
    if state["teardown"]["state"] in ("NONE", "TEARDOWN_INIT") and state["phase"] in tables.OPEN_PHASES:
        return None
    if data.get("retry") and state["phase"] == "FAILED_SAFE":
        return None
    return Refusal("TEARDOWN_STATE", "the teardown is %s" % state["teardown"]["state"], "phase " + state["phase"],
                   "see `pack status`; `pack teardown retry` begins again after TEARDOWN_FAILED_SAFE")


@guard
def summary_is_persisted(state, data, actor):
    if data.get("persisted"):
        return None
    return Refusal("NOT_PERSISTED", "summary and decisions could not be written", "the team's folder is not writable",
                   "mend the folder (space, rights), then `pack teardown` again")


@guard
def failed_safe(state, data, actor):
    if state["phase"] == "FAILED_SAFE":
        return None
    return Refusal("TEARDOWN_STATE", "there is nothing to retry", "phase %s" % state["phase"], "`pack teardown` begins a teardown")


@guard
def abort_is_possible(state, data, actor):
    if state["phase"] == "FAILED_SAFE" or state["teardown"]["state"] not in ("READY_TO_DELETE", "TEAM_DELETED"):
        return None
    return Refusal("TEARDOWN_STATE", "the run is past aborting", "teardown " + state["teardown"]["state"],
                   "shut the supervisor down; the run is finished then")


@guard
def target_is_known(state, data, actor):
    e = view.entry(state, data["to"])
    if e and e["state"] in tables.LIVING:
        return None
    return Refusal("ENDED_AGENT", "%r is not alive" % data["to"], e["state"] if e else "not in the roster",
                   "living: " + (", ".join(view.living(state)) or "nobody"))


@guard
def shutdown_is_in_its_place(state, data, actor):
    """Supervisor last (H17); in a teardown only its targets; before it only agents whose work is done."""
    e, teardown = view.entry(state, data["to"]), state["teardown"]
    if e["role"] == tables.SUPERVISOR:
        if teardown["state"] == "READY_TO_DELETE" or not view.owner_active(state) and state["phase"] in tables.OPEN_PHASES:
            return None
        return Refusal("SUPERVISOR_LAST", "the supervisor is shut down last", "teardown %s, missing acks: %s"
                       % (teardown["state"], ", ".join(view.missing_acks(state)) or "none"),
                       "shut the others down first" if teardown["state"] != "NONE" else "begin with `pack teardown`")
    if state["phase"] in tables.OPEN_PHASES:
        open_ones = view.owned(state, data["to"])
        need = [n for n in view.open_tasks(state) if state["mode"] and e["role"] in view.required(state, view.task(state, n))]
        if not open_ones and not need:
            return None
        return Refusal("EARLY_SHUTDOWN", "%s is still needed" % data["to"],
                       "open tasks: " + ", ".join("#%d" % n for n in open_ones or need),
                       "finish the work and pass `pack teardown`, or `pack abort --reason WHY`")
    return None


@guard
def shutdown_has_no_open_task(state, data, actor):
    if state["phase"] in tables.OPEN_PHASES or state["teardown"]["aborted"]:
        return None
    return every_task_is_terminal(state, data, actor)


@guard
def shutdown_round_allows(state, data, actor):
    """At most three sends to one target, the next one only when the last has waited its 60 s (H18)."""
    target = state["teardown"]["targets"].get(data["to"])
    if state["phase"] != "TEARDOWN" or target is None or target["sends"] < state["teardown"]["sends"]:
        return None
    return Refusal("RETRY_TOO_EARLY", "%s was asked %d time(s) already" % (data["to"], target["sends"]),
                   "teardown %s, send %d of %d" % (state["teardown"]["state"], state["teardown"]["sends"], tables.limit("ACK_RETRY_ROUNDS")),
                   "end your turn and wait; after %d s without an answer it may be asked again" % tables.limit("ACK_RETRY_TIMEOUT_SEC")
                   if state["teardown"]["sends"] < tables.limit("ACK_RETRY_ROUNDS") else
                   "wait for FORCED_FINALIZE_CANDIDATE and answer it")


@guard
def response_answers_a_request(state, data, actor):
    known = state["requests"].get(actor["name"])
    if known and data["request_id"] in known:
        return None
    return Refusal("WRONG_REQUEST_ID", "no shutdown request %r was made to %s" % (data["request_id"], actor["name"]),
                   "open: " + (", ".join(known) if known else "none"), "answer with the request_id you were given")


@guard
def candidate_is_due(state, data, actor):
    if state["teardown"]["state"] == "FORCED_FINALIZE_CANDIDATE":
        return None
    return Refusal("NOT_A_CANDIDATE", "forced finalize is not open", "teardown %s, sends %d of %d, missing: %s" % (
        state["teardown"]["state"], state["teardown"]["sends"], tables.limit("ACK_RETRY_ROUNDS"),
        ", ".join(view.missing_acks(state)) or "none"), "it opens when the third send has waited 60 s")


@guard
def wait_is_overdue(state, data, actor):
    teardown = state["teardown"]
    if teardown["state"] == "WAITING_ACKS" and view.missing_acks(state):
        return None
    return Refusal("TEARDOWN_STATE", "nothing is overdue", "teardown " + teardown["state"], "")


@guard
def nothing_is_missing(state, data, actor):
    missing = view.missing_acks(state)
    if state["teardown"]["ack_status"] == "FORCED_FINALIZE_APPROVED" or not missing:
        return None
    return Refusal("ACKS_MISSING", "acknowledgements are missing", ", ".join(missing), "wait for them")


@guard
def teardown_is_ready(state, data, actor):
    if state["teardown"]["state"] == "READY_TO_DELETE":
        return None
    return Refusal("TEARDOWN_STATE", "the team cannot be deleted", "teardown %s, missing acks: %s" % (
        state["teardown"]["state"], ", ".join(view.missing_acks(state)) or "none"), "reach READY_TO_DELETE first")


@guard
def nobody_lives(state, data, actor):
    left = [n for n in view.living(state) if n not in state["teardown"]["unresolved"]]
    if not left:
        return None
    return Refusal("LIVING_TARGET", "agents are still alive", ", ".join(left), "shut them down first")


@guard
def new_work_is_possible(state, data, actor):
    if state["phase"] in tables.OPEN_PHASES:
        return None
    if state["phase"] == "TEARDOWN" and state["teardown"]["state"] != "READY_TO_DELETE" and not state["teardown"]["aborted"]:
        return None
    return Refusal("PHASE", "no new task in phase %s" % state["phase"], "teardown " + state["teardown"]["state"],
                   "finish the teardown; open a new run for more work")


# --- Transitions: the run ------------------------------------------------------------------------------------------------
@rule("RUN_OPENED", (LEAD,), ("run_is_new",))
def _(state, data, actor, now, effects):
    state["team"] = dict(data, opened=now)
    state["phase"] = "DISCOVERY"
    if data.get("definition"):
        state["waves"] = waves.initial(data["definition"])
        state["phase"] = "EXECUTION"


@rule("RUN_RESUMED", (LEAD, "person"), ("run_is_live",))
def _(state, data, actor, now, effects):
    """Another main session leads now. Agents of a process that is gone are LOST; those that answer again are not."""
    state["paused"] = False
    state["team"]["resumed"] = True
    if data.get("session"):
        state["team"]["session"] = data["session"]
    for key in ("headless", "client_pid"):
        if data.get(key) is not None:
            state["team"][key] = data[key]
    state["lead_mail"], state["lead_idle_news"] = 0, False
    if state["waves"] is not None:
        waves.resumed(state, now)
    for name in view.living(state):
        e = state["roster"][name]
        if data.get("agents_gone"):
            emit(effects, "AGENT_LOST", name=name, inc=e["inc"], why="the client's process ended")
        elif data.get("agents_stopped") and e["state"] == "ACTIVE":
            e.update(state="IDLE", mail=0)  # its process is gone, its context is not: a message revives it


@rule("RUN_PAUSED", (LEAD, "person"), ("run_is_live",))
def _(state, data, actor, now, effects):
    state["paused"] = True


@rule("RUN_ABORTED", (LEAD, "person"), ("run_is_live", "abort_is_possible"))
def _(state, data, actor, now, effects):
    for _number, t in view.tasks(state):
        if t["state"] not in tables.TERMINAL:
            t["state"] = "CANCELLED"
    _begin_teardown(state, now, effects, aborted=True, reason=data.get("reason"))


@rule("RUN_CLOSED", ("person",), ("run_is_live",))
def _(state, data, actor, now, effects):
    """A person ends the run from outside: there may be no client left that could ask anybody to shut down."""
    for _number, t in view.tasks(state):
        if t["state"] not in tables.TERMINAL:
            t["state"] = "CANCELLED"
    state["teardown"].update(aborted=True, unresolved=sorted(view.living(state)), reason=data.get("reason"))
    for name in view.living(state):
        state["roster"][name]["state"] = "LOST"
    state["phase"] = "CLOSED"


# --- Transitions: roster (PROTOCOL 1) -----------------------------------------------------------------------------------
def _roster_changed(state, effects):
    """After every roster change: the owner, and every wait, are looked at again (H12)."""
    if state["teardown"]["state"] == "READY_TO_DELETE" and not view.living(state, tables.SUPERVISOR):
        emit(effects, "TEAM_DELETED")  # the supervisor was the last
    owner = state["owner"]
    over = state["phase"] == "CLOSED" or state["teardown"]["state"] in ("READY_TO_DELETE", "TEAM_DELETED")
    if owner["holder"] and owner["state"] in ("OFFERED", "ACTIVE", "RECONCILE_LOCK") and not over:
        e = state["roster"].get(owner["holder"])
        if not e or e["inc"] != owner["inc"] or e["state"] not in tables.LIVING:
            emit(effects, "OWNER_LOST", holder=owner["holder"], epoch=owner["epoch"])
    if state["phase"] not in tables.OPEN_PHASES or state["mode"] is None:
        return
    for number, t in view.tasks(state):
        gone = t["owner"] and (view.entry(state, t["owner"]) or {"state": "ENDED"})["state"] not in tables.LIVING
        if gone and t["state"] in tables.WORKING:
            emit(effects, "STUCK_ESCALATED", task=number, cause="OWNER_GONE", who=t["owner"])
        elif gone and t["state"] == "PENDING":
            t["owner"] = None
        elif t["state"] in ("IN_REVIEW", "CHANGES_REQUESTED") and view.quorum(state, t)["absent"]:
            emit(effects, "IMPOSSIBLE_WAIT", task=number, absent=view.quorum(state, t)["absent"])
        elif t["state"] == "STUCK_ESCALATED" and t["cause"] == "IMPOSSIBLE_WAIT" and not view.quorum(state, t)["absent"]:
            emit(effects, "WAIT_RESUMED", task=number)


@rule("SPAWN_REQUESTED", (LEAD,), ("run_is_live", "spawn_is_in_its_place"))
def _(state, data, actor, now, effects):
    old = state["roster"].get(data["name"])
    state["roster"][data["name"]] = {"role": data["role"], "state": "SPAWNING", "inc": (old["inc"] if old else 0) + 1,
                                     "agent_id": None, "pane": False, "call": data.get("call"), "since": now, "seen": now, "mail": 0}
    if state["waves"] is not None:
        waves.spawned(state, data)
    if data["role"] == tables.RISK_TESTER:
        state["risks"]["testers"] += 1
    if data["role"] in tables.IMPLEMENTERS and state["phase"] == "SETUP":
        state["phase"] = "EXECUTION"


@guard
def spawn_is_pending(state, data, actor):
    e = view.entry(state, data["name"])
    if e and (e["state"] == "SPAWNING" or e["pane"] and e["agent_id"] is None and e["state"] in tables.PRESENT) and (data.get("inc") or e["inc"]) == e["inc"]:
        return None
    return Refusal("NOT_SPAWNING", "%r is not being spawned" % data["name"], e["state"] if e else "not in the roster", "")


@guard
def agent_is_unbound(state, data, actor):
    bound = state["agents"].get(data["agent_id"])
    if bound is None:
        return None
    return Refusal("ALREADY_BOUND", "agent %s is %s" % (data["agent_id"], bound[0]), "an id is bound once", "")


@rule("AGENT_BOUND", ("gate",), ("spawn_is_pending", "agent_is_unbound"))
def _(state, data, actor, now, effects):
    e = state["roster"][data["name"]]
    e.update(state="ACTIVE", agent_id=data["agent_id"], seen=now)
    for key in (data["agent_id"], data.get("alias")):  # the client may have renamed it
        if key:
            state["agents"][key] = [data["name"], e["inc"]]
    _roster_changed(state, effects)


@rule("PANE_OPENED", ("gate",), ("spawn_is_pending",))
def _(state, data, actor, now, effects):
    """A terminal pane is there and takes messages; which session it is shows at its first hook, a moment later."""
    state["roster"][data["name"]].update(state="ACTIVE", pane=True)
    _roster_changed(state, effects)


@rule("SPAWN_FAILED", ("gate",), ("spawn_is_pending",))
def _(state, data, actor, now, effects):
    e = state["roster"][data["name"]]
    e["state"] = "LOST"
    if e["role"] == tables.RISK_TESTER:
        state["risks"]["testers"] -= 1
    _gone(state, data["name"], "never started", now, effects)
    _roster_changed(state, effects)


@guard
def incarnation_is_living(state, data, actor):
    e = view.entry(state, data["name"])
    if e and e["inc"] == data.get("inc", e["inc"]) and e["state"] in tables.LIVING:
        return None
    return Refusal("ENDED_AGENT", "%s is not alive" % data["name"], e["state"] if e else "not in the roster", "")


@rule("AGENT_ACTIVE", ("gate",), ("incarnation_is_living",))
def _(state, data, actor, now, effects):
    e = state["roster"][data["name"]]
    e.update(state="ACTIVE", seen=now, mail=0)


@rule("AGENT_IDLE", ("gate",), ("incarnation_is_living",))
def _(state, data, actor, now, effects):
    e = state["roster"][data["name"]]
    if e["state"] == "ACTIVE" and not state["team"]["headless"]:
        state["lead_idle_news"] = True  # a terminal gives the lead a new turn for it; -p merges or drops such news (measured)
    e.update(state="IDLE", seen=now)
    if state["team"]["headless"] and data["name"] in state["requests"]:
        emit(effects, "SHUTDOWN_ACK", name=data["name"], how="ended its turn")  # PROTOCOL 9: headless ack at the next stop


def _end(state, name, how):
    state["roster"][name].update(state=how, mail=0)
    if state["waves"] is not None:
        waves.ended(state, name, how)


@rule("AGENT_ENDED", ("gate",), ("incarnation_is_living",))
def _(state, data, actor, now, effects):
    if data["name"] in state["teardown"]["targets"] or data["name"] in state["requests"]:
        emit(effects, "SHUTDOWN_ACK", name=data["name"], how=data.get("why", "ended"))
        return
    _end(state, data["name"], "ENDED")
    _roster_changed(state, effects)


@rule("AGENT_LOST", ("gate",), ("incarnation_is_living",))
def _(state, data, actor, now, effects):
    _end(state, data["name"], "LOST")
    _gone(state, data["name"], "lost: " + data.get("why", ""), now, effects)
    _roster_changed(state, effects)


def _gone(state, name, how, now, effects):
    """An agent that is no more cannot answer: as a target of the teardown it counts as acknowledged."""
    target = state["teardown"]["targets"].get(name)
    if target and not target["acked"]:
        target.update(acked=True, how=how)
        _acks_changed(state, now, effects)


# --- Transitions: ownership (PROTOCOL 3) ---------------------------------------------------------------------------------
@rule("STATE_OWNERSHIP_HANDOFF", (LEAD,), ("run_is_live", "handoff_target_is_supervisor", "handoff_epoch_is_minted"))
def _(state, data, actor, now, effects):
    owner, e = state["owner"], view.entry(state, data["to"])
    if data["epoch"] <= owner["minted"]:
        emit(effects, "HANDOFF_DUPLICATE", epoch=data["epoch"], holder=data["to"])
        return
    if owner["state"] == "RECONCILE_LOCK":
        emit(effects, "RECONCILE_LOCK_EXIT", epoch=data["epoch"])
    state["owner"] = {"state": "OFFERED", "epoch": data["epoch"], "minted": data["epoch"], "holder": data["to"], "inc": e["inc"]}


@rule("STATE_OWNERSHIP_ACK", (tables.SUPERVISOR,), ("sender_is_living",),
      epoch=("ack_has_an_offer", "ack_epoch_is_current", "ack_is_by_the_holder"))
def _(state, data, actor, now, effects):
    state["owner"]["state"] = "ACTIVE"
    if state["phase"] == "PLANNING":
        state["phase"] = "SETUP"
    _acks_changed(state, now, effects)


@rule("HANDOFF_DUPLICATE", ("gate",))
def _(state, data, actor, now, effects):
    pass


@rule("OWNER_LOST", ("gate",))
def _(state, data, actor, now, effects):
    state["owner"]["state"] = "LOST"
    teardown = state["teardown"]
    if state["phase"] == "TEARDOWN" and teardown["state"] not in ("READY_TO_DELETE", "TEAM_DELETED"):
        _restart_teardown(state, now)
        _acks_changed(state, now, effects)


@rule("RECONCILE_LOCK_ENTER", ("gate",))
def _(state, data, actor, now, effects):
    state["owner"]["state"] = "RECONCILE_LOCK"


@rule("RECONCILE_LOCK_EXIT", ("gate",))
def _(state, data, actor, now, effects):
    pass


# --- Transitions: planning (PROTOCOL 4, 8) ---------------------------------------------------------------------------------
def _task_record(t):
    return dict(t, state="PENDING", owner=None, revision=None, approvals={}, requests={}, rounds=[], touched=[], cause=None,
                resume=None, since=0)


@rule("PLAN_REGISTERED", (LEAD,), ("run_is_open", "plan_is_early"))
def _(state, data, actor, now, effects):
    tasks = {int(k): t for k, t in data["tasks"].items()}
    result = classify(tasks, data["facts"])
    ladder = (tables.SIMPLE, tables.MEDIUM, tables.COMPLEX)
    if state["mode"] in ladder and ladder.index(state["mode"]) > ladder.index(result["mode"]):
        result = dict(result, mode=state["mode"], text=result["text"] + "\n  (stays %s: a new plan never lowers it)" % state["mode"])
    for t in tasks.values():
        if is_conventions(t) and not t["reviewers"]:
            # It goes through the same review; quality is its subject. Only among reviewers that the plan uses at all.
            named = sorted({r for other in tasks.values() for r in other["reviewers"]})
            t["reviewers"] = ["quality-reviewer"] if "quality-reviewer" in named or not named else named[:1]
    check_reviewers(tasks, result["mode"])
    state["tasks"] = {str(n): _task_record(t) for n, t in tasks.items()}
    state["mode"], state["classification"] = result["mode"], result
    state["definition_of_done"] = data["definition_of_done"]
    state["plan"] = {"registered": True, "asked": False, "ok": None}
    state["risks"].update(asked=False, counts=None, results=False, mitigated=False)
    state["phase"] = "SETUP" if view.owner_active(state) else "PLANNING"


@rule("VALIDATE_PLAN", (LEAD,), ("run_is_open", "plan_is_registered", "mode_is_validated"))
def _(state, data, actor, now, effects):
    state["plan"]["asked"] = True


@rule("PLAN_OK", (tables.TECH_LEAD,), ("sender_is_living", "plan_was_asked"))
def _(state, data, actor, now, effects):
    state["plan"].update(ok=True, asked=False)


@rule("PLAN_CHANGES", (tables.TECH_LEAD,), ("sender_is_living", "plan_was_asked"))
def _(state, data, actor, now, effects):
    state["plan"].update(ok=False, asked=False)


@rule("IDENTIFY_RISKS", (LEAD,), ("run_is_open", "plan_is_registered", "mode_is_validated", "plan_is_ok"))
def _(state, data, actor, now, effects):
    state["risks"]["asked"] = True


@rule("RISKS", (tables.TECH_LEAD,), ("sender_is_living", "risks_were_asked"))
def _(state, data, actor, now, effects):
    state["risks"]["counts"] = data["counts"]


@rule("RISK_ANALYSIS_RESULTS", (LEAD,), ("run_is_open", "risks_were_asked", "risks_were_tested"))
def _(state, data, actor, now, effects):
    state["risks"]["results"] = True


@rule("RISKS_MITIGATED", (tables.TECH_LEAD,), ("sender_is_living", "risks_were_asked", "risk_results_were_sent"))
def _(state, data, actor, now, effects):
    state["risks"]["mitigated"] = True


# --- Transitions: tasks (PROTOCOL 5, 6) ---------------------------------------------------------------------------------
_OPERATIONAL = ("sender_is_living", "run_is_open", "owner_is_active", "task_exists")
_BY_OWNER = _OPERATIONAL + ("task_is_the_senders",)


def _move(t, to, now, cause=None):
    """Put a task into a state; the table of legal moves is the last word, whatever led here."""
    if to != t["state"] and to not in tables.TASK_STATES[t["state"]]:
        raise Refusal("TASK_STATE", "a task cannot go from %s to %s" % (t["state"], to),
                      "legal: " + (", ".join(tables.TASK_STATES[t["state"]]) or "none, it is terminal"), "", task=t["id"])
    t.update(state=to, cause=cause, since=now)


def _claim(state, number, name, now):
    t = view.task(state, number)
    t["owner"] = name
    _move(t, "IN_PROGRESS", now)
    if state["phase"] == "SETUP":
        state["phase"] = "EXECUTION"


@rule("CLAIM", tables.IMPLEMENTERS, _OPERATIONAL + ("claim_in_execution", "task_is_unblocked", "task_is_free", "coder_has_no_other_task"))
def _(state, data, actor, now, effects):
    _claim(state, data["task"], actor["name"], now)


def _settle(state, number, now, effects):
    """After a review event: the decision decides the state."""
    t = view.task(state, number)
    q = view.quorum(state, t)
    if q["absent"]:
        if t["state"] != "STUCK_ESCALATED":
            emit(effects, "IMPOSSIBLE_WAIT", task=number, absent=q["absent"])
    elif q["result"] == "APPROVED" and t["state"] != "APPROVED":
        _move(t, "APPROVED", now)
    elif q["result"] == "PENDING" and t["state"] != "IN_REVIEW":
        _move(t, "IN_REVIEW", now)
    elif q["result"] == "REJECTED" and t["state"] != "CHANGES_REQUESTED":
        _move(t, "CHANGES_REQUESTED", now)


@rule("IN_REVIEW", tables.IMPLEMENTERS, _BY_OWNER + ("task_may_go_to_review", "work_is_present"))
def _(state, data, actor, now, effects):
    t = view.task(state, data["task"])
    t["revision"] = data["revision"]
    if t["state"] == "IN_PROGRESS":
        _move(t, "IN_REVIEW", now)
    _settle(state, data["task"], now, effects)


@rule("REVIEW", tables.IMPLEMENTERS, _BY_OWNER + ("task_may_go_to_review", "work_is_present", "receiver_is_required", "changes_were_made"))
def _(state, data, actor, now, effects):
    t = view.task(state, data["task"])
    t["revision"] = data["revision"]
    t["requests"][view.entry(state, data["to"])["role"]] = data["revision"]
    if t["state"] == "IN_PROGRESS":
        _move(t, "IN_REVIEW", now)
    _settle(state, data["task"], now, effects)


_VERDICT = _OPERATIONAL + ("approver_is_required", "task_is_in_review", "review_was_asked", "verdict_goes_to_coder")


@rule("APPROVED", tables.APPROVERS, _VERDICT + ("reviewed_revision_is_present",))
def _(state, data, actor, now, effects):
    t = view.task(state, data["task"])
    t["revision"] = data["revision"]
    t["approvals"][actor["role"]] = {"verdict": "APPROVED", "revision": data["revision"], "name": actor["name"], "inc": actor["inc"]}
    _settle(state, data["task"], now, effects)


@rule("CHANGES_REQUESTED", tables.APPROVERS, _VERDICT)
def _(state, data, actor, now, effects):
    t = view.task(state, data["task"])
    revision = t["requests"][actor["role"]]
    t["approvals"][actor["role"]] = {"verdict": "CHANGES_REQUESTED", "revision": revision, "name": actor["name"], "inc": actor["inc"]}
    if revision not in t["rounds"]:
        t["rounds"].append(revision)
    if t["state"] == "STUCK_ESCALATED":
        return
    if len(t["rounds"]) >= tables.limit("REVIEW_ROUNDS"):
        _move(t, "CHANGES_REQUESTED" if t["state"] == "IN_REVIEW" else t["state"], now)
        if t["state"] == "APPROVED":
            _move(t, "IN_REVIEW", now)
        _move(t, "REVIEW_LOOP", now)
        return
    if t["state"] == "APPROVED":
        _move(t, "IN_REVIEW", now)
    _move(t, "CHANGES_REQUESTED", now)


@rule("DONE", tables.IMPLEMENTERS, _BY_OWNER + ("task_is_approved", "next_claim_is_legal"))
def _(state, data, actor, now, effects):
    _move(view.task(state, data["task"]), "DONE", now)
    if data.get("claims") is not None:
        _claim(state, data["claims"], actor["name"], now)
    _maybe_complete(state)


@guard
def next_claim_is_legal(state, data, actor):
    if data.get("claims") is None:
        return None
    after = {"task": data["claims"], "after": data["task"]}
    done = clone(state)
    view.task(done, data["task"])["state"] = "DONE"  # the claim follows the DONE of the same line
    for g in ("task_exists", "task_is_unblocked", "task_is_free", "coder_has_no_other_task"):
        refusal = GUARDS[g](done, after, actor)
        if refusal is not None:
            return refusal
    return None


def _maybe_complete(state):
    if state["phase"] in ("SETUP", "EXECUTION") and not view.open_tasks(state):
        state["phase"] = "COMPLETION"


def _block(state, number, to, now, cause=None):
    t = view.task(state, number)
    if t["state"] in tables.BLOCKED_ON_LEAD:
        return
    t["resume"] = t["state"]
    if to not in tables.TASK_STATES[t["state"]]:
        to = "STUCK_ESCALATED"
    _move(t, to, now, cause)


_TROUBLE = ("sender_is_living", "run_is_open", "owner_is_active", "task_exists", "task_is_the_senders", "task_is_being_worked")


@rule("STUCK", tables.IMPLEMENTERS + (tables.SUPERVISOR,), _TROUBLE, epoch=("owner_is_not_fenced",))
def _(state, data, actor, now, effects):
    _block(state, data["task"], "STUCK", now)


@rule("REVIEW_LOOP", tables.IMPLEMENTERS + (tables.SUPERVISOR,), _TROUBLE, epoch=("owner_is_not_fenced",))
def _(state, data, actor, now, effects):
    _block(state, data["task"], "REVIEW_LOOP", now)


@rule("IMPOSSIBLE_WAIT", tables.IMPLEMENTERS + (tables.SUPERVISOR, "gate"), ("sender_is_living", "task_exists", "wait_is_impossible"),
      epoch=("owner_is_not_fenced",))
def _(state, data, actor, now, effects):
    if view.task(state, data["task"])["state"] not in tables.TERMINAL + ("PENDING",):
        _block(state, data["task"], "STUCK_ESCALATED", now, "IMPOSSIBLE_WAIT")


@rule("STUCK_ESCALATED", ("gate",), ("task_exists",))
def _(state, data, actor, now, effects):
    t = view.task(state, data["task"])
    if t["state"] in tables.WORKING:
        _block(state, data["task"], "STUCK_ESCALATED", now, data["cause"])
    if data["cause"] == "OWNER_GONE":
        t["owner"] = None


@rule("WAIT_RESUMED", ("gate",), ("task_exists",))
def _(state, data, actor, now, effects):
    t = view.task(state, data["task"])
    _move(t, "IN_REVIEW", now)
    _settle(state, data["task"], now, effects)


@rule("QUESTION", tables.IMPLEMENTERS, ("sender_is_living",))
def _(state, data, actor, now, effects):
    pass


@rule("ESCALATE_TO_MEDIUM", (tables.UNIFIED,) + tables.IMPLEMENTERS + (tables.SUPERVISOR,),
      ("sender_is_living", "run_is_open", "owner_is_active", "task_exists", "mode_can_escalate"), epoch=("owner_is_not_fenced",))
def _(state, data, actor, now, effects):
    state["escalations"].append({"task": data["task"], "by": actor["name"]})
    if state["mode"] == tables.ESCALATED:
        return
    state["mode"] = tables.ESCALATED  # latches: nothing lowers it again (H14)
    for number, t in view.tasks(state):
        if t["state"] == "APPROVED":
            _move(t, "IN_REVIEW", now)
        if t["state"] in ("IN_REVIEW", "CHANGES_REQUESTED"):
            _settle(state, number, now, effects)


@rule("TASK_ASSIGNED", (LEAD,), ("run_is_open", "owner_is_active", "task_exists", "task_is_open", "assignee_is_implementer"))
def _(state, data, actor, now, effects):
    t = view.task(state, data["task"])
    back = t["owner"] == data["to"] and t["state"] in tables.BLOCKED_ON_LEAD
    t["owner"] = data["to"]
    t["rounds"] = []
    if t["state"] != "PENDING":
        t.update(state="IN_PROGRESS" if back else "PENDING", cause=None, since=now)


@rule("TASK_CANCELLED", (LEAD,), ("run_is_open", "owner_is_active", "task_exists", "task_is_open", "not_the_conventions_task"))
def _(state, data, actor, now, effects):
    _move(view.task(state, data["task"]), "CANCELLED", now)
    _maybe_complete(state)


@rule("TASK_RESCOPED", (LEAD,), ("run_is_open", "owner_is_active", "task_exists", "task_is_open", "rescope_keeps_files_apart", "rescope_only_raises"))
def _(state, data, actor, now, effects):
    t = view.task(state, data["task"])
    t["files"], t["reviewers"] = data["files"], data["reviewers"]
    for part in ("subject", "acceptance", "high_risk"):
        if data.get(part) is not None:
            t[part] = data[part]
    t["revision"], t["rounds"], t["requests"] = None, [], {}
    if t["state"] in tables.BLOCKED_ON_LEAD:
        t.update(state="IN_PROGRESS" if t["owner"] else "PENDING", cause=None, since=now)
    elif t["state"] in tables.WORKING:
        t.update(state="IN_PROGRESS", since=now)


@rule("TASK_ADDED", (LEAD,), ("plan_is_registered", "new_work_is_possible"))
def _(state, data, actor, now, effects):
    t = data["task_record"]
    number = max([n for n, _t in view.tasks(state)] or [0]) + 1
    t = dict(t, id=number)
    every = {n: x for n, x in view.tasks(state) if x["state"] not in tables.TERMINAL}
    for n, other in every.items():
        if is_conventions(other) and number not in other["blocked_by"]:
            other["blocked_by"] = other["blocked_by"] + [number]
    every[number] = t
    check_overlap(every)
    check_reviewers({number: t}, state["mode"])
    state["tasks"][str(number)] = _task_record(t)
    state["consistency"] = None
    if state["phase"] == "COMPLETION":
        state["phase"] = "EXECUTION"
    elif state["phase"] == "TEARDOWN":  # a task reopens (H20): the completion gate has to be passed again
        _restart_teardown(state, now)
        state["teardown"]["targets"] = {}
        state["phase"] = "EXECUTION"


@rule("FILE_WRITTEN", ("gate",), ("task_exists",))
def _(state, data, actor, now, effects):
    t = view.task(state, data["task"])
    if data["path"] not in t["touched"]:
        t["touched"].append(data["path"])
    if t["state"] in tables.TERMINAL:
        return
    if t["revision"] is not None:
        t["revision"] = data["revision"]
    q = view.quorum(state, t)
    if t["state"] == "APPROVED" and q["missing"]:
        _move(t, "IN_REVIEW", now)
    if t["state"] in ("IN_REVIEW", "CHANGES_REQUESTED") and q["absent"]:
        emit(effects, "IMPOSSIBLE_WAIT", task=data["task"], absent=q["absent"])  # whose approval this write made stale is gone


@rule("COMMITTED", None)
def _(state, data, actor, now, effects):
    state["commits"].append({"sha": data["sha"], "subject": data["subject"], "by": actor["name"], "gated": data["gated"]})


@rule("CLIENT_TASK", None)
def _(state, data, actor, now, effects):
    if data.get("task") is not None:
        state["client_tasks"][str(data["client_id"])] = data["task"]


# --- Transitions: completion (PROTOCOL 8) ------------------------------------------------------------------------------
@rule("VERIFY_STARTED", (LEAD,), ("run_is_open", "plan_is_registered"))
def _(state, data, actor, now, effects):
    state["verify"] = {"ok": False, "tree": None, "nonce": data["nonce"], "build": {"command": data["build"], "exit": None},
                       "test": {"command": data["test"], "exit": None}}


@guard
def verification_was_started(state, data, actor):
    if state["verify"] and state["verify"]["nonce"] and state["verify"]["nonce"] == data["nonce"]:
        return None
    return Refusal("VOUCHER", "no verification waits for this result", "", "run `pack verify --build CMD --test CMD` again")


@rule("VERIFIED", ("gate",), ("verification_was_started",))
def _(state, data, actor, now, effects):
    verify = state["verify"]
    verify["build"]["exit"], verify["test"]["exit"] = data["build_exit"], data["test_exit"]
    verify.update(tree=data["tree"], nonce=None, ok=data["build_exit"] == 0 and data["test_exit"] == 0)


@rule("CONSISTENCY_OK", (tables.TECH_LEAD,), ("sender_is_living", "run_is_open", "plan_is_registered"))
def _(state, data, actor, now, effects):
    state["consistency"] = "OK"


@rule("CONSISTENCY_CHANGES", (tables.TECH_LEAD,), ("sender_is_living", "run_is_open", "plan_is_registered"))
def _(state, data, actor, now, effects):
    state["consistency"] = "CHANGES"


# --- Transitions: teardown (PROTOCOL 9) ----------------------------------------------------------------------------------
def _restart_teardown(state, now):
    """TEARDOWN_INIT with the targets that are alive now; what was acknowledged has ended and is no target any more."""
    teardown = state["teardown"]
    teardown.update(state="TEARDOWN_INIT", sends=1, sent_at=now, ack_status=None, unresolved=[])
    teardown["targets"] = {n: {"inc": state["roster"][n]["inc"], "acked": False, "sends": 0, "how": None, "rejections": 0}
                           for n in view.living(state) if state["roster"][n]["role"] != tables.SUPERVISOR}


def _begin_teardown(state, now, effects, aborted=False, reason=None):
    state["phase"] = "TEARDOWN"
    state["teardown"]["attempt"] += 1
    state["teardown"].update(aborted=aborted or state["teardown"]["aborted"], reason=reason)
    state["requests"] = {}
    _restart_teardown(state, now)
    _acks_changed(state, now, effects)


def _acks_changed(state, now, effects):
    """After every change of targets, acks or owner: is the round complete, is the teardown?"""
    teardown = state["teardown"]
    if state["phase"] != "TEARDOWN" or teardown["state"] in ("READY_TO_DELETE", "TEAM_DELETED"):
        return
    missing = view.missing_acks(state)
    if not missing:
        if teardown["aborted"] or view.owner_active(state) or state["waves"] is not None:
            emit(effects, "READY_TO_DELETE")
    elif teardown["state"] in ("SHUTDOWN_REQUESTED", "RETRYING") and all(
            teardown["targets"][n]["sends"] >= teardown["sends"] for n in missing):
        teardown.update(state="WAITING_ACKS", sent_at=now)


# What "finished" means, by the kind of team: guard names, checked in order.
COMPLETION_RULES = {
    "tasks": ("plan_is_registered", "owner_is_active", "every_task_is_terminal", "verified_on_this_tree", "conventions_changed",
              "consistency_is_ok"),
    "waves": ("waves_are_over",),
}


@guard
def completion_gate_passes(state, data, actor):
    """All guards of the team's kind, in order."""
    for name in COMPLETION_RULES["tasks" if state["waves"] is None else "waves"]:
        refusal = GUARDS[name](state, data, actor)
        if refusal is not None:
            return refusal
    return None


@rule("TEARDOWN_INIT", (LEAD,), ("run_is_live", "teardown_not_begun", "completion_gate_passes", "summary_is_persisted"))
def _(state, data, actor, now, effects):
    _begin_teardown(state, now, effects)


@rule("SHUTDOWN_REQUESTED", (LEAD,), ("run_is_live", "target_is_known", "shutdown_is_in_its_place", "shutdown_has_no_open_task", "shutdown_round_allows"))
def _(state, data, actor, now, effects):
    name, teardown = data["to"], state["teardown"]
    state["requests"].setdefault(name, [])
    target = teardown["targets"].get(name)
    if target and state["phase"] == "TEARDOWN":
        target["sends"] = max(target["sends"] + 1, teardown["sends"])
        if teardown["state"] == "TEARDOWN_INIT":
            teardown["state"] = "SHUTDOWN_REQUESTED"
        _acks_changed(state, now, effects)
    if state["team"]["headless"] and state["roster"][name]["state"] == "IDLE":
        emit(effects, "SHUTDOWN_ACK", name=name, how="not running")  # the client never delivers it (CLIENT.md 10)


@rule("SHUTDOWN_ID", ("gate",))
def _(state, data, actor, now, effects):
    state["requests"].setdefault(data["name"], []).append(data["request_id"])


@rule("SHUTDOWN_RESPONSE", None, ("response_answers_a_request",))
def _(state, data, actor, now, effects):
    if data["approve"]:
        emit(effects, "SHUTDOWN_ACK", name=actor["name"], how="agreed")
    else:
        emit(effects, "SHUTDOWN_REJECTED", name=actor["name"], reason=data.get("reason", ""))


@rule("SHUTDOWN_ACK", ("gate",))
def _(state, data, actor, now, effects):
    name, teardown = data["name"], state["teardown"]
    state["requests"].pop(name, None)
    if state["phase"] == "CLOSED" or name not in state["roster"] or state["roster"][name]["state"] not in tables.LIVING:
        return  # a late ack changes nothing (H22)
    _end(state, name, "ENDED")
    target = teardown["targets"].get(name)
    if target:
        target.update(acked=True, how=data["how"])
        teardown["unresolved"] = [n for n in teardown["unresolved"] if n != name]
    if target and state["phase"] == "TEARDOWN":
        _acks_changed(state, now, effects)
    _roster_changed(state, effects)


@rule("SHUTDOWN_REJECTED", ("gate",))
def _(state, data, actor, now, effects):
    target = state["teardown"]["targets"].get(data["name"])
    state["requests"].pop(data["name"], None)
    if target:
        target["how"] = "rejected: " + data["reason"][:200]
        target["rejections"] += 1
        if target["rejections"] <= tables.limit("ACK_RETRY_ROUNDS"):
            target["sends"] -= 1  # it did answer: once its reason is settled it may be asked again without waiting


@rule("TEARDOWN_RETRYING", ("gate",), ("wait_is_overdue",))
def _(state, data, actor, now, effects):
    state["teardown"].update(state="RETRYING", sends=state["teardown"]["sends"] + 1, sent_at=now)


@rule("FORCED_FINALIZE_CANDIDATE", (tables.SUPERVISOR, "gate"), ("candidate_may_open",), epoch=("owner_is_not_fenced",))
def _(state, data, actor, now, effects):
    if state["teardown"]["state"] != "FORCED_FINALIZE_CANDIDATE":
        state["teardown"].update(state="FORCED_FINALIZE_CANDIDATE", sent_at=now)


@guard
def candidate_may_open(state, data, actor):
    if actor["role"] == "gate":
        return wait_is_overdue(state, data, actor)
    return candidate_is_due(state, data, actor)


@rule("FORCED_FINALIZE_ACK", (LEAD,), ("candidate_is_due", "every_task_is_terminal", "owner_is_active_or_aborting"))
def _(state, data, actor, now, effects):
    teardown = state["teardown"]
    teardown.update(ack_status="FORCED_FINALIZE_APPROVED", unresolved=view.missing_acks(state))
    emit(effects, "READY_TO_DELETE")


@rule("FORCED_FINALIZE_DENY", (LEAD,), ("candidate_is_due",))
def _(state, data, actor, now, effects):
    emit(effects, "TEARDOWN_FAILED_SAFE", why="the lead denied the forced finalize", missing=view.missing_acks(state))


@rule("READY_TO_DELETE", ("gate",), ("nothing_is_missing", "every_task_is_terminal"))
def _(state, data, actor, now, effects):
    state["teardown"]["state"] = "READY_TO_DELETE"
    if not view.living(state, tables.SUPERVISOR):
        emit(effects, "TEAM_DELETED")


@rule("TEAM_DELETED", ("gate",), ("teardown_is_ready", "every_task_is_terminal", "nobody_lives"))
def _(state, data, actor, now, effects):
    state["teardown"]["state"] = "TEAM_DELETED"
    for name in state["teardown"]["unresolved"]:
        if state["roster"][name]["state"] in tables.LIVING:
            _end(state, name, "LOST")
    state["phase"] = "CLOSED"


@rule("TEARDOWN_FAILED_SAFE", ("gate",))
def _(state, data, actor, now, effects):
    state["teardown"]["state"] = "TEARDOWN_FAILED_SAFE"
    state["phase"] = "FAILED_SAFE"


@rule("TEARDOWN_RETRY", (LEAD, "person"), ("failed_safe",))
def _(state, data, actor, now, effects):
    _begin_teardown(state, now, effects)


# --- Timers (H19): lazy; the gate raises TICK before any event when `due` says so ------------------------------------------
def due(state, now):
    """Events that time alone has made due: [(event, data)]."""
    out = []
    if state["team"] is None or state["phase"] == "CLOSED":
        return out
    for name, e in state["roster"].items():
        unborn = e["state"] == "SPAWNING" or e["pane"] and e["agent_id"] is None and e["state"] in tables.PRESENT
        if unborn and now - e["since"] > tables.limit("SPAWN_TIMEOUT_SEC"):
            out.append(("SPAWN_FAILED", {"name": name, "inc": e["inc"], "why": "never started"}))
    teardown = state["teardown"]
    waited = now - teardown["sent_at"]
    if state["phase"] == "TEARDOWN" and teardown["state"] == "WAITING_ACKS" and view.missing_acks(state) \
            and waited >= tables.limit("ACK_RETRY_TIMEOUT_SEC"):
        if teardown["sends"] < tables.limit("ACK_RETRY_ROUNDS"):
            out.append(("TEARDOWN_RETRYING", {"missing": view.missing_acks(state)}))
        elif owner_is_active_or_aborting(state, {}, GATE) is None:
            out.append(("FORCED_FINALIZE_CANDIDATE", {"missing": view.missing_acks(state)}))
    if teardown["state"] == "FORCED_FINALIZE_CANDIDATE" and waited >= tables.limit("CANDIDATE_TIMEOUT_SEC"):
        out.append(("TEARDOWN_FAILED_SAFE", {"why": "no answer to FORCED_FINALIZE_CANDIDATE", "missing": view.missing_acks(state)}))
    return out


@rule("TICK", ("gate",))
def _(state, data, actor, now, effects):
    for event, payload in due(state, now):
        emit(effects, event, **payload)


# --- Refusals and notes ----------------------------------------------------------------------------------------------------
def _count(table, key):
    table[key] = table.get(key, 0) + 1
    return table[key]


def _refused(state, data, actor, now, effects):
    """Nothing changes but the count; the same refusal too often is a matter for the lead (DESIGN rule 7)."""
    count = _count(state["refusals"], "%s|%s|%s" % (actor["name"], data["code"], data.get("task")))
    t = view.task(state, data["task"]) if data.get("task") is not None else None
    if count >= tables.limit("SAME_REFUSALS") and t and t["owner"] == actor["name"] and t["state"] in tables.WORKING:
        emit(effects, "STUCK_ESCALATED", task=data["task"], cause="REFUSED_TOO_OFTEN", who=actor["name"])


for _name in ("REFUSED", "HANDOFF_MISSING", "STALE_EPOCH"):
    RULES[_name] = {"roles": None, "guards": (), "epoch": (), "apply": _refused}


@rule("SPLIT_BRAIN_DETECTED", None)
def _(state, data, actor, now, effects):
    _refused(state, data, actor, now, effects)
    emit(effects, "RECONCILE_LOCK_ENTER", epoch=state["owner"]["epoch"])


@guard
def nudges_are_left(state, data, actor):
    if state["nudges"].get(data["who"] + "|" + data["step"], 0) < tables.limit("SAME_STEP_NUDGES"):
        return None
    return Refusal("NUDGED_ENOUGH", "%s was told %r often enough" % (data["who"], data["step"]), "", "the lead decides")


@rule("NUDGED", ("gate",), ("nudges_are_left",))
def _(state, data, actor, now, effects):
    _count(state["nudges"], data["who"] + "|" + data["step"])


@rule("MAIL", ("gate",))
def _(state, data, actor, now, effects):
    """Ordinary talk: step itself notes the delivery."""


@rule("LEAD_WOKE", ("gate",))
def _(state, data, actor, now, effects):
    state["lead_mail"] = max(0, state["lead_mail"] - data["news"])


@rule("LEAD_STOPPED", ("gate",))
def _(state, data, actor, now, effects):
    state["lead_idle_news"] = False


def _note(state, data, actor, now, effects):
    """Recorded for people; the state does not change."""


for _name in ("SUPERVISOR_REPORT", "OVERLAP_SCOPE", "DELIVERY_FAILED", "STATE_DIVERGENCE", "SNAPSHOT_NOT_FOUND", "SNAPSHOT_CONFLICT", "RECONCILE_CONFLICT", "STATE_FROZEN"):
    RULES[_name] = {"roles": (tables.SUPERVISOR,) if _name == "SUPERVISOR_REPORT" else None, "apply": _note,
                    "guards": ("sender_is_living",) if _name == "SUPERVISOR_REPORT" else (),
                    "epoch": ("owner_is_not_fenced",) if _name == "SUPERVISOR_REPORT" else ()}


def fold(state, event, now):
    """Step an event and all its consequences. Answers (state, [events in order]); raises Refusal with nothing changed."""
    queue, out = [event], []
    while queue:
        current = queue.pop(0)
        state, effects = step(state, current, now)
        out.append(current)
        queue = [e for kind, e in effects if kind == "emit"] + queue
    return state, out


from . import waves  # noqa: E402  its guards and transitions belong to the same tables
