"""What hooks do in a run of a fleet. Standard library only, and little of it; without a fleet nothing of this is imported.

cli/hook.py hands this module to the gate (`call.fleet`), as it does with runs of waves. The engine is asked through the run's shipper, by
a socket in the run's folder, and only where an answer decides: a plan, a task's files, a commit, and once when this machine was away.
"""

import os
import time

from ..base import codec, enforcement, paths, project_facts
from ..protocol import machine, tables
from ..protocol.refusal import Refusal
from ..gate import answers
from . import files

ASKED = ("PLAN_REGISTERED", "TASK_ADDED", "TASK_RESCOPED", "TASK_REOPENED", "CLAIM")  # after these a run may need more leases
ANSWER_SECONDS = 7.0  # for an answer of the shipper's; the client waits 30 s for PreToolUse, the journal's lock is held
AWAKE_SECONDS = 3.0
NEWS_AT_ONCE = 10  # what is more is told at the next turn's end
START_AGAIN = 20.0  # seconds before a shipper that could not work is tried again


# --- At each hook -----------------------------------------------------------------------------------------------------
def look(call):
    """The answer of a hook of a run that another machine leads now, else None. Sees to it that the shipper runs."""
    run = call.store.data
    own = files.read(run, "fleet.json") or _begin(call)
    fenced = files.read(run, "fenced.json")
    if fenced is None:
        status = files.read(run, "ship.json") or {}
        up = files.alive(status.get("pid")) and status.get("boot") == files.boot() and not _leaving(status)
        heard = status.get("heard") if status.get("boot") == files.boot() else None
        if call.state["phase"] != "CLOSED" and not up:
            start(call, status)
        # Away for longer than its leases last: somebody may lead it by now, and that is found out before anything is done. A run that was
        # never heard of has nobody else.
        slept = heard is None or files.seconds() - heard > own["settings"]["lease_minutes"] * 60
        doubtful = status and (not up and not _just_failed(status) or status.get("state") == "ok")
        if slept and doubtful and call.payload["hook_event_name"] in ("PreToolUse", "SessionStart", "UserPromptSubmit"):
            ask(call, {"ask": "own"}, AWAKE_SECONDS)
            fenced = files.read(run, "fenced.json")
    return _frozen(call, fenced) if fenced is not None else None


def typed(live):
    """The answer to a command that would take up a run which another machine leads, else None."""
    fenced = files.read(live["run"], "fenced.json")
    return None if fenced is None else answers.block("team: " + _refusal(live["team"], fenced, "RUN_RESUMED").text())


def _begin(call):
    """The run's part in the fleet, by the project's file as it is now."""
    from . import policy

    settings = policy.read(call.project)
    if settings is None:
        raise ValueError("%s is gone, and the run has not begun its part in the fleet" % policy.NAME)
    own = {"run": os.urandom(16).hex(), "holder": os.urandom(16).hex(), "settings": settings}
    for folder, _team in files.unfinished(call.project, call.data):
        launch(folder, call.project, call.env)  # an earlier run that ended while the engine was away
    files.write(call.store.data, "fleet.json", own)
    return own


def _frozen(call, fenced):
    """What somebody of a fenced run is answered: nothing more is written here."""
    name, state = call.payload["hook_event_name"], call.state
    refusal = _refusal(state["team"]["name"], fenced, name)
    if state["phase"] == "CLOSED":
        return None
    if name == "PreToolUse":
        payload = call.payload
        ours = payload.get("session_id") == state["team"]["session"] or payload.get("agent_id") in state["agents"]
        return answers.deny(refusal) if ours else answers.PASS
    if name == "UserPromptSubmit":
        from ..gate import prompt_lines

        prompt = str(call.payload.get("prompt") or "").strip()
        if not prompt_lines.for_the_team(prompt):
            return answers.PASS
        return None if "abort" in prompt.casefold().split()[:2] else answers.block("team: " + refusal.text())
    return answers.tell(name, "team: " + refusal.text()) if name == "SessionStart" else answers.PASS


