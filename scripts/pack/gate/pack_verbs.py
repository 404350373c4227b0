"""The `pack` verbs that agents run through Bash, carried out by the hook.

A state-changing verb inside the client is never done by the process that the agent starts: the PreToolUse hook does it
under the identity that the client states, writes the receipt, and rewrites the command so that the process prints it.
"""

from __future__ import annotations

import os

from ..base import codec, conventions, project_facts, shell_reading
from ..base.paths import PLUGIN_ROOT
from ..base.receipts import quote, receipt
from ..base.verbs import CHANGING as CHANGING
from ..protocol import advice, machine, plan, tables, view
from ..protocol.refusal import Refusal
from ..store.render import stats, summary
from . import answers, modes, sensitive_report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence
    from ..base.shell_reading import Command
    from .answers import Answer
    from .hook_call import Call

LOOKING = {
    "status",
    "go",
    "log",
    "explain",
    "doctor",
    "fleet",
    "attest",
    "lint",
    "report",
    "gate",
    "kanban",
    "rt",
    "adr",
    "--help",
    "-h",
    "help",
    "--version",
    "-V",
}
OF_THE_RUN = {"status", "log", "explain", "stats", "runs", "task", "watch", "doctor"}
FORMS = "run it alone: `pack VERB ...`, with `<<'EOF' ... EOF`, `< FILE` or `cat FILE |` in front for the JSON"


def carry_out(call: Call, command: Any, tool_input: dict[str, Any]) -> Answer | None:
    """The hook's answer to a Bash call that runs `pack`, None when it does not. Raises Refusal."""
    if "pack" not in command and "PACK_VOUCHER" not in command:
        return None
    try:
        found, parsed = shell_reading.only(command), shell_reading.parse(command)
    except (shell_reading.ShellError, RecursionError):
        return None
    used = [w for w in (shell_reading.bare(c.words) for c in parsed) if len(w) > 1 and os.path.basename(w[0]) == "pack"]
    if any("PACK_VOUCHER" in c.env or any(w.startswith("PACK_VOUCHER=") for w in c.words) for c in parsed):
        raise Refusal(
            "FORGED_VOUCHER", "a voucher is made by the hook, not by the caller", command[:100], "run `pack VERB` without it", "BASH"
        )
    changing = [w for w in used if w[1] in CHANGING and not _looks(w)]
    if not used:
        return None
    judged = [w for w in used if w[1:3] == ["gate", "check"] and not _looks(w)]
    if judged and call.kind.judges and call.actor["role"] not in (None, "foreign"):
        if found is None or len(used) != 1 or found[0].redirects:
            raise Refusal("VERB_NOT_ALONE", "`pack gate check` is one command among others", command[:120], "run it alone", "BASH")
        judgement: Answer | None = call.kind.gate_check(call, judged[0], tool_input)
        return judgement
    if not changing:
        if found is None or len(used) != 1 or found[0].redirects or used[0][1] not in LOOKING | CHANGING:
            return None
        return answers.allow(dict(tool_input, command=_from_here(call, used[0], command)))
    if call.actor["role"] == "foreign":
        raise Refusal(
            "OTHER_SESSION",
            "this session does not lead the run",
            "led by session %s" % call.state["team"]["session"],
            "type `team resume` to lead it from here, or use your own terminal",
            "BASH",
        )
    if (
        found is None
        or shell_reading.bare(found[0].words) != changing[0]
        or [op for op, _t in found[0].redirects if op in shell_reading.WRITES and op != ">&"]
    ):
        raise Refusal("VERB_NOT_ALONE", "`pack %s` is one command among others" % changing[0][1], command[:120], FORMS, "BASH")
    stopped = modes.stops(call.payload.get("permission_mode"))
    if stopped:  # the client would not run the call that the hook has already carried out
        raise Refusal("PLAN_MODE", "`pack %s` changes the run" % changing[0][1], stopped, "tell the user; then run it again", "BASH")
    words = changing[0]
    text = VERBS[words[1]](call, words[2:], lambda: _stdin(call, found[0], found[1], words))
    if isinstance(text, dict):
        return answers.allow(dict(tool_input, **text))
    return answers.allow(dict(tool_input, command=receipt(call, text, words[1])), shown="\n".join(call.shown))


