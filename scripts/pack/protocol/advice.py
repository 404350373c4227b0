"""What everybody's next step is, computed from the state: for refusals, for turn ends (PROTOCOL 10, lost wake-ups),
for `pack status` and for the digest after a compaction. Advice never changes anything.

A step is {"who": name, "step": key, "text": what to do, "task": number or None}. The key is stable while the step is the
same one, so that it can be counted: the same (who, step) is told at most three times.
"""

from __future__ import annotations

from . import advice_waves, calls, tables, verification, view, watch
from .guards_result import drifted, still_open
from .guards_risks import FORM, answered, risk_step, testers_needed
from .guards_teardown import tampered_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import State, Step, Task


def _step(who: str, key: str, text: str, task: int | None = None) -> Step:
    return {"who": who, "step": key, "text": text, "task": task}


def for_people(step: str) -> str:
    """What an agent does next, for the user, who makes none of its calls."""
    for call in (": Agent(", ": `", "; ", " ("):
        step = step.partition(call)[0]
    return step


def steps(state: State) -> list[Step]:
    """Every step that somebody could take now, the most urgent first."""
    out = _result(state) + _steps(state)
    if state["tampered"]:  # the end waits for the user's word, everything before it goes on
        out = [_step(tables.LEAD, "tampered", tampering(state)) if s["step"] == "teardown" else s for s in out]
    return out


def _result(state: State) -> list[Step]:
    """What is there is not what was approved: the lead decides which of the three ways out (PROTOCOL 12)."""
    out: list[Step] = []
    if view.team(state) is None or state["phase"] in (None, "CLOSED") or state["paused"] or state["teardown"]["aborted"]:
        return out
    for number, t in drifted(state):
        paths = ", ".join(d["path"] for d in t["drift"][:3])
        key = "drifted:%d:%s" % (number, "".join(d["id"][:4] for d in t["drift"][:3]))
        text = (
            "task #%d is DONE and DRIFTED: %s is no longer what was approved. Have it put back, or `pack task reopen %d`; or tell the user, "
            "who may type `team accept PATH`" % (number, paths, number)
        )
        out.append(_step(tables.LEAD, key, text, number))
    if state["phase"] == "TEARDOWN" and still_open(state) and not out:
        unapproved = sorted({f["path"] for f in still_open(state)})
        text = "the run cannot end, nobody approved: %s. Have it put back, or reopen its task; or tell the user, who may type `team accept PATH`"
        out.append(
            _step(tables.LEAD, "unapproved:" + "".join(f["id"][:4] for f in still_open(state)[:3]), text % ", ".join(unapproved[:5]))
        )
    return out


def tampering(state: State) -> str:
    """What the lead is told when what enforces the run was changed."""
    return (
        "STATE_DIVERGENCE: what enforces this run was changed while it runs, not by the hooks: %s. Tell the user. Work may go on, but the run is not "
        "completed before the user has looked (`pack doctor`), put the files back or not, and typed `team resume`" % tampered_text(state)
    )


def _steps(state: State) -> list[Step]:
    if view.team(state) is None or state["phase"] == "CLOSED" or state["paused"]:
        return []
    if state["phase"] == "TEARDOWN" or state["phase"] == "FAILED_SAFE":
        return ([] if view.waves(state) is not None else _ownership(state)) + _teardown(state)
    if view.waves(state) is not None:
        return watch.steps(state, _step) + advice_waves.steps(state, _step)
    return (
        _ownership(state)
        + _cut(state)
        + _planning(state)
        + _review(state)
        + _staffing(state)
        + watch.steps(state, _step)
        + _completion(state)
    )


def for_agent(state: State, name: str) -> list[Step]:
    """The steps of one agent that it must not end its turn on: what it waits for has already happened."""
    return [s for s in steps(state) if s["who"] == name]


def for_lead(state: State) -> list[Step]:
    """The lead's steps."""
    return [s for s in steps(state) if s["who"] == tables.LEAD]


