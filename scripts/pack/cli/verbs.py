"""The team verbs of `pack` as a process: looking (status, log, explain, task show), running
`verify`, and what a person may do from their own terminal (abort, resume, teardown retry)."""

import argparse
import os
import sys
import time

from ..base import arguments, enforcement, receipts
from ..base.streams import shown
from ..gate import close_run, entry, identity, unseen_calls
from ..protocol import access, advice, machine, tables, view
from ..protocol.refusal import Refusal
from ..store import result_text, telling
from ..store.journal import Busy, Damaged
from ..store.open_for_reading import Run
from ..store.render import noted, stats, summary, tree

PERSON = {"name": "person", "role": "person", "inc": 0, "agent_id": None}

PLAN_SHAPE = """\
The plan, as JSON on standard input:

  pack plan <<'EOF'
  {"facts": {"layers": ["api", "ui"],
             "changes_existing": {"value": true, "evidence": "edits routers/profile.ts"},
             "near_sensitive": {"value": false, "evidence": "no auth import in the touched files"},
             "shared_by_3_modules": {"value": false, "evidence": "only the profile page imports it"},
             "direct_sensitive": {"value": false, "evidence": "no auth, payment or billing file"},
             "gold_standard_exists": {"value": true, "evidence": ".conventions/gold-standards/api-endpoint.ts"}},
   "definition_of_done": ["build passes", "all tests pass"],
   "tasks": [{"id": 1, "subject": "Add the settings endpoint", "files": ["src/a.ts"], "references": ["src/b.ts"],
              "acceptance": ["GET returns the settings"], "checks": ["file named like its resource"],
              "tooling": {"test": "pnpm vitest"}, "blocked_by": [], "reviewers": ["logic-reviewer"], "high_risk": false},
             {"id": 2, "subject": "Update .conventions/ with discovered patterns", "files": [".conventions/"],
              "references": [], "acceptance": ["new patterns are recorded"], "checks": ["20-30 lines a gold standard"],
              "tooling": {"test": "pnpm vitest"}, "blocked_by": [1], "reviewers": ["quality-reviewer"]}]}
  EOF
"""

WRITING = ("abort", "resume", "teardown")  # what a person's terminal may write; every other verb here only looks

HELP = {
    "plan": ("register the whole plan and classify it", PLAN_SHAPE),
    "task": (
        "show, add and change tasks",
        "  pack task show 1\n  pack task assign 1 coder-2\n  pack task cancel 3 --reason 'not needed'\n"
        "  pack task rescope 2 --file src/extra.py --reason 'the check needs it'\n  pack task rescope 2 --tooling 'test=pytest tests/test_extra.py'\n  pack task reopen 2 --reason 'src/a.py was changed after DONE'\n  pack task add <<'EOF'\n  {one task as in `pack plan --help`}\n  EOF",
    ),
    "verify": (
        "run build and tests in a fresh checkout of the present tree and record what they answered",
        "  pack verify --build 'pnpm build' --test 'pnpm test'\n"
        "  pack verify --build true --test 'pytest -q' --in-place 'the tests need the database of this machine'\n"
        "dependencies: linked (node_modules, a venv, vendor), or set up by `setup:` in .conventions/tool-chains/commands.yml",
    ),
    "finish": (
        "verify, teardown, asking and summary in one, as far as nobody else has to act",
        "  pack finish --build 'pnpm build' --test 'pnpm test'\n  pack finish",
    ),
    "go": ("what the lead does next, with the calls to make", "  pack go"),
    "status": (
        "the team's status tree",
        "  pack status\n  pack status --json | jq .tasks\n  pack status --summary\n  pack status --summary --format md",
    ),
    "log": ("the run's events", "  pack log\n  pack log --json --follow"),
    "explain": (
        "a task's approvals, what is missing, what was refused and why; of a file: of each task that has it",
        "  pack explain 2\n  pack explain src/app.py",
    ),
    "teardown": (
        "pass the completion gate and begin the teardown",
        "  pack teardown\n  pack teardown ask\n  pack teardown retry\n  pack teardown finalize    (or deny, when no supervisor is left to tell)",
    ),
    "abort": ("stop the run and keep its journal", "  pack abort --reason 'the plan was wrong'"),
    "resume": (
        "take a run up again; --repair goes back to the last good record of a damaged journal",
        "  pack resume\n  pack resume --repair",
    ),
}