def _from_here(call: Call, words: list[str], command: str) -> str:
    """The command of a look at the run. A shell that has gone into a folder of --add-dir would look for a run there."""
    cwd = os.path.realpath(call.payload.get("cwd") or call.project) + os.sep
    if words[1] not in OF_THE_RUN or cwd.startswith(os.path.realpath(call.project) + os.sep):
        return command
    return "export CLAUDE_PROJECT_DIR=%s; %s" % (quote(call.project), command)


def _looks(words: list[str]) -> bool:
    return "--help" in words or "-h" in words or (words[1] == "task" and words[2:3] in ([], ["show"]))


def _stdin(call: Call, command: Command, feeder: Command | None, words: list[str]) -> str | None:
    """What the verb would read: the here-document, the file behind `<` or named as argument, or what `cat`/`echo` feeds it."""
    cwd = call.payload.get("cwd") or call.project
    if command.heredocs:
        return command.heredocs[0][0]
    files = [target for op, target in command.redirects if op == "<"] + [target for op, target in command.redirects if op == "<<<"]
    if any(op == "<<<" for op, _target in command.redirects):
        return files[-1]
    if feeder is not None and feeder.words[0] != "cat":
        return " ".join(w for w in feeder.words[1:] if w not in ("-n", "-e", "-E", "%s", "%s\\n"))
    if feeder is not None:
        if feeder.heredocs:
            return feeder.heredocs[0][0]
        files = [w for w in feeder.words[1:] if not w.startswith("-")] + [target for op, target in feeder.redirects if op == "<"]
    rest = [w for w in words[2:] if w not in ("-", "add") and not w.startswith("--")]
    files = files or rest[:1]
    if not files:
        raise Refusal("NO_INPUT", "`pack %s` reads JSON from standard input" % words[1], "nothing was given", FORMS, "BASH")
    try:
        with open(os.path.join(cwd, files[0]), encoding="utf-8") as f:
            return f.read(4 << 20)
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("NO_INPUT", "%s cannot be read" % files[0], type(error).__name__, "name an existing JSON file", "BASH") from None


def _json(text: str) -> Any:
    try:
        return codec.loads(text)
    except ValueError:
        import json

        why = ""
        try:
            json.loads(text)
        except (ValueError, RecursionError) as better:  # says line and column
            why = ": %s" % better
        raise Refusal("BAD_JSON", "the input is not JSON" + why, text[:120], "see `pack plan --help` for the shape", "BASH") from None


def _options(verb: str, args: list[str], valued: Sequence[str], plain: Sequence[str] = ()) -> tuple[list[str], dict[str, list[str]]]:
    """Arguments -> (positional, {option: [values]}); an unknown option is refused with the known ones."""
    positional: list[str] = []
    options: dict[str, list[str]] = {}
    i = 0
    while i < len(args):
        word, eq, value = args[i].partition("=")
        if word in valued:
            if not eq:
                i += 1
                if i >= len(args):
                    raise Refusal("USAGE", "%s needs a value" % word, "", "pack %s --help" % verb, "BASH")
                value = args[i]
            options.setdefault(word, []).append(value)
        elif word in plain:
            options[word] = [word]
        elif word.startswith("--"):
            raise Refusal(
                "USAGE",
                "pack %s has no option %s" % (verb, word),
                "options: " + ", ".join(tuple(valued) + tuple(plain)),
                "pack %s --help" % verb,
                "BASH",
            )
        else:
            positional.append(args[i])
        i += 1
    return positional, options


def _number(verb: str, words: list[str]) -> int:
    if not words or not words[0].lstrip("#").isdigit():
        raise Refusal("USAGE", "pack task %s needs a task number" % verb, " ".join(words)[:80], "pack task --help", "BASH")
    return int(words[0].lstrip("#"))


