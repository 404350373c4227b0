"""What the user types to a run of waves: the words that every team has, and those of its definition."""

import os
import subprocess
import time

from ..base import codec, enforcement
from ..base.paths import PLUGIN_ROOT
from ..gate import answers
from ..protocol import kernel
from .wave_team import definition_of, root


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
OF_A_TEAM = ("rt", "gate", "kanban", "report", "adr")  # verbs that ask which team and which folder


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
        kept = "" if write_status_file(call, "paused") else " (TEAM_STATUS.md cannot be written; the journal has it.)"
        return answers.block("team: paused. Nobody is spawned until `resume team`; what was measured is measured again then." + kept)
    if head == "team approve":
        call.append("MATRIX_APPROVED", actor=kernel.MAIN)
        return answers.block("team: budgets and waivers are approved as the next `pack gate check` finds them.")
    if head in ("resume team", "team resume", "team abort"):
        return None  # any team's
    runs = command.get("runs", "").split()[1:]
    if head == "team status":
        from ..store.render import tree

        parts = [tree(call.state, enforcement.recorded(call.state)["level"]), _process(call, *runs) if runs else "", _begun(call)]
        return answers.block("\n\n".join(p for p in parts if p))
    if command["model"]:
        return answers.tell("UserPromptSubmit", "The user types `%s`: %s. Do it now and report." % (said[:300], command["does"]))
    if not runs:
        return answers.block("team: `%s` runs nothing: the definition gives it no `runs`." % head)
    if runs[0] == "rt" and runs[1:2] != ["check"]:
        return answers.block(_measure(call, runs))
    text = _run(call, runs, [], "typed-" + runs[0], 4)
    return answers.block(text + ("\n(For looking. The lead's own `pack gate check` is what counts.)" if runs[0] == "gate" else ""))


def write_status_file(call, word):
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


def _begun(call):
    """What shows so far of the verbs that the user has started and that took longer than a hook may; empty if there are none."""
    folder = os.path.dirname(call.scratch(""))
    notes = sorted(n for n in os.listdir(folder) if n == "measuring.json" or n.startswith("typed-") and n.endswith(".json"))
    return "\n\n".join(shown for shown in (_shown(call, os.path.join(folder, n[: -len(".json")])) for n in notes) if shown)


def _shown(call, stem):
    """The same of one verb, by the files `stem`.json, .log, .exit; "" if it was never started."""
    try:
        with open(stem + ".json", encoding="ascii") as f:
            note = codec.loads(f.read())
        with open(stem + ".log", encoding="utf-8", errors="replace") as f:
            said = [x.rstrip() for x in f if x.strip()][-12:]
    except (OSError, ValueError):
        return ""
    state = "ended" if os.path.exists(stem + ".exit") or not enforcement.alive(note["pid"]) else "running"
    return "\n".join(
        ["`pack %s`, started by the user %d s ago: %s" % (note["words"], call.now - note["at"], state)] + ["  " + x for x in said]
    )


def _measure(call, words):
    """A measurement that the user has typed: its figures go into the evidence."""
    return _nothing_to_measure(call) or _run(call, words, ["--quiet"], "measuring", 1.5)  # what cannot be measured at all says so at once


def _run(call, words, more, name, patience):
    """Run a verb as a process of its own, which may take longer than a hook: what it prints if that is all within `patience` seconds, else where
    it will be seen. name: of its files in the run's scratch folder; a second one of that name waits for the first."""
    stem = os.path.join(os.path.dirname(call.scratch("")), name)
    shown, spoken = _shown(call, stem), " ".join(words)
    if ": running" in shown.split("\n")[0]:
        return "team: one %s at a time. %s" % ("measurement" if words[0] == "rt" else "`pack %s`" % words[0], shown)
    log, code = stem + ".log", stem + ".exit"
    if os.path.exists(code):
        os.remove(code)
    command = [os.path.join(PLUGIN_ROOT, "bin", "pack")] + words + more + (_team(call) if words[0] in OF_A_TEAM else [])
    script = 'log=$1; code=$2; shift 2; { "$@"; echo $? >"$code"; } </dev/null >"$log" 2>&1 & echo $!'
    done = subprocess.run(
        ["sh", "-c", script, "typed", log, code] + command,
        cwd=call.project,
        env=dict(_env(call), PACK_LOOK="4") if words[0] == "gate" else _env(call),  # seconds for a gate's command: nobody waits for a look
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
        timeout=6,
    )
    call.store.disk.replace(stem + ".json", codec.dumps({"pid": int(done.stdout), "words": spoken, "at": call.now}).encode("ascii"))
    until = time.monotonic() + patience
    while not os.path.exists(code):
        if time.monotonic() > until:
            return _goes_on(call, words)
        time.sleep(0.05)
    if words[0] != "rt":
        os.remove(stem + ".json")  # all is told now
    with open(log, encoding="utf-8", errors="replace") as f:
        return f.read().strip() or ("team: `pack %s` ended at once and said nothing." % spoken if words[0] == "rt" else "")


def _goes_on(call, words):
    """What the user reads of a verb that has not ended yet."""
    spoken, reports = " ".join(words), os.path.join(root(call.state, call.project), "reports")
    if words[0] == "rt":
        return "team: measuring now: `pack %s`. It goes on by itself; `team status` shows its figures, then `team gate check`." % spoken
    writes = " It writes into %s." % os.path.relpath(reports, call.project) if words[0] == "report" else ""
    return "team: `pack %s` goes on by itself; `team status` shows what it says.%s" % (spoken, writes)


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


def _process(call, *words):
    """Run a looking verb on the run's team with the user's Python (the hook's own has no packages) and answer what it prints."""
    try:
        done = subprocess.run(
            [os.path.join(PLUGIN_ROOT, "bin", "pack")] + list(words) + (_team(call) if words[0] in OF_A_TEAM else []),
            cwd=call.project,
            env=_env(call),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=6,
        )
    except subprocess.TimeoutExpired:
        return "team: that takes longer than a hook may; run `pack %s` in your own terminal." % " ".join(words[:2])
    return done.stdout.decode("utf-8", "replace").strip()


def _team(call):
    """The options that name the run's own team to a verb."""
    from ..teams import folders, names

    source = call.state["team"]["source"]
    return ["--team", str(names(folders(call.project)).get(source, source)), "--dir", root(call.state, call.project)]


def _env(call):
    return dict(os.environ, **{k: v for k, v in call.env.items() if not k.startswith("CLAUDE_CODE_MESSAGING")})