def _refusal(team, fenced, event):
    since = " at %s" % str(fenced["at"])[:19].replace("T", " ") if fenced.get("at") else ""
    return Refusal(
        "STATE_FROZEN",
        "this copy of the run %s is fenced: it was taken over on %s%s" % (team, fenced.get("machine") or "another machine", since),
        "nothing that is done here counts any more, and nothing is recorded",
        "go on there; or take it back in your own terminal: `pack fleet resume %s`; `pack abort --reason WHY` there ends this copy" % team,
        event,
    )


# --- Leases ------------------------------------------------------------------------------------------------------------
def lease(call, event):
    """Before an event is recorded after which the run needs more files: ask for them. Raises the Refusal; nothing is recorded then."""
    asks = event["event"] in ASKED or event["data"].get("claims")  # `DONE: task #1, claiming task #2` is a claim, too
    if event["event"] == "IN_REVIEW":  # drifted since the claim: what is reviewed has to stand on what is merged
        number = event["data"].get("task")
        _contracts(call, event["event"], call.state["tasks"].get(str(number)), number)
    if not asks or call.state["waves"] is not None or event.get("key") and event["key"] in call.store.keys:
        return
    after, _events = machine.fold(call.state, event, call.now)  # its own refusal comes first
    for task in (event["data"].get("task") if event["event"] == "CLAIM" else None, event["data"].get("claims")):
        _contracts(call, event["event"], after["tasks"].get(str(task)), task)
    held, waiting = files.read(call.store.data, "leases.json", {}), {w["path"] for w in _open(call)}
    wants = [{"path": p, "task": n} for p, n in sorted(_spelt(call, files.wanted(after)).items()) if p not in held and p not in waiting]
    if not wants:
        return
    _obtain(call, wants, event["event"], event["data"].get("task"))


def write(call, name):
    """Before an agent of a run of waves writes a file of the project (`src/` for a folder that goes): it is its squad's from here to the run's end.
    Raises the Refusal."""
    if call.state["waves"] is not None and _not_held(call, [name]) and not project_facts.left_out(call.project, name):
        _begin_files(call, [name], "WRITE")


def _not_held(call, names):
    """The paths of a run of waves that it has no lease on, as leases spell them. What belongs to the team itself (`.team/`) is each run's own, as its
    journal is."""
    held = list(files.read(call.store.data, "leases.json", {})) + [w["path"] for w in _open(call)]
    covered = lambda path: any(path == p or p.endswith("/") and path.startswith(p) for p in held)
    spelt = _spelt(call, {n: None for n in names if not _the_teams(call, n)})
    return sorted(path for path in spelt if not covered(path))


def _begin_files(call, names, event):
    """Leases for a run of waves on what it has none on, all or none. Raises the Refusal of the event."""
    paths_ = _not_held(call, names)
    if paths_:
        _obtain(call, [{"path": p, "task": None} for p in paths_], event)
        files.write(call.store.data, "asked.json", dict(files.read(call.store.data, "asked.json", {}), **dict.fromkeys(paths_, 0)))


def _the_teams(call, name):
    return (name.rstrip("/") + "/").startswith(call.state["team"]["definition"]["root"].rstrip("/") + "/")


def _open(call):
    return files.read(call.store.data, "unleased.json", [])