def _ownership(state: State) -> list[Step]:
    owner, out = state["owner"], []
    holder = view.entry(state, owner["holder"])
    if owner["state"] == "OFFERED" and owner["holder"] and holder and holder["state"] in tables.PRESENT:
        out.append(
            _step(owner["holder"], "ack:%d" % owner["epoch"], "send STATE_OWNERSHIP_ACK(%d) to the lead (to: \"main\")" % owner["epoch"])
        )
    elif owner["state"] in ("LEAD", "LOST", "RECONCILE_LOCK") and state["plan"]["registered"] and not state["teardown"]["aborted"]:
        have = view.present(state, tables.SUPERVISOR)
        if have:
            out.append(
                _step(
                    tables.LEAD,
                    "offer:%d" % view.next_epoch(state),
                    "send STATE_OWNERSHIP_HANDOFF(%d) to %s" % (view.next_epoch(state), have[0]),
                )
            )
        elif not view.living(state, tables.SUPERVISOR):
            out.append(_step(tables.LEAD, "spawn:supervisor", "spawn the supervisor: " + calls.supervisor(state)))
    return out


def _cut(state: State) -> list[Step]:
    """Whose report is its last text: when the client died in the middle of its turn, only a message brings the report."""
    return [
        _step(tables.LEAD, "cut:%s:%d" % (n, e["inc"]), "%s was cut off before its report: send it a message" % n)
        for n, e in state["roster"].items()
        if e.get("cut")
        and e["state"] == "IDLE"
        and not e["mail"]
        and (e["role"] in tables.RESEARCHERS or e["role"] == tables.RISK_TESTER and not state["risks"]["results"])
    ]


def _planning(state: State) -> list[Step]:
    if not state["plan"]["registered"]:
        looked = state["team"].get("no_research") or any(e["role"] in tables.RESEARCHERS for e in state["roster"].values())
        first = "" if looked else "; what is unclear goes to a researcher first, the user is asked only if even then nothing can be begun"
        return [_step(tables.LEAD, "plan", "register the plan: `pack plan` (JSON on standard input)" + first)]
    if state["mode"] not in tables.VALIDATED_MODES or state["risks"]["mitigated"] and state["plan"]["ok"]:
        return []
    leads = view.present(state, tables.TECH_LEAD)
    if not leads:
        if view.living(state, tables.TECH_LEAD):
            return []
        return [_tech_lead(state)]
    plan, risks, who = state["plan"], state["risks"], leads[0]
    if plan["asked"]:
        return [_step(who, "plan-verdict", "read the plan (state.md) and send PLAN OK or PLAN CHANGES to the lead (to: \"main\")")]
    if not plan["ok"]:
        return [
            _step(
                tables.LEAD,
                "validate",
                ("change the plan as asked (`pack plan`), then " if plan["ok"] is False else "") + "send VALIDATE PLAN to %s" % who,
            )
        ]
    if risks["asked"] and risks["counts"] is None:
        return [_step(who, "risks", "send RISKS: N to the lead, each risk as RISK-1: ... with Severity: CRITICAL|MAJOR|MINOR")]
    if risks["results"] or risks["counts"] is not None and testers_needed(state) == 0:
        return [_step(who, "mitigate", "write the confirmed risks into DECISIONS.md and send RISKS MITIGATED to the lead")]
    if risks["counts"] is None:  # whoever tested an earlier plan's risks has nothing to answer yet
        return [_step(tables.LEAD, "risk-step:%d" % risks["testers"], risk_step(state) + " (%s)" % who)]
    mute = [n for n in view.living(state, tables.RISK_TESTER) if not answered(state, n) and state["roster"][n]["state"] != "SPAWNING"]
    ask = [_step(n, "verdict", "end your turn with your report; it has a line %s" % FORM) for n in mute]
    testing = [
        n
        for n in view.living(state, tables.RISK_TESTER)
        if state["roster"][n]["state"] != "IDLE" or state["roster"][n]["mail"] or state["roster"][n].get("cut")
    ]
    if testing and risks["testers"] >= testers_needed(state):
        return ask  # they are at work
    return ask + [_step(tables.LEAD, "risk-step:%d%s" % (risks["testers"], ":mute" if mute else ""), risk_step(state) + " (%s)" % who)]


