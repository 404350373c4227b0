"""What the hook carries out for others: opening a run, the `pack` verbs that agents run through Bash, what the user types,
and the end of a run.

A state-changing verb inside the client is never done by the process that the agent starts: the PreToolUse hook does it
under the identity that the client states, writes the receipt, and rewrites the command so that the process prints it.
"""

import os
import sys

from . import answers, caller, codec, facts, places, seal, shell
from .call import Call
from .journal import Lock, Store
from .protocol import advice, machine, plan, tables, view
from .protocol.refusal import Refusal
from .statefile import stats, summary, tree

LOOKING = {"status", "log", "explain", "doctor", "lint", "report", "gate", "kanban", "rt", "--help", "-h", "help", "--version", "-V"}
CHANGING = {"plan", "task", "verify", "teardown", "abort", "resume"}
FORMS = "run it alone: `pack VERB ...`, with `<<'EOF' ... EOF`, `< FILE` or `cat FILE |` in front for the JSON"


# --- `pack` verbs in a Bash call -------------------------------------------------------------------------------------------
def out(call, command, given):
    """The hook's answer to a Bash call that runs `pack`, None when it does not. Raises Refusal."""
    if "pack" not in command and "PACK_VOUCHER" not in command:
        return None
    try:
        found, parsed = shell.only(command), shell.parse(command)
    except (shell.ShellError, RecursionError):
        return None
    used = [w for w in (shell.bare(c.words) for c in parsed) if len(w) > 1 and os.path.basename(w[0]) == "pack"]
    if any("PACK_VOUCHER" in c.env or any(w.startswith("PACK_VOUCHER=") for w in c.words) for c in parsed):
        raise Refusal("FORGED_VOUCHER", "a voucher is made by the hook, not by the caller", command[:100], "run `pack VERB` without it", "BASH")
    changing = [w for w in used if w[1] in CHANGING and not _looks(w)]
    if not used:
        return None
    judged = [w for w in used if w[1:3] == ["gate", "check"] and not _looks(w)]
    if judged and call.state["waves"] is not None and call.actor["role"] not in (None, "foreign"):
        from . import waverun

        if found is None or len(used) != 1 or found[0].redirects:
            raise Refusal("VERB_NOT_ALONE", "`pack gate check` is one command among others", command[:120], "run it alone", "BASH")
        return waverun.gate_check(call, judged[0], given)
    if not changing:
        return answers.allow(given) if found and len(used) == 1 and not found[0].redirects and used[0][1] in LOOKING | CHANGING else None
    if call.actor["role"] == "foreign":
        raise Refusal("OTHER_SESSION", "this session does not lead the run", "led by session %s" % call.state["team"]["session"],
                      "type `team resume` to lead it from here, or use your own terminal", "BASH")
    if found is None or shell.bare(found[0].words) != changing[0] or [op for op, _t in found[0].redirects if op in shell.WRITES and op != ">&"]:
        raise Refusal("VERB_NOT_ALONE", "`pack %s` is one command among others" % changing[0][1], command[:120], FORMS, "BASH")
    words = changing[0]
    text = VERBS[words[1]](call, words[2:], lambda: _stdin(call, found[0], found[1], words))
    if isinstance(text, dict):
        return answers.allow(dict(given, **text))
    return answers.allow(dict(given, command=receipt(call, text, words[1])))


def _looks(words):
    return "--help" in words or "-h" in words or (words[1] == "task" and words[2:3] in ([], ["show"]))


def receipt(call, text, verb):
    """Keep the receipt where the process finds it; answers the command that prints it."""
    path = call.scratch(".receipt")
    call.store.disk.replace(path, codec.dumps({"text": text, "exit": 0}).encode("ascii"))
    return "PACK_VOUCHER=%s pack %s" % (quote(path), verb)


