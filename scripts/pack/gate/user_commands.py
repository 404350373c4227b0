"""What the user types: `team status`, `team resume`, `team abort WHY`; answered by the hook, without a model call."""

from __future__ import annotations

from ..base import run_config
from ..base.enforcement import ORPHANED, is_headless, led, led_elsewhere, recorded
from ..protocol import kernel, tables
from ..protocol.refusal import Refusal
from ..store.render import noted, tree
from . import answers, identity, tamper_check, typed_words
from .pack_verbs import _listed, teardown_text
from .prompt_lines import LINES, for_the_team, misspelt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .answers import Answer
    from .hook_call import Call
    from typing import Any


def typed(call: Call, prompt: str) -> Answer | None:
    """The answer to `team status`, `team resume`, `team abort WHY`; None for any other prompt. Agents cannot type: what they
    say reaches this hook inside tags."""
    words = prompt.strip().rstrip(".!?").split()
    if for_the_team(prompt.strip()) and identity.started_by_a_tool(call):
        return answers.block(identity.TOOL_CLIENT)
    if for_the_team(prompt.strip()) and [w.casefold() for w in words] != ["team", "status"] and call.state["phase"] != "CLOSED":
        words, why = typed_words.asked(call, words)
        if why is not None:
            return answers.block(why)
    text, line = " ".join(words[:2]).casefold(), " ".join(words).casefold()
    if line == "team help":
        from . import situation

        return answers.block(situation.text(call.project, call.data, call.env, inside=True))
    if call.actor["role"] == tables.LEAD and call.state["phase"] != "CLOSED":
        answer: Answer | None = call.kind.typed(call, words)
        if answer is not None:
            return answer
    if text == "team status" and len(words) == 2:
        gone = "" if led(call.state) or call.state["phase"] == "CLOSED" else ORPHANED + "\n"
        return answers.block(gone + tree(call.state, recorded(call.state)["level"], people=True) + noted(call.store.data))
    if text in ("team resume", "resume team") and len(words) == 2 and call.actor["role"] in (tables.LEAD, "foreign"):
        return answers.block(take_over(call, accepts=True))
    if text in ("team accept", "team abort") and call.actor["role"] == "foreign" and led_elsewhere(call.state["team"], call.env):
        # Of another client nobody here can tell whether a person types in it: a script of an agent's may have started it.
        return answers.block(
            "team: nothing was done: %s is led by another client, which still runs (process %s). Type `%s` in its terminal%s."
            % (
                call.state["team"]["name"],
                call.state["team"]["client_pid"],
                " ".join(words)[:80],
                "; or, in your own terminal: `pack abort --reason WHY`" if text == "team abort" else "",
            )
        )
    if text == "team accept" and call.actor["role"] in (tables.LEAD, "foreign"):
        return answers.block(_accepted(call, prompt))
    if text == "team abort" and call.actor["role"] in (tables.LEAD, "foreign"):
        return answers.block(_aborted(call, words))
    if line in LINES + ("pause team", "team approve") and call.state["phase"] != "CLOSED":
        why = _not_here(call, line)
        return answers.block(why) if why else None
    if call.actor["role"] not in (tables.LEAD, "foreign") or call.state["phase"] == "CLOSED" or not call.kind.approves:
        return None  # of a team of waves its own words are near (wave_words.near)
    meant = misspelt(prompt)
    return answers.block(meant) if meant else None


def _aborted(call: Call, words: list[str]) -> str:
    """`team abort WHY`, typed."""
    reason = " ".join(words[2:]) or "no reason given"
    try:
        _listed(call)
        if call.actor["role"] == tables.LEAD:
            call.append("RUN_ABORTED", reason=reason)
        else:
            call.append("RUN_CLOSED", actor={"name": "user", "role": "person", "inc": 0, "agent_id": None}, reason=reason)
    except Refusal as refusal:
        return refusal.text()
    call.close()
    over = call.state["phase"] == "CLOSED"
    return "team: the run is aborted (%s). %s" % (
        reason,
        "It is closed; `pack status --summary` in your own terminal prints the report." if over else teardown_text(call),
    )


def _not_here(call: Call, line: str) -> str:
    """Why a line that is for a team does nothing here; "" where it is nobody's who may type one."""
    name = call.state["team"]["name"]
    if call.actor["role"] == "foreign":
        return "team: the run %s is led by another session: type `%s` there, or `team resume` to lead it from here." % (name, line)
    if call.actor["role"] != tables.LEAD:
        return ""
    if not call.kind.judges:
        return "team: `%s` is for a team of waves, and %s is a run of /build: `team status`, `team resume`, `team abort WHY`." % (
            line,
            name,
        )
    return "team: %s has no command `%s`; `team status` shows where it is." % (name, line)


def _as_in_a_shell(text: str) -> list[str]:
    """The words of a typed line; one with blanks stands in quotes."""
    if "'" not in text and '"' not in text:
        return text.split()
    import shlex

    try:
        return shlex.split(text)
    except ValueError:  # an apostrophe
        return text.split()


def _accepted(call: Call, prompt: str) -> str:
    """`team accept PATH ...`, typed: a waiver for these paths as they are now."""
    words = _as_in_a_shell(prompt)[2:]
    if not call.kind.approves or call.state["phase"] == "CLOSED":
        return "team: there is nothing to accept: `team accept PATH` is for a live run of /build."
    if not words:
        return "team: say what: `team accept PATH ...`, paths as `team status` and `pack teardown` list them."
    from . import closing_proof

    try:
        return closing_proof.accept(call, words)
    except Refusal as refusal:
        return refusal.text()


def take_over(call: Call, accepts: bool = False) -> str:
    """This session leads from now on. accepts: the user typed `team resume`, which takes plugin and settings as they are."""
    session, team = call.payload.get("session_id"), call.state["team"]
    other = session != team["session"]
    if other and led_elsewhere(call.state["team"], call.env):
        return (
            "team: the session that leads %s is still running (process %s). Type there, or end it first; `pack abort --reason WHY` in "
            "your own terminal ends the run." % (team["name"], team["client_pid"])
        )
    stands = identity.stands_elsewhere(call)
    if stands:
        return "team: nothing was resumed: " + stands
    lead = kernel.MAIN
    fresh = accepts or tamper_check.updated(call.state)
    sealed: dict[str, Any] = {"sealed": tamper_check.make(call.store.data, call.store.disk, call.env, call.project)} if fresh else {}
    if accepts:
        try:
            sealed["tools"] = run_config.read(call.project).get("tools", {})
        except ValueError as error:
            return "team: nothing was resumed: %s. Mend that and type it again." % error
    try:
        call.append(
            "RUN_RESUMED",
            actor=lead,
            **sealed,
            accepts=accepts,
            session=session,
            main=call.payload.get("agent_type"),
            client_pid=call.env.get("CLAUDE_PID"),
            vouched=identity.vouches(call.env, call.peer),
            headless=is_headless(call.env),
            agents_gone=other,
            how="the user typed it",
        )
    except Refusal as refusal:
        return refusal.text()
    if other:
        from .after_tool import caught_up

        caught_up(call)
    call.close()
    call.kind.resumed(call)
    if call.state["phase"] == "CLOSED":
        return "team: the run %s is closed: who was to end last was gone already. `pack status --summary` prints the report." % team["name"]
    return "team: this session leads %s now.\n%s\nSay \"go on\" and the lead continues." % (
        team["name"],
        tree(call.state, recorded(call.state)["level"], people=True),
    )
