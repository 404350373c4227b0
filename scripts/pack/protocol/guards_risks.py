"""Guards: the risk analysis before anybody codes (PROTOCOL 8; the seed's Step 4b). Risks are facts: each has a tester's verdict, each confirmed
CRITICAL one a change that is recorded."""

from __future__ import annotations

from . import reports, tables, view
from .kernel import guard
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import Actor, Data, Risk, State

FORM = "`RISK-N: %s`" % " | ".join(tables.RISK_VERDICTS)


def listed(state: State) -> list[Risk]:
    """The risks that the tech lead listed; of an older journal as many as it counted."""
    risks = state["risks"]
    return risks["list"] or reports.of_counts(risks["counts"])


def answered(state: State, name: str) -> bool:
    """Whether a risk tester has given a verdict, as the incarnation that it is."""
    inc = state["roster"][name]["inc"]
    return any(v["by"] == name and v["inc"] == inc for v in state["risks"]["verdicts"].values())


def silent(state: State) -> list[str]:
    """Living risk testers that have given no verdict."""
    return [n for n in view.living(state, tables.RISK_TESTER) if not answered(state, n)]


def testers_needed(state: State) -> int:
    """One risk tester for every CRITICAL risk and for up to three MAJOR ones."""
    counts = state["risks"]["counts"] or {"CRITICAL": 0, "MAJOR": 0}
    return counts["CRITICAL"] + min(counts["MAJOR"], tables.limit("MAJOR_RISKS_TESTED"))


def confirmed(state: State) -> list[Risk]:
    """CRITICAL risks that stand: confirmed, or without a verdict because their tester was lost. The tech lead's severity counts, not the
    tester's (the seed's Stuck Protocol)."""
    told = state["risks"]["verdicts"]
    standing = [r for r in listed(state) if str(r["id"]) not in told or told[str(r["id"])]["verdict"] == "CONFIRMED"]
    return [r for r in standing if r["severity"] == "CRITICAL"]


def risk_step(state: State) -> str:
    """The next step of the risk analysis, for messages."""
    risks = state["risks"]
    if not risks["asked"]:
        return "send IDENTIFY RISKS to the tech lead"
    if risks["counts"] is None:
        return "wait for RISKS: N from the tech lead"
    if risks["testers"] < testers_needed(state):
        return "spawn %d more risk-tester(s)" % (testers_needed(state) - risks["testers"])
    if not risks["results"] and silent(state):
        return "wait for the report of %s, a line %s; one that ended its turn without it: a message, or TaskStop" % (
            ", ".join(silent(state)),
            FORM,
        )
    if not risks["results"]:
        return "send RISK ANALYSIS RESULTS to the tech lead"
    return "wait for RISKS MITIGATED from the tech lead"


@guard
def risks_were_asked(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["risks"]["asked"]:
        return None
    return Refusal("NOT_ASKED", "no IDENTIFY RISKS is open", "", "wait for IDENTIFY RISKS from the lead")


@guard
def no_risk_has_a_reason(state: State, data: Data, actor: Actor) -> Refusal | None:
    if data.get("n") != 0 or data.get("reason"):
        return None
    return Refusal(
        "RISKS_REASON",
        "`RISKS: 0` says nothing of why there is none",
        "mode %s: its plan has something that can go wrong, or a reason why not" % state["mode"],
        "write the reason on the line below: what was looked at, and what rules it out",
    )


@guard
def risks_were_tested(state: State, data: Data, actor: Actor) -> Refusal | None:
    need, have = testers_needed(state), state["risks"]["testers"]
    if state["risks"]["counts"] is not None and have >= need:
        return None
    return Refusal(
        "RISKS_UNTESTED",
        "%d of %d risk testers were spawned" % (have, need),
        "one for every CRITICAL risk and up to three MAJOR ones: %s" % state["risks"]["counts"],
        risk_step(state),
    )


@guard
def testers_have_answered(state: State, data: Data, actor: Actor) -> Refusal | None:
    names = silent(state)
    if not names:
        return None
    return Refusal(
        "TESTERS_SILENT",
        "%s gave no verdict yet" % ", ".join(names),
        ", ".join("%s is %s" % (n, state["roster"][n]["state"]) for n in names),
        risk_step(state),
    )


@guard
def risk_results_were_sent(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["risks"]["results"] or (state["risks"]["counts"] is not None and testers_needed(state) == 0):
        return None
    return Refusal("RISKS_OPEN", "the risk analysis is not finished", "", risk_step(state))


@guard
def confirmed_risks_are_decided(state: State, data: Data, actor: Actor) -> Refusal | None:
    left = [r for r in confirmed(state) if r["id"] not in state["risks"]["decided"]]
    if not left:
        return None
    told = state["risks"]["verdicts"]
    return Refusal(
        "RISK_UNDECIDED",
        "RISK-%d is CRITICAL and no decision on it is recorded" % left[0]["id"],
        "; ".join(
            "RISK-%d %s" % (r["id"], "CONFIRMED" if str(r["id"]) in told else "without a verdict, which counts as CONFIRMED") for r in left
        ),
        "write into DECISIONS.md, by that name, how each is mitigated: %s; then RISKS MITIGATED"
        % ", ".join("RISK-%d" % r["id"] for r in left),
    )


@guard
def risk_is_listed(state: State, data: Data, actor: Actor) -> Refusal | None:
    numbers = [r["id"] for r in listed(state)]
    if data["risk"] in numbers:
        return None
    return Refusal(
        "UNKNOWN_RISK", "there is no RISK-%s" % data["risk"], "risks: " + (", ".join("RISK-%d" % n for n in numbers) or "none listed"), ""
    )


@guard
def tester_is_living(state: State, data: Data, actor: Actor) -> Refusal | None:
    e = view.entry(state, data["name"])
    if e and e["role"] == tables.RISK_TESTER and e["inc"] == data["inc"] and e["state"] in tables.LIVING:
        return None
    return Refusal(
        "NOT_A_TESTER", "%r is no living risk tester" % data["name"], "%s, %s" % (e["role"], e["state"]) if e else "not in the roster", ""
    )