def quote(text):
    """A word for sh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _stdin(call, command, feeder, words):
    """What the verb would read: the here-document, the file behind `<` or named as argument, or what `cat`/`echo` feeds it."""
    cwd = call.payload.get("cwd") or call.project
    if command.heredocs:
        return command.heredocs[0][0]
    files = [t for op, t in command.redirects if op == "<"] + [t for op, t in command.redirects if op == "<<<"]
    if any(op == "<<<" for op, _t in command.redirects):
        return files[-1]
    if feeder is not None and feeder.words[0] != "cat":
        return " ".join(w for w in feeder.words[1:] if w not in ("-n", "-e", "-E", "%s", "%s\\n"))
    if feeder is not None:
        if feeder.heredocs:
            return feeder.heredocs[0][0]
        files = [w for w in feeder.words[1:] if not w.startswith("-")] + [t for op, t in feeder.redirects if op == "<"]
    rest = [w for w in words[2:] if w not in ("-", "add") and not w.startswith("--")]
    files = files or rest[:1]
    if not files:
        raise Refusal("NO_INPUT", "`pack %s` reads JSON from standard input" % words[1], "nothing was given", FORMS, "BASH")
    try:
        with open(os.path.join(cwd, files[0]), encoding="utf-8") as f:
            return f.read(4 << 20)
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("NO_INPUT", "%s cannot be read" % files[0], type(error).__name__, "name an existing JSON file", "BASH") from None


def _json(text):
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


def _options(verb, args, valued, plain=()):
    """Arguments -> (positional, {option: [values]}); an unknown option is refused with the known ones."""
    positional, options, i = [], {}, 0
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
            options[word] = [True]
        elif word.startswith("--"):
            raise Refusal("USAGE", "pack %s has no option %s" % (verb, word), "options: " + ", ".join(tuple(valued) + tuple(plain)), "pack %s --help" % verb, "BASH")
        else:
            positional.append(args[i])
        i += 1
    return positional, options


def _number(verb, words):
    if not words or not words[0].lstrip("#").isdigit():
        raise Refusal("USAGE", "pack task %s needs a task number" % verb, " ".join(words)[:80], "pack task --help", "BASH")
    return int(words[0].lstrip("#"))


def _plan(call, args, read):
    _options("plan", args, ("--file",))
    checked = plan.check(_json(read() if "--file" not in args else _stdin_file(call, args)))
    call.append("PLAN_REGISTERED", key=call.key, tasks={str(n): t for n, t in checked["tasks"].items()}, facts=checked["facts"],
                definition_of_done=checked["definition_of_done"])
    return "%s\n\n%d tasks registered in %s, phase %s.\n%s" % (call.state["classification"]["text"], len(checked["tasks"]),
                                                               call.state["team"]["name"], call.state["phase"], _next(call))


def _stdin_file(call, args):
    name = args[args.index("--file") + 1] if args.index("--file") + 1 < len(args) else ""
    try:
        with open(os.path.join(call.payload.get("cwd") or call.project, name), encoding="utf-8") as f:
            return f.read(4 << 20)
    except (OSError, UnicodeDecodeError):
        raise Refusal("NO_INPUT", "%s cannot be read" % name, "", "name an existing JSON file", "BASH") from None


def _next(call):
    todo = advice.for_lead(call.state)
    return "Next: " + "; ".join(s["text"] for s in todo[:2]) if todo else "Next: nothing for you; others are at work."


def _task(call, args, read):
    verb = args[0]
    if verb == "add":
        raw = _json(read())
        raw = dict(raw, id=raw.get("id") or 1) if isinstance(raw, dict) else raw
        record = plan._task(raw, 0)
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
    if verb in ("rescope", "re-scope"):
        return _rescope(call, args[1:])
    raise Refusal("USAGE", "pack task has no verb %r" % verb, "show, assign, cancel, rescope, add", "pack task --help", "BASH")


def _rescope(call, args):
    words, o = _options("task rescope", args, ("--file", "--drop", "--reviewers", "--subject", "--accept", "--reason"), ("--high-risk",))
    number = _number("rescope", words)
    t = view.task(call.state, number)
    if t is None:
        raise machine.GUARDS["task_exists"](call.state, {"task": number}, call.actor)
    files = []
    for name in [f for f in t["files"] if f not in o.get("--drop", [])] + o.get("--file", []):
        clean = plan.clean_path(name)
        if clean is None:
            raise Refusal("PLAN_PATH", "%r is not a path inside the project" % name, "", "write it relative", "TASK_RESCOPED", number)
        files += [clean] if clean not in files else []
    named = sorted(set(t["reviewers"]) | {r for v in o.get("--reviewers", []) for r in v.split(",")})
    if any(r not in tables.SPECIALISTS for r in named) or not files:
        raise Refusal("USAGE", "a task needs files and reviewers among %s" % ", ".join(tables.SPECIALISTS), str(named), "pack task --help", "TASK_RESCOPED", number)
    call.append("TASK_RESCOPED", key=call.key, task=number, files=files, reviewers=named, subject=(o.get("--subject") or [None])[0],
                acceptance=o.get("--accept"), high_risk=True if "--high-risk" in o else None, reason=" ".join(o.get("--reason", [])))
    return "task #%d: files %s; reviewers %s; state %s.\n%s" % (number, ", ".join(files), ", ".join(named) or "-",
                                                               view.task(call.state, number)["state"], _next(call))


CANNOT_FAIL = {"true", ":", "echo", "printf", "pwd", "date", "sleep", "cd"}


def vacuous(command):
    """Why a command cannot fail, or None."""
    try:
        parsed = shell.parse(command)
    except shell.ShellError as error:
        return "it does not parse: %s" % error
    words = [shell.bare(c.words) or [":"] for c in parsed]
    sure = lambda w: os.path.basename(w[0]) in CANNOT_FAIL or w == ["exit", "0"] or w == ["exit"]
    if all(sure(w) for w in words):
        return "it checks nothing"
    if sure(words[-1]) and ("||" in command or ";" in command or "\n" in command.strip()):
        return "its end hides a failure"
    return None


def _verify(call, args, read):
    _words, o = _options("verify", args, ("--build", "--test"))
    for name in ("--build", "--test"):
        command = (o.get(name) or [""])[0]
        why = "it is missing" if not command.strip() else vacuous(command)
        if why and (name == "--test" or why != "it checks nothing"):  # a project may have no build step: `--build true`
            raise Refusal("VACUOUS", "%s %r proves nothing: %s" % (name, command, why), "", "give the project's real build and test commands",
                          "VERIFY_STARTED")
    nonce, key = os.urandom(8).hex(), os.urandom(16).hex()
    call.append("VERIFY_STARTED", key=call.key, nonce=nonce, build=o["--build"][0], test=o["--test"][0])
    declared = sorted({f for _n, t in view.tasks(call.state) for f in list(t["files"]) + t["touched"]})
    path = os.path.join(os.path.dirname(call.scratch("")), nonce + ".verify")
    call.store.disk.replace(path, codec.dumps({"nonce": nonce, "key": key, "build": o["--build"][0], "test": o["--test"][0],
                                               "project": call.project, "declared": declared}).encode("ascii"))
    return {"command": "PACK_VOUCHER=%s pack verify" % quote(path), "timeout": 600000, "run_in_background": False}


RECEIPT = "pack-receipt: "


def sealed(call, nonce, ending, response):
    """What a vouched process left for the hook: (voucher, sealed result) or None. It is in the run's folder, or, where the
    sandbox keeps processes from writing there, in what the process printed last."""
    base = os.path.join(call.store.data, "calls", nonce)
    found, voucher = call.store.disk.read(base + ".result"), call.store.disk.read(base + ending)
    text = found.decode("ascii", "replace") if found is not None else None
    printed = "%s\n%s" % (response.get("stdout") or "", call.payload.get("error") or "")
    if text is None and RECEIPT in printed:
        text = printed.rpartition(RECEIPT)[2].split("\n")[0]
    if text is None or voucher is None:
        return None
    call.store.disk.remove(base + ".result")
    call.store.disk.remove(base + ending)
    try:
        return codec.loads(voucher.decode("ascii")), codec.loads(text)
    except (ValueError, UnicodeDecodeError):
        return None


def leave(path, ending, value):
    """The process's side of `sealed`."""
    text = codec.dumps(value)
    target = path[:-len(ending)] + ".result"
    try:
        with open(target + ".tmp", "w", encoding="ascii") as f:
            f.write(text)
        os.replace(target + ".tmp", target)
    except OSError:
        print(RECEIPT + text, flush=True)


