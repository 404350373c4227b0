"""Runs of teams with waves: opening one, reading what the waves lack, having `pack gate check` judge, what the user types.

The I/O beside `protocol/waves.py`, as gate/before_tool.py and gate/pack_verbs.py are beside `protocol/machine.py`. `RUN` is what the gate
is handed for such a run (gate/run_kind.py).
"""

import os
import subprocess
import time

from ..base import codec, enforcement, project_facts, receipts
from ..base.paths import PLUGIN_ROOT
from ..gate import answers
from ..gate.run_kind import TaskRun
from ..protocol import advice_waves, guards_waves, kernel, tables, waves
from ..protocol.refusal import Refusal
from ..store import open_for_reading

KEPT = {
    "roles": ("id", "agent", "title", "spawning", "writes", "edits", "artifacts", "reads"),
    "waves": ("id", "title", "mode", "roles", "after", "beside", "entry", "exit", "when", "gates"),
    "gates": (
        "id",
        "title",
        "hard_stop",
        "approves_matrix",
        "survives_resume",
        "after_role",
        "needs",
        "on_fail",
        "artifacts",
        "artifacts_of",
        "checks",
    ),
    "session_commands": ("say", "does", "runs", "model"),
}
SESSION = (  # what the user may type to any team of waves; a definition's `session_commands` come on top, or in place of these
    {"say": "team status", "does": "waves, verdicts, agents", "model": False},
    {"say": "team gate check", "does": "evaluate all gates, for looking", "runs": "pack gate check", "model": False},
    {
        "say": "team approve",
        "does": "take budgets and waivers as rt.yaml has them now; `team approve GATE`: your word for a gate that asks for it",
        "model": False,
    },
    {"say": "team reject <gate and why>", "does": "no to a gate that asks for your word", "model": False},
    {"say": "pause team", "does": "nobody is spawned or woken", "model": False},
    {"say": "resume team", "does": "go on; what was measured is judged again", "model": False},
    {"say": "team resume", "does": "the same", "model": False},
    {"say": "team abort <why>", "does": "end the run", "model": False},
)


def compiled(definition, project=None):
    """The part of a definition that the protocol needs, kept in the journal so that replay needs no file; and how the files look that
    decide what its commands say."""
    out = {k: definition[k] for k in ("team", "title", "root", "guarded", "retries", "lead", "commits", "errors") if k in definition}
    for part, keys in KEPT.items():
        out[part] = [{k: item[k] for k in keys if k in item} for item in definition.get(part, [])]
    out["digest"] = codec.digest(codec.dumps(definition))
    files = sealed_files(definition)
    if files:
        out["sealed"] = {name: project_facts.file_digest(os.path.join(project, name)) for name in files}
    return out


def sealed_files(definition):
    """Files of the project that `command` checks have sealed."""
    return sorted({name for g in definition["gates"] for c in g.get("checks", []) for name in c.get("sealed", [])})


def definition_of(state, project):
    """The whole definition that the run was opened with."""
    from ..teams import folders, load, unchanged

    return unchanged(load(state["team"]["source"], folders(project)), state["team"]["definition"].get("digest"))


def report_due(call):
    """The reminder that the definition's rhythm of reports asks for, "" where it has none or the next is not due yet."""
    from ..teams import TeamError, rhythm

    try:
        definition = definition_of(call.state, call.project)
    except (TeamError, OSError):
        return ""  # what is wrong with it is told where it is needed
    folder = os.path.join(root(call.state, call.project), "reports")
    if "report_every_hours" not in definition or not rhythm.due(folder, definition, call.now)[0]:
        return ""
    last = rhythm.last_report(folder, call.now)
    told = "none was written yet" if last is None else "the last is %.1f h old" % ((call.now - last) / 3600.0)
    return "\nA report is due (every %g h; %s): `pack report --due`." % (definition["report_every_hours"], told)


def root(state, project):
    """The team's own folder in the project (`.team`)."""
    return os.path.join(project, state["team"]["definition"]["root"])


