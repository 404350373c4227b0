"""The integration day of a sprint: its checklist is run for real, and what was printed is archived below status/<date>/evidence/."""

import json
import os
import re
import signal
import subprocess
import time

from pack.base import whole_file
from pack.realtime import gitinfo, panels, record
from pack.realtime.sprint import SprintError, day_of, local, own_files, status_folder

RESULT = "integration.json"
MOST_PRINTED = 50 << 20  # bytes of one command that are archived; one that prints more runs wild


def integrate(data, now, root=".", runner=None):
    """Run the checklist for real; everything is archived under status/<date>/evidence/. Returns the result.

    Ctrl-c ends the command that runs; what was seen is kept, what was not run says so, and the day has not passed.
    """
    date = str(local(data, now).date())
    folder = os.path.join(root, status_folder(data), date, "evidence")
    os.makedirs(folder, exist_ok=True)
    _put_away(folder)
    result = {"date": date, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)), "steps": []}
    told = gitinfo.state(root, exclude=own_files(data))
    result.update(commit=told["commit"], dirty=told["dirty"])
    commands = []
    for item in data["integration_day"]["checklist"]:
        if item.get("smoke"):
            for squad in data["squads"]:
                if not squad.get("smoke"):
                    result["steps"].append(
                        {"do": "smoke %s" % squad["id"], "squad": squad["id"], "ok": False, "why": "the squad has no smoke command"}
                    )
                commands += [("smoke %s" % squad["id"], argv, squad["id"]) for argv in squad.get("smoke", [])]
        commands += [(item["do"], item[part], part) for part in ("run", "topics", "files") if part in item]
    interrupted = None
    for number, (what, argv, part) in enumerate(commands, 1):
        log = "%02d-%s.log" % (number, re.sub(r"[^a-z0-9]+", "-", what.lower()).strip("-")[:60])
        step = {"do": what, "squad": part if part not in ("run", "topics", "files") else None}
        result["steps"].append(step)
        if interrupted:
            step.update(ok=False, why="not run: interrupted")
            continue
        if runner:
            runner(number, len(commands), what)
        try:
            if part == "files":
                gone = [f for f in argv if not os.path.isfile(os.path.join(root, f))]
                step.update(ok=not gone, why="missing: %s" % ", ".join(gone) if gone else "")
            elif part == "topics":
                step.update(_topics(argv, root, os.path.join(folder, log)), log=log)
                step["why"] += "" if step["ok"] else panels.runbook_of(data, argv["adapter"], root)
            else:
                limit = data["integration_day"].get("timeout_minutes", 30) * 60.0
                step.update(argv=argv, log=log, **_command(argv, root, os.path.join(folder, log), limit))
        except KeyboardInterrupt as error:
            interrupted = error
            step.update(ok=False, why="interrupted", log=log)
    result["ok"] = all(s["ok"] for s in result["steps"])
    result["digest"] = record.digest(result)
    whole_file.put(os.path.join(folder, RESULT), json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    if interrupted:
        raise interrupted
    return result


def _put_away(folder):
    """An earlier run of the same day keeps its result and its logs, in a folder of its own."""
    path = os.path.join(folder, RESULT)
    if not os.path.isfile(path):
        return
    number = 1 + sum(n.startswith("run-") for n in os.listdir(folder))
    away = os.path.join(folder, "run-%d" % number)
    os.makedirs(away)
    for name in os.listdir(folder):
        if name == RESULT or re.match(r"\d\d-.*\.log$", name):
            os.replace(os.path.join(folder, name), os.path.join(away, name))


def _command(argv, root, log, limit):
    """Run one command to its end, its output into `log`; {exit_code, seconds, ok, why}. KeyboardInterrupt ends it with its children."""
    start, why, code = time.monotonic(), "", 127
    with open(log, "wb") as handle:
        try:
            process = subprocess.Popen(
                argv, cwd=root, stdout=handle, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )
        except OSError as error:
            handle.write(("%s: %s\n" % (argv[0], error.strerror)).encode())
            return {"exit_code": code, "seconds": 0.0, "ok": False, "why": "%s: %s" % (argv[0], error.strerror)}
        try:
            while True:
                try:
                    code = process.wait(0.2)
                    break
                except subprocess.TimeoutExpired:
                    if time.monotonic() - start > limit:
                        why = "did not end within %g min (timeout_minutes)" % (limit / 60.0)
                    elif os.path.getsize(log) > MOST_PRINTED:
                        why = "printed more than %d MB" % (MOST_PRINTED >> 20)
                    if why:
                        code = _end(process)
                        break
        except BaseException:
            _end(process)
            raise
    why = why or ("" if code == 0 else "exit code %d" % code)
    return {"exit_code": code, "seconds": round(time.monotonic() - start, 2), "ok": not why, "why": why}


def _end(process):
    """End a command and what it started; its exit code."""
    for number, wait in ((signal.SIGTERM, 5), (getattr(signal, "SIGKILL", signal.SIGTERM), 10)):
        try:
            os.killpg(process.pid, number) if hasattr(os, "killpg") else process.terminate()
        except (ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
            pass
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            continue
    return process.returncode


def _topics(spec, root, log):
    silent = []
    key = {"redis": "stream", "nats": "subject", "mqtt": "topic", "rabbitmq": "queue", "kafka": "topic"}[spec["adapter"]]
    with open(log, "w", encoding="utf-8") as handle:
        for name in spec["names"]:
            try:
                got = record.topic(spec["adapter"], spec["address"], {key: name}, 1, spec.get("seconds", 5.0), root)
                handle.write("%s: %d message(s), %s\n" % (name, len(got["messages"]), json.dumps(got["schema"])))
            except (RuntimeError, OSError, ValueError) as error:
                silent.append(name)
                handle.write("%s: %s\n" % (name, error))
    return {"ok": not silent, "why": "no live traffic: %s; the log says why" % ", ".join(silent) if silent else ""}


def last_integration(data, root="."):
    """The newest integration result, or None; SprintError where it is not what `pack sprint integration` wrote."""
    folder = os.path.join(root, status_folder(data))
    for name in sorted((n for n in (os.listdir(folder) if os.path.isdir(folder) else []) if day_of(n)), reverse=True):
        path = os.path.join(folder, name, "evidence", RESULT)
        if os.path.isfile(path):
            try:
                with open(path, encoding="utf-8") as handle:
                    found = json.load(handle)
            except ValueError:
                found = None
            if not isinstance(found, dict) or found.get("digest") != record.digest(found):
                raise SprintError("%s was edited or is damaged: `pack sprint integration` runs the day again" % path)
            return found
    return None