def collect(call, response):
    """Take the result of a finished `pack verify` or `pack gate check`, if one waits for its nonce."""
    if call.state["waves"] is not None:
        from . import waverun

        waverun.collect(call, response)
    nonce = (call.state["verify"] or {}).get("nonce")
    if not nonce:
        return
    pair = sealed(call, nonce, ".verify", response)
    if pair is None:
        return
    voucher, result = pair
    try:
        good = result["mac"] == seal_result(voucher["key"], result)
    except (KeyError, TypeError):
        good = False
    if good:
        call.gate("VERIFIED", nonce=nonce, build_exit=result["build"], test_exit=result["test"], tree=result["tree"])


def seal_result(key, result):
    """The keyed digest of a verification result: only the process that read the voucher can make it."""
    return codec.digest(key, str(result["build"]), str(result["test"]), str(result["tree"]))


def _present_tree(call):
    declared = sorted({f for _n, t in view.tasks(call.state) for f in list(t["files"]) + t["touched"]})
    return facts.tree(call.project, declared)


def _persist(call):
    """Write summary and decisions into the team's folder; False when the disk says no."""
    try:
        call.store.disk.mkdir(call.store.folder)
        call.store.disk.replace(os.path.join(call.store.folder, "summary.md"), summary(call.state, stats(call.store.records())).encode())
        decisions = call.store.disk.read(os.path.join(call.project, "DECISIONS.md")) or b"# Decisions\n\nNone were recorded in this run.\n"
        call.store.disk.replace(os.path.join(call.store.folder, "decisions.md"), decisions)
        return True
    except OSError:
        return False