def unmet(call):
    """{wave: {"entry": [...], "exit": [...]}}: what the artifacts, lines and verdicts still lack."""
    from ..teams.layout import unmet as reasons

    state, definition = call.state, call.state["team"]["definition"]
    folder, strategy = root(state, call.project), state["team"]["strategy"]
    verdicts = state["waves"]["verdicts"]
    out = {
        w["id"]: {
            side: reasons(definition, folder, w["id"], side, verdicts, strategy and os.path.join(call.project, strategy))[:6]
            for side in ("entry", "exit")
        }
        for w in definition["waves"]
    }
    if strategy and not os.path.isfile(os.path.join(call.project, strategy)):  # every agent is given it: without it nobody begins
        for wave in out.values():
            wave["entry"] = ["the strategy file %s is gone: the user puts it back" % strategy] + wave["entry"][:5]
    return out


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


def briefing(call, role_id):
    """What an agent of the team is told when it starts: the strategy, its tasks, why it was spawned again."""
    state, lines = call.state, []
    role = next((r for r in state["team"]["definition"]["roles"] if r["id"] == role_id), {})
    if role.get("artifacts"):
        lines.append("Your artifacts, below %s/: %s" % (state["team"]["definition"]["root"], ", ".join(role["artifacts"])))
    lines += failing(state, role_id)
    if state["waves"]["lost"].get(role_id):
        lines.append(
            "You are attempt %d of this role: an earlier agent failed%s; its artifacts may be partial."
            % (state["waves"]["lost"][role_id] + 1, _failure(call, role_id))
        )
    lost = state["waves"]["lost"].get(role_id)
    from . import hand_over

    again = lost or state["waves"]["spawned"].get(role_id, 0) > 1
    lines += hand_over.lines(root(state, call.project), state["team"]["definition"], role, again, _failure(call, role_id) if lost else "")
    return "\n".join(strategy_lines(call.project, state["team"]["strategy"], TOLD - len("\n".join(lines))) + lines)


def _failure(call, role_id):
    """How the last agent of a role was lost, from the journal: the state counts only."""
    mine = {name for name, entry in call.state["roster"].items() if entry["role"] == role_id}
    for record in reversed(call.store.records()):
        if record["event"] == "AGENT_LOST" and record["data"].get("name") in mine:
            return " (%s)" % str(record["data"].get("why"))[:400]
    return ""


TOLD = 8000  # characters of a briefing: the client puts what a hook says beyond 10,000 into a file, and greeting and steps come on top


def strategy_lines(project, strategy, room):
    """The strategy file's text for an agent, [] without one. What has no room is not dropped in silence: the agent is told to read on."""
    if not strategy:
        return []
    most = max(2000, room)
    try:
        with open(os.path.join(project, strategy), encoding="utf-8", errors="replace") as f:
            text, more = f.read(most).lstrip(), f.read(1_000_000).strip()
    except OSError:
        return ["PROJECT STRATEGY (%s): the file cannot be read; tell the lead" % strategy, ""]
    if not more:
        return ["PROJECT STRATEGY (%s):" % strategy, text.rstrip(), ""]
    return [
        "PROJECT STRATEGY (%s), its first %d characters; READ THE REST OF THE FILE BEFORE YOU BEGIN:" % (strategy, len(text)),
        text,
        "(cut here: read %s to its end)" % strategy,
        "",
    ]


def failing(state, role_id):
    """A line for each gate that failed and asks for this role: what an agent is told when it starts, and when it is woken."""
    facts, out = state["waves"], []
    for g in state["team"]["definition"]["gates"]:
        if role_id in g.get("on_fail", {}).get("respawn", []) and facts["verdicts"].get(g["id"]) in ("FAIL", "FORGED"):
            out.append(
                "Gate %s %s (failure %d): %s. %s"
                % (
                    g["id"],
                    facts["verdicts"][g["id"]],
                    facts["failures"].get(g["id"], 0),
                    "; ".join(facts["reasons"].get(g["id"], [])),
                    g["on_fail"].get("say", ""),
                )
            )
    if state["team"]["definition"].get("errors"):
        from . import hand_over

        out += [hand_over.text(r) for r in hand_over.rows(state["team"]["definition"], facts["verdicts"], facts["reasons"], role_id)]
    return out


