"""Transitions: the risk analysis (PROTOCOL 8). What a tester found and what was decided upon it are in the state."""

from __future__ import annotations

from . import reports, tables, view
from .consequences import order_given
from .guards_risks import confirmed
from .kernel import LEAD, rule
from .plan import is_conventions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import Actor, Data, Effects, Risks, RiskVerdict, State


def initial() -> Risks:
    """A state's `risks`. Since version 3: the risks as listed; risk -> verdict; risks named in DECISIONS.md since they were tested; tasks
    changed since they were listed."""
    return {
        "asked": False,
        "counts": None,
        "results": False,
        "mitigated": False,
        "testers": 0,
        "list": [],
        "verdicts": {},
        "decided": [],
        "changed": [],
    }


def risk_change(state: State, number: int) -> None:
    """Part of TASK_RESCOPED and TASK_ADDED: a change between RISKS and RISKS MITIGATED is a mitigation."""
    risks = state["risks"]
    if risks["counts"] is not None and not risks["mitigated"] and number not in risks["changed"]:
        risks["changed"].append(number)


def _mark(state: State) -> None:
    """Tasks that a CRITICAL risk affects which its tester confirmed are high-risk: three reviewers. A risk that names no task affects all."""
    for risk in confirmed(state):
        if str(risk["id"]) not in state["risks"]["verdicts"]:
            continue
        named = [n for n in risk["tasks"] if view.task(state, n)]
        for number, t in view.tasks(state):
            hit = number in named if named else not is_conventions(t)
            if hit and not t["high_risk"] and t["state"] == "PENDING":
                t["high_risk"] = True
                risk_change(state, number)


@rule("IDENTIFY_RISKS", (LEAD,), ("run_is_open", "plan_is_registered", "mode_is_validated", "plan_is_ok"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    order_given(state, "IDENTIFY_RISKS", data["to"])
    state["risks"]["asked"] = True


@rule("RISKS", (tables.TECH_LEAD,), ("sender_is_living", "risks_were_asked", "no_risk_has_a_reason"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    risks = state["risks"]
    was = {r["id"]: r for r in risks["list"]}
    risks["counts"] = data["counts"]
    risks["list"] = data.get("list") or reports.of_counts(data["counts"])
    other = [
        r["id"] for r in risks["list"] if r["id"] in was and (r["what"], r["severity"]) != (was[r["id"]]["what"], was[r["id"]]["severity"])
    ]
    for number in other:  # what was said of RISK-1 was said of another risk
        risks["verdicts"].pop(str(number), None)
    if was and (other or any(r["id"] not in was for r in risks["list"])):
        risks["results"] = False
    risks["decided"] = [n for n in risks["decided"] if n not in other]


@rule("RISK_VERDICT", ("gate",), ("tester_is_living", "risk_is_listed"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    said: RiskVerdict = {"verdict": data["verdict"], "severity": data.get("severity"), "by": data["name"], "inc": data["inc"]}
    state["risks"]["verdicts"][str(data["risk"])] = said


@rule("RISK_ANALYSIS_RESULTS", (LEAD,), ("run_is_open", "risks_were_asked", "risks_were_tested", "testers_have_answered"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["risks"]["results"] = True
    _mark(state)


@rule("DECISIONS_WRITTEN", (tables.TECH_LEAD,), ("sender_is_living",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """What was written before a risk was tested decides nothing on it."""
    risks = state["risks"]
    tested = [n for n in data["risks"] if risks["results"] or str(n) in risks["verdicts"]]
    risks["decided"] = sorted(set(risks["decided"]).union(tested))


@rule(
    "RISKS_MITIGATED",
    (tables.TECH_LEAD,),
    ("sender_is_living", "risks_were_asked", "risk_results_were_sent", "confirmed_risks_are_decided"),
)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["risks"]["mitigated"] = True