def _teardown(call, args, read):
    if args[:1] == ["retry"]:
        call.append("TEARDOWN_RETRY", key=call.key)
    elif args[:1] in (["finalize"], ["deny"]):
        # The answer to a candidate when there is no supervisor left to send it to.
        call.append("FORCED_FINALIZE_ACK" if args[0] == "finalize" else "FORCED_FINALIZE_DENY", key=call.key, to=None)
    elif args[:1] == ["ask"]:
        return _ask(call, args[1:])
    elif args:
        raise Refusal("USAGE", "pack teardown has no verb %r" % args[0], "pack teardown | pack teardown ask [NAME...] | retry | finalize | deny", "pack teardown --help", "BASH")
    else:
        event = {"tree": None, "conventions": None, "persisted": False}
        if call.state["waves"] is not None:
            from . import waverun

            event = {"unmet": waverun.unmet(call), "persisted": _persist(call)}
        elif not view.open_tasks(call.state) and call.state["phase"] in tables.OPEN_PHASES:
            event = {"tree": _present_tree(call), "conventions": facts.conventions(call.project), "persisted": _persist(call)}
        call.append("TEARDOWN_INIT", key=call.key, **event)
    close(call)
    return _teardown_text(call)


def _teardown_text(call):
    td = call.state["teardown"]
    if call.state["phase"] == "CLOSED":
        return "The run is closed; `pack status --summary` prints the report, your last words to the user."
    return "teardown %s, attempt %d; missing acks: %s.\n%s" % (td["state"], td["attempt"], ", ".join(view.missing_acks(call.state)) or "none", _next(call))


