"""What a verification has shown, in words, and what it leaves open: for guards, advice, status and summary (PROTOCOL 12)."""

from __future__ import annotations

from . import tables
from .guards_result import plainly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence
    from .state_types import Data, Measured, State, Verify

UNKNOWN = "exit 0, number of tests unknown"
SHOWN_LOST = 20  # names of files that git lost
WAY_BACK = (
    "A commit since then or the index has lost them (`git log --diff-filter=D -- PATH` says which commit). Those that belong to the project come back "
    "by a fix task that names them (`pack task add`): they are verified from then on, and its coder commits them."
)


def taken_in(data: Data) -> Measured:
    """What VERIFIED adds to the state. Records of earlier versions lack all of it: they ran in place, and counted nothing."""
    return {
        "where": data.get("where") or "in place",
        "where_why": data.get("where_why"),
        "runner": data.get("runner"),
        "tests": data.get("tests"),
        "failed": data.get("failed"),
        "skipped": data.get("skipped"),
        "unit": data.get("unit") or "tests",
        "why": data.get("why"),
        "noticed": data.get("noticed"),
        "noticed_why": data.get("noticed_why"),
    }


def passed(data: Data) -> bool:
    """Whether what was measured is a verification that passed: an exit code of 0 that is believed."""
    return data["build_exit"] == 0 and data["test_exit"] == 0 and not data.get("why")


def tests_text(verify: Verify) -> str:
    """`pytest: 12 tests ran, 1 skipped`, or that the number is unknown."""
    ran = verify.get("tests")
    if ran is None:
        return "number of tests unknown"
    unit = verify.get("unit") or "tests"
    words = "%s: %d %s ran" % (verify.get("runner"), ran, unit[:-1] if ran == 1 else unit)
    for count, name in ((verify.get("failed"), "failed"), (verify.get("skipped"), "skipped")):
        if count:
            words += ", %d %s" % (count, name)
    return words


def failure_text(verify: Verify) -> str:
    """Why the last verification did not pass."""
    if verify["nonce"]:
        return "it has not ended"
    if verify.get("why") and not verify["build"]["exit"] and not verify["test"]["exit"]:
        return str(verify["why"])
    return "build exit %s, tests exit %s" % (verify["build"]["exit"], verify["test"]["exit"])


def lost_text(lost: Sequence[str]) -> str:
    """That a checkout lacked these files, which lie in the project (base/checkout.py, `lost`)."""
    more = " and %d more" % (len(lost) - SHOWN_LOST) if lost[SHOWN_LOST:] else ""
    names = ", ".join(plainly(name) for name in lost[:SHOWN_LOST])
    return "Not in that checkout, though they lie here and git had them when the run began: %s%s" % (names, more)


def remarks(state: State) -> list[str]:
    """What a verification that passed leaves open, a line each; [] where there is nothing to say."""
    verify = state["verify"]
    if not verify or not verify["ok"]:
        return []
    out = []
    if verify.get("where") == "in place":
        out.append("verified in place%s" % (": %s" % verify["where_why"] if verify.get("where_why") else ""))
    if verify.get("tests") is None:
        out.append(UNKNOWN)
    if verify.get("noticed") is False:
        out.append("the tests do not notice this change: %s" % verify["noticed_why"])
    elif verify.get("noticed") is None and state["mode"] in tables.VALIDATED_MODES and verify.get("noticed_why"):
        out.append("whether the tests notice this change is not known: %s" % verify["noticed_why"])
    return out


def open_points(state: State) -> list[str]:
    """What of a verification keeps the Definition of Done from being simply met: short words."""
    verify = state["verify"]
    if not verify or not verify["ok"]:
        return []
    out = ["verified in place"] if verify.get("where") == "in place" and verify.get("where_why") else []
    return out + (["tests that do not notice the change"] if verify.get("noticed") is False else [])


def unnoticed(state: State) -> str | None:
    """The words for the tech lead when the tests pass without the change, too; None otherwise."""
    verify = state["verify"]
    if not verify or not verify["ok"] or verify.get("noticed") is not False:
        return None
    return (
        "the tests do not notice this change: %s. Weigh it in the consistency check (CONSISTENCY CHANGES asks for a test)"
        % (verify["noticed_why"])
    )