def reminder(call):
    """The step of an agent that ends its turn while a gate that it can do something about does not pass: the gate's reasons, once.

    The gate is judged now, for looking: what was mended or measured since the lead's last check is no reason any more.
    """
    state, name = call.state, call.actor["name"]
    mine = advice_waves.duties(state, name, unmet(call))
    if not mine:
        return []
    from . import gates

    facts = state["waves"]
    try:
        definition = definition_of(state, call.project)
        judged = gates.evaluate(
            root(state, call.project),
            definition,
            time.time(),
            resumed_at=facts["resumed_at"],
            anchors=facts["anchors"],
            approved=facts["approved"],
            unheard=not facts.get("heard"),
            run=open_for_reading.wave_facts(state, runs=False),
        )["gates"]
    except Exception:
        return []  # a broken definition or rt.yaml is the lead's gate check's to tell; advice stops nobody
    # Only a step that the agent can take: nobody but the user gives the user's word.
    left = [
        g
        for g in judged
        if g["verdict"] in mine.get(g["id"], [])
        and any(r["verdict"] != "PASS" and r.get("check") != "approval" for r in g["evidence"] or [{"verdict": "?"}])
    ]
    key = "gate:" + codec.digest(
        codec.dumps([[g["id"], g["verdict"], sorted(gates.what(r) for r in g["evidence"] if r["verdict"] != "PASS")] for g in left]), size=6
    )
    entry = state["roster"][name]
    if not left or state["nudges"].get("%s|%s#%d" % (name, key, entry["inc"])):
        return []
    told = [
        "gate %s is %s: %s%s"
        % (g["id"], g["verdict"], "; ".join(str(r)[:300] for r in g["reasons"][:3]), ". " + g["say"] if g["say"] else "")
        for g in left[:2]
    ]
    more = " (and %d more gates: `pack gate check`)" % (len(left) - 2) if len(left) > 2 else ""
    return [
        {
            "who": name,
            "step": key,
            "task": None,
            "text": "%s%s. Do your part of it, or report to the lead what keeps you" % (". ".join(told), more),
        }
    ]


# --- Opening ---------------------------------------------------------------------------------------------------------------
def arguments(text, project, name=None):  # noqa: C901 - one branch for each mistake in what was typed
    """`[--team NAME] --strategy PATH` -> (definition, source, strategy path relative to the project); ValueError otherwise."""
    import shlex

    from ..gate.prompt_lines import meant
    from ..teams import TeamError, folders, load, names

    usage = "usage: --team NAME [--strategy PATH]%s" % (", or /team:realtime --strategy PATH" if name else "")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError("%s. %s" % (error, usage)) from None
    strategy, i, given = None, 0, set()
    while i < len(words):
        key, eq, value = words[i].partition("=")
        key = key.casefold()  # as it is typed
        if key[:1] in ("\u2014", "\u2013"):
            raise ValueError("%s begins with a long dash: write --%s. %s" % (words[i], key[1:], usage))
        if key not in ("--team", "--strategy"):
            raise ValueError("unknown argument %s%s. %s" % (words[i], meant(words[i], ("--team", "--strategy")), usage))
        if key in given:
            raise ValueError("%s is given twice. %s" % (key, usage))
        given.add(key)
        if not eq:
            i += 1
            if i >= len(words):
                raise ValueError("%s needs a value. %s" % (key, usage))
            value = words[i]
        if key == "--team":
            name = value
        else:
            strategy = value
        i += 1
    known = folders(project)
    if not name:
        raise ValueError("--team needs the name of a team. Known: %s. %s" % (", ".join(sorted(names(known))), usage))
    try:
        if name not in names(known) and os.path.isfile(os.path.join(project, name)):
            name = os.path.join(project, name)  # whoever loads it again may stand elsewhere
        definition = load(name, known)
    except TeamError as error:
        told = (
            error.problems
            if len(error.problems) == 1
            else error.problems[:3] + ["%d problems in all: `pack team check %s` shows them" % (len(error.problems), name)]
        )
        raise ValueError("the team %s cannot be activated. %s" % (name, "\n  ".join(told))) from None
    if definition.get("strategy") and not strategy:
        raise ValueError("the team %s needs a strategy file. %s" % (definition["team"], usage))
    for folder in [definition["root"]] + [definition["root"] + "/" + f for f in definition.get("folders", [])]:
        parts = folder.rstrip("/").split("/")
        at = next(
            (
                p
                for p in ("/".join(parts[:n]) for n in range(1, len(parts) + 1))
                if os.path.lexists(os.path.join(project, p)) and not os.path.isdir(os.path.join(project, p))
            ),
            None,
        )
        if at:
            raise ValueError(
                "the team's folder %s cannot be made: %s is a file. Move it, or give the definition another `root`" % (folder, at)
            )
    if not os.access(project, os.W_OK):
        raise ValueError("the team's folder %s cannot be made: nothing can be written in %s" % (definition["root"], project))
    rel = None
    if strategy:
        rel, full = project_facts.relative(project, strategy)
        if rel is None:
            raise ValueError(
                "the strategy file %s is outside the project, where the agents look. Copy it into the project. %s" % (strategy, usage)
            )
        project_facts.check_input("the strategy file", strategy, full, "Write it first. " + usage)
    return definition, name, rel