def _ask(call, names):
    """Headless, the client's shutdown_request is never delivered (CLIENT.md 10): the hook asks in its place."""
    state = call.state
    if not state["team"]["headless"]:
        raise Refusal("USE_SHUTDOWN_REQUEST", "teammates of a terminal session are asked by message", "", "SendMessage(to: NAME, message: "
                      "{\"type\": \"shutdown_request\", \"reason\": \"done\"})", "SHUTDOWN_REQUESTED")
    if not names:
        td = state["teardown"]
        names = [n for n in view.missing_acks(state) if td["targets"][n]["sends"] < td["sends"]] if td["state"] != "READY_TO_DELETE" \
            else view.living(state, tables.SUPERVISOR)
        names = names or view.missing_acks(state)[:1]
    if not names:
        raise Refusal("TEARDOWN_STATE", "nobody is to be asked", "teardown " + state["teardown"]["state"], "begin with `pack teardown`", "SHUTDOWN_REQUESTED")
    for n, name in enumerate(names):
        call.append("SHUTDOWN_REQUESTED", key="%s:%d" % (call.key, n), to=name, reason="teardown")
    close(call)
    return "asked: %s.\n%s" % (", ".join(names), _teardown_text(call))


def _abort(call, args, read):
    _words, o = _options("abort", args, ("--reason",))
    reason = " ".join(o.get("--reason", [])).strip()
    if not reason:
        raise Refusal("USAGE", "an abort says why", "", "pack abort --reason 'WHY'", "RUN_ABORTED")
    call.append("RUN_ABORTED", key=call.key, reason=reason[:500])
    _persist(call)
    close(call)
    return "run aborted: %s\n%s" % (reason, _teardown_text(call))


def _resume(call, args, read):
    if call.state["paused"]:
        raise Refusal("PAUSED", "the user paused the run, and the user lifts it", "", "wait for `resume team`", "RUN_RESUMED")
    call.append("RUN_RESUMED", key=call.key)
    return "run resumed.\n" + _next(call)


VERBS = {"plan": _plan, "task": _task, "verify": _verify, "teardown": _teardown, "abort": _abort, "resume": _resume}


# --- What the user types ----------------------------------------------------------------------------------------------------
def typed(call, prompt):
    """The answer to `team status`, `team resume`, `team abort WHY`; None for any other prompt. Agents cannot type: what they
    say reaches this hook inside tags."""
    words = prompt.strip().rstrip(".!").split()
    text = " ".join(words[:2]).casefold()
    if call.state["waves"] is not None and call.actor["role"] == tables.LEAD and call.state["phase"] != "CLOSED":
        from . import waverun

        answer = waverun.typed(call, text, words)
        if answer is not None:
            return answer
    if text == "team status" and len(words) == 2:
        return answers.block(tree(call.state, enforcement(call.state)["level"]))
    if text in ("team resume", "resume team") and len(words) == 2 and call.actor["role"] in (tables.LEAD, "foreign"):
        return answers.block(_take_over(call, accepts=True))
    if text == "team abort" and call.actor["role"] in (tables.LEAD, "foreign"):
        reason = " ".join(words[2:]) or "the user typed `team abort`"
        try:
            if call.actor["role"] == tables.LEAD:
                call.append("RUN_ABORTED", reason=reason)
            else:
                call.append("RUN_CLOSED", actor={"name": "user", "role": "person", "inc": 0, "agent_id": None}, reason=reason)
        except Refusal as refusal:
            return answers.block(refusal.text())
        close(call)
        return answers.block("team: the run is aborted (%s). %s" % (reason, _teardown_text(call)))
    return None


def _take_over(call, accepts=False):
    """This session leads from now on. accepts: the user typed `team resume`, which takes plugin and settings as they are."""
    session, team = call.payload.get("session_id"), call.state["team"]
    other = session != team["session"]
    if other and alive(team.get("client_pid")) and str(team.get("client_pid")) != str(call.env.get("CLAUDE_PID")):
        return ("team: the session that leads %s is still running (process %s). Type there, or end it first; `pack abort --reason WHY` in "
                "your own terminal ends the run." % (team["name"], team["client_pid"]))
    lead = {"name": "lead", "role": tables.LEAD, "inc": 0, "agent_id": None}
    fresh = accepts or seal.updated(call.state)
    sealed = {"sealed": seal.make(call.store.data, call.store.disk, call.env, call.project)} if fresh else {}
    try:
        call.append("RUN_RESUMED", actor=lead, **sealed, accepts=accepts, session=session, client_pid=call.env.get("CLAUDE_PID"), vouched=caller.vouches(call.env, call.peer), headless=is_headless(call.env),
                    agents_gone=other, how="the user typed it")
    except Refusal as refusal:
        return refusal.text()
    if call.state["waves"] is not None:
        from . import waverun

        waverun.resumed(call)
    return "team: this session leads %s now.\n%s\nSay \"go on\" and the lead continues." % (team["name"], tree(call.state, enforcement(call.state)["level"]))


