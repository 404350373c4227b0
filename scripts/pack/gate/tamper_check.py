"""Whether what enforces the run is still what it was when the run was opened: the plugin's own files, and the settings that
could switch its hooks off. Tampering is detected at the next event.

At the opening every watched file is digested into `seal.json` in the run's folder; the journal keeps one digest of that
table. Between events nothing but inode, size and ctime of each file is compared: one `os.stat` a file, about 0.3 ms for all.
Only when one differs are contents looked at. ctime, because a program can set mtime back and cannot set ctime.

A difference is a STATE_DIVERGENCE with `enforces`, recorded once for each new content. From then on the run cannot be
completed (guard `enforcement_is_whole`) until the user types `team resume`, which takes what is there as it is.
"""

from __future__ import annotations

import os

from ..base import codec, paths, run_config
from ..base.paths import LOOKED, PLUGIN_ROOT
from ..protocol import view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence
    from ..base.protocols import Env
    from ..protocol.state_types import State
    from ..store.disk import Disk

# Folders of the plugin that decide what is enforced and what agents are told; lint, report and prove only look.
FOLDERS = (
    "",
    "hooks",
    "bin",
    "agents",
    "commands",
    ".claude-plugin",
    "scripts",
    "scripts/pack",
    "scripts/pack/base",
    "scripts/pack/cli",
    "scripts/pack/gate",
    "scripts/pack/protocol",
    "scripts/pack/store",
    "scripts/pack/teams",
    "scripts/pack/realtime",
    "scripts/pack/realtime/adapters",
)
AT_ROOT = ("plugin.json",)
KEYS = ("disableAllHooks", "allowManagedHooksOnly", "hooks", "sandbox", "env")


def plugin_files(root: str) -> list[str]:
    """Paths of the watched files, relative to the plugin's root, sorted. Links are followed: what counts is what would run."""
    out = list(AT_ROOT)
    for folder in FOLDERS[1:]:
        try:
            names = os.listdir(os.path.join(root, folder))
        except OSError:
            continue
        out += [
            folder + "/" + n for n in names if not n.startswith((".", "__pycache__")) and not os.path.isdir(os.path.join(root, folder, n))
        ]
    return sorted(out)


def _content(path: str) -> str:
    try:
        with open(path, "rb") as f:
            return codec.digest(f.read(8 << 20))
    except OSError:
        return "-"


def _relevant(path: str) -> str:
    """Digest of the keys that decide whether and how hooks run. A permission that the user grants during a run is none of them."""
    try:
        with open(path, "rb") as f:
            raw = f.read(8 << 20)
    except OSError:
        return "-"
    if not raw.strip():
        return "-"  # also the mount point that the client's sandbox makes for a moment where there is no such file (measured)
    try:
        found = codec.loads(raw.decode("utf-8-sig"))
        kept = {k: found[k] for k in KEYS if found.get(k) not in (None, {}, [], False)}
        plugins = found.get("enabledPlugins")
        mine = {k: v for k, v in plugins.items() if k.partition("@")[0] == "team"} if isinstance(plugins, dict) else {}
    except (ValueError, AttributeError, TypeError):
        return codec.digest(raw)  # the client ignores it; what a later one makes of it nobody knows
    if mine:
        kept["enabledPlugins"] = mine
    return codec.digest(codec.dumps(kept)) if kept else "-"


def _stamp(sources: Sequence[str]) -> str:
    """One word for inode, size and ctime of all files. Numbers hash alike in every process."""
    out: list[int] = []
    stat, looked = os.stat, LOOKED.pop  # each once: a process may live on
    for path in sources:
        try:
            s = looked(path, None) or stat(path)
            out += (s.st_ino, s.st_size, s.st_ctime_ns)
        except OSError:
            out.append(-1)
    return "%d" % hash(tuple(out))


def watches_plugin(root: str, project: str) -> bool:
    """A project that holds the plugin itself is being worked on: its files are the task, not the gate."""
    return not (os.path.realpath(root) + os.sep).startswith(os.path.realpath(project) + os.sep)


def _contents(root: str, env: Env, project: str) -> dict[str, str]:
    """{name: digest} of everything watched, as it is now."""
    out = {"settings:" + name: _relevant(path) for name, path in paths.settings_files(env, project).items()}
    out[run_config.NAME] = _content(os.path.join(project, run_config.NAME))
    if watches_plugin(root, project):
        out.update((name, _content(os.path.join(root, name))) for name in plugin_files(root))
    return out


