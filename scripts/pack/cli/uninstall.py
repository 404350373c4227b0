"""`pack uninstall`: takes this pack's traces out of settings and data. The plugin itself is the client's to uninstall.

Only what this pack is known to write is removed; anything else in the same place stays, and is named.
"""

import argparse
import os
import shutil
import sys

from ..base import arguments, codec, paths, project_facts, whole_file
from ..lint.cache import folder as lint_cache
from ..store.history import counted
from . import doctor, statusline

DATA = ("runs", "active", "live", "pycache")  # what the gate writes into its data folder


def main(argv):
    """`pack uninstall [--dry-run] [--teams]`. Exit 1 when a run is live, inside the client, or when something could not be removed."""
    parser = arguments.Parser(
        prog="pack uninstall",
        description="Take this pack's traces out of the user's and this project's settings, and its data; says what it removed.",
        epilog="example:\n  pack uninstall --dry-run\n  pack uninstall --teams",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    parser.add_argument("--teams", action="store_true", help="the journals and reports of this project's closed runs, too")
    parser.add_argument("--project", default=None, help="the project's folder (default: found from here upwards)")
    args = parser.parse_args(argv)
    if os.environ.get("CLAUDECODE"):
        print("pack uninstall: settings are changed by you, not by an agent: run this in your own terminal", file=sys.stderr)
        return 1
    project = os.path.abspath(args.project or paths.find_project(os.getcwd()))
    folders = data_folders(os.environ)
    for folder in folders:
        live = sorted(_live(folder, project))
        if live:
            print(
                "pack uninstall: a run is live in %s; nothing was removed. End it: `pack abort --reason WHY` there" % ", ".join(live),
                file=sys.stderr,
            )
            return 1
    try:
        settings = [row for row in map(_cleaned, paths.settings_files(os.environ, project).values()) if row]
        removed = ["%s: %s" % (path, ", ".join(what)) for path, _found, what in settings]
        gone = [os.path.join(folder, name) for folder in folders for name in DATA if os.path.lexists(os.path.join(folder, name))]
        fleet = os.path.join(os.environ.get("HOME") or os.path.expanduser("~"), ".config", "team", "fleet.json")
        clients = _clients(os.environ)
        gone += [path for path in (fleet, lint_cache(), _clone(os.environ), *clients) if path and os.path.lexists(path)]
        gone += _closed(project) if args.teams else []
        if not args.dry_run:
            for path, found, _what in settings:
                _write(path, found)
            for path in map(os.path.realpath, paths.settings_files(os.environ, project).values()):
                whole_file.clear(os.path.dirname(path), path)  # what this verb left there when it was killed
            for path in gone:
                _remove(path)
            for folder in folders + [os.path.dirname(path) for path in clients[:1]]:
                _if_empty(folder)
            gone += _teams_away(project) if args.teams else []
    except (OSError, ValueError) as error:
        print("pack uninstall: stopped at %s" % error, file=sys.stderr)
        return 1
    for line in removed + gone:
        print(("would remove " if args.dry_run else "removed ") + line)
    if not removed + gone:
        print("nothing of this pack was found")
    left = [team for team in paths.teams(project)] if not args.teams else []
    if left:
        print("kept: %s in %s; --teams removes the closed ones" % (counted(len(left), "run"), os.path.join(project, paths.TEAMS)))
    for what in _stays(project):
        print("kept: " + what)
    print("The plugin itself: claude plugin uninstall team@team-pack && claude plugin marketplace remove team-pack")
    return 0


def _clone(env):
    """What `make start` cloned for the client (scripts/dev/start)."""
    base = env.get("XDG_DATA_HOME") or os.path.join(env.get("HOME") or os.path.expanduser("~"), ".local", "share")
    return os.path.join(base, "team-pack")


def _clients(env):
    """The clients that `make demo` and `make start` downloaded (scripts/dev/install-client), some hundred megabytes each. None where their
    folder is a link: then it is somebody's shared one, and others may run from it."""
    base = _cache(env)
    names = sorted(os.listdir(base)) if os.path.isdir(base) and not os.path.islink(base) else []
    return [os.path.join(base, name) for name in names if name.startswith("client-")]


def _cache(env):
    return os.path.join(env.get("XDG_CACHE_HOME") or os.path.join(env.get("HOME") or os.path.expanduser("~"), ".cache"), "team-pack")


def _stays(project):
    """What of a team's is in the project and is the project's: named, never removed."""
    out = [
        name
        for name in (".project-profile.yml", ".claude/team.yaml", ".claude/team-definitions")
        if os.path.lexists(os.path.join(project, name))
    ]
    if project_facts.git(project, "rev-parse", "-q", "--verify", "refs/notes/team"):
        out.append("refs/notes/team (proofs of runs; git update-ref -d refs/notes/team)")
    if os.path.islink(_cache(os.environ)):
        out.append("%s, which is a link to %s: others may use what is there" % (_cache(os.environ), os.path.realpath(_cache(os.environ))))
    return out


def data_folders(env):
    """The data folders of this plugin that there are: the one of `--plugin-dir`, and one for each marketplace it was installed from."""
    base = os.path.join(paths.client_home(env), "plugins", "data")
    installed = doctor.json_file(os.path.join(paths.client_home(env), "plugins", "installed_plugins.json")).get("plugins")
    markets = [key.partition("@")[2] for key in (installed if isinstance(installed, dict) else ()) if key.startswith("team@")]
    names = ["team-inline", "team-team-pack"] + ["team-" + m for m in markets if m and os.sep not in m]
    found = [os.path.join(base, name) for name in names] + [paths.data_folder(env)]
    return [folder for folder in dict.fromkeys(found) if os.path.isdir(folder) and not os.path.islink(folder)]


def _live(folder, project):
    """Projects with a run that is live, after this data folder."""
    if paths.active(project, folder):
        yield project
    root = os.path.join(folder, "active")
    for base, _folders, files in os.walk(root):
        other = base[len(root) :]
        if ".on" in files and other != project and paths.active(other, folder):
            yield other


def _cleaned(path):
    """(path, settings without what is ours, [what that was]) or None. Raises ValueError for a file that is no JSON."""
    try:
        with open(path, encoding="utf-8") as f:
            text = f.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        found = codec.loads(text)
    except ValueError:
        raise ValueError("%s, which is not JSON: mend it first" % path) from None
    if not isinstance(found, dict):
        return None
    what = []
    if statusline.is_ours(found.get("statusLine")):
        statusline.take_out(found)
        what.append("the status line")
    box = found.get("sandbox")
    files = box.get("filesystem") if isinstance(box, dict) else None
    denied = files.get("denyWrite") if isinstance(files, dict) else None
    ours = doctor.SANDBOX["sandbox"]["filesystem"]["denyWrite"]
    if isinstance(denied, list) and all(one in denied for one in ours):  # as `pack doctor --fix --write` put them there
        files["denyWrite"] = [one for one in denied if one not in ours]
        if not files["denyWrite"]:
            del files["denyWrite"]
        if not files:
            del box["filesystem"]
        what.append("sandbox.filesystem.denyWrite %s (sandbox.enabled stays as it is)" % ", ".join(ours))
    return (path, found, what) if what else None


def _write(path, found):
    import json

    whole_file.put(path, json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def _closed(project):
    """Folders and tombstones of the project's closed runs; of a folder that a killed one has half removed the tombstone is left."""
    base = os.path.join(project, paths.TEAMS)
    graves = os.path.join(base, ".closed")
    stones = sorted(n for n in os.listdir(graves) if n.endswith(".json")) if os.path.isdir(graves) else []
    found = [path for stone in stones for path in (os.path.join(base, stone[: -len(".json")]), os.path.join(graves, stone))]
    return [path for path in found if os.path.lexists(path)]


def _remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _if_empty(folder):
    try:
        os.rmdir(folder)
    except OSError:
        pass  # somebody else's file is in it


def _teams_away(project):
    """The folder of the teams, once nothing but our own .gitignore is in it, and the client's folder, once it is empty. Answers what it removed."""
    base = os.path.join(project, paths.TEAMS)
    _if_empty(os.path.join(base, ".closed"))
    if not os.path.isdir(base) or os.listdir(base) != [".gitignore"]:
        return []
    os.unlink(os.path.join(base, ".gitignore"))
    gone = [base, os.path.dirname(base)]
    for folder in gone:
        _if_empty(folder)
    return [folder for folder in gone if not os.path.lexists(folder)]
