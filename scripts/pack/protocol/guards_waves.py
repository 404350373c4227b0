"""Guards of runs of waves: who may be spawned or woken now, and when such a run is over."""

from __future__ import annotations

from . import tables, view, waves
from .kernel import guard
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence
    from .state_types import Actor, Data, QualityGate, State


@guard
def wave_role_is_known(state: State, data: Data, actor: Actor) -> Refusal | None:
    if data["role"] in waves.roles(state):
        return None
    lead = state["waves"]["lead"]
    return Refusal(
        "UNKNOWN_ROLE",
        "%r is not a role to spawn" % (data.get("agent_type") or data["role"]),
        "roles: " + ", ".join("%s = %s" % (r["id"], r["agent"]) for r in waves.roles(state).values()),
        "you play %s yourself" % lead if lead else "spawn one of these",
    )


@guard
def wave_role_is_single(state: State, data: Data, actor: Actor) -> Refusal | None:
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
def wave_is_open(state: State, data: Data, actor: Actor) -> Refusal | None:
    reasons = []
    for w in state["team"]["definition"]["waves"]:
        if data["role"] in w["roles"]:
            why = waves.open_reasons(state, w, data["unmet"], data["role"])
            if not why:
                return None
            reasons.append((w["id"], why))
    wave_id, why = reasons[0]
    return Refusal(
        "WAVE_CLOSED",
        "%s belongs to wave %s, which may not begin" % (data["role"], wave_id),
        "; ".join(why[:4]),
        "finish what is named first; `pack gate check` judges the gates" + advice_on_held(state, why),
    )


def advice_on_held(state: State, why: Sequence[str]) -> str:
    """What the error table says when a wave is held up by an artifact that is not there, with the role that makes it; "" where none is."""
    makers, then = waves.producers(state, why), waves.advised(state, "wave_held")
    return "; %s: %s" % (", ".join(makers), "; ".join(then)) if makers and then else ""


@guard
def foreground_is_free(state: State, data: Data, actor: Actor) -> Refusal | None:
    """A foreground role blocks the wave: nobody else of a sequential wave starts beside it."""
    for role_id, role in waves.roles(state).items():
        names = waves.busy(state, role_id) if role["spawning"] == "foreground" and data["role"] != role_id else []
        if names:
            return Refusal("FOREGROUND", "%s is at work in the foreground" % names[0], "role " + role_id, "wait until it has finished")
    return None


def _holding(state: State, gate_id: str) -> list[QualityGate]:
    """A gate, and those of the gates that it needs that do not pass: what there is to mend."""
    out, todo = {}, [gate_id]
    while todo:
        one = todo.pop()
        if one not in out:
            out[one] = waves.gate_of(state, one)
            todo += [n for n in reversed(out[one].get("needs", [])) if state["waves"]["verdicts"].get(n) != "PASS"]
    return list(out.values())


def menders(state: State, gate_id: str) -> list[str]:
    """The roles that are asked to mend a gate: its own, and those of the gates that it needs."""
    return list(dict.fromkeys(r for g in _holding(state, gate_id) for r in g.get("on_fail", {}).get("respawn", [])))


def halting(state: State, role: str) -> Refusal | None:
    """The HARD STOP that keeps a role from working, as a Refusal; None for the roles that mend it and who measures again."""
    halted = state["waves"]["halted"]
    if halted is None:
        return None
    if role in menders(state, halted) or role in [g.get("after_role") for g in _holding(state, halted)]:
        return None
    return Refusal(
        "HALTED",
        "HARD STOP: gate %s is %s" % (halted, state["waves"]["verdicts"].get(halted, "not judged again since the run was resumed")),
        "; ".join(state["waves"]["reasons"].get(halted, [])[:2]),
        "spawn %s to fix it, then `pack gate check`" % ", ".join(menders(state, halted)),
    )


@guard
def not_halted(state: State, data: Data, actor: Actor) -> Refusal | None:
    return halting(state, data["role"])


def may_wake(state: State, name: str) -> Refusal | None:
    """None, or the Refusal for a message that would put an idle agent to work while the run is paused or halted."""
    e = view.entry(state, name)
    if not e or e["state"] != "IDLE" or state["phase"] not in tables.OPEN_PHASES:
        return None
    if state["paused"]:
        return Refusal(
            "PAUSED", "a message would set %s to work, and the run is paused" % name, "", "the user types `resume team`", "MESSAGE"
        )
    refusal = halting(state, e["role"]) or spent(state, e["role"])
    if refusal is not None:
        refusal.event = "MESSAGE"
    return refusal


def _allowed(state: State, gate_id: str) -> int:
    """How many failures of a gate are allowed: its own number, else the team's."""
    return max(1, waves.gate_of(state, gate_id).get("on_fail", {}).get("retries", state["team"]["definition"].get("retries", 3)))


def spent(state: State, role: str) -> Refusal | None:
    """A role, or a gate that asks for it, failed too often: the user decides. A Refusal or None."""
    most, facts = state["team"]["definition"].get("retries", 3), state["waves"]
    lost = facts["lost"].get(role, 0)
    failing = [
        g
        for g, n in facts["failures"].items()
        if n >= _allowed(state, g)
        and facts["verdicts"].get(g) in ("FAIL", "FORGED")
        and role in waves.gate_of(state, g).get("on_fail", {}).get("respawn", [])
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
def retries_are_left(state: State, data: Data, actor: Actor) -> Refusal | None:
    return spent(state, data["role"])


WAVE_SPAWN: tuple[str, ...] = (
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
def waves_are_over(state: State, data: Data, actor: Actor) -> Refusal | None:
    left = waves.all_over(state, data["unmet"])
    halted = state["waves"]["halted"]
    if halted:
        left = ["HARD STOP: gate %s" % halted] + left
    if not left:
        return None
    return Refusal("WAVES_OPEN", "the team is not finished", "; ".join(left[:4]), "go on with that; `pack status` shows the waves")


@guard
def gates_were_started(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["waves"] and state["waves"]["nonce"] == data["nonce"]:
        return None
    return Refusal("VOUCHER", "no gate check waits for this result", "", "run `pack gate check` again")


@guard
def team_has_waves(state: State, data: Data, actor: Actor) -> Refusal | None:
    if view.waves(state) is not None:
        return None
    return Refusal("NO_GATES", "this team has no gates", "team %s" % state["team"]["name"], "gates belong to teams with a definition")