def _review(state: State) -> list[Step]:
    out = []
    for number, t in view.tasks(state):
        if t["state"] in tables.BLOCKED_ON_LEAD and not view.owner_active(state):
            continue  # no decision is accepted before there is an owner again
        if t["state"] in tables.BLOCKED_ON_LEAD:
            text = _decision(state, number, t)
            out.append(
                _step(
                    tables.LEAD,
                    "decide:%d:%s%s"
                    % (number, t["since"], ":assign" if "pack task assign %d " % number in text and t["cause"] == "OWNER_GONE" else ""),
                    text,
                    number,
                )
            )
            continue
        if t["state"] not in tables.WORKING or not t["owner"] or not t["revision"]:
            continue
        q = view.quorum(state, t)
        if t["state"] == "APPROVED":
            out.append(
                _step(
                    t["owner"],
                    "done:%d:%s" % (number, t["revision"]),
                    "task #%d is approved: commit its files; that is its DONE" % number,
                    number,
                )
            )
        elif q["rejected"]:
            out.append(
                _step(
                    t["owner"],
                    "fix:%d:%s" % (number, t["revision"]),
                    "task #%d: %s asked for changes; fix them, then REVIEW: task #%d again" % (number, ", ".join(q["rejected"]), number),
                    number,
                )
            )
        elif t["state"] in ("IN_REVIEW", "CHANGES_REQUESTED"):  # the second: fixed, and nobody was asked to look again
            for role in q["missing"]:
                for name in view.present(state, role)[:1]:
                    if t["requests"].get(role) == t["revision"]:
                        out.append(
                            _step(
                                name,
                                "review:%d:%s" % (number, t["revision"]),
                                "review task #%d and send APPROVED: task #%d or CHANGES_REQUESTED: task #%d to %s"
                                % (number, number, number, t["owner"])
                                + _and_consistency(state, role),
                                number,
                            )
                        )
                    else:
                        out.append(
                            _step(
                                t["owner"],
                                "ask:%d:%s:%s" % (number, role, t["revision"]),
                                "send REVIEW: task #%d to %s" % (number, name),
                                number,
                            )
                        )
    return out


def _and_consistency(state: State, role: str) -> str:
    """With the last task before it, the tech lead has all of them before it: its check of the whole needs no turn of its own."""
    if role != tables.TECH_LEAD or state["mode"] not in tables.VALIDATED_MODES or len(view.open_tasks(state)) != 1:
        return ""
    return "; it is the last: does all fit together, end your turn with CONSISTENCY OK as your last words, else CONSISTENCY CHANGES and why"


def _decision(state: State, number: int, t: Task) -> str:
    if t["cause"] == "IMPOSSIBLE_WAIT":
        return "task #%d waits for %s, not ACTIVE: spawn %s" % (
            number,
            ", ".join(view.quorum(state, t)["absent"]) or "nobody any more",
            "them" if view.quorum(state, t)["absent"] else "nobody",
        )
    if t["cause"] == "OWNER_GONE":
        have = sorted(
            (n for n in view.living(state) if state["roster"][n]["role"] in tables.IMPLEMENTERS), key=lambda n: len(view.owned(state, n))
        )
        if have and (not view.owned(state, have[0]) or len(view.busy_coders(state)) >= state["team"]["coders"]):
            return "task #%d lost its coder: `pack task assign %d %s`" % (number, number, have[0])
        return "task #%d lost its coder: spawn a coder, then `pack task assign %d` to it" % (number, number)
    return "task #%d is %s%s: decide: `pack task rescope %d`, `pack task assign %d NAME` or `pack task cancel %d`" % (
        number,
        t["state"],
        " (%s)" % t["cause"] if t["cause"] else "",
        number,
        number,
        number,
    )


def _staffing(state: State) -> list[Step]:
    """The lead's staffing: reviewers that the matrix needs, coders for what nobody has."""
    if not view.owner_active(state) or state["phase"] not in ("PLANNING", "SETUP", "EXECUTION"):
        return []
    if state["mode"] in tables.VALIDATED_MODES and not (state["plan"]["ok"] and state["risks"]["mitigated"]):
        return []
    need, out, have = [], [], {state["roster"][n]["role"] for n in view.living(state)}
    for number in view.open_tasks(state):
        need += [r for r in view.required(state, view.task(state, number)) if r not in need and r not in have]
    if need:
        out.append(_step(tables.LEAD, "spawn:" + ",".join(need), "spawn the approvers this run requires: " + ", ".join(need)))
    open_to = view.claimable(state)
    given = [n for n in open_to if view.task(state, n)["owner"]]  # nobody else may claim them
    for number in given[:1]:
        owner = view.task(state, number)["owner"] or ""
        if state["roster"][owner]["state"] == "IDLE" and not state["roster"][owner]["mail"]:
            text = "task #%d was given to %s: message it to CLAIM: task #%d, or `pack task assign %d NAME`" % (
                number,
                owner,
                number,
                number,
            )
            out.append(_step(tables.LEAD, "given:%d:%s" % (number, owner), text, number))
    free = watch.untaken(state)  # one that was just spawned claims by its first edit
    for number in free[:1]:
        idle = [
            n
            for n in view.living(state)
            if state["roster"][n]["role"] in tables.IMPLEMENTERS
            and state["roster"][n]["state"] == "IDLE"
            and not view.owned(state, n, tables.WORKING)
        ]
        if any(state["roster"][n]["mail"] for n in idle):
            continue  # a message is on its way to one of them
        if idle:
            out.append(
                _step(
                    tables.LEAD, "give:%d" % number, "task #%d is free: message %s to CLAIM: task #%d" % (number, idle[0], number), number
                )
            )
        elif len(view.busy_coders(state)) < state["team"]["coders"]:
            more = free[1 : state["team"]["coders"] - len(view.busy_coders(state))]
            text = "task #%d is free: spawn a coder for it" % number
            if more:
                text += ", in the same turn one each for " + ", ".join("#%d" % n for n in more)
            out.append(_step(tables.LEAD, "coder:%d" % number, text, number))
    for number, t in view.tasks(state):
        e = view.entry(state, t["owner"]) if t["owner"] else None
        if t["state"] == "IN_PROGRESS" and e and e["state"] == "IDLE" and not e["mail"]:
            out.append(
                _step(
                    tables.LEAD,
                    "stalled:%d:%s" % (number, t["since"]),
                    "%s stopped with task #%d IN_PROGRESS: send it a message" % (t["owner"], number),
                    number,
                )
            )
    return out


