"""Where things are: the project, the team's folder, the plugin's data, the marker that a team is active."""

from __future__ import annotations

import os

from . import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Disk, Env, Found, Stamp

PLUGIN_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
TEAMS = os.path.join(".claude", "teams")
LOOKED: dict[str, os.stat_result] = {}  # what this very call has seen of the package's sources already (bundle.py)


def version(root: str) -> str:
    """The version that the plugin's manifest states."""
    try:
        with open(os.path.join(root, ".claude-plugin", "plugin.json"), encoding="utf-8") as f:
            return str(codec.loads(f.read()).get("version"))[:40]
    except (OSError, ValueError, AttributeError):
        return "unknown"


def client_home(env: Env) -> str:
    """The client's own folder of this user."""
    return env.get("CLAUDE_CONFIG_DIR") or os.path.join(env.get("HOME") or os.path.expanduser("~"), ".claude")


def settings_files(env: Env, project: str) -> dict[str, str]:
    """{shown name: path} of the settings that the client reads and a program of this user can write; the later ones win."""
    return {
        "user settings.json": os.path.join(client_home(env), "settings.json"),
        ".claude/settings.json": os.path.join(project, ".claude", "settings.json"),
        ".claude/settings.local.json": os.path.join(project, ".claude", "settings.local.json"),
    }


def data_folder(env: Env) -> str:
    """The plugin's data folder: what the client says, else where it would be for `--plugin-dir`."""
    if env.get("CLAUDE_PLUGIN_DATA"):
        return env["CLAUDE_PLUGIN_DATA"]
    return os.path.join(client_home(env), "plugins", "data", "team-inline")


def marker(data: str, project: str) -> str:
    """The file whose presence makes the gate start Python. Its path repeats the project's, so that sh can test it."""
    return data + "/active" + project + "/.on"


def project_marker(project: str) -> str:
    """The second marker, in the project."""
    return os.path.join(project, TEAMS, ".on")


def third_marker(data: str, project: str) -> str:
    """A third one under another name, so that removing every `.on` does not remove it. The gate goes quiet only when all three are gone, and
    the run's own folder in the project too (run.json without a tombstone: hooks.json looks for that as well)."""
    return data + "/live" + project + "/run"


def markers(data: str, project: str) -> tuple[str, str, str]:
    """The three markers of a project's run."""
    return (marker(data, project), project_marker(project), third_marker(data, project))


def own_folders(project: str, data: str, team: str, run: str) -> list[str]:
    """The folders in which nobody but the gate writes."""
    marks = [os.path.dirname(path) for path in markers(data, project)]
    return marks + [team_folder(project, team), run, os.path.join(run, "calls"), os.path.join(project, TEAMS, ".closed")]


def run_folder(data: str, project: str, team: str) -> str:
    """The run's own folder in the plugin's data: mirror, lock, receipts."""
    name = os.path.basename(project.rstrip("/")) or "root"
    return os.path.join(data, "runs", "%s-%s" % (name[:40], codec.digest(project, size=6)), team)


def team_folder(project: str, team: str) -> str:
    """The team's folder in the project."""
    return os.path.join(project, TEAMS, team)


def active(project: str, data: str) -> Found | None:
    """The active team of a project: {"team", "run", "python"} or None. One marker is enough; without any, a run that was never buried."""
    for path in markers(data, project):
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                lines = f.read().split("\n")
        except OSError:
            continue
        if len(lines) >= 3 and lines[1] and not (len(lines) > 4 and _copied(project, lines[1], lines[3])):
            return {"python": lines[0], "team": lines[1], "run": lines[2]}
    return _unburied(project, data)


def beside(project: str, top: str, data: str) -> list[str]:
    """The projects above this one, up to `top`, and below it, in which a run is live."""
    folder, top = os.path.realpath(project), os.path.realpath(top)
    above: list[str] = []
    at = folder
    while at != top and os.path.dirname(at) != at:
        at = os.path.dirname(at)
        above.append(at)
    marks = data + "/active" + folder
    below: list[str] = []
    for base, folders, _files in os.walk(marks):
        if base != marks and os.path.exists(os.path.join(base, ".on")):
            below.append(base[len(data + "/active") :])
        if base.count(os.sep) - marks.count(os.sep) > 12:
            folders[:] = []
    return [p for p in above + below if active(p, data) is not None]