def _obtain(call, wants, event, task=None):
    """Leases on all of these, or the Refusal of the event that needs them."""
    open_ = _open(call)
    found = ask(call, {"ask": "lease", "wants": wants}, ANSWER_SECONDS)
    if found.get("ok"):
        return
    if found.get("fenced"):
        raise _frozen_refusal(call, event)
    if found.get("inway"):
        raise _leased(found["inway"], event, task)
    if found.get("refused"):
        raise _engine_refuses(found["refused"], ", ".join(w["path"] for w in wants), event, task)
    if files.read(call.store.data, "fleet.json")["settings"]["offline"] == "allow":
        files.write(call.store.data, "unleased.json", open_ + wants)
        files.note(call.store.data, ["worked on without a lease while the engine was away (offline: allow): %s" % w["path"] for w in wants])
        files.news(
            call.store.data,
            [
                "the engine is away (%s): %s without a lease, as `offline: allow` permits; conflicts are listed when it is back"
                % (found.get("away"), ", ".join(w["path"] for w in wants)[:300])
            ],
        )
        return
    raise Refusal(
        "ENGINE_AWAY",
        "no lease on %s: %s" % (", ".join(w["path"] for w in wants)[:200], found.get("away")),
        "files that the run holds already stay its own",
        "try again when it is back (`pack fleet status`); or the user commits `offline: allow` in .claude/fleet.yaml for the next run",
        event,
        task,
    )


def _contracts(call, event, task, number):
    """A task that depends on a contract which drifted is neither begun nor handed to review before it is merged here. Raises the Refusal."""
    if task is None or not files.read(call.store.data, "contracts.json"):
        return
    from . import drift

    found = ask(call, {"ask": "contracts"}, ANSWER_SECONDS)  # its commit may be merged meanwhile
    standing = found.get("standing") or files.read(call.store.data, "contracts.json")
    late = drift.keeps_back(standing, sorted(_spelt(call, {n: 0 for n in task["files"]})))
    if late:
        one = late[0]
        raise Refusal(
            "CONTRACT_DRIFTED",
            "task #%s depends on contract %s of squad %s" % (number, one["name"], one["by"]),
            "version %d, at %s: %s" % (one["version"], one["commit"][:12], one["why"]),
            "merge %s (the user's `git pull`), then %s again; other tasks go on meanwhile; `pack fleet ask %s 'QUESTION'` asks that squad"
            % (one["commit"][:12], "review" if event == "IN_REVIEW" else "claim", one["by"]),
            event,
            number,
        )


def _spelt(call, wanted):
    return files.spelt(call.project, call.state, wanted)


def _leased(inway, event, task):
    first = inway[0]
    others = sorted({c["held"] for c in inway[1:]} - {first["held"]})
    return Refusal(
        "LEASED_ELSEWHERE",
        "%s is squad %s's%s" % (first["held"], first["squad"], ", and %d more" % len(others) if others else ""),
        "held by run %s (%s)%s, on %s since %s%s"
        % (
            first["team"],
            first["run"][:8],
            files.of_task(first["task"]),
            first["machine"],
            str(first["since"])[:19].replace("T", " "),
            "; also " + ", ".join(others)[:200] if others else "",
        ),
        "wait until that run is closed or drops it; ask that squad: `pack fleet ask %s 'QUESTION'`; it hands over with "
        "`%s`; or go on without the file" % (first["squad"], _dropping(first)),
        event,
        task,
    )


def _dropping(lease):
    """How whoever holds a lease gives it back: a task drops the file; in a run of waves its user does."""
    return ("pack fleet release %s" if lease["task"] is None else "pack task rescope N --drop %s") % lease["held"]


def _engine_refuses(why, paths, event, task=None):
    """It is not away, so `offline: allow` is no way on."""
    return Refusal(
        "ENGINE_REFUSES",
        "no lease on %s: the fleet's engine says no" % paths[:200],
        why,
        "what it says is to be mended first: `pack fleet status` shows how this copy stands, docs/fleet.md who may what",
        event,
        task,
    )


def _frozen_refusal(call, event):
    return _refusal(call.state["team"]["name"], files.read(call.store.data, "fenced.json") or {}, event)