def _plan(call: Call, args: list[str], read: Callable[[], str]) -> str:
    _options("plan", args, ("--file",))
    raw = _json(read() if "--file" not in args else _stdin_file(call, args))
    for row in (raw.get("tasks") or ()) if isinstance(raw, dict) else ():
        _folders(call, row)
    checked = plan.check(raw)
    sensitive_report.into(call, [task for _n, task in sorted(checked["tasks"].items())])
    data: dict[str, Any] = {
        "tasks": {str(n): task for n, task in checked["tasks"].items()},
        "facts": checked["facts"],
        "definition_of_done": checked["definition_of_done"],
        **({"trade_offs": checked["trade_offs"]} if checked["trade_offs"] else {}),
        "given": codec.digest(codec.dumps(raw)),
    }
    if not _same_again(call, data["given"]):
        call.append("PLAN_REGISTERED", key=call.key, **data)
    call.shown = ["Trade-off: " + text for text in checked["trade_offs"]]
    return "%s\n\n%d tasks registered in %s, phase %s.\n%s%s" % (
        (call.state["classification"] or {"text": ""})["text"],
        len(checked["tasks"]),
        call.state["team"]["name"],
        call.state["phase"],
        _validated() if call.state["mode"] in tables.VALIDATED_MODES and not call.state["plan"]["ok"] else "",
        _next(call),
    )


def _validated() -> str:
    """How plan and risks go on beyond SIMPLE. Only a run that needs it is told."""
    try:
        with open(os.path.join(PLUGIN_ROOT, "references", "validated-runs.md"), encoding="utf-8") as f:
            return f.read().partition("<!-- said: validated -->")[2].partition("<!-- end: validated -->")[0].strip() + "\n"
    except OSError:
        return ""  # the steps that follow name each call themselves


def _same_again(call: Call, digest: Any) -> bool:
    """Whether this plan is the registered one, and nothing has been done with it. It is then the same request again, whose answer did not
    arrive. After the tech lead's PLAN CHANGES it is a new one."""
    if (
        not call.state["plan"]["registered"]
        or call.state["plan"]["ok"] is False
        or machine.GUARDS["plan_is_early"](call.state, {}, call.actor)
    ):
        return False
    for record in reversed(list(call.store.records())):
        if record["event"] == "PLAN_REGISTERED":
            return bool(record["data"].get("given") == digest)
        if record["event"] in ("TASK_ADDED", "TASK_RESCOPED", "TASK_CANCELLED", "TASK_ASSIGNED"):
            return False
    return False


def _folders(call: Call, row: Any) -> None:
    """Write a task's file that is a folder as one (`src` becomes `src/`), before anything is checked."""
    if isinstance(row, dict) and isinstance(row.get("files"), list):
        row["files"] = [
            f + "/"
            if isinstance(f, str)
            and f
            and "\0" not in f
            and not f.endswith("/")
            and (os.path.isdir(os.path.join(call.project, f)) or f == ".conventions")
            else f
            for f in row["files"]
        ]
        row["files"] += _by_gits_name(call, row["files"])


def _by_gits_name(call: Call, files: Sequence[object]) -> list[str]:
    """The names by which git, and whoever writes, knows those files that are named through a linked folder (`link/n.py` is `real/n.py`)."""
    out: list[str] = []
    for f in files:
        clean = plan.clean_path(f)
        if clean is None or not plan.is_plain(clean):
            continue  # it is refused for that
        real = project_facts.relative(call.project, clean, follow=clean.endswith("/"))[0]
        if real not in (None, ".", clean.rstrip("/")):
            out.append("%s%s" % (real, "/" if clean.endswith("/") else ""))
    return [f for i, f in enumerate(out) if f not in files and f not in out[:i]]


def _stdin_file(call: Call, args: list[str]) -> str:
    name = args[args.index("--file") + 1] if args.index("--file") + 1 < len(args) else ""
    try:
        with open(os.path.join(call.payload.get("cwd") or call.project, name), encoding="utf-8") as f:
            return f.read(4 << 20)
    except (OSError, UnicodeDecodeError):
        raise Refusal("NO_INPUT", "%s cannot be read" % name, "", "name an existing JSON file", "BASH") from None


def _next(call: Call) -> str:
    todo = advice.for_lead(call.state)
    return "Next: " + "; ".join(s["text"] for s in todo[:2]) if todo else "Next: nothing for you; others are at work."


