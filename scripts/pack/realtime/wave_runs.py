"""Runs of teams with waves: seeing what the waves lack, having `pack gate check` judge. `RUN` is what the gate is handed for such a run
(gate/run_kind.py).

The I/O beside `protocol/waves.py`, as gate/before_tool.py and gate/pack_verbs.py are beside `protocol/machine.py`. Beside it: wave_opening,
wave_telling (the agents), wave_words (the user).
"""

import os

from ..base import codec, receipts
from ..gate import answers
from ..gate.run_kind import TaskRun
from ..protocol import guards_waves, tables, waves
from ..protocol.refusal import Refusal
from ..store import open_for_reading
from . import wave_opening, wave_telling, wave_words
from .wave_team import definition_of, root, unmet


def see(call):
    """Record what the waves lack when it changed, or when the last agent at work has finished the last wave."""
    if call.state["phase"] not in tables.OPEN_PHASES:
        return
    now = unmet(call)
    if now != call.state["waves"]["unmet"] or call.state["phase"] == "EXECUTION" and not waves.all_over(call.state, now):
        call.gate("WAVES_SEEN", unmet=now)


def _has_cards(folder, role):
    """Whether a board in the team's folder has a card that this role owns."""
    mark = '"owner": "%s"' % role
    try:
        names = [n for n in os.listdir(folder) if n.endswith(".md")]
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                if any(mark in line and "<!-- card {" in line for line in f):
                    return True
    except OSError:
        pass
    return False


def move_cards(call):
    """A role ended its turn: its cards in progress whose artifact is there go on to the board's next column (the seed, section 12)."""
    if call.payload.get("hook_event_name") not in ("SubagentStop", "TeammateIdle", "Stop") or call.actor["role"] not in waves.roles(
        call.state
    ):
        return
    folder = root(call.state, call.project)
    if not _has_cards(folder, call.actor["role"]):
        return  # most have none, and the definition is not read for nothing while the others wait for the lock
    from ..teams import TeamError

    try:
        definition = definition_of(call.state, call.project)
        if "kanban" in definition and os.path.isfile(os.path.join(folder, definition["kanban"]["file"])):
            from . import kanban

            kanban.finished(folder, definition, call.actor["role"], call.now)
    except (TeamError, ValueError, OSError):
        pass  # `pack kanban show` says what is wrong with the board; a turn's end is not the place


def anchor(call):
    """After a shell command: note the head of the evidence ledger in the journal, so that what was measured cannot be rewritten."""
    from .evidence import tail

    head = tail(os.path.join(root(call.state, call.project), "evidence"))
    if head is not None and head not in call.state["waves"]["anchors"][-1:]:
        call.gate("WAVES_SEEN", unmet=unmet(call), anchor=head)


def gate_check(call, words, given):
    """The hook's part of `pack gate check`: a voucher, so that the process that derives the verdicts can seal them."""
    # The same call again, after a crash, has the same number: it is the one that its result is waited for under.
    nonce, key = codec.digest(call.key or os.urandom(8).hex(), size=8), os.urandom(16).hex()
    call.append("GATES_STARTED", key=call.key, nonce=nonce)
    path = os.path.join(os.path.dirname(call.scratch("")), nonce + ".gates")
    state = call.state["waves"]
    call.store.disk.replace(
        path,
        codec.dumps(
            {
                "nonce": nonce,
                "verb": "gate check",
                "call": call.payload.get("tool_use_id"),
                "key": key,
                "team": call.state["team"]["source"],
                "project": call.project,
                "root": root(call.state, call.project),
                "anchors": state["anchors"],
                "approved": state["approved"],
                "unheard": not state.get("heard"),
                "definition": call.state["team"]["definition"].get("digest"),
                "resumed_at": state["resumed_at"],
                "run": open_for_reading.wave_facts(call.state),
            }
        ).encode("ascii"),
    )
    extra = [w for w in words[3:] if w in ("--json", "--attest")]
    return answers.allow(dict(given, command=" ".join([receipts.vouched(path, "gate check")] + extra), run_in_background=False))