def open_data(definition, source, strategy, project):
    """The RUN_OPENED data that a wave team adds; makes the folder layout."""
    from ..teams.layout import make_layout
    from ..teams.files import shipped

    make_layout(definition, os.path.join(project, definition["root"]))
    kept = dict(compiled(definition, project), prefix="team:" if shipped(source, project) else "")  # how the Agent call names its agents
    return {
        "definition": kept,
        "source": source,
        "strategy": strategy,
        "plan": strategy,
        "description": "%s with %s" % (definition["team"], strategy) if strategy else definition["team"],
        "found": work_found(definition, os.path.join(project, definition["root"])),
    }


def work_found(definition, folder):
    """Roles whose work of an earlier run is there, whole: of each wave in its order as long as all its roles have left their artifacts and what
    its end asks of files holds. What its end asks of gates is judged by `pack gate check`, in this run."""
    from ..teams.layout import artifact_problem, unmet as reasons

    by_id, out = {r["id"]: r for r in definition["roles"]}, []
    passing = {g["id"]: "PASS" for g in definition["gates"]}
    for w in definition["waves"]:
        mine = [r for r in w["roles"] if r != definition.get("lead")]
        if w["mode"] == "loop" or not mine:
            continue
        wanted = [by_id[r].get("artifacts", []) for r in mine]
        left = [p for p in sum(wanted, []) if artifact_problem(folder, p)]
        if w["mode"] == "background" and left:  # it runs beside the others: whoever is whole counts
            out += [r for r in mine if r not in out and not any(artifact_problem(folder, p) for p in by_id[r].get("artifacts", []))]
            continue
        if left or not all(wanted) or reasons(definition, folder, w["id"], "exit", passing):
            break
        out += [r for r in mine if r not in out]
    return out


def guide(own):
    """The file that says how to lead a team of waves: this plugin's own, or one that somebody defined."""
    return os.path.join(PLUGIN_ROOT, *(("commands", "realtime.md") if own else ("references", "teams.md")))