def _unburied(project: str, data: str) -> Found | None:
    """The run whose markers are all gone: its folder says where its data are, and there is no tombstone."""
    try:
        names = sorted(os.listdir(os.path.join(project, TEAMS)))
    except OSError:
        return None
    for team in names:
        if team.startswith(".") or os.path.exists(os.path.join(project, TEAMS, ".closed", team + ".json")):
            continue
        try:
            with open(os.path.join(project, TEAMS, team, "run.json"), encoding="utf-8") as f:
                found = codec.loads(f.read())
            if found["data"] == data and os.path.isdir(found["run"]) and not _copied(project, team, found["project"]):
                return {"python": "", "team": team, "run": found["run"]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return None


def _copied(project: str, team: str, original: str) -> bool:
    """Whether a marker came here in a copy of the project. The run that wrote it belongs to the original, not to the copy."""
    try:
        return not os.path.samefile(team_folder(original, team), team_folder(project, team))
    except OSError:  # moved away, or nothing of the team is left
        return False


def _interpreter(python: str) -> str:
    """What a virtual environment's python leads to. Hooks need nothing of the environment, and its start costs more in every call."""
    real = os.path.realpath(python) if python else ""
    return real if os.path.basename(real).startswith(("python", "pypy")) and os.access(real, os.X_OK) else python


def mark(project: str, data: str, team: str, run: str, python: str, disk: Disk) -> None:
    """Write the markers, and where the run's data are. The project's folder keeps itself out of git. The run's folder keeps how the markers
    look: only this function touches them."""
    text = ("%s\n%s\n%s\n%s\n" % (_interpreter(python), team, run, project)).encode("utf-8", "surrogateescape")
    for path in markers(data, project):
        disk.mkdir(os.path.dirname(path))
        disk.replace(path, text)
    disk.mkdir(run)
    disk.replace(os.path.join(run, "marks"), codec.dumps([project, data, marks(data, project, disk)]).encode("ascii"))
    disk.replace(os.path.join(project, TEAMS, ".gitignore"), b"*\n")
    disk.mkdir(team_folder(project, team))
    where = {"data": data, "run": run, "project": project}
    disk.replace(os.path.join(team_folder(project, team), "run.json"), codec.dumps(where).encode("ascii"))


def marks(data: str, project: str, disk: Disk) -> list[Stamp]:
    """How the markers look: inode, size, times of each."""
    return [disk.stamp(path) for path in markers(data, project)]


def marked(run: str, disk: Disk) -> tuple[str, str, list[Stamp]] | None:
    """(project, data, how the markers looked when they were written last), None for a run of an older version."""
    try:
        project, data, looked = codec.loads((disk.read(os.path.join(run, "marks")) or b"").decode("ascii"))
    except (ValueError, TypeError, UnicodeDecodeError):
        return None
    return project, data, looked


def unmark(project: str, data: str, disk: Disk) -> None:
    """Remove the markers: the gate goes quiet."""
    for path in markers(data, project):
        disk.remove(path)


def find_project(start: str) -> str:
    """The nearest folder upwards that holds `.claude/teams`, else the start itself."""
    folder = os.path.abspath(start)
    while True:
        if os.path.isdir(os.path.join(folder, TEAMS)):
            return folder
        up = os.path.dirname(folder)
        if up == folder:
            return os.path.abspath(start)
        folder = up


def teams(project: str) -> list[str]:
    """Names of the teams that have a journal in the project, the newest first."""
    base = os.path.join(project, TEAMS)
    try:
        names = [n for n in os.listdir(base) if os.path.isfile(os.path.join(base, n, "journal.jsonl"))]
    except OSError:
        return []
    return sorted(names, key=lambda n: -os.stat(os.path.join(base, n, "journal.jsonl")).st_mtime)
