"""`pack statusline`: one line on the live run for the client's `statusLine`, and how it gets into the settings and out again.

The client runs it at its start, after messages and at the end of a turn, kills it when the next is due, and shows nothing of one that
fails (CLIENT 5.12). So it reads the snapshot and nothing else, never fails, and is silent where there is no run. It is started often: neither the
protocol nor json is imported for the line.
"""

import os
import sys

from ..base import codec, enforcement, needed, paths

WIDTH = 80
OPEN = ("DISCOVERY", "PLANNING", "SETUP", "EXECUTION", "COMPLETION", "TEARDOWN", "FAILED_SAFE")
USAGE = """usage: pack statusline                  the line, for the client's `statusLine` (its JSON on standard input)
       pack statusline --install [--project]     put it into your settings (--project: into .claude/settings.local.json here)
       pack statusline --uninstall [--project]   take it out again; a status line that was there before comes back

A status line that is there stays: its command is run first, with the same input."""


def main(argv):
    """Exit 0, whatever happens, for the line itself; 1 when settings cannot be read or written, 2 for wrong usage."""
    if argv and argv[0] in ("--install", "--uninstall") and argv[1:] in ([], ["--project"]):
        return _settings(argv[0] == "--install", bool(argv[1:]))
    if argv and argv[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    if argv and not (argv[0] == "--with" and len(argv) == 2):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        raw = sys.stdin.buffer.read(1 << 20) if not sys.stdin.isatty() else b""
    except (OSError, ValueError, AttributeError):
        raw = b""
    if argv:
        _other(argv[1], raw)
    try:
        text = line(_payload(raw), os.environ)
    except Exception:  # a status line that fails is an empty one, and the reason is `pack doctor`'s to tell
        text = ""
    if text:
        sys.stdout.buffer.write(codec.utf8(text + "\n"))  # the client reads UTF-8, whatever the locale says
    return 0


def _payload(raw):
    try:
        found = codec.loads(raw.decode("utf-8", "replace"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _other(command, raw):
    """The status line that was there before, run as the client would."""
    import subprocess

    try:
        sys.stdout.flush()
        subprocess.run(["sh", "-c", command], input=raw, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        pass


def line(payload, env):
    """The line for what the client says (session, folders, cost), "" where no run is open."""
    place = payload.get("workspace") if isinstance(payload.get("workspace"), dict) else {}
    start = place.get("project_dir") or payload.get("cwd") or env.get("CLAUDE_PROJECT_DIR") or os.getcwd()
    project = paths.find_project(str(start))
    live = paths.active(project, paths.data_folder(env))
    name = live["team"] if live else next(iter(paths.teams(project)), None)
    state = name and snapshot(os.path.join(paths.team_folder(project, name), "snapshot.json"))
    if not state or state.get("phase") not in OPEN:
        return ""
    tasks = [task["state"] for task in state["tasks"].values() if task["state"] != "CANCELLED"]
    parts = ["team %s" % state["phase"]]
    if tasks:
        parts.append("%d/%d" % (tasks.count("DONE"), len(tasks)))
    marked = any(os.path.exists(path) for path in paths.markers(paths.data_folder(env), project))
    off = not marked or live and enforcement.switched_off(env, project, live["run"])
    level = "OFF: `pack doctor`" if off else ((state["team"].get("enforcement") or {}).get("level") or "off")
    needs = needed.words(state)
    cost = payload.get("cost") if isinstance(payload.get("cost"), dict) else {}
    usd = cost.get("total_cost_usd")
    parts += [needs] if needs else []
    parts.append("enforcement " + level)
    parts += ["$%.2f" % usd] if isinstance(usd, (int, float)) and usd >= 0.005 else []
    text = " · ".join(parts)
    if not text.isprintable():
        from ..base.streams import shown  # nearly never: it would cost every line a file more

        text = shown(text)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def snapshot(path):
    """The state of the last event, from the snapshot; None where it cannot be read. A stale one is as good as the line needs."""
    try:
        with open(path, "rb") as f:
            checksum, head, body = f.read().split(b"\n")[:3]
        if checksum.decode("ascii") != codec.digest(head):
            return None
        return codec.loads(body.decode("ascii"))
    except (OSError, ValueError, UnicodeDecodeError):
        return None


# --- Settings ----------------------------------------------------------------------------------------------------------
def _ours():
    return "sh '%s' statusline" % os.path.join(paths.PLUGIN_ROOT, "bin", "pack").replace("'", "'\\''")


def _settings(install, in_project):
    """Put ours into the settings or take it out; the exit code. in_project: those of this folder, not the user's."""
    import json

    from ..base import whole_file

    path = (
        os.path.join(os.getcwd(), ".claude", "settings.local.json")
        if in_project
        else os.path.join(paths.client_home(os.environ), "settings.json")
    )
    try:
        with open(path, encoding="utf-8") as f:
            settings = json.load(f)
        if not isinstance(settings, dict):
            raise ValueError("it is no JSON object")
    except FileNotFoundError:
        settings = {}
    except (OSError, ValueError) as error:
        print("pack statusline: %s cannot be read (%s): mend it first; nothing was changed" % (path, error), file=sys.stderr)
        return 1
    if is_ours(settings.get("statusLine")) == install:
        print("pack statusline: " + ("it is in %s already" if install else "there is none of ours in %s") % path)
        return 0
    if install:
        put_in(settings)
    else:
        take_out(settings)
    try:
        whole_file.put(path, json.dumps(settings, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        print("pack statusline: %s cannot be written: %s" % (path, error.strerror), file=sys.stderr)
        return 1
    print("pack statusline: %s %s" % ("put into" if install else "taken out of", path))
    return 0


def put_in(settings):
    """Put ours into settings; a status line that is there is run first (`--with`)."""
    entry = settings.get("statusLine")
    command = entry.get("command") if isinstance(entry, dict) else None
    before = " --with '%s'" % command.replace("'", "'\\''") if isinstance(command, str) and command.strip() else ""
    settings["statusLine"] = dict(entry if isinstance(entry, dict) else {}, type="command", command=_ours() + before)


def is_ours(entry):
    """Whether a `statusLine` of the settings runs this pack's."""
    command = entry.get("command") if isinstance(entry, dict) else None
    return isinstance(command, str) and "pack' statusline" in command


def take_out(settings):
    """Take ours out of settings that hold it; a status line that was there before comes back."""
    before = _before(settings["statusLine"]["command"])
    if before is None:
        del settings["statusLine"]
    else:
        settings["statusLine"] = dict(settings["statusLine"], command=before)


def _before(command):
    """The command of the status line that was there before ours, or None."""
    import shlex

    try:
        words = shlex.split(command)
    except ValueError:
        return None
    return words[words.index("--with") + 1] if "--with" in words[:-1] else None