def opened_text(definition, source, strategy, project):
    """What the lead is told when the run opens."""
    from ..teams.agents import missing_agents
    from ..teams.files import shipped

    lead = next(
        (r for r in definition["roles"] if r["id"] == definition.get("lead")),
        {"title": "lead", "persona": "You spawn, review and decide; you write no file.", "id": None},
    )
    rows = [
        "wave %s %s: %s%s%s%s"
        % (
            w["id"],
            w["title"],
            ", ".join(w["roles"]),
            " (%s)" % "; ".join(w["steps"]) if w.get("steps") else "",
            ", beside wave %s" % ", ".join(w["beside"]) if w.get("beside") else "",
            ", then wave %s again" % w["when"]["then_again"] if w.get("when", {}).get("then_again") else "",
        )
        for w in definition["waves"]
    ]
    own = shipped(source, project)
    agents = ", ".join("%s = %s%s" % (r["id"], "team:" if own else "", r["agent"]) for r in definition["roles"] if r["id"] != lead["id"])
    resumed = any(
        os.path.exists(os.path.join(project, definition["root"], n))
        for n in (definition.get("kanban", {}).get("file", "TEAM_STATUS.md"), "TEAM_STATUS.md")
    )
    done = work_found(definition, os.path.join(project, definition["root"]))
    missing = [] if own else missing_agents(definition, project)
    lines = (
        [
            "You are the %s of %s%s. %s"
            % (lead["title"], definition["title"], " (%s)" % definition["focus"] if definition.get("focus") else "", lead["persona"]),
            "How to lead it: read %s and follow it." % guide(own),
            ("Strategy: %s (every agent is given it). " % strategy if strategy else "") + "Roles: %s." % agents,
        ]
        + rows
        + ["When it breaks: %s: %s" % (r["when"], r["then"]) for r in definition.get("errors", []) if not r.get("roles")]
        + (
            [
                "No agent file was found for %s: if the client knows no such agents either, the user runs `pack team agents %s` and starts the client anew."
                % (", ".join(missing), source)
            ]
            if missing
            else []
        )
        + (
            [
                "`%s/` has state of an earlier run: resume from the last completed wave; everything measured is judged again, delivery is measured again.%s"
                % (
                    definition["root"],
                    " Whole by what is there, need not be spawned again: %s. Run `pack gate check` first, then go on with the next wave."
                    % ", ".join(done)
                    if done
                    else "",
                )
            ]
            if resumed or done
            else []
        )
    )
    return "\n".join(lines + strategy_lines(project, strategy, TOLD - len("\n".join(lines))))


# --- `pack gate check` ---------------------------------------------------------------------------------------------------------
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


# --- What the user types ---------------------------------------------------------------------------------------------------------
def typed(call, words):
    """The session commands of a wave team; None for any other prompt. Only the whole line is a command: talk goes to the model."""
    said = " ".join(words)
    folded = said.casefold()
    table = {
        c["say"]: c for c in SESSION + tuple(call.state["team"]["definition"].get("session_commands", ())) if not c["say"].startswith("-")
    }
    if folded.startswith(("team approve ", "team reject ")) or folded == "team reject":
        return _word(call, folded.split()[1] == "approve", said.split()[2:])
    asks = [g["id"] for g in call.state["team"]["definition"]["gates"] if any(c["check"] == "approval" for c in g.get("checks", []))]
    if folded == "team approve" and asks and not any(g.get("approves_matrix") for g in call.state["team"]["definition"]["gates"]):
        return answers.block("team: approve what? %s" % ", ".join("`team approve %s`" % g for g in asks))
    for say, command in table.items():
        head, _, wants = say.partition(" <")
        head = head.casefold()
        if folded == head and wants and head != "team abort":
            return answers.block("team: `%s` needs its <%s" % (head, wants))
        if folded == head or wants and folded.startswith(head + " "):
            return _asked(call, head, command, said)
    meant = near(folded, [s.partition(" <")[0].casefold() for s in table])
    if meant:
        return answers.block(
            "team: no command `%s`; did you mean `%s`? (The user types: %s. To talk to the lead about it, say it in other words.)"
            % (said, meant, ", ".join("`%s`" % s for s in table))
        )
    return None


def near(folded, heads):
    """The command that a line of a few words was probably meant to be: begun and not ended, or misspelt. None for ordinary talk."""
    import difflib

    count = len(folded.split())
    if not 2 <= count <= 4 or any(mark in folded for mark in ",;:`'\"/"):
        return None
    begun = [h for h in heads if h.startswith(folded + " ")]
    return (
        begun[0]
        if begun
        else next(iter(difflib.get_close_matches(folded, [h for h in heads if abs(len(h.split()) - count) <= 1], 1, 0.8)), None)
    )