def _completion(state: State) -> list[Step]:
    if state["phase"] != "COMPLETION":
        return []
    out = []
    verify = state["verify"]
    if not verify or not verify["ok"]:
        out.append(
            _step(
                tables.LEAD,
                "verify",
                (
                    "not verified (%s): a failure needs a fix task (`pack task add`); then " % verification.failure_text(verify)
                    if verify and verify["nonce"] is None
                    else ""
                )
                + "run `pack finish --build CMD --test CMD`",
            )
        )
    if state["mode"] in tables.VALIDATED_MODES and state["consistency"] != "OK":
        leads = view.living(state, tables.TECH_LEAD)
        if not leads:
            out.append(_tech_lead(state))
        elif state["roster"][leads[0]]["state"] == "IDLE" and not state["roster"][leads[0]]["mail"]:
            out.append(_step(tables.LEAD, "consistency", "ask the tech lead for the consistency check (CONSISTENCY OK)"))
        elif not out:
            return []  # it is at work
    return out or [_step(tables.LEAD, "teardown", "run `pack finish`")]


def record(state: State, number: int) -> str:
    """A task's record, as its coder and its reviewers read it."""
    t = view.task(state, number)
    lines = ["#%d %s — %s (%s)%s" % (number, t["subject"], t["state"], t["owner"] or "unassigned", ", high risk" if t["high_risk"] else "")]
    lines += ["  %s: %s" % (part, "; ".join(t[part]) or "-") for part in ("files", "references", "acceptance", "checks")]
    lines.append("  tooling: %s" % ("; ".join("%s: %s" % kv for kv in sorted(t["tooling"].items()))))
    lines.append(
        "  blocked by: %s; reviewers: %s" % (", ".join("#%d" % b for b in t["blocked_by"]) or "-", ", ".join(t["reviewers"]) or "-")
    )
    if state["mode"]:
        q = view.quorum(state, t)
        lines.append(
            "  requires: %s; %s" % (", ".join(view.required(state, t)), view.quorum_text(q) if t["revision"] else "not in review yet")
        )
    return "\n".join(lines)


def to_claim(state: State, name: str, most: int = 1) -> str:
    """What an implementer without a task may begin with: records of what it was given, else of what is free. "" when it is nothing."""
    free = view.claimable(state, name)
    mine = [n for n in free if view.task(state, n)["owner"] == name] or free
    return "\n".join(record(state, n) for n in mine[:most])


def after_done(state: State, name: str) -> str:
    """What its coder is told when a commit was a task's DONE."""
    open_ones, free = view.owned(state, name, tables.WORKING), to_claim(state, name)
    if open_ones:
        return "Go on with task #%d." % open_ones[0]
    if free:
        return "Yours if you want it, the first edit claims it:\n" + free
    return "No task is left: end your turn." if not view.open_tasks(state) else "Nothing is free now: end your turn, you are woken."


def _tech_lead(state: State) -> Step:
    return _step(tables.LEAD, "spawn:tech-lead", "spawn the tech lead: " + calls.tech_lead(state))