def alive(pid):
    """Whether a process of this number exists."""
    try:
        os.kill(int(pid), 0)
    except (TypeError, ValueError, ProcessLookupError):
        return False
    except OSError:
        return True
    return True


def is_headless(env):
    """`-p` sessions say sdk-cli; a terminal says cli. A terminal without the teams flag works like -p: plain subagents."""
    return env.get("CLAUDE_CODE_ENTRYPOINT") != "cli" or env.get("CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS") not in ("1", "true")


# --- Opening a run -----------------------------------------------------------------------------------------------------------
def arguments(text, project):
    """`plan.md --coders=3` -> {"plan", "description", "coders", "no_research"}; ValueError with the way out."""
    import shlex

    usage = "usage: /build PLAN.md|DESCRIPTION [--coders=N] [--no-research]"
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()  # an apostrophe in a description is no error
    coders, no_research, rest, i = tables.limit("CODERS_DEFAULT"), False, [], 0
    while i < len(words):
        word = words[i]
        if word == "--no-research":
            no_research = True
        elif word == "--coders" or word.startswith("--coders="):
            if word == "--coders":
                i += 1
            value = word.partition("=")[2] if "=" in word else words[i] if i < len(words) else ""
            most = tables.limit("CODERS_MAX")
            if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
                raise ValueError("--coders=%s: give a whole number from 1 to %d. %s" % (value, most, usage))
            coders = int(value)
        elif word.startswith("--"):
            raise ValueError("unknown flag %s. %s" % (word, usage))
        else:
            rest.append(word)
        i += 1
    if not rest:
        raise ValueError("nothing to build. " + usage)
    path = None
    if len(rest) == 1 and (rest[0].lower().endswith((".md", ".markdown")) or os.path.sep in rest[0] and " " not in rest[0]):
        path = os.path.join(project, os.path.expanduser(rest[0]))
        if not os.path.isfile(path):
            raise ValueError("the plan %s does not exist (looked in %s). Write it first, or describe the feature in words." % (rest[0], os.path.dirname(path) or "."))
        with open(path, "rb") as f:
            if not f.read(65536).strip():
                raise ValueError("the plan %s is empty. Say in it what to build." % rest[0])
    return {"plan": rest[0] if path else None, "description": " ".join(rest), "coders": coders, "no_research": no_research, "path": path}


def team_name(asked, project):
    """`feature-<short-name>` from the plan's first heading or the description, not used by a team before."""
    words = asked["description"]
    if asked["path"]:
        with open(asked["path"], encoding="utf-8", errors="replace") as f:
            heading = next((line.lstrip("# ").strip() for line in f if line.startswith("#") and line.strip("# \n")), "")
        words = heading or os.path.splitext(os.path.basename(asked["path"]))[0]
    slug = "".join(c if c.isascii() and c.isalnum() else " " for c in words.lower()).split()
    return _free_name("feature-" + ("-".join(slug[:4])[:40] or "run"), project)


def _free_name(base, project):
    """The name, or with -2, -3, ...: a team's folder is never used twice."""
    name, n = base, 1
    while os.path.exists(places.team_folder(project, name)):
        n += 1
        name = "%s-%d" % (base, n)
    return name


def client_version(env):
    """(2, 1, 329) from what the client tells its hooks, None when it does not."""
    for part in (env.get("AI_AGENT") or "").split("_"):
        numbers = part.split("-")
        if len(numbers) == 3 and all(x.isdigit() for x in numbers):
            return tuple(int(x) for x in numbers)
    return None