def _watched(root: str, env: Env, project: str) -> list[str]:
    """Paths to stat: the folders (for what is added or removed), the files, the settings."""
    out = list(paths.settings_files(env, project).values()) + [os.path.join(project, run_config.NAME)]
    if watches_plugin(root, project):
        out += [os.path.join(root, f) for f in FOLDERS] + [os.path.join(root, n) for n in plugin_files(root)]
    return out


def _paths(run: str) -> tuple[str, str]:
    return os.path.join(run, "seal.json"), os.path.join(run, "seal")


def _look(root: str, env: Env, project: str) -> tuple[bytes, dict[str, str]]:
    """(how the paths look, {name: digest}). The looks come first: what changes while the contents are read shows at the next event."""
    watched = _watched(root, env, project)
    return "\0".join([_stamp(watched), root] + watched).encode("utf-8", "surrogateescape"), _contents(root, env, project)


def make(run: str, disk: Disk, env: Env, project: str, root: str = PLUGIN_ROOT) -> dict[str, Any]:
    """Seal what is there now. Answers what the journal keeps: {"root", "version", "digest", "files"}."""
    disk.mkdir(run)
    quick, table = _look(root, env, project)
    disk.replace(_paths(run)[0], codec.dumps(table).encode("ascii"))
    disk.replace(_paths(run)[1], quick)
    return {"root": root, "version": paths.version(root), "digest": codec.digest(codec.dumps(table)), "files": len(table)}


def _quiet(run: str, disk: Disk, root: str) -> bool:
    """Whether nothing was touched since the last look."""
    data = disk.read(_paths(run)[1])
    if data is None:
        return False
    parts = data.decode("utf-8", "surrogateescape").split("\0")
    return len(parts) > 2 and parts[1] == root and parts[0] == _stamp(parts[2:])


def differences(
    state: State, run: str, disk: Disk, env: Env, project: str, root: str = PLUGIN_ROOT
) -> tuple[list[dict[str, str]], bytes | None]:
    """What changed and was not recorded yet: ([STATE_DIVERGENCE data], None or what `remember` keeps once they are recorded).

    Nothing, and quickly, when nothing was touched."""
    team = view.team(state)
    sealed = team.get("sealed") if team else None
    if not sealed or sealed["root"] != root or _quiet(run, disk, root):
        return [], None  # where another copy of the plugin serves this call, `updated` notes it when the session starts
    quick, now = _look(root, env, project)
    whole, tampered = codec.digest(codec.dumps(now)), state["tampered"]
    out: list[dict[str, str]] = []
    try:
        was = codec.loads((disk.read(_paths(run)[0]) or b"").decode("ascii"))
        known = codec.digest(codec.dumps(was)) == sealed["digest"]
    except (ValueError, UnicodeDecodeError):
        known = False
    if known:
        for name in sorted(set(was) | set(now)):
            old, new = was.get(name, "-"), now.get(name, "-")
            if new != tampered.get(name, old):
                out.append(
                    {
                        "file": name.replace("settings:", "", 1),
                        "name": name,
                        "now": new,
                        "enforces": "settings" if name.startswith("settings:") else "plugin",
                        "was": "put back" if new == old else "added" if old == "-" else "removed" if new == "-" else "changed",
                    }
                )
    elif whole == sealed["digest"]:
        disk.replace(_paths(run)[0], codec.dumps(now).encode("ascii"))  # only the table was lost
    elif tampered.get("seal.json") != whole:
        out.append(
            {
                "file": "seal.json",
                "name": "seal.json",
                "now": whole,
                "enforces": "plugin",
                "was": "changed or lost, and with it something that it sealed",
            }
        )
    return out, quick


def remember(run: str, disk: Disk, quick: bytes) -> None:
    """Keep what was seen, now that it is recorded. There is nothing new until something is touched again."""
    disk.replace(_paths(run)[1], quick)


def updated(state: State, root: str = PLUGIN_ROOT) -> bool:
    """Whether another copy or version of the plugin serves this call than the one that was sealed."""
    team = view.team(state)
    sealed = team.get("sealed") if team else None
    return not sealed or (sealed["root"], sealed["version"]) != (root, paths.version(root))
