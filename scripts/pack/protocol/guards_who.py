"""Guards: who is calling, is the run in a state for it, who owns the state (PROTOCOL 1, 3). Epoch guards run before all others."""

from __future__ import annotations

from . import tables, view
from .kernel import LEAD, RULES, guard
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import Actor, AddressedActor, Data, State


@guard
def sender_has_role(state: State, data: Data, actor: AddressedActor) -> Refusal | None:
    roles = RULES[actor["event"]]["roles"]
    if roles is None or actor["role"] in roles:
        return None
    form = tables.MESSAGES.get(actor["event"], (actor["event"],))[0]
    who = "%s (%s)" % (actor["name"], actor["role"]) if actor["role"] else "an agent that is not in the roster"
    return Refusal(
        "WRONG_ROLE",
        "%s may not send `%s`" % (who, form),
        "that belongs to " + ", ".join(roles),
        "leave it to them" if actor["role"] else "only agents that the lead spawned by name have a role",
    )


@guard
def receiver_has_role(state: State, data: Data, actor: AddressedActor) -> Refusal | None:
    if actor["role"] == "gate" or data.get("fact"):
        return None  # a fact that the gate saw is nobody's message
    form, _senders, receivers, _when = tables.MESSAGES[actor["event"]]
    if (
        actor["event"] in ("FORCED_FINALIZE_ACK", "FORCED_FINALIZE_DENY")
        and data.get("to") is None
        and not view.living(state, tables.SUPERVISOR)
    ):
        return None  # `pack teardown finalize|deny`: nobody is left to receive it
    if len(receivers) == 2 and tables.SUPERVISOR in receivers:  # reported to the supervisor, who passes it on to the lead
        receivers = (LEAD,) if actor["role"] == tables.SUPERVISOR else (tables.SUPERVISOR,)
    to = data.get("to")
    e = view.entry(state, to)
    role = LEAD if to == LEAD else e["role"] if e else None
    if role in receivers:
        return None
    known = [n for n in view.living(state) if state["roster"][n]["role"] in receivers]
    return Refusal(
        "WRONG_RECEIVER",
        "`%s` does not go to %r" % (form, data.get("as") or to),
        "it goes to " + ", ".join(receivers),
        "send it to "
        + (", ".join(known) if known else "the lead (to: \"main\")" if LEAD in receivers else "the %s, once there is one" % receivers[0]),
    )


@guard
def sender_is_living(state: State, data: Data, actor: Actor) -> Refusal | None:
    if actor["role"] in (LEAD, "gate", "person"):
        return None
    e = view.entry(state, actor["name"])
    if e and e["inc"] == actor["inc"] and e["state"] in tables.LIVING:
        return None
    return Refusal(
        "ENDED_AGENT",
        "%s's incarnation %s is over" % (actor["name"], actor["inc"]),
        "%s is %s" % (actor["name"], e["state"] + ", incarnation %d" % e["inc"] if e else "unknown"),
        "stop: somebody else has your place",
    )