def measure(env, project):
    """The enforcement level here and why: {"level": full|partial, "why": [texts]} (DESIGN rule 10)."""
    why, version = [], client_version(env)
    if not sandboxed(env, project):
        why.append("no sandbox: a shell command that hides its target can still write the team's folder; that is detected and undone, "
                   "not prevented (`pack doctor --fix` prints the setting)")
    if version and version < (2, 1, 295):
        why.append("client %d.%d.%d: a hook that crashes lets the call through (2.1.295 and newer do not)" % version)
    return {"level": "partial" if why else "full", "why": why}


def sandboxed(env, project):
    """Whether the client's settings deny writing the teams' folder from the shell."""
    home = env.get("CLAUDE_CONFIG_DIR") or os.path.join(env.get("HOME") or os.path.expanduser("~"), ".claude")
    for path in (os.path.join(home, "settings.json"), os.path.join(project, ".claude", "settings.json"), os.path.join(project, ".claude", "settings.local.json")):
        try:
            with open(path, encoding="utf-8") as f:
                box = codec.loads(f.read()).get("sandbox") or {}
            denied = (box.get("filesystem") or {}).get("denyWrite") or []
        except (OSError, ValueError, AttributeError):
            continue
        if box.get("enabled") is True and any(".claude/teams" in d for d in denied if isinstance(d, str)):
            return True
    return False


def enforcement(state):
    """The level that was measured when the run was opened."""
    return (state["team"] or {}).get("enforcement") or {"level": "off", "why": ["no team is active"]}


def found(project):
    """What the lead would look for first."""
    out = [n for n in ("CLAUDE.md", ".project-profile.yml", ".conventions/tool-chains/commands.yml") if os.path.isfile(os.path.join(project, n))]
    gold = os.path.join(project, ".conventions", "gold-standards")
    if os.path.isdir(gold):
        out.append(".conventions/gold-standards/ (%d files)" % len([n for n in os.listdir(gold) if not n.startswith(".")]))
    return out


COMMANDS = {"build": None, "realtime": "realtimeSystems"}  # command -> the team definition that it opens


def expanded(payload, env, now, project, data, disk, peer=None):
    """UserPromptExpansion: a command opens a run, or resumes the one that is live; bad arguments end before any model call."""
    plugin, _, name = str(payload.get("command_name") or "").rpartition(":")
    if name not in COMMANDS or plugin not in ("", "team"):
        return answers.PASS
    return opened(payload, env, now, project, data, disk, str(payload.get("command_args") or ""), COMMANDS[name], "UserPromptExpansion", peer)


def activated(payload, env, now, project, data, disk):
    """A prompt that begins with `--team NAME --strategy PATH` opens that team's run; other prompts pass."""
    prompt = str(payload.get("prompt") or "").strip()
    if not prompt.startswith("--team"):
        return answers.PASS
    return opened(payload, env, now, project, data, disk, prompt, "", "UserPromptSubmit")


