"""The calls that a step of the lead's is made with, as text: in advice, in `pack go`.

What is the same in every run stands first and what is this run's comes last: a prompt's head is what agents of a role have in common, and
only a common head is cached.
"""

from __future__ import annotations

from . import tables, view, watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Collection
    from .state_types import State, Step


def agent(role: str, name: str, prompt: str, more: str = "") -> str:
    """One Agent call."""
    return 'Agent(subagent_type: "team:%s", name: "%s", description: "%s"%s, prompt: "%s")' % (role, name, name, more, prompt)


def _waits(state: State) -> str:
    """For whose answer the lead has nothing else to do: where nobody is a teammate the call comes back with it, and costs neither a turn's end
    nor a notice that wakes."""
    return ", run_in_background: false" if state["team"]["headless"] else ""


def supervisor(state: State) -> str:
    """The spawn that offers the state with it."""
    return agent(
        tables.SUPERVISOR,
        _free(state, tables.SUPERVISOR),
        "STATE_OWNERSHIP_HANDOFF(%d)\\nstate: %s" % (view.next_epoch(state), _state_file(state)),
        _waits(state),
    )


def tech_lead(state: State) -> str:
    """The spawn that asks for the plan's validation and its risks."""
    name, prompt = _free(state, tables.TECH_LEAD), "state: %s" % _state_file(state)
    if state["mode"] in tables.VALIDATED_MODES and not state["plan"]["ok"]:
        prompt = "VALIDATE PLAN\\n" + ("" if state["risks"]["asked"] else "IDENTIFY RISKS\\n") + prompt
        return agent(tables.TECH_LEAD, name, prompt, _waits(state))
    return agent(tables.TECH_LEAD, name, prompt)


def shutdown(headless: bool, name: str) -> str:
    """How one agent is asked to end."""
    return "`pack teardown ask`" if headless else 'SendMessage(to: "%s", message: {"type": "shutdown_request", "reason": "done"})' % name


def of(state: State, step: Step) -> list[str]:
    """The calls of one step of the lead's, [] where its text says it all."""
    kind, _, rest = step["step"].partition(":")
    if step["step"] == "spawn:" + tables.SUPERVISOR:
        return [supervisor(state)]
    if step["step"] == "spawn:" + tables.TECH_LEAD:
        return [tech_lead(state)]
    if kind == "spawn":
        return [
            tech_lead(state) if r == tables.TECH_LEAD else agent(r, _free(state, r), "Wait for REVIEW.\\nstate: %s" % _state_file(state))
            for r in rest.split(",")
        ]
    if kind == "coder":
        room = state["team"]["coders"] - len(view.busy_coders(state))
        free = watch.untaken(state)[:room]
        taken: list[str] = []
        out = []
        for number in free:
            name = _free(state, tables.CODER + "-1", taken)
            taken.append(name)
            out.append(agent(tables.CODER, name, "<gold standard block>\\ntask #%d" % number))
        return out
    if kind == "ask":
        names = step["step"].split(":")[3].split(",")
        return [shutdown(True, "")] if state["team"]["headless"] else [shutdown(False, n) for n in names]
    return []


def _state_file(state: State) -> str:
    return ".claude/teams/%s/state.md" % state["team"]["name"]


def _free(state: State, name: str, taken: Collection[str] = ()) -> str:
    """The name, or the first of NAME-2, NAME-3, ... that nobody living has."""
    stem, _, number = name.rpartition("-")
    stem, n = (stem, int(number)) if number.isdigit() else (name, 1)
    while name in taken or name in state["roster"] and state["roster"][name]["state"] in tables.LIVING:
        n += 1
        name = "%s-%d" % (stem, n)
    return name
