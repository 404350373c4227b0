"""Guards: who may be spawned when (PROTOCOL 8). tables.ROLE_ROWS says for every role which of the STAGES it waits for."""

from __future__ import annotations

from . import guards_waves, tables, view, waves
from .kernel import GUARDS, guard
from .guards_risks import risk_step
from .guards_who import owner_is_active
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import Actor, Data, State


@guard
def spawn_name_is_plain(state: State, data: Data, actor: Actor) -> Refusal | None:
    name = data["name"]
    ok = (
        isinstance(name, str)
        and name.isascii()
        and 0 < len(name) <= 64
        and name[0].isalnum()
        and all(c.isalnum() or c in "_-" for c in name)
    )
    if ok and name.lower() not in tables.NOBODYS_NAMES:
        return None
    return Refusal(
        "SPAWN_NAME",
        "an agent cannot be called %r" % (name,),
        "names are ASCII letters, digits, _ and -",
        "every agent needs a plain name of its own, e.g. coder-1",
    )


@guard
def spawn_role_is_known(state: State, data: Data, actor: Actor) -> Refusal | None:
    if data["role"] in spawn_rules(state):
        return None
    return Refusal(
        "UNKNOWN_ROLE",
        "%r is not a role of this team" % (data.get("agent_type") or data["role"]),
        "roles: " + ", ".join(spawn_rules(state)),
        "spawn one of them as \"team:ROLE\", or do without",
    )


@guard
def spawn_name_is_free(state: State, data: Data, actor: Actor) -> Refusal | None:
    taken = [n for n in view.living(state) if n.lower() == data["name"].lower()]
    if not taken:
        return None
    entry = state["roster"][taken[0]]
    return Refusal(
        "NAME_TAKEN",
        "%s is already in the team" % taken[0],
        "%s, %s" % (entry["role"], entry["state"]),
        "send it a message instead, or choose another name",
    )


@guard
def spawn_role_is_single(state: State, data: Data, actor: Actor) -> Refusal | None:
    others = view.living(state, data["role"]) if data["role"] in tables.SINGLETONS else []
    if not others:
        return None
    return Refusal(
        "ROLE_TAKEN",
        "the team has a %s already: %s" % (data["role"], others[0]),
        state["roster"][others[0]]["state"],
        "send it a message; if it is dead, stop it with TaskStop and then spawn the next",
    )


@guard
def spawn_mode_has_role(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["mode"] is None or data["role"] in tables.MODE_ROLES[state["mode"]]:
        return None
    return Refusal(
        "ROLE_NOT_IN_MODE",
        "a %s run has no %s" % (state["mode"], data["role"]),
        "its roles: " + ", ".join(tables.MODE_ROLES[state["mode"]]),
        "go on without it",
    )


@guard
def spawn_after_plan(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["plan"]["registered"]:
        return None
    return Refusal("NO_PLAN", "%s is spawned after the plan" % data["role"], "no plan is registered", "register it with `pack plan` first")


@guard
def spawn_after_owner(state: State, data: Data, actor: Actor) -> Refusal | None:
    refusal = owner_is_active(state, data, actor)
    if refusal is not None:
        refusal.what = "%s is spawned after the hand-off" % data["role"]
    return refusal


@guard
def spawn_after_validation(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["mode"] not in tables.VALIDATED_MODES or state["plan"]["ok"]:
        return None
    return Refusal(
        "PLAN_NOT_VALIDATED",
        "%s is spawned after PLAN OK" % data["role"],
        "mode %s, plan %s" % (state["mode"], "asked" if state["plan"]["asked"] else "not validated"),
        "send VALIDATE PLAN to the tech lead and wait for PLAN OK",
    )


@guard
def spawn_after_risks(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["mode"] not in tables.VALIDATED_MODES or state["risks"]["mitigated"]:
        return None
    return Refusal("RISKS_OPEN", "%s is spawned after RISKS MITIGATED" % data["role"], "mode " + state["mode"], risk_step(state))


@guard
def spawn_within_coders(state: State, data: Data, actor: Actor) -> Refusal | None:
    busy = view.busy_coders(state)
    if len(busy) < state["team"]["coders"]:
        return None
    return Refusal(
        "TOO_MANY_CODERS",
        "%d coders are at work already" % len(busy),
        "--coders=%d: %s" % (state["team"]["coders"], ", ".join(busy)),
        "wait until one has finished its tasks, or give the task to one of them",
    )


@guard
def spawn_after_risk_list(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["risks"]["counts"] is not None:
        return None
    return Refusal("NO_RISKS", "risk testers are spawned for listed risks", "no RISKS: N was received", risk_step(state))


@guard
def spawn_before_ready(state: State, data: Data, actor: Actor) -> Refusal | None:
    phase, teardown = state["phase"], state["teardown"]["state"]
    if phase in tables.OPEN_PHASES:
        return None
    if phase == "TEARDOWN" and data["role"] == tables.SUPERVISOR and teardown not in ("READY_TO_DELETE", "TEAM_DELETED"):
        return None  # the owner was lost: somebody must finish (H8, H23)
    return Refusal("PHASE", "nobody is spawned in phase %s" % phase, "teardown " + teardown, "finish the teardown; see `pack status`")


@guard
def run_is_not_paused(state: State, data: Data, actor: Actor) -> Refusal | None:
    if not state["paused"]:
        return None
    return Refusal("PAUSED", "the run is paused", "", "the user types `resume team`")


_ALWAYS: tuple[str, ...] = (
    "run_is_not_paused",
    "spawn_name_is_plain",
    "spawn_role_is_known",
    "spawn_name_is_free",
    "spawn_role_is_single",
    "spawn_mode_has_role",
    "spawn_before_ready",
)

_IMPLEMENTING = ("spawn_after_plan", "spawn_after_owner", "spawn_after_validation", "spawn_after_risks")

# What a spawn waits for (the last column of tables.ROLE_ROWS) -> the guards beside those of every spawn, in the order in which they are asked
STAGES: dict[str, tuple[str, ...]] = {
    "at any time": (),
    "after the plan": ("spawn_after_plan",),
    "for listed risks": ("spawn_after_plan", "spawn_after_risk_list"),
    "to review": ("spawn_after_plan", "spawn_after_owner"),
    "to implement": _IMPLEMENTING,
    "to implement, within --coders": _IMPLEMENTING + ("spawn_within_coders",),
}
SPAWN_RULES: dict[str, tuple[str, ...]] = {role: _ALWAYS + STAGES[stage] for roles, _modes, stage in tables.ROLE_ROWS for role in roles}


def spawn_rules(state: State) -> dict[str, tuple[str, ...]]:
    """role -> guard names, of the team definition that the run was opened with."""
    return SPAWN_RULES if view.waves(state) is None else dict.fromkeys(waves.roles(state), guards_waves.WAVE_SPAWN)


@guard
def spawn_is_in_its_place(state: State, data: Data, actor: Actor) -> Refusal | None:
    """All guards of the role's own row, in order."""
    for name in spawn_rules(state).get(data["role"], _ALWAYS if view.waves(state) is None else guards_waves.WAVE_SPAWN):
        refusal = GUARDS[name](state, data, actor)
        if refusal is not None:
            return refusal
    return None
