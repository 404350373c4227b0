"""Which worlds are explored: small ones in the tests, large ones by `make prove`."""

from .approvals import Approvals
from .handoff import Handoff
from .teardown import Teardown

THREE = ("security-reviewer", "logic-reviewer", "quality-reviewer")


def small():
    """A few seconds each; enough for every property to be tried and every guard of their rules to be missed."""
    return [
        Handoff("hand-off, 2 incarnations", incarnations=2, epochs=2, work=False),
        Handoff("hand-off, 2 incarnations, new name, a task", incarnations=2, epochs=1, same_name=False, liars=False),
        Approvals(
            "SIMPLE, escalation",
            "SIMPLE",
            deaths=0,
            coder_deaths=0,
            back=False,
            unseen=False,
            edits=0,
            trouble=False,
            liars=False,
            findings=0,
        ),
        Approvals("SIMPLE, trouble", "SIMPLE", deaths=1, coder_deaths=1, escalate=False, edits=1),
        Approvals("MEDIUM", "MEDIUM", deaths=1, coder_deaths=0, back=False, edits=2, trouble=False, escalate=False, liars=False),
        Teardown("teardown, 2 teammates, a task reopens", teammates=2, supervisors=0, reopen=1, aborts=False, liars=False, silent=False),
        Teardown("teardown, 2 teammates, abort", teammates=2, supervisors=0, reopen=0, attempts=2, liars=False),
        Teardown("teardown, 3 teammates, headless", teammates=3, headless=True, supervisors=0, reopen=0, aborts=False, silent=False),
        Teardown(
            "teardown, 2 teammates, a writer",
            teammates=2,
            supervisors=0,
            reopen=1,
            refusals=0,
            aborts=False,
            liars=False,
            silent=False,
            writer=True,
        ),
    ]


def large():
    """At least three million worlds together, every model to its end; the largest come early, so that two processes end together."""
    quiet = dict(aborts=False, liars=False, refusals=0)  # what the smaller teardown models have besides
    honest = dict(back=False, trouble=False, liars=False)  # SIMPLE, where contents come back, has all of this
    return [
        Teardown("teardown, 5 teammates, lost acks, supervisor dies", teammates=5, supervisors=1, reopen=0, **quiet),
        Teardown("teardown, 5 teammates, a task reopens", teammates=5, supervisors=0, reopen=1, **quiet),
        Handoff("hand-off, 3 incarnations, every trouble", incarnations=3, epochs=4, work=False),
        Teardown("teardown, 3 teammates, supervisor dies, a task reopens", teammates=3, supervisors=1, reopen=1, **quiet),
        Teardown(
            "teardown, 2 teammates, a writer, supervisor dies, aborts",
            teammates=2,
            supervisors=1,
            reopen=1,
            liars=False,
            silent=False,
            writer=True,
        ),
        Teardown("teardown, 2 teammates, aborts, refusals and liars", teammates=2, supervisors=1, reopen=0),
        Handoff("hand-off, 2 incarnations, every trouble, a task at work", incarnations=2, epochs=3),
        Approvals(
            "MEDIUM, two reviewers, the owner dies",
            "MEDIUM",
            reviewers=("logic-reviewer", "quality-reviewer"),
            deaths=1,
            coder_deaths=0,
            edits=1,
            owner=True,
            trouble=False,
            back=False,
            liars=False,
        ),
        Approvals("COMPLEX, a finding, an edit, a reviewer dies", "COMPLEX", edits=1, findings=1, coder_deaths=0, escalate=False, **honest),
        Approvals("SIMPLE, escalation in mid-review", "SIMPLE", edits=1, findings=1, coder_deaths=0, **honest),
        Approvals("SIMPLE, contents come back", "SIMPLE", escalate=False, edits=1),
        Approvals("MEDIUM, high risk", "MEDIUM", high_risk=True, edits=1, findings=1, coder_deaths=0, escalate=False, **honest),
        Approvals("MEDIUM, one reviewer, re-scoped", "MEDIUM", edits=1, findings=1, rescope=1, coder_deaths=0, escalate=False, **honest),
        Handoff("hand-off, 3 incarnations, a task at work", incarnations=3, epochs=3, liars=False),
        Handoff("hand-off, 3 incarnations under new names", incarnations=3, epochs=3, same_name=False, work=False),
        Teardown("teardown, 2 teammates, headless, aborts and liars", teammates=2, headless=True, supervisors=1, reopen=1),
        Teardown("teardown, MEDIUM, a task reopens", teammates=3, mode="MEDIUM", supervisors=0, reopen=1, silent=False, **quiet),
        Teardown("teardown, 5 teammates, headless", teammates=5, headless=True, supervisors=0, reopen=1, silent=False, **quiet),
    ]