def main(argv):
    """`pack VERB ...` for the verbs above. Exit codes: 0 done, 1 refused or nothing to show, 2 usage."""
    verb, words = argv[0], argv[1:]
    parser = arguments.Parser(
        prog="pack " + verb,
        description=HELP[verb][0],
        epilog="example:\n" + HELP[verb][1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--project", default=None, help="the project's folder (default: found from here upwards)")
    parser.add_argument("--team", default=None, help="the team's name (default: the active one, else the newest)")
    COMMANDS[verb][0](parser)
    args = parser.parse_args(words)
    try:
        return COMMANDS[verb][1](args) or 0
    except Refusal as refusal:
        print(refusal.text(), file=sys.stderr)
        return 2 if refusal.code == "USAGE" else 1
    except (Damaged, Busy, OSError) as error:
        if isinstance(error, BrokenPipeError) or isinstance(error, OSError) and verb not in WRITING:
            raise  # no trouble with the journal: pack.cli.main knows what to do
        print(entry.trouble(error, None)[2], file=sys.stderr)
    return 1


# --- Finding and reading a run -------------------------------------------------------------------------------------------
def inside_client(run):
    """Whether this process was started by the client (then a hook has to act for it), however it was disguised."""
    if os.environ.get("CLAUDECODE") or os.environ.get("CLAUDE_CODE_CHILD_SESSION"):
        return True
    state, _records = run.look()
    return identity.below(os.getpid(), (state["team"] or {}).get("client_pid"))


def _needs_hook(verb):
    _printed_after_all(verb.split()[0])
    raise Refusal(
        "NO_VOUCHER",
        "`pack %s` changes the run, and that is done by a hook" % verb,
        "no hook vouched for this process",
        "inside the client run it as a plain Bash command with a team active (`/build` opens one); from your own terminal only "
        "abort, resume and teardown retry are possible",
    )


def _printed_after_all(verb):
    """Inside the client without a voucher: when the hook has just carried this verb out and nobody printed its receipt, another plugin's
    hook replaced the command. What was done is what is told; ends the process then."""
    if not os.environ.get("CLAUDECODE"):
        return
    try:
        path = receipts.unclaimed(Run().store.data, verb, time.time() - 120)
    except Refusal:
        return
    if path and path.endswith(".verify"):
        from . import verify

        print("team: another plugin's hook had replaced the gate's command; what the gate has noted down is run.", flush=True)
        raise SystemExit(verify.main(path))
    if path:
        print("team: carried out; another plugin's hook had replaced the command that says so.")
        from . import receipt

        raise SystemExit(receipt.main(path))


# --- looking -------------------------------------------------------------------------------------------------------------------
def status_json(state, records):
    """The fields of `pack status --json`."""
    level = enforcement.recorded(state)
    teardown, owner = state["teardown"], state["owner"]
    rows = []
    for number, task in view.tasks(state):
        quorum = view.quorum(state, task) if state["mode"] else {"missing": [], "result": "PENDING"}
        rows.append(
            {
                "id": number,
                "subject": task["subject"],
                "state": task["state"],
                "owner": task["owner"],
                "revision": task["revision"],
                "content": task["content"],
                "drift": task["drift"],
                "cause": task["cause"],
                "files": task["files"],
                "decision": quorum["result"],
                "approvals": [dict(v, role=role) for role, v in sorted(task["approvals"].items())],
                "missing": quorum["missing"],
            }
        )
    return {
        "team": state["team"]["name"],
        "phase": state["phase"],
        "mode": state["mode"],
        "enforcement": level["level"],
        "enforcement_why": level["why"],
        "headless": state["team"]["headless"],
        "paused": state["paused"],
        "owner": {
            "name": owner["holder"] or tables.LEAD,
            "epoch": owner["epoch"],
            "state": owner["state"],
            "next_epoch": view.next_epoch(state),
        },
        "roster": [
            {"name": n, "role": one["role"], "state": one["state"], "agent_id": one["agent_id"], "incarnation": one["inc"]}
            for n, one in state["roster"].items()
        ],
        "tasks": rows,
        "classification": (state["classification"] or {}).get("text"),
        "verify": state["verify"],
        "commits": stats(records)["commits"],
        "waves": state["waves"] and {k: state["waves"][k] for k in ("verdicts", "halted", "failures", "spawned", "unmet")},
        "teardown": {
            "state": teardown["state"],
            "sends": teardown["sends"],
            "missing": view.missing_acks(state),
            "attempt": teardown["attempt"],
            "aborted": teardown["aborted"],
            "ack_status": teardown["ack_status"],
            "unresolved": teardown["unresolved"],
        },
        "next": advice.steps(state),
    }


def _json_text(value):
    import json

    return json.dumps(value, ensure_ascii=False, indent=1)


def _status(args):
    run = Run(args.project, args.team)
    state, records = run.look()
    if args.json:
        from ..report import cost

        more = {"cost": cost.safely(state, records, os.environ), "client_alive": enforcement.led(state) if run.live else None}
        more["hooks_off"] = (enforcement.switched_off(os.environ, run.project, run.store.data) or None) if run.live else None
        print(_json_text(dict(status_json(state, records), **more)))
    elif args.format == "md":
        if not args.summary:
            raise Refusal("USAGE", "--format md is for the summary", "", "pack status --summary --format md")
        from ..report import markdown

        print(shown(markdown.text(state, records)), end="")
    elif args.summary:
        from ..report import cost

        off = run.live and enforcement.switched_off(os.environ, run.project, run.store.data)
        print(
            shown(
                (enforcement.HOOKS_OFF % off + "\n" if off else "")
                + summary(state, stats(records))
                + noted(run.store.data)
                + "\n"
                + cost.text(cost.safely(state, records, os.environ))
            )
        )
    else:
        from . import screen

        off = run.live and enforcement.switched_off(os.environ, run.project, run.store.data)
        if off:
            print(screen.wrapped(enforcement.HOOKS_OFF % off))
        unseen = run.live and unseen_calls.text(run.store.data, run.project, os.environ, run.store.disk)
        if unseen:
            print(screen.wrapped(unseen))
        if run.live and not enforcement.led(state):
            print(screen.wrapped(enforcement.ORPHANED))
        at = None if args.all else screen.size()
        level = "off" if off else enforcement.recorded(state)["level"]
        text = tree(state, level, at and max(12, at[1] - 3), people=at is not None) + noted(run.store.data)
        print(screen.page(text, at))


def _task_number(word):
    """`2` or `#2` -> 2; argparse shows what anything else should have been."""
    from . import log

    return log.number(word)


def _log_arguments(parser):
    from . import log

    log.options(parser)


def _log(args):
    from . import log

    return log.run(args)


def _known_task(state, number):
    """The task of a number; raises Refusal that names those there are."""
    refusal = machine.GUARDS["task_exists"](state, {"task": number}, PERSON)
    if refusal is not None:
        raise refusal
    return view.task(state, number)


def explain(state, records, number):
    """Who approved which revision of a task, what is missing, what was refused and why: text."""
    task = _known_task(state, number)
    quorum = view.quorum(state, task)
    decision = (
        "none is needed, the task is cancelled"
        if task["state"] == "CANCELLED"
        else "%s (%s)" % (quorum["result"], view.quorum_text(quorum))
    )
    lines = [
        "task #%d «%s»" % (number, task["subject"]),
        "state: %s%s, owner %s, revision %s"
        % (
            task["state"],
            " (%s)" % task["cause"] if task["cause"] else "",
            task["owner"] or "nobody",
            view.short(task["revision"]) + " yet" * (not task["revision"]),
        ),
        "files: " + ", ".join(task["files"]),
        "mode %s requires: %s" % (state["mode"], ", ".join(view.required(state, task))),
        "decision: " + decision,
    ]
    lines += ["next: %s: %s" % (s["who"], advice.for_people(s["text"])) for s in advice.steps(state) if s["task"] == number]
    lines += result_text.explain(state, number) + ["", "history:"]
    for r in records:
        d = r["data"]
        if d.get("task") != number and d.get("claims") != number:
            continue
        if r["event"] in tables.TROUBLE:
            lines.append(
                "  %d refused %s to %s: %s. Seen: %s. Next: %s" % (r["seq"], d["code"], r["actor"]["name"], d["what"], d["seen"], d["next"])
            )
        else:
            what, who = (
                r["event"] + (" of " + d["path"] if d.get("path") else ""),
                d.get("by") or r["actor"]["name"],
            )  # the gate notes who wrote
            more = ": " + telling.told(r).partition(": ")[2] if r["event"] == "CONTENT_DRIFTED" else ""
            lines.append(
                "  %d %s by %s%s%s"
                % (r["seq"], what, who, " at revision %s" % view.short(d["revision"]) if d.get("revision") else "", more)
            )
    return "\n".join(lines)


def _explain(args):
    run = Run(args.project, args.team)
    state, records = run.look()
    if state["waves"] is not None:
        raise Refusal(
            "UNKNOWN_TASK", "a team of waves has no tasks", "", "pack status shows its waves and gates, pack watch who is at work"
        )
    if args.task is None:
        tasks = ["%d (%s)" % (n, t["subject"][:50]) for n, t in view.tasks(state)]
        raise Refusal(
            "USAGE",
            "pack explain is about one task",
            "tasks: " + ", ".join(tasks) if tasks else "the run has no tasks (yet)",
            "pack explain %d" % view.tasks(state)[0][0] if tasks else "pack status",
        )
    numbers = [args.task] if isinstance(args.task, int) else _tasks_of(state, run.project, args.task)
    print("\n\n".join(shown(explain(state, records, number)) for number in numbers))


def _task_or_file(word):
    """A task's number, or a file that tasks have: a word with a point or a slash in it."""
    return word if "." in word or "/" in word else _task_number(word)


def _tasks_of(state, project, path):
    """The numbers of the tasks that have a file (a path from here), or wrote it; raises Refusal where there is none."""
    here = os.path.relpath(os.path.realpath(path), os.path.realpath(project)).replace(os.sep, "/")
    found = [n for n, t in view.tasks(state) if here in t["touched"] or any(access.covers(f, here) for f in t["files"])]
    if not found:
        files = sorted({f for _n, t in view.tasks(state) for f in t["files"]})
        raise Refusal(
            "NO_TASK",
            "no task of this run has %s" % here,
            "files of tasks: " + (", ".join(files[:12]) + (" and %d more" % (len(files) - 12) if len(files) > 12 else "") or "none"),
            "pack explain FILE, or pack explain N",
        )
    return found


def _task(args):
    if args.words[:1] not in ([], ["show"]):
        _needs_hook("task " + args.words[0])
    state, _records = Run(args.project, args.team).look()
    try:
        wanted = [_task_number(w) for w in args.words[1:]]
    except (ValueError, argparse.ArgumentTypeError):
        raise Refusal("USAGE", "pack task show takes task numbers", " ".join(args.words[1:]), "pack task show 2") from None
    for number in wanted:
        _known_task(state, number)
    if not state["tasks"]:
        waves = state["waves"] is not None
        print(
            "a team of waves has no tasks: `pack status` shows its waves"
            if waves
            else "no tasks are registered yet: `pack plan` registers them"
        )
    for number, _t in view.tasks(state):
        if not wanted or number in wanted:
            print(shown(advice.record(state, number)))
    if state["definition_of_done"]:
        print(shown("the whole feature is done when: " + "; ".join(state["definition_of_done"])))
    return 0


# --- a person in their own terminal ----------------------------------------------------------------------------------------------
def _as_person(run, verb, event, **data):
    if inside_client(run):
        _needs_hook(verb)
    with run.store.lock():
        run.store.load()
        run.store.append({"event": event, "actor": PERSON, "data": data, "key": None}, time.time())
    return run.store.state


def _abort(args):
    if not args.reason:
        raise Refusal("USAGE", "an abort says why", "", "pack abort --reason 'WHY'")
    run = Run(args.project, args.team)
    try:
        if not inside_client(run):
            close_run.judge(run.store, run.project, run.data, time.time())
        _as_person(run, "abort", "RUN_CLOSED", reason=args.reason[:500])
    except Damaged as error:  # a broken journal must not keep a person from ending the run
        close_run.give_up(run.store, run.project, run.data, run.team, time.time(), str(error)[:200])
        print("The journal of %s is damaged (%s) and was left as it is; the run's checks are off now." % (run.team, error))
        return 0
    close_run.bury(run.store, run.project, run.data, time.time())
    left = run.store.state["teardown"]["unresolved"]
    print("%s is closed.%s" % (run.team, " Agents that may still run in a client: %s; end that client." % ", ".join(left) if left else ""))
    return 0


def _resume(args):
    run = Run(args.project, args.team)
    if args.repair:
        if inside_client_damaged():
            _needs_hook("resume --repair")
        with run.store.lock():
            print(run.store.repair())
        return 0
    state = _as_person(run, "resume", "RUN_RESUMED")
    print("%s is resumed: phase %s. In the client, in this project, type: team resume" % (run.team, state["phase"]))
    return 0


def inside_client_damaged():
    """inside_client for a journal that cannot be read: only the environment can tell."""
    return bool(os.environ.get("CLAUDECODE") or os.environ.get("CLAUDE_CODE_CHILD_SESSION"))


def _teardown(args):
    if args.words != ["retry"]:
        _needs_hook("teardown")
    state = _as_person(Run(args.project, args.team), "teardown retry", "TEARDOWN_RETRY")
    print(
        "teardown %s, attempt %d; missing acks: %s"
        % (state["teardown"]["state"], state["teardown"]["attempt"], ", ".join(view.missing_acks(state)) or "none")
    )
    return 0


def _finish(args):
    state, records = Run(args.project, args.team).look()
    if state["phase"] != "CLOSED":
        _needs_hook("finish")
    print(shown(summary(state, stats(records))))


def _go(args):
    print(advice.go(Run(args.project, args.team).look()[0]))


def _status_arguments(p):
    p.add_argument("--json", action="store_true", help="for programs")
    p.add_argument("--summary", action="store_true", help="the final report, from the journal")
    p.add_argument("--format", choices=("text", "md"), default="text", help="md: the summary as Markdown, for a pull request")
    p.add_argument("--all", action="store_true", help="every agent and task, uncut; a terminal gets what fits it")


def _verify_arguments(p):
    p.add_argument("--build", help="the project's build; `true` where it has none")
    p.add_argument("--test", help="its tests; a pipe counts as failed when any part of it fails")
    p.add_argument("--in-place", metavar="WHY", help="not in a fresh checkout but here, and why; the summary shows it")


COMMANDS = {
    "plan": (lambda p: p.add_argument("file", nargs="?"), lambda args: _needs_hook("plan")),
    "task": (lambda p: p.add_argument("words", nargs="*"), _task),
    "verify": (_verify_arguments, lambda args: _needs_hook("verify")),
    "status": (_status_arguments, _status),
    "log": (_log_arguments, _log),
    "explain": (
        lambda p: p.add_argument(
            "task", type=_task_or_file, metavar="TASK|FILE", nargs="?", help="its number (2 or #2), or a file: the tasks that have it"
        ),
        _explain,
    ),
    "finish": (lambda p: (p.add_argument("--build"), p.add_argument("--test")), _finish),
    "go": (lambda p: None, _go),
    "teardown": (lambda p: p.add_argument("words", nargs="*"), _teardown),
    "abort": (lambda p: p.add_argument("--reason"), _abort),
    "resume": (lambda p: p.add_argument("--repair", action="store_true"), _resume),
}