def _task(call: Call, args: list[str], read: Callable[[], str]) -> str:
    verb = args[0]
    if verb == "add":
        raw = _json(read())
        raw = dict(raw, id=raw.get("id") or 1) if isinstance(raw, dict) else raw
        _folders(call, raw)
        record = plan._task(raw, 0)
        sensitive_report.into(call, [record])
        call.append("TASK_ADDED", key=call.key, task_record=record)
        number = view.tasks(call.state)[-1][0]
        return "task #%d %r added.\n%s" % (number, record["subject"], _next(call))
    if verb == "assign":
        words, _o = _options("task assign", args[1:], ("--reason",))
        number = _number(verb, words)
        call.append("TASK_ASSIGNED", key=call.key, task=number, to=words[1] if len(words) > 1 else "")
        return "task #%d is %s's; tell it: CLAIM: task #%d.\n%s" % (number, words[1], number, _next(call))
    if verb == "cancel":
        words, o = _options("task cancel", args[1:], ("--reason",))
        number = _number(verb, words)
        call.append("TASK_CANCELLED", key=call.key, task=number, reason=" ".join(o.get("--reason", [])))
        return "task #%d is cancelled.\n%s" % (number, _next(call))
    if verb in ("reopen", "re-open"):
        words, o = _options("task reopen", args[1:], ("--reason",))
        number = _number(verb, words)
        call.append("TASK_REOPENED", key=call.key, task=number, reason=" ".join(o.get("--reason", [])))
        task = view.task(call.state, number)
        return "task #%d is %s again, owner %s; its approvals count no more.\n%s" % (
            number,
            task["state"],
            task["owner"] or "nobody",
            _next(call),
        )
    if verb in ("rescope", "re-scope"):
        return _rescope(call, args[1:])
    raise Refusal("USAGE", "pack task has no verb %r" % verb, "show, assign, cancel, rescope, add, reopen", "pack task --help", "BASH")


def _rescope(call: Call, args: list[str]) -> str:
    words, o = _options(
        "task rescope", args, ("--file", "--drop", "--reviewers", "--subject", "--accept", "--tooling", "--reason"), ("--high-risk",)
    )
    number = _number("rescope", words)
    task = view.task(call.state, number)
    if task is None:
        raise machine.GUARDS["task_exists"](call.state, {"task": number}, call.actor)
    files = []
    for name in [f for f in task["files"] if f not in o.get("--drop", [])] + o.get("--file", []):
        clean = plan.clean_path(name)
        if clean is None or not plan.is_plain(clean):
            what = "is not a path inside the project" if clean is None else "is a pattern"
            raise Refusal(
                "PLAN_PATH", "%r %s" % (name, what), "", "name files, relative, or a folder that ends in /", "TASK_RESCOPED", number
            )
        if not clean.endswith("/") and os.path.isdir(os.path.join(call.project, clean)):
            clean += "/"
        files += [clean] if clean not in files else []
    files += _by_gits_name(call, files)
    named = sorted(set(task["reviewers"]) | {r for v in o.get("--reviewers", []) for r in v.split(",")})
    if any(r not in tables.SPECIALISTS for r in named) or not files:
        raise Refusal(
            "USAGE",
            "a task needs files and reviewers among %s" % ", ".join(tables.SPECIALISTS),
            str(named),
            "pack task --help",
            "TASK_RESCOPED",
            number,
        )
    tooling = dict(task["tooling"])
    for pair in o.get("--tooling", []):
        name, eq, command = pair.partition("=")
        if not name.strip() or not eq:
            raise Refusal(
                "USAGE",
                "--tooling says NAME=COMMAND",
                pair[:80],
                "--tooling 'test=pytest tests/test_a.py'; NAME= takes one away",
                "TASK_RESCOPED",
                number,
            )
        tooling.pop(name.strip(), None)
        tooling.update({name.strip(): command.strip()} if command.strip() else {})
    call.append(
        "TASK_RESCOPED",
        key=call.key,
        task=number,
        files=files,
        reviewers=named,
        subject=o["--subject"][0] if o.get("--subject") else None,
        acceptance=o.get("--accept"),
        tooling=tooling if o.get("--tooling") else None,
        high_risk=True if "--high-risk" in o else None,
        sensitive=sensitive_report.of_files(call, files, plan.sensitive_areas(files) + list(task.get("sensitive") or ()), number),
        reason=" ".join(o.get("--reason", [])),
    )
    return "task #%d: files %s; reviewers %s; state %s.\n%s" % (
        number,
        ", ".join(files),
        ", ".join(named) or "-",
        view.task(call.state, number)["state"],
        _next(call),
    )