def _word(call, approve, words):
    """`team approve GATE`, `team reject GATE WHY`: the user's word for a gate that asks for it. None when it is talk."""
    from ..teams.layout import content

    gates = {g["id"]: g for g in call.state["team"]["definition"]["gates"] if any(c["check"] == "approval" for c in g.get("checks", []))}
    gate = words[0].casefold().strip("`\"'") if words else ""
    if gate not in gates:
        known = ", ".join(gates) or "none"
        if len(words) > 1 and (approve or not gates):
            return None  # a sentence
        return answers.block("team: no gate %r asks for your word; those that do: %s" % (gate, known))
    why = " ".join(words[1:])
    if not approve and not why:
        return answers.block("team: say why, so that it can be mended: `team reject %s WHY`" % gate)
    call.append(
        "GATE_DECIDED",
        actor=kernel.MAIN,
        gate=gate,
        approve=approve,
        why=why[:500],
        content=content(root(call.state, call.project), call.state["team"]["definition"], gates[gate]),
    )
    return answers.tell(
        "UserPromptSubmit",
        "The user %s gate %s%s. Run `pack gate check` now and go on from its verdict."
        % ("approved" if approve else "rejected", gate, ": " + why[:500] if why else ""),
    )


def _asked(call, head, command, said):
    if head == "pause team":
        call.append("RUN_PAUSED", actor=kernel.MAIN)
        kept = "" if _status_file(call, "paused") else " (TEAM_STATUS.md cannot be written; the journal has it.)"
        return answers.block("team: paused. Nobody is spawned until `resume team`; what was measured is measured again then." + kept)
    if head == "team approve":
        call.append("MATRIX_APPROVED", actor=kernel.MAIN)
        return answers.block("team: budgets and waivers are approved as the next `pack gate check` finds them.")
    if head in ("resume team", "team resume", "team abort"):
        return None  # any team's
    runs = command.get("runs", "").split()[1:]
    if head == "team status":
        from ..store.render import tree

        parts = [tree(call.state, enforcement.recorded(call.state)["level"]), _process(call, *runs) if runs else "", _measuring(call)]
        return answers.block("\n\n".join(p for p in parts if p))
    if command["model"]:
        return answers.tell("UserPromptSubmit", "The user types `%s`: %s. Do it now and report." % (said[:300], command["does"]))
    if not runs:
        return answers.block("team: `%s` runs nothing: the definition gives it no `runs`." % head)
    if runs[0] == "rt" and runs[1:2] != ["check"]:
        return answers.block(_measure(call, runs))
    text = _process(call, *runs)
    return answers.block(text + ("\n(For looking. The lead's own `pack gate check` is what counts.)" if runs[0] == "gate" else ""))


def _measuring(call):
    """What a measurement that the user has started shows so far; empty if there was none."""
    folder = os.path.dirname(call.scratch(""))
    try:
        with open(os.path.join(folder, "measuring.json"), encoding="ascii") as f:
            note = codec.loads(f.read())
        with open(os.path.join(folder, "measuring.log"), encoding="utf-8", errors="replace") as f:
            shown = [x.rstrip() for x in f if x.strip()][-12:]
    except (OSError, ValueError):
        return ""
    state = "ended" if os.path.exists(os.path.join(folder, "measuring.exit")) or not enforcement.alive(note["pid"]) else "running"
    return "\n".join(
        ["`pack %s`, started by the user %d s ago: %s" % (note["words"], call.now - note["at"], state)] + ["  " + x for x in shown]
    )


