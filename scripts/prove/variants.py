"""The literal rules of the seed (`build-command.md`), one small variant a hole. They exist to fail.

Each variant changes the shipped core in one place to what the seed literally says (or leaves out), for the time of a
`with` block. A hole's regression test then shows that the promise breaks with the variant and holds with the shipped
core. Nothing here is imported by anything that is shipped to run.
"""

import contextlib
import sys

from pack.protocol import consequences, kernel, machine, tables, view

VARIANTS = {}  # hole -> (what the seed says, context manager factory)


def variant(hole, says):
    def declare(function):
        VARIANTS[hole] = (says, contextlib.contextmanager(function))
        return function

    return declare


@contextlib.contextmanager
def without(*guards):
    """The core without some guards: they let everything pass."""
    kept = {g: machine.GUARDS[g] for g in guards}
    machine.GUARDS.update({g: lambda state, data, actor: None for g in guards})
    try:
        yield
    finally:
        machine.GUARDS.update(kept)


@contextlib.contextmanager
def instead(name, **changes):
    """The core with another rule for one event."""
    kept = machine.RULES[name]
    machine.RULES[name] = dict(kept, **changes)
    try:
        yield
    finally:
        machine.RULES[name] = kept


@contextlib.contextmanager
def patched(module, name, value):
    kept = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, kept)


@contextlib.contextmanager
def everywhere(function, value):
    """Another function in every module of the core that imported this one."""
    found = [
        (m, n)
        for m in list(sys.modules.values())
        if getattr(m, "__name__", "").startswith("pack.protocol")
        for n, v in vars(m).items()
        if v is function
    ]
    for module, name in found:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name in found:
            setattr(module, name, function)


@contextlib.contextmanager
def limit(name, value):
    kept = tables.LIMITS[name]
    tables.LIMITS[name] = (value, kept[1])
    try:
        yield
    finally:
        tables.LIMITS[name] = kept


def _then(name, more):
    """The shipped effect of an event, followed by another."""
    old = machine.RULES[name]["apply"]

    def apply(state, data, actor, now, effects):
        old(state, data, actor, now, effects)
        more(state, data, actor, now, effects)

    return apply


def _nothing(state, data, actor, now, effects):
    pass


@variant("H2", "HANDOFF_DUPLICATE: stop and reconcile on a repeated offer")
def h2():
    def lock(state, data, actor, now, effects):
        state["owner"]["state"] = "RECONCILE_LOCK"

    with instead("HANDOFF_DUPLICATE", apply=lock):
        yield


@variant("H3", "the hand-off is sent exactly once: a second one is an error")
def h3():
    def once(state, data, actor):
        if data["epoch"] <= state["owner"]["minted"]:
            return machine.Refusal("WRONG_EPOCH", "sent already", "", "")

    with patched_guard("handoff_epoch_is_minted", once):
        yield


@contextlib.contextmanager
def patched_guard(name, function):
    kept = machine.GUARDS[name]
    machine.GUARDS[name] = function
    try:
        yield
    finally:
        machine.GUARDS[name] = kept


@variant("H4", "the lead counts epochs itself, from memory")
def h4():
    with without("handoff_epoch_is_minted"), instead("STATE_OWNERSHIP_HANDOFF", apply=_take_any_epoch):
        yield


def _take_any_epoch(state, data, actor, now, effects):
    state["owner"] = {
        "state": "OFFERED",
        "epoch": data["epoch"],
        "minted": max(data["epoch"], state["owner"]["minted"]),
        "holder": data["to"],
        "inc": view.entry(state, data["to"])["inc"],
    }


@variant("H5", "nobody checks the epoch when the state is written")
def h5():
    with without("owner_is_not_fenced", "sender_is_living"):
        yield


@variant("H6", "STATE_OWNERSHIP_ACK names no holder")
def h6():
    with without("ack_is_by_the_holder", "sender_is_living"):
        yield


@variant("H7", "the supervisor writes as soon as it is offered, before its ACK was seen")
def h7():
    with instead(
        "STATE_OWNERSHIP_HANDOFF", apply=_then("STATE_OWNERSHIP_HANDOFF", lambda s, d, a, n, e: s["owner"].update(state="ACTIVE"))
    ):
        yield


@variant("H8", "nothing is said about a supervisor that dies: the state stays its own")
def h8():
    with instead("OWNER_LOST", apply=_nothing):
        yield


@variant("H9", "SPLIT_BRAIN_DETECTED is an event without an effect")
def h9():
    with instead("SPLIT_BRAIN_DETECTED", apply=_nothing):
        yield


@variant("H10", "wait for required approvers INTERSECT the ACTIVE roster")
def h10():
    kept = view.required

    def shrunk(state, t):
        return tuple(r for r in kept(state, t) if view.present(state, r))

    with patched(view, "required", shrunk):
        yield


@variant("H11", "MEDIUM: the active reviewer set for the task, whatever is left of it")
def h11():
    kept = view.required

    def shrunk(state, t):
        return (
            tuple(r for r in kept(state, t) if r == "tech-lead" or view.present(state, r))
            if state["mode"] == tables.MEDIUM
            else kept(state, t)
        )

    with patched(view, "required", shrunk):
        yield