def _verify(call: Call, args: list[str], read: Callable[[], str], verb: str = "verify") -> dict[str, Any]:
    from . import verification

    return verification.start(call, _options(verb, args, ("--build", "--test", "--in-place"))[1], verb)


def _present_tree(call: Call) -> str:
    from . import verification

    verify, tree = call.state["verify"], project_facts.tree(call.project, verification.declared(call.state))
    in_place = verify and verify["where"] == "in place" and verify["where_why"]
    return project_facts.as_on_disk(call.project, tree) if in_place else tree


def _persist(call: Call) -> bool:
    """Write summary and decisions into the team's folder; False when the disk says no."""
    try:
        call.store.disk.mkdir(call.store.folder)
        call.store.disk.replace(os.path.join(call.store.folder, "summary.md"), codec.utf8(summary(call.state, stats(call.store.records()))))
        decisions = call.store.disk.read(os.path.join(call.project, "DECISIONS.md")) or b"# Decisions\n\nNone were recorded in this run.\n"
        call.store.disk.replace(os.path.join(call.store.folder, "decisions.md"), decisions)
        return True
    except OSError:
        return False


def _teardown(call: Call, args: list[str], read: Callable[[], str]) -> str:
    if args[:1] == ["retry"]:
        call.append("TEARDOWN_RETRY", key=call.key)
    elif args[:1] in (["finalize"], ["deny"]):
        # The answer to a candidate when there is no supervisor left to send it to.
        call.append("FORCED_FINALIZE_ACK" if args[0] == "finalize" else "FORCED_FINALIZE_DENY", key=call.key, to=None)
    elif args[:1] == ["ask"]:
        return _ask(call, args[1:])
    elif args:
        raise Refusal(
            "USAGE",
            "pack teardown has no verb %r" % args[0],
            "pack teardown | pack teardown ask [NAME...] | retry | finalize | deny",
            "pack teardown --help",
            "BASH",
        )
    else:
        _begin_teardown(call, call.key)
    call.close()
    return teardown_text(call)


def _begin_teardown(call: Call, key: str | None) -> None:
    event: dict[str, Any] = {"tree": None, "conventions": None, "persisted": False}
    if call.kind.judges:
        event = dict(call.kind.unmet(call), persisted=_persist(call))
    elif not view.open_tasks(call.state) and call.state["phase"] in tables.OPEN_PHASES:
        from . import closing_proof

        event = {
            "tree": _present_tree(call),
            "conventions": conventions.now(call.store, call.project, call.state["team"].get("conventions")),
            "unapproved": closing_proof.check(call),
        }
        event["persisted"] = _persist(call)
    call.append("TEARDOWN_INIT", key=key, **event)


def _finish(call: Call, args: list[str], read: Callable[[], str]) -> Any:
    """`pack finish`: verify, teardown, asking, summary in one call; stops where somebody else has to act, and says who."""
    state = call.state
    refusal = machine.GUARDS["every_task_is_terminal"](state, {}, call.actor) if state["phase"] in tables.OPEN_PHASES else None
    if refusal is not None:
        refusal.event = "TEARDOWN_INIT"
        raise refusal
    verify = state["verify"]
    if state["phase"] not in tables.OPEN_PHASES or call.kind.judges or verify and verify["ok"] and verify["tree"] == _present_tree(call):
        return finish_on(call)
    return _verify(call, args, read, "finish")