def commit(call, names):
    """Before a commit of these files: every one under a lease that is still the run's. Raises the Refusal."""
    if call.state["waves"] is not None:
        names = [n for n in names if not _the_teams(call, n)]
        _begin_files(call, names, "COMMIT")  # what a program wrote unseen
    spelt = sorted(_spelt(call, {n: 0 for n in names}))
    own = {w["path"] for w in _open(call)}
    spelt = [p for p in spelt if not any(p == o or o.endswith("/") and p.startswith(o) for o in own)]
    if not spelt:
        return
    found = ask(call, {"ask": "write", "paths": spelt}, ANSWER_SECONDS)
    if found.get("lost") and not any(row.get("by") for row in found["lost"]):
        # Nobody has it: it is asked for once more, as the tasks have it, before anybody is stopped.
        wants = [{"path": p, "task": n} for p, n in sorted(_spelt(call, files.wanted(call.state)).items())]
        wants = wants if call.state["waves"] is None else [{"path": p, "task": None} for p in spelt]
        if ask(call, {"ask": "lease", "wants": wants}, ANSWER_SECONDS).get("ok"):
            found = ask(call, {"ask": "write", "paths": spelt}, ANSWER_SECONDS)
    if found.get("ok"):
        return
    if found.get("fenced"):
        raise _frozen_refusal(call, "COMMIT")
    if found.get("lost"):
        lost = found["lost"]
        by = lost[0].get("by")
        raise Refusal(
            "LEASE_LOST",
            "the lease on %s is lost" % ", ".join(row["path"] for row in lost)[:200],
            "squad %s has it: run %s%s, on %s since %s"
            % (by["squad"], by["team"], files.of_task(by["task"]), by["machine"], str(by["since"])[:19].replace("T", " "))
            if by
            else "it ran out or was given back, and nobody has it now",
            "tell the lead: %s; whoever has it is asked with `pack fleet ask SQUAD 'QUESTION'`"
            % ("`pack task rescope N --file PATH` asks for it again" if call.state["waves"] is None else "the next write of it asks again"),
            "COMMIT",
        )
    status = files.read(call.store.data, "ship.json") or {}
    settings = files.read(call.store.data, "fleet.json")["settings"]
    sure = status.get("heard") is not None and status.get("boot") == files.boot()
    allowed = settings["offline"] == "allow" and not found.get("refused")
    if not found.get("diverged") and (allowed or sure and files.seconds() - status["heard"] < settings["lease_minutes"] * 60):
        return  # nobody can have taken it yet, by a clock that nobody sets; of two copies of one run each may believe that
    if found.get("refused"):
        raise _engine_refuses(found["refused"], ", ".join(spelt), "COMMIT")
    raise Refusal(
        "ENGINE_AWAY",
        "whether the files of this commit are still leased cannot be found out: %s" % found.get("away"),
        "the last sign of life is older than the leases last (%g min)" % settings["lease_minutes"],
        "commit again when the engine is back (`pack fleet status`)",
        "COMMIT",
    )


# --- What other squads approved ------------------------------------------------------------------------------------------
def elsewhere(call, pairs):
    """What of these (path, digest) other squads' runs have approved: fleet/approvals.py."""
    from . import approvals

    return approvals.elsewhere(call, lambda question: ask(call, question, AWAKE_SECONDS), pairs)


# --- A turn's end ------------------------------------------------------------------------------------------------------
def said(call, answer):
    """The lead's turn ends, or it is woken anyway: what the fleet has for it goes along, once. All that this hook records is recorded by now."""
    name, run = call.payload["hook_event_name"], call.store.data
    if _leaving(files.read(run, "ship.json") or {}) and enforcement.led(call.state) and call.state["phase"] != "CLOSED":
        start(call, {})  # the one that was started before this hook recorded who leads now saw nobody
    if call.actor["role"] != tables.LEAD or name not in ("Stop", "UserPromptSubmit", "SessionStart") or call.state["phase"] == "CLOSED":
        return answer
    if answer[1] and name == "UserPromptSubmit" and "suppressOriginalPrompt" in answer[1]:
        return answer
    lines = files.take_news(run, NEWS_AT_ONCE)
    if not lines:
        return answer
    text = "team: from the fleet: " + "; ".join(lines)
    if answer[1]:
        found = codec.loads(answer[1])
        if "reason" in found:
            found["reason"] += "\n" + text
        else:
            specific = found.setdefault("hookSpecificOutput", {"hookEventName": name})
            specific["additionalContext"] = (specific.get("additionalContext", "") + "\n" + text).strip()
        return answer[0], codec.dumps(found), answer[2]
    return answers.block(text) if name == "Stop" else answers.tell(name, text)