def _measure(call, words):
    """Start a measurement that takes longer than a hook may, as a process of its own; its figures go into the evidence."""
    gone = _nothing_to_measure(call)
    if gone:
        return gone
    folder = os.path.dirname(call.scratch(""))
    shown = _measuring(call)
    if ": running" in shown.split("\n")[0]:
        return "team: one measurement at a time. " + shown
    log, code = os.path.join(folder, "measuring.log"), os.path.join(folder, "measuring.exit")
    if os.path.exists(code):
        os.remove(code)
    command = [os.path.join(PLUGIN_ROOT, "bin", "pack")] + words + ["--quiet"] + _team(call)
    script = 'log=$1; code=$2; shift 2; { "$@"; echo $? >"$code"; } </dev/null >"$log" 2>&1 & echo $!'
    done = subprocess.run(
        ["sh", "-c", script, "measure", log, code] + command,
        cwd=call.project,
        env=_env(call),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
        timeout=6,
    )
    call.store.disk.replace(
        os.path.join(folder, "measuring.json"),
        codec.dumps({"pid": int(done.stdout), "words": " ".join(words), "at": call.now}).encode("ascii"),
    )
    until = time.monotonic() + 1.5  # what cannot be measured at all says so at once
    while not os.path.exists(code):
        if time.monotonic() > until:
            return (
                "team: measuring now: `pack %s`. It goes on by itself; `team status` shows its figures, then `team gate check`."
                % " ".join(words)
            )
        time.sleep(0.05)
    with open(log, encoding="utf-8", errors="replace") as f:
        return f.read().strip() or "team: `pack %s` ended at once and said nothing." % " ".join(words)


def _nothing_to_measure(call):
    """What `pack rt` would say of an rt.yaml that is not there, "" where it can be asked. Said here, because a busy machine takes longer to start
    a process than somebody who has typed waits for its first word."""
    from ..teams import TeamError
    from . import rtfile

    try:
        measures = definition_of(call.state, call.project).get("evidence")
    except TeamError:
        return ""  # the process says what is wrong with it
    return "pack rt: rt.yaml: " + rtfile.GONE if measures and rtfile.find(root(call.state, call.project)) is None else ""


def _status_file(call, word):
    """`.team/TEAM_STATUS.md` as the seed's pause and resume keep it. False when it cannot be written."""
    from ..store.render import tree

    path = os.path.join(root(call.state, call.project), "TEAM_STATUS.md")
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(call.now))
    text = "# Team status\n\n%s_at: %s\n\n```\n%s\n```\n" % (word, stamp, tree(call.state, enforcement.recorded(call.state)["level"]))
    try:
        call.store.disk.mkdir(os.path.dirname(path))
        call.store.disk.replace(path, text.encode())
    except OSError:
        return False  # the journal has it; a folder that somebody replaced is no reason to leave the user without an answer
    return True


def resumed(call):
    """After RUN_RESUMED: note it where the evidence rules read it. What the waves lack is another thing now, verdicts are void."""
    _status_file(call, "resumed")
    see(call)


def _team(call):
    """The options that name the run's own team to a verb."""
    from ..teams import folders, names

    source = call.state["team"]["source"]
    return ["--team", str(names(folders(call.project)).get(source, source)), "--dir", root(call.state, call.project)]


def _env(call):
    return dict(os.environ, **{k: v for k, v in call.env.items() if not k.startswith("CLAUDE_CODE_MESSAGING")})


def _process(call, *words):
    """Run a looking verb on the run's team with the user's Python (the hook's own has no packages) and answer what it prints."""
    seen = {"PACK_LOOK": "4"}  # seconds for a gate's command: a hook has no more time
    mine = _team(call) if words[0] in ("rt", "gate", "kanban", "report", "adr") else []
    try:
        done = subprocess.run(
            [os.path.join(PLUGIN_ROOT, "bin", "pack")] + list(words) + mine,
            cwd=call.project,
            env=dict(_env(call), **seen),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=6,
        )
    except subprocess.TimeoutExpired:
        return "team: that takes longer than a hook may; run `pack %s` in your own terminal." % " ".join(words[:2])
    return done.stdout.decode("utf-8", "replace").strip()


# --- What the gate is handed -----------------------------------------------------------------------------------------------------
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
        return guide(bool(state["team"]["definition"].get("prefix", "team:")))

    def report_due(self, call):
        return report_due(call)

    def briefing(self, call, fresh):
        return [briefing(call, call.actor["role"])] if fresh else failing(call.state, call.actor["role"])

    def reminder(self, call):
        return reminder(call)

    def see(self, call):
        move_cards(call)
        see(call)

    def typed(self, call, words):
        return typed(call, words)

    def resumed(self, call):
        resumed(call)

    # A run that is yet to be opened
    arguments = staticmethod(arguments)
    open_data = staticmethod(open_data)
    opened_text = staticmethod(opened_text)


RUN = WaveRun()