def finish_on(call: Call) -> str:
    """From a verified tree to the end of the run, as far as nobody else is needed: text. Raises Refusal."""
    if call.state["phase"] in tables.OPEN_PHASES:
        _begin_teardown(call, call.key and call.key + ":teardown")
    asked = []
    while call.state["team"]["headless"] and call.state["phase"] == "TEARDOWN":
        names = [n for n in _to_ask(call) if n not in asked]
        for name in names:
            call.append("SHUTDOWN_REQUESTED", key="%s:%s" % (call.key, name), to=name, reason="teardown")
        asked += names
        if not names:
            break
    text = "asked: %s.\n" % ", ".join(asked) if asked else ""
    if call.state["phase"] == "CLOSED":
        text += summary(call.state, stats(call.store.records()))
        call.close()
        return text + "\nThe run is closed. Your last words to the user: this summary, with nothing improved."
    if call.state["phase"] == "TEARDOWN" and not advice.for_lead(call.state):
        return text + teardown_text(call) + "\nEnd your turn; woken, run `pack finish` again."
    if call.state["teardown"]["state"] == "READY_TO_DELETE":
        text += summary(call.state, stats(call.store.records())) + "\n"
    return text + teardown_text(call)


def _to_ask(call: Call) -> list[str]:
    """Whom the hook asks next in a headless run."""
    state, teardown = call.state, call.state["teardown"]
    if teardown["state"] == "READY_TO_DELETE":
        return view.living(state, tables.SUPERVISOR)
    return [n for n in view.missing_acks(state) if teardown["targets"][n]["sends"] < teardown["sends"]]


def teardown_text(call: Call) -> str:
    teardown = call.state["teardown"]
    if call.state["phase"] == "CLOSED":
        return "The run is closed; `pack status --summary` prints the report, your last words to the user."
    return "teardown %s, attempt %d; missing acks: %s.\n%s" % (
        teardown["state"],
        teardown["attempt"],
        ", ".join(view.missing_acks(call.state)) or "none",
        _next(call),
    )


def _ask(call: Call, names: list[str]) -> str:
    """Headless, the client's shutdown_request is never delivered (CLIENT 10.1): the hook asks in its place."""
    state = call.state
    if not state["team"]["headless"]:
        raise Refusal(
            "USE_SHUTDOWN_REQUEST",
            "teammates of a terminal session are asked by message",
            "",
            "SendMessage(to: NAME, message: {\"type\": \"shutdown_request\", \"reason\": \"done\"})",
            "SHUTDOWN_REQUESTED",
        )
    if not names:
        names = _to_ask(call) or view.missing_acks(state)[:1]
    if not names:
        raise Refusal(
            "TEARDOWN_STATE",
            "nobody is to be asked",
            "teardown " + state["teardown"]["state"],
            "begin with `pack teardown`",
            "SHUTDOWN_REQUESTED",
        )
    for name in names:  # keyed by name: sent again after a crash in between, the list is another one
        call.append("SHUTDOWN_REQUESTED", key="%s:%s" % (call.key, name), to=name, reason="teardown")
    call.close()
    return "asked: %s.\n%s" % (", ".join(names), teardown_text(call))


def _abort(call: Call, args: list[str], read: Callable[[], str]) -> str:
    _words, o = _options("abort", args, ("--reason",))
    reason = " ".join(o.get("--reason", [])).strip()
    if not reason:
        raise Refusal("USAGE", "an abort says why", "", "pack abort --reason 'WHY'", "RUN_ABORTED")
    _listed(call)
    call.append("RUN_ABORTED", key=call.key, reason=reason[:500])
    _persist(call)
    call.close()
    return "run aborted: %s\n%s" % (reason, teardown_text(call))


def _listed(call: Call) -> None:
    """An abort needs no approval; its summary lists what has none."""
    if call.kind.approves and call.state["phase"] != "CLOSED":
        from . import closing_proof

        closing_proof.check(call)


def _resume(call: Call, args: list[str], read: Callable[[], str]) -> str:
    if call.state["paused"]:
        raise Refusal("PAUSED", "the user paused the run, and the user lifts it", "", "wait for `resume team`", "RUN_RESUMED")
    call.append("RUN_RESUMED", key=call.key)
    return "run resumed.\n" + _next(call)


VERBS: dict[str, Callable[..., Any]] = {
    "plan": _plan,
    "task": _task,
    "verify": _verify,
    "finish": _finish,
    "teardown": _teardown,
    "abort": _abort,
    "resume": _resume,
}