def _teardown(state: State) -> list[Step]:
    teardown, missing = state["teardown"], view.missing_acks(state)
    headless = state["team"]["headless"]
    if state["phase"] == "FAILED_SAFE":
        return [_step(tables.LEAD, "retry:%d" % teardown["attempt"], "report to the user; `pack teardown retry` tries again")]
    if teardown["state"] == "READY_TO_DELETE":
        have = view.living(state, tables.SUPERVISOR)
        if have and have[0] in state["requests"]:
            return [
                _step(
                    tables.LEAD,
                    "unanswered:%d" % teardown["attempt"],
                    "%s was asked to shut down and has not ended: end your turn and wait; if it never answers, "
                    "stop it with TaskStop" % have[0],
                )
            ]
        return [
            _step(
                tables.LEAD,
                "last:%d" % teardown["attempt"],
                "shut the supervisor down last: " + calls.shutdown(headless, have[0] if have else tables.SUPERVISOR),
            )
        ]
    if teardown["state"] == "FORCED_FINALIZE_CANDIDATE":
        return [
            _step(
                tables.LEAD,
                "forced:%d" % teardown["attempt"],
                "no answer from %s after three requests: send "
                "FORCED_FINALIZE_ACK or FORCED_FINALIZE_DENY to the supervisor%s"
                % (
                    ", ".join(missing),
                    "" if view.living(state, tables.SUPERVISOR) else " (there is none: `pack teardown finalize` or `deny`)",
                ),
            )
        ]
    ask = [n for n in missing if teardown["targets"][n]["sends"] < teardown["sends"]]
    if ask:
        return [
            _step(
                tables.LEAD,
                "ask:%d:%d:%s" % (teardown["attempt"], teardown["sends"], ",".join(ask)),
                "ask to shut down: %s (%s)%s"
                % (", ".join(ask), calls.shutdown(headless, ask[0]), ", all in one turn" if ask[1:] and not headless else ""),
            )
        ]
    return []


def go(state: State) -> str:
    """What the lead does next, with the calls to make, in one turn: text (`pack go`)."""
    if view.team(state) is None:
        return "no team is active: /build opens a run"
    head = "%s: phase %s, mode %s, owner %s." % (state["team"]["name"], state["phase"], state["mode"] or "-", view.owner_text(state))
    todo = for_lead(state)
    if not todo:
        busy = view.working(state)
        return head + "\n" + ("Nothing to do for you. At work: %s. End your turn." % ", ".join(busy) if busy else "Nothing to do for you.")
    rows = []
    for s in todo:
        made = calls.of(state, s)
        rows += made if made else ["- " + s["text"]]
    return head + "\nNow, in one turn:\n" + "\n".join(rows) + "\nThen end your turn; whoever needs you wakes you."


def digest(state: State, limit: int | None = None) -> str:
    """What the lead needs after a compaction, in at most 1 KB (H28)."""
    limit = limit or tables.limit("DIGEST_BYTES")
    if view.team(state) is None:
        return ""
    team = state["team"]
    lines = [
        "TEAM %s: phase %s, mode %s, owner %s." % (team["name"], state["phase"], state["mode"] or "not classified", view.owner_text(state)),
        "You are the lead: you decide and spawn; code enforces the rest. `pack status` shows all, state.md has the rules.",
    ]
    if state["phase"] in ("TEARDOWN", "FAILED_SAFE"):
        lines.append("Teardown %s, missing acks: %s." % (state["teardown"]["state"], ", ".join(view.missing_acks(state)) or "none"))
    todo = for_lead(state)
    if todo:
        lines.append("Next: " + "; ".join(s["text"] for s in todo[:2]))
    roster = [
        "%s=%s%s" % (n, e["state"], "(%s)" % e["agent_id"] if e["agent_id"] and team["headless"] else "")
        for n, e in state["roster"].items()
        if e["state"] in tables.LIVING
    ]
    work = ["#%d %s%s" % (n, t["state"], " " + t["owner"] if t["owner"] else "") for n, t in view.tasks(state)]
    for label, rows in (("Tasks: ", work), ("Agents: ", roster)):
        text = label + ", ".join(rows)
        room = limit - len("\n".join(lines).encode()) - 40
        if len(text.encode()) > room:
            while rows and len((label + ", ".join(rows) + ", ...").encode()) > room:
                rows = rows[:-1]
            text = label + ", ".join(rows) + (", ..." if rows else "see `pack status`")
        lines.append(text)
    return "\n".join(lines).encode()[:limit].decode("utf-8", "ignore")