@variant("H12", "required roles are checked before the wait, never again")
def h12():
    def only_the_owner(state, effects):
        owner = state["owner"]
        e = state["roster"].get(owner["holder"])
        if owner["state"] in ("OFFERED", "ACTIVE") and (not e or e["inc"] != owner["inc"] or e["state"] not in tables.LIVING):
            kernel.emit(effects, "OWNER_LOST", holder=owner["holder"], epoch=owner["epoch"])

    with everywhere(consequences.roster_changed, only_the_owner):
        yield


@variant("H13", "an approval is of a task, not of its content")
def h13():
    kept = view.quorum

    def any_revision(state, t, revision=None):
        loose = dict(t, approvals={r: dict(v, revision="any") for r, v in t["approvals"].items()})
        return kept(state, loose, "any")

    with patched(view, "quorum", any_revision), without("reviewed_revision_is_present"):
        yield


@variant("H14", "the unified reviewer that asked to escalate may still approve")
def h14():
    with patched(tables, "APPROVAL_MATRIX", dict(tables.APPROVAL_MATRIX, SIMPLE_ESCALATED_TO_MEDIUM=("unified-reviewer",))):
        yield


@variant("H15", "approvals are forgotten, or never, when a reviewer is replaced: here nobody asks who gave them")
def h15():
    with without("sender_is_living"):
        yield


@variant(
    "H16", "READY_TO_DELETE needs the ACKs of the whole roster, the supervisor's too, and the supervisor is shut down after READY_TO_DELETE"
)
def h16():
    with everywhere(consequences.restart_teardown, _everybody):
        yield


def _everybody(state, now, on="RESTARTED"):
    teardown = state["teardown"]
    consequences.move_teardown(state, on)
    teardown.update(sends=1, sent_at=now, ack_status=None, unresolved=[])
    teardown["targets"] = {n: {"inc": state["roster"][n]["inc"], "acked": False, "sends": 0, "how": None} for n in view.living(state)}


@variant("H17", "the one who collects the acknowledgements may be asked like everybody")
def h17():
    with without("shutdown_is_in_its_place"):
        yield


@variant("H18", "3 retries after the first send, or 3 sends in all: here the former")
def h18():
    with limit("ACK_RETRY_ROUNDS", 4):
        yield


@variant("H19", "timers run in somebody's head: nothing makes an overdue wait move")
def h19():
    with instead("TICK", apply=_nothing):
        yield


@variant("H20", "the teardown does not look back: a task added later changes nothing")
def h20():
    def keep(state, data, actor, now, effects):
        number = max(n for n, _t in view.tasks(state)) + 1
        state["tasks"][str(number)] = dict(state["tasks"]["1"], state="PENDING", owner=None, id=number)

    with instead("TASK_ADDED", apply=keep), without("every_task_is_terminal", "shutdown_has_no_open_task"):
        yield


@variant("H21", "nothing is said about a lead that does not answer the candidate")
def h21():
    with limit("CANDIDATE_TIMEOUT_SEC", 10**12):
        yield


@variant("H22", "freeze writes, then persist the report: what comes late still changes the frozen state")
def h22():
    def ack(state, data, actor, now, effects):
        state["roster"][data["name"]].update(state="ENDED", mail=0)
        state["teardown"]["unresolved"] = []
        state["teardown"].update(ack_status=None)

    with instead("SHUTDOWN_ACK", apply=ack):
        yield


@contextlib.contextmanager
def _supervisor_only_at_setup():
    kept = machine.SPAWN_RULES["supervisor"]
    machine.SPAWN_RULES["supervisor"] = kept + ("run_is_open",)
    try:
        yield
    finally:
        machine.SPAWN_RULES["supervisor"] = kept


@variant("H23", "the supervisor drives the teardown; nothing is said about its death in it")
def h23():
    def lost(state, data, actor, now, effects):
        state["owner"]["state"] = "LOST"

    with instead("OWNER_LOST", apply=lost), _supervisor_only_at_setup():
        yield


@variant("H24", "TEARDOWN_FAILED_SAFE: stop and escalate to the user; it has no way out")
def h24():
    def never(state, data, actor):
        return machine.Refusal("TEARDOWN_STATE", "there is no way out", "", "")

    with instead("TEARDOWN_RETRY", guards=("never",)), patched_new("never", never):
        yield


@contextlib.contextmanager
def patched_new(name, function):
    machine.GUARDS[name] = function
    try:
        yield
    finally:
        machine.GUARDS.pop(name)


@variant("H25", "the roster lists supervisor, tech lead and reviewers; coders are not in it")
def h25():
    def no_coders(state, now, on="RESTARTED"):
        kept(state, now, on)
        for n in list(state["teardown"]["targets"]):
            if state["roster"][n]["role"] in tables.IMPLEMENTERS:
                state["teardown"]["targets"].pop(n)

    kept = consequences.restart_teardown
    with everywhere(kept, no_coders), without("nobody_lives"):
        yield


@variant("H26", "the tech lead is spawned before the supervisor, which is spawned first: here coders and reviewers need no owner")
def h26():
    with without("spawn_after_owner", "owner_is_active"):
        yield