def collect(call, response):
    """Record the verdicts of a finished `pack gate check`."""
    nonce = (call.state["waves"] or {}).get("nonce")
    pair = receipts.result(call, nonce, ".gates", response) if nonce else None
    if pair is None:
        return
    voucher, sealed = pair
    try:
        note = codec.loads(sealed["note"]) if sealed["mac"] == codec.digest(voucher["key"], sealed["note"]) else None
    except (ValueError, KeyError, TypeError):
        note = None
    if note is not None:
        call.gate("GATES_RECORDED", nonce=nonce, unmet=unmet(call), **note)
        see(call)


def resumed(call):
    """After RUN_RESUMED: note it where the evidence rules read it. What the waves lack is another thing now, verdicts are void."""
    wave_words.write_status_file(call, "resumed")
    see(call)


class WaveRun(TaskRun):
    """A run of waves, where it differs from one of tasks."""

    approves = False  # gates judge, and every path belongs to a role
    judges = True

    def role_of(self, state, agent_type):
        return waves.of_agent(state, agent_type)

    def standing(self, state):
        return {k: state["waves"].get(k) for k in ("verdicts", "halted", "spawned", "unmet")}

    def vouched(self, state):
        return state["waves"].get("nonce"), ".gates"

    def unmet(self, call):
        return {"unmet": unmet(call)}

    def may_wake(self, state, name):
        return guards_waves.may_wake(state, name)

    def may_take(self, state, path):
        folder = state["team"]["definition"]["root"]
        if path != "." and not folder.startswith(path + "/"):
            return None
        return Refusal(
            "TEAM_FOLDER",
            "%s would take the team's folder %s with it" % (path, folder),
            "others write there, and nobody writes evidence by hand",
            "name the files, or folders beside it",
            "WRITE",
        )

    def may_run(self, state, code):
        definition = state["team"]["definition"]
        names = ["realtime.evidence", "realtime/evidence", "realtime import evidence", "team-definitions"]
        hit = next((n for n in names + [definition["root"] + "/" + g for g in definition.get("guarded", [])] if n in code), None)
        return hit and Refusal(
            "EVIDENCE_IS_MEASURED",
            "code that names %s is not run" % hit,
            "evidence is written by `pack rt` only",
            "read it with cat or jq; measure with `pack rt`",
            "BASH",
        )

    def commit_problem(self, call, files, message):
        """The team's commit protocol (`commits` of its definition), held where the message can be read."""
        definition = call.state["team"]["definition"]
        if message is None or not definition.get("commits") or call.actor["role"] in (None, "foreign"):
            return None
        from ..teams import commits

        places = (call.project, os.path.join(call.project, definition["root"]))
        wrong = commits.check(definition, message, lambda path: any(os.path.exists(os.path.join(p, path)) for p in places))
        if not wrong:
            return None
        return Refusal(
            "COMMIT_FORM",
            "the message is not of the team's form: %s" % "; ".join(wrong[:3]),
            "types %s; scopes %s" % (", ".join(definition["commits"]["types"]), ", ".join(definition["commits"]["scopes"])),
            "write it as\n%s" % commits.template(definition),
            "COMMIT",
        )

    def ran(self, call, response):
        collect(call, response)
        if call.state["phase"] in tables.OPEN_PHASES:
            anchor(call)

    def gate_check(self, call, words, given):
        return gate_check(call, words, given)

    def guide(self, state):
        return wave_opening.guide(bool(state["team"]["definition"].get("prefix", "team:")))

    def report_due(self, call):
        return wave_telling.report_due(call)

    def briefing(self, call, fresh):
        role = call.actor["role"]
        return [wave_telling.briefing(call, role)] if fresh else wave_telling.failing(call.state, role)

    def reminder(self, call):
        return wave_telling.reminder(call)

    def see(self, call):
        move_cards(call)
        see(call)

    def typed(self, call, words):
        return wave_words.typed(call, words)

    def resumed(self, call):
        resumed(call)

    # A run that is yet to be opened
    arguments = staticmethod(wave_opening.arguments)
    open_data = staticmethod(wave_opening.open_data)
    opened_text = staticmethod(wave_opening.opened_text)


RUN = WaveRun()