def opened(payload, env, now, project, data, disk, text, definition, event, peer=None):
    """Open a run with these arguments. definition: None for /build, else the name of a team definition ("": given by --team)."""
    live = places.active(project, data)
    try:
        if definition is None:
            asked = arguments(text, project)
            own = {"plan": asked["plan"], "description": asked["description"][:2000], "coders": asked["coders"], "no_research": asked["no_research"]}
            team = team_name(asked, project)
        else:
            from . import waverun

            found_team, source, strategy = waverun.arguments(text, project, definition)
            team = _free_name(found_team["team"], project)
    except ValueError as error:
        return answers.block("team: " + str(error))
    if live is not None:
        return _reopen(payload, env, now, project, data, disk, live, payload.get("session_id"), event, peer)
    if definition is not None:
        own = dict(waverun.open_data(found_team, source, strategy, project), coders=len(found_team["roles"]), no_research=True)
    run = places.run_folder(data, project, team)
    store = Store(places.team_folder(project, team), run, disk)
    level = measure(env, project)
    disk.mkdir(run)
    with Lock(os.path.join(os.path.dirname(run), "open.lock")), store.lock():  # one run a project, whatever two sessions call theirs
        if places.active(project, data) is not None:
            return answers.block("team: another session has just opened a run here. Type `team status`.")
        store.load()
        lead = {"name": "lead", "role": tables.LEAD, "inc": 0, "agent_id": None}
        store.append({"event": "RUN_OPENED", "actor": lead, "key": payload.get("prompt_id"), "data": dict(own, **{
            "sealed": seal.make(run, disk, env, project), "vouched": caller.vouches(env, peer), "name": team, "session": payload.get("session_id"), "headless": is_headless(env), "client_pid": env.get("CLAUDE_PID"),
            "conventions": facts.conventions(project), "enforcement": level, "client": ".".join(map(str, client_version(env) or ()))})}, now)
        places.mark(project, data, team, run, sys.executable, disk)
    mode = "headless (a message revives a finished agent; shut down with `pack teardown ask`)" if is_headless(env) else "interactive team"
    lines = ["Run opened. Team: %s. Mode: %s." % (team, mode),
             "Enforcement: %s%s" % (level["level"], "" if not level["why"] else " because " + "; ".join(level["why"]))]
    if definition is None:
        lines += ["Coders at once: %d. Research: %s." % (asked["coders"], "skip (--no-research)" if asked["no_research"] else "as the dispatch matrix says"),
                  "Input: %s" % ("plan file " + asked["plan"] if asked["plan"] else asked["description"][:500]),
                  "Found: %s" % (", ".join(found(project)) or "no CLAUDE.md, no .conventions/, no .project-profile.yml")]
    else:
        lines.append(waverun.opened_text(found_team, source, strategy, project))
    lines.append("State for people: .claude/teams/%s/state.md, `pack status`." % team)
    return answers.tell(event, "\n".join(lines))


def _reopen(payload, env, now, project, data, disk, live, session, event, peer=None):
    store = Store(places.team_folder(project, live["team"]), live["run"], disk)
    with store.lock():
        store.load()
        call = Call(payload, env, now, store, project, data, peer)
        team = store.state["team"]
        if store.state["phase"] == "CLOSED" or team is None:
            places.unmark(project, data, disk)
            return answers.block("team: the last run was closed; type the command again.")
        if not caller.from_the_client(call):
            return answers.block("team: a live run is taken up by the client that leads it, or by another one once that has ended.")
        if team["session"] != session:
            if alive(team.get("client_pid")) and str(team.get("client_pid")) != str(env.get("CLAUDE_PID")):
                return answers.block("team: the run %s is live in another session (process %s). Type `team status` to see it; end it there, or "
                                  "`pack abort --reason WHY` in your own terminal." % (team["name"], team["client_pid"]))
            call.payload = dict(payload)
            _take_over(call)
        call.actor = {"name": "lead", "role": tables.LEAD, "inc": 0, "agent_id": None}
        return answers.tell(event, "A run is live and is resumed, not overwritten; the arguments just given are not used.\n" + advice.digest(store.state))


# --- Closing a run -------------------------------------------------------------------------------------------------------------
def close(call):
    """Bury the run of a call if it has just closed."""
    if call.state["phase"] == "CLOSED":
        bury(call.store, call.project, call.data, call.now)


def bury(store, project, data, now):
    """After TEAM_DELETED or an abort from outside: summary, tombstone outside the team's folder, markers away (H17)."""
    state = store.state
    records = store.records()
    try:
        store.disk.replace(os.path.join(store.folder, "summary.md"), summary(state, stats(records)).encode())
        grave = os.path.join(project, places.TEAMS, ".closed")
        store.disk.mkdir(grave)
        stone = {"team": state["team"]["name"], "closed": now, "seq": store.seq, "sum": store.sum, "aborted": state["teardown"]["aborted"],
                 "ack_status": state["teardown"]["ack_status"], "unresolved": state["teardown"]["unresolved"]}
        store.disk.replace(os.path.join(grave, state["team"]["name"] + ".json"), codec.dumps(stone).encode("ascii"), sync=True)
    finally:
        places.unmark(project, data, store.disk)