# --- The shipper -------------------------------------------------------------------------------------------------------
def python(env):
    """The interpreter that has psycopg, as `pack fleet join` found it."""
    try:
        with open(os.path.join(env.get("HOME") or os.path.expanduser("~"), ".config", "team", "fleet.json"), encoding="utf-8") as f:
            found = codec.loads(f.read()).get("python")
    except (OSError, ValueError, AttributeError):
        found = None
    return found if isinstance(found, str) and os.access(found, os.X_OK) else None


def _just_failed(status):
    """Whether the shipper said a moment ago that it cannot work."""
    return status.get("state") == "error" and time.time() - status.get("at", 0) < START_AGAIN


def _leaving(status):
    """Whether the shipper found nobody at work: it takes nothing more, or only what it finds by chance."""
    return status.get("state") == "left"


def start(call, status):
    """Start the run's shipper; one that could not work a moment ago is not tried again at each hook."""
    if not _just_failed(status):
        launch(call.store.data, call.project, call.env)


def launch(run, project, env):
    """A process of its own, in a session of its own: whoever kills the hook's group does not kill it."""
    which = python(env)
    argv = ["/bin/sh", "-c", '"$@" </dev/null >>"$SHIP_LOG" 2>&1 &', "sh", os.path.join(paths.PLUGIN_ROOT, "bin", "pack"), "fleet", "ship"]
    argv += ["--run", run, "--project", project]
    env = dict(env, SHIP_LOG=os.path.join(run, "ship.log"), PATH=env.get("PATH") or os.defpath, **({"PACK_PYTHON": which} if which else {}))
    env.pop("CLAUDECODE", None)
    try:
        try:
            pid = os.posix_spawn("/bin/sh", argv, env, setsid=True)
        except NotImplementedError:
            pid = os.posix_spawn("/bin/sh", argv, env)
        os.waitpid(pid, 0)
    except OSError:
        pass


def ask(call, question, seconds):
    """The shipper's answer; {"ok": False, "away": why} when there is none in time."""
    return put(call.store.data, call.project, call.env, question, seconds)


def put(run, project, env, question, seconds):
    """The same for a run that no hook is at."""
    import _socket

    end, started = time.monotonic() + seconds, False
    data = codec.dumps(question).encode("ascii") + b"\n"
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(run)  # the path of a socket is short, and a run's folder may not be
        while True:
            line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            try:
                line.settimeout(max(0.1, end - time.monotonic()))
                line.connect("ship.sock")
                sent = 0
                while sent < len(data):
                    sent += line.send(data[sent:])
                found = b""
                while not found.endswith(b"\n"):
                    more = line.recv(65536)
                    if not more:
                        break
                    found += more
                if found.endswith(b"\n"):
                    return codec.loads(found.decode("ascii"))
            except (ConnectionError, FileNotFoundError):
                if not started:
                    launch(run, project, env)
                    started = True
            except OSError:
                pass  # no answer in time
            finally:
                line.close()
            if time.monotonic() > end:
                status = files.read(run, "ship.json") or {}
                why = status.get("why") if status.get("state") in ("offline", "error", "diverged") else ""
                return {"ok": False, "away": why or _why(run) or "the shipper gave no answer in %g s" % seconds}
            time.sleep(0.03)
    finally:
        os.fchdir(here)
        os.close(here)


def _why(run):
    """The last line of what the shipper wrote when it could not begin."""
    try:
        with open(os.path.join(run, "ship.log"), encoding="utf-8", errors="replace") as f:
            lines = f.read()[-2000:].strip().split("\n")
    except OSError:
        return ""
    return lines[-1][:300]