@guard
def run_is_open(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["phase"] in tables.OPEN_PHASES:
        return None
    return Refusal(
        "PHASE",
        "the run is in phase %s" % state["phase"],
        "this belongs before the teardown",
        "nothing more is done in this phase; see `pack status`",
    )


@guard
def run_is_new(state: State, data: Data, actor: Actor) -> Refusal | None:
    if view.team(state) is None:
        return None
    return Refusal(
        "RUN_LIVE",
        "a run is already open: %s" % state["team"]["name"],
        "phase " + state["phase"],
        "go on with it, or `pack abort --reason WHY` first",
    )


@guard
def run_is_live(state: State, data: Data, actor: Actor) -> Refusal | None:
    if view.team(state) is not None and state["phase"] != "CLOSED":
        return None
    return Refusal("NO_RUN", "there is no live run", "phase %s" % state["phase"], "start one with /build")


@guard
def ack_has_an_offer(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["owner"]["state"] in ("OFFERED", "ACTIVE") and data["epoch"] <= state["owner"]["minted"]:
        return None
    if data["epoch"] < state["owner"]["epoch"]:
        return None  # a fenced epoch: the next guard names it
    return Refusal(
        "HANDOFF_MISSING",
        "STATE_OWNERSHIP_ACK(%d) answers no offer" % data["epoch"],
        view.owner_text(state),
        "wait for STATE_OWNERSHIP_HANDOFF from the lead",
        record="HANDOFF_MISSING",
    )


@guard
def ack_epoch_is_current(state: State, data: Data, actor: Actor) -> Refusal | None:
    if data["epoch"] >= state["owner"]["epoch"]:
        return None
    return Refusal(
        "STALE_EPOCH",
        "epoch %d is fenced" % data["epoch"],
        view.owner_text(state),
        "stop writing; a newer epoch was offered",
        record="STALE_EPOCH",
    )


@guard
def ack_is_by_the_holder(state: State, data: Data, actor: Actor) -> Refusal | None:
    owner = state["owner"]
    if actor["role"] != tables.SUPERVISOR or (actor["name"], actor["inc"]) == (owner["holder"], owner["inc"]):
        return None  # another role is refused for its role: it must not be able to lock the team
    return Refusal(
        "SPLIT_BRAIN_DETECTED",
        "%s (incarnation %d) claims epoch %d" % (actor["name"], actor["inc"], data["epoch"]),
        "it belongs to %s (incarnation %d)" % (owner["holder"], owner["inc"]),
        "the lead arbitrates: STATE_OWNERSHIP_HANDOFF(%d) to one supervisor" % view.next_epoch(state),
        record="SPLIT_BRAIN_DETECTED",
    )


@guard
def owner_is_not_fenced(state: State, data: Data, actor: Actor) -> Refusal | None:
    """Owner-only events, when a supervisor sends them."""
    if actor["role"] != tables.SUPERVISOR:
        return None
    owner = state["owner"]
    if owner["state"] == "LEAD":
        return Refusal(
            "HANDOFF_MISSING",
            "%s owns nothing yet" % actor["name"],
            view.owner_text(state),
            "wait for STATE_OWNERSHIP_HANDOFF from the lead",
            record="HANDOFF_MISSING",
        )
    if owner["state"] == "LOST" or (actor["name"], actor["inc"]) != (owner["holder"], owner["inc"]):
        return Refusal(
            "STALE_EPOCH",
            "%s (incarnation %d) is fenced" % (actor["name"], actor["inc"]),
            view.owner_text(state),
            "stop: the state has another owner",
            record="STALE_EPOCH",
        )
    if owner["state"] == "OFFERED":
        return Refusal(
            "OWNER_NOT_ACTIVE",
            "epoch %d was offered and not acknowledged" % owner["epoch"],
            view.owner_text(state),
            "send STATE_OWNERSHIP_ACK(%d) to the lead first" % owner["epoch"],
        )
    return owner_is_active(state, data, actor)


@guard
def owner_is_active(state: State, data: Data, actor: Actor) -> Refusal | None:
    if view.owner_active(state):
        return None
    steps = {
        "LEAD": "the lead spawns the supervisor and sends STATE_OWNERSHIP_HANDOFF(%d)" % view.next_epoch(state),
        "OFFERED": "the supervisor sends STATE_OWNERSHIP_ACK(%d)" % state["owner"]["epoch"],
        "LOST": "the lead spawns a supervisor and sends STATE_OWNERSHIP_HANDOFF(%d)" % view.next_epoch(state),
        "RECONCILE_LOCK": "the lead sends STATE_OWNERSHIP_HANDOFF(%d) to one supervisor" % view.next_epoch(state),
    }
    return Refusal(
        "NO_OWNER",
        "there is no ACTIVE owner of the state",
        view.owner_text(state),
        steps[state["owner"]["state"]] + "; then send this again",
    )


@guard
def owner_is_active_or_aborting(state: State, data: Data, actor: Actor) -> Refusal | None:
    """An aborted run, or one without supervisor by its definition, has the lead as owner of last resort."""
    if state["teardown"]["aborted"] or view.waves(state) is not None:
        return None
    return owner_is_active(state, data, actor)


@guard
def handoff_target_is_supervisor(state: State, data: Data, actor: Actor) -> Refusal | None:
    e = view.entry(state, data["to"])
    if e and e["role"] == tables.SUPERVISOR and e["state"] in tables.PRESENT:
        return None
    return Refusal(
        "NOT_A_SUPERVISOR",
        "%r is not an ACTIVE supervisor" % data["to"],
        "%s is %s" % (data["to"], "%s, %s" % (e["role"], e["state"]) if e else "not in the roster"),
        "it is starting; send this again in a moment"
        if e and e["role"] == tables.SUPERVISOR and e["state"] == "SPAWNING"
        else "spawn one: Agent(subagent_type: \"team:supervisor\", name: \"supervisor\")",
    )


@guard
def handoff_epoch_is_minted(state: State, data: Data, actor: Actor) -> Refusal | None:
    owner, e = state["owner"], view.entry(state, data["to"])
    if data["epoch"] == view.next_epoch(state):
        return None
    if (
        data["epoch"] == owner["epoch"]
        and owner["state"] in ("OFFERED", "ACTIVE")
        and e
        and (data["to"], e["inc"]) == (owner["holder"], owner["inc"])
    ):
        return None  # the same offer again
    return Refusal(
        "WRONG_EPOCH",
        "epoch %d cannot be offered" % data["epoch"],
        view.owner_text(state),
        "send STATE_OWNERSHIP_HANDOFF(%d)" % view.next_epoch(state),
    )
