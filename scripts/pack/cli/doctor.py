"""`pack doctor`: what is enforced here, why not more, and how to raise it. Looks; `--fix` prints or writes one setting."""

import argparse
import os
import shutil
import subprocess
import sys

from ..base import arguments, codec, enforcement, git_facts, paths, whole_file
from ..gate import skill_files
from ..store.journal import Damaged, Store, read_chain, replayed

SANDBOX = {"sandbox": {"enabled": True, "filesystem": {"denyWrite": [".claude/teams", "~/.claude/plugins"]}}}


def _run(*command):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def _cpu(command, runs=5):
    """Median CPU milliseconds of starting a command."""
    import resource

    rows = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        if _run(*command) is None:
            return None
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        rows.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)
    return sorted(rows)[runs // 2]


def settings(project):
    """The client's settings that matter, merged: {"hooks_off": None (examine says), "teams": bool, "mode": str}."""
    out = {"hooks_off": None, "teams": os.environ.get("CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS") in ("1", "true"), "mode": None}
    for path in paths.settings_files(os.environ, project).values():
        try:
            with open(path, encoding="utf-8") as f:
                found = codec.loads(f.read())
        except (OSError, ValueError):
            continue
        if isinstance(found, dict):
            env = found.get("env") if isinstance(found.get("env"), dict) else {}
            out["teams"] = out["teams"] or str(env.get("CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS")) in ("1", "true")
            permissions = found.get("permissions") if isinstance(found.get("permissions"), dict) else {}
            out["mode"] = permissions.get("defaultMode") or out["mode"]
    return out


def _client_rows(row, env):
    """Which client there is, and whether it is one that this pack knows."""
    version = enforcement.client_version(env) or _client_version()
    text = ".".join(map(str, version)) if version else "not found on PATH"
    row(
        "client",
        text,
        bool(version) and version >= enforcement.FAILS_CLOSED,
        "put `claude` on PATH, and its version is looked at here"
        if not version
        else ""
        if version >= enforcement.FAILS_CLOSED
        else "%d.%d.%d or newer blocks the call when a hook fails; older clients let it through" % enforcement.FAILS_CLOSED,
    )
    if version and version > _known():
        row(
            "client, newer",
            "%s is newer than %s, the newest one that this pack was measured with" % (text, ".".join(map(str, _known()))),
            None,
            "the gate sees the tools and events that it knows; one that the new version added may pass it. Look for a newer pack, or type "
            "`make client-diff CLIENT=%s` in a checkout of it" % text,
        )


def _python_rows(row):
    """Which Python the hooks run on, and what a start of it costs."""
    which = shutil.which("python3") or shutil.which("python")
    bare = _cpu((sys.executable, "-I", "-S", "-E", "-c", "pass"))
    row(
        "python",
        "%s (%s), %.0f ms CPU to start" % (sys.executable, sys.version.split()[0], bare or 0),
        sys.version_info >= (3, 9),
        "" if sys.version_info >= (3, 9) else "the hooks need Python 3.9 or newer",
    )
    through = _cpu((which, "-I", "-S", "-E", "-c", "pass"), 3) if which else None
    if through and bare and through > bare * 3:
        row(
            "python3 on PATH",
            "%s costs %.0f ms a start (a shim)" % (which, through),
            None,
            "paid once a session: the run keeps the real interpreter's path",
        )


def examine(project):
    """Everything the doctor sees: a list of {"what", "value", "ok": True|False|None, "advice"} and the level."""
    rows, env = [], os.environ

    def row(what, value, ok=None, advice=""):
        rows.append({"what": what, "value": value, "ok": ok, "advice": advice})

    _client_rows(row, env)
    found = settings(project)
    live = paths.active(project, paths.data_folder(env))
    found["hooks_off"] = enforcement.switched_off(env, project, live and live["run"])
    bare = env.get("CLAUDE_CODE_SIMPLE") == "1"  # in Bash's environment below `claude --bare`, and not otherwise (CLIENT 5.8)
    if bare:
        row("hooks", "off: the client was started with --bare", False, "--bare loads commands and no hooks: start it without")
        found["hooks_off"] = found["hooks_off"] or "--bare"
    else:
        row(
            "hooks",
            "switched off: %s" % found["hooks_off"] if found["hooks_off"] else "on",
            not found["hooks_off"],
            "mend that and start the client anew: without hooks nothing is enforced" if found["hooks_off"] else "",
        )
    entry = env.get("CLAUDE_CODE_ENTRYPOINT")
    row("mode", {"cli": "interactive terminal", "sdk-cli": "headless (-p)"}.get(entry, "your own terminal" if not entry else entry))
    row(
        "teams flag",
        "on" if found["teams"] else "off",
        None,
        "teammates that you can type to; each end of a turn of theirs is a call of the lead's, which no hook can spare (docs/cost.md)"
        if found["teams"]
        else "agents run as subagents that a message revives, and only what needs the lead wakes it: the cheaper way (docs/cost.md); "
        "CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS=1 in an interactive session makes them teammates that you can type to",
    )
    todo = env.get("CLAUDE_CODE_ENABLE_TODO_TOOLS") in ("1", "true")
    row("Task tools", "asked for" if todo else "not asked for", None, "" if todo else "not needed: `pack plan` holds the tasks")
    _python_rows(row)
    why, way = git_facts.refuses(project)
    if why:
        row("git", why, False, "no run is opened until git works here: " + way)
    boxed = enforcement.sandboxed(env, project)
    row(
        "sandbox",
        "denies writing .claude/teams" if boxed else "off for .claude/teams",
        boxed,
        ""
        if boxed
        else "a shell command that hides its target is detected and undone, not prevented; `pack doctor --fix` adds the setting",
    )
    row("permission mode", found["mode"] or "default", None, "hooks hold in every mode, bypassPermissions too")
    for word in ("build", "realtime"):
        others = takers(project, word)
        if others:
            row(
                "/" + word,
                "%s makes the word /%s too" % (", ".join(others[:3]), word),
                None,
                "which of them the bare word means is the client's choice: type /team:%s for this pack's" % word,
            )
    _runs(project, row)
    if found["hooks_off"]:
        level = "off"
    else:
        level = "full" if all(r["ok"] for r in rows if r["what"] in ("client", "python", "git", "sandbox")) else "partial"
    return rows, level


def takers(project, word):
    """Files that make the bare word /WORD besides this plugin: the project's and the user's own, and those of enabled plugins."""
    homes, enabled = [os.path.join(project, ".claude"), paths.client_home(os.environ)], {}
    for path in paths.settings_files(os.environ, project).values():  # the later ones win
        found = json_file(path).get("enabledPlugins")
        enabled.update(found if isinstance(found, dict) else {})
    installed = json_file(os.path.join(paths.client_home(os.environ), "plugins", "installed_plugins.json")).get("plugins")
    for key, entries in (installed if isinstance(installed, dict) else {}).items():
        if enabled.get(key) is True and key.partition("@")[0] != "team":
            homes += [
                one["installPath"]
                for one in (entries if isinstance(entries, list) else [entries])
                if isinstance(one, dict) and isinstance(one.get("installPath"), str)
            ]
    return list(dict.fromkeys(path for home in homes for path in skill_files.called(home, word)))


def json_file(path):
    """A JSON file's object, {} where there is none."""
    try:
        with open(path, encoding="utf-8") as f:
            found = codec.loads(f.read())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _known():
    """The newest client that the facts speak for; where the linter is not installed beside the hooks, nobody knows one."""
    try:
        from ..lint import facts
    except ImportError:
        return (sys.maxsize,)
    return facts.parse_version(facts.NEWEST)


def _client_version():
    text = _run("claude", "--version")
    numbers = (text or "").split(" ")[0].split(".")
    return tuple(int(n) for n in numbers) if len(numbers) == 3 and all(n.isdigit() for n in numbers) else None


def _runs(project, row):
    data = paths.data_folder(os.environ)
    live = paths.active(project, data)
    row("active team", live["team"] if live else "none")
    if not live:
        return
    store = Store(paths.team_folder(project, live["team"]), live["run"])
    raw = store.disk.read(store.journal)
    records, end, problem = read_chain(raw or b"")
    try:
        if not records and not problem:
            problem = "missing" if raw is None else "empty"
        if not records or problem.startswith("damaged"):
            raise Damaged(problem)
        store.reaches(end)
        for _record, state in replayed(records):
            pass
    except Damaged as error:
        row(
            "journal",
            str(error),
            False,
            "it is restored from its mirror at the next event; if that is damaged too: `pack resume --repair` "
            "(back to the last good record) or `pack abort --reason WHY`, both in your own terminal",
        )
        return
    mirror = read_chain(store.disk.read(store.mirror) or b"")
    row("journal", "%d records, chain intact%s" % (len(records), ", a torn end that was never acknowledged" if problem else ""), True)
    row("mirror", "%d records%s" % (len(mirror[0]), ", " + mirror[2] if mirror[2] else ""), len(mirror[0]) >= len(records))
    sealed, tampered = (state["team"] or {}).get("sealed") or {}, sorted(state["tampered"])
    row(
        "plugin, settings",
        "changed while the run was live: " + ", ".join(n.replace("settings:", "") for n in tampered)
        if tampered
        else "as they were (version %s, %s files watched)" % (sealed.get("version", "?"), sealed.get("files", 0)),
        not tampered,
        "compare %s with its source, put it "
        "back or keep it; then type `team resume` in the client: the run is not completed before" % sealed.get("root", "the plugin")
        if tampered
        else "",
    )
    pid = (state["team"] or {}).get("client_pid")
    row(
        "lead's client",
        "process %s %s" % (pid, "runs" if enforcement.alive(pid) else "is gone"),
        enforcement.alive(pid),
        "" if enforcement.alive(pid) else "open the client in this project and type `team resume`",
    )


def fix(project, write):
    """The sandbox setting: printed, or merged into the project's settings. Answers (whether that was done, text)."""
    path = os.path.join(project, ".claude", "settings.json")
    import json

    if not write:
        text = "Put this into %s (or run `pack doctor --fix --write` in your own terminal):\n\n%s" % (path, _sandbox_text())
        return True, text
    if os.environ.get("CLAUDECODE"):
        return False, "Settings are changed by you, not by an agent: run this in your own terminal."
    try:
        with open(path, encoding="utf-8") as f:
            have = json.load(f)
    except FileNotFoundError:
        have = {}
    except OSError as error:
        return _not_fixed(path, "cannot be read (%s)" % error.strerror)
    except ValueError:
        return _not_fixed(path, "is not JSON")
    try:
        box = have.setdefault("sandbox", {})
        box["enabled"] = True
        denied = box.setdefault("filesystem", {}).setdefault("denyWrite", [])
        denied += [d for d in SANDBOX["sandbox"]["filesystem"]["denyWrite"] if d not in denied]
    except (AttributeError, TypeError):
        return _not_fixed(path, "has something else where the setting goes")
    try:
        whole_file.put(path, json.dumps(have, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        return _not_fixed(path, "cannot be written (%s)" % error.strerror)
    return True, "Wrote the sandbox setting to %s. It counts from the client's next start." % path


def _not_fixed(path, why):
    return False, "%s %s; nothing was changed. Mend that first, or put this in by hand:\n\n%s" % (path, why, _sandbox_text())


def _sandbox_text():
    import json

    return json.dumps(SANDBOX, indent=2)


def main(argv):
    """`pack doctor [--json] [--fix [--write]]`. Exit 1 when nothing is enforced, a journal is damaged, or the setting was not written."""
    parser = arguments.Parser(
        prog="pack doctor",
        description="What is enforced here, why, and how to raise it.",
        epilog="example:\n  pack doctor\n  pack doctor --fix --write",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--fix", action="store_true", help="print the sandbox setting that raises the level to full")
    parser.add_argument("--write", action="store_true", help="with --fix: merge it into .claude/settings.json")
    parser.add_argument("--project", default=None, help="the project's folder (default: found from here upwards)")
    args = parser.parse_args(argv)
    project = os.path.abspath(args.project or os.environ.get("CLAUDE_PROJECT_DIR") or paths.find_project(os.getcwd()))
    if args.fix:
        done, text = fix(project, args.write)
        print(text, file=sys.stdout if done else sys.stderr)
        return 0 if done else 1
    rows, level = examine(project)
    if args.json:
        import json

        print(json.dumps({"level": level, "checks": rows}, ensure_ascii=False, indent=1))
    else:
        for r in rows:
            print("%s %-16s %s" % ({True: "✅", False: "❌", None: "  "}[r["ok"]], r["what"], r["value"]))
            if r["advice"]:
                print("   %-16s → %s" % ("", r["advice"]))
        print("\nenforcement: %s" % level)
    return 1 if level == "off" or any(r["what"] == "journal" and r["ok"] is False for r in rows) else 0
