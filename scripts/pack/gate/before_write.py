"""Before a write: who may change which path, and what nobody may touch."""

from __future__ import annotations

import os

from ..base import paths, project_facts, run_config
from ..base.client_tools import EDIT_TOOLS
from ..base.paths import PLUGIN_ROOT
from ..protocol import access, tables
from ..protocol.refusal import Refusal
from .answers import PASS
from .facts import claimed_by, keep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from .answers import Answer
    from .hook_call import Call


def protected(call: Call, full: str) -> str | None:
    """Why no agent may write a path, or None."""
    real = os.path.realpath  # one lstat for each part of a path: the project's and the client's folder are asked for once
    root, home, join = real(call.project), real(paths.client_home(call.env)), os.path.join
    rows: tuple[tuple[str, str], ...] = (
        (join(root, paths.TEAMS), "the team's folder belongs to the hooks"),
        (real(call.data), "the plugin's data belong to the hooks"),
        (join(root, ".claude", "settings"), "settings decide whether hooks run"),
        (join(home, "settings"), "the user's settings decide whether hooks run"),
        (real(join(home, "plugins")), "the client's plugins enforce the run"),
        ("/etc/claude-code", "managed settings decide whether hooks run"),
        ("/Library/Application Support/ClaudeCode", "managed settings decide whether hooks run"),
        (join(root, run_config.NAME), "it says what the run may do, and is sealed"),
        (join(root, ".claude", "fleet.yaml"), "it says which fleet the project is in: the user's own to change"),
        (join(root, ".claude", "scheduled_tasks"), "nobody schedules a prompt while a run is live"),
    )
    plugin = real(PLUGIN_ROOT)
    if not (plugin + os.sep).startswith(root + os.sep):  # not while working on the plugin itself
        rows += ((plugin, "the plugin enforces the run"),)
    folded = full.casefold()
    for base, why in rows:
        base = base.casefold()
        # Also a folder above: removing or moving `.claude` removes the team's folder.
        if (
            folded == base
            or folded.startswith(base + os.sep)
            or base.startswith(folded + os.sep)
            and folded != root.casefold()
            or (base.endswith(("settings", "scheduled_tasks")) and folded.startswith(base))
        ):
            return why
    return None


def _way(why: str | None, above: bool) -> str | None:
    """What to do instead of writing what is protected; None for the team's own folder. above: a folder that holds a protected one."""
    if above:
        return "name a folder that holds nothing of the client's and the team's, such as one of your own in /tmp"
    if why and "the team's folder" not in why and "the plugin's data" not in why:
        return "leave it as it is: a change of it is the user's, in their own terminal; say in a QUESTION to the lead what is needed"
    return None


NOT_ITS_FILE = ("NOT_IN_TASK", "LEAD_DELEGATES", "ROLE_EDITS_NOTHING")


def edit(call: Call, tool: str, tool_input: dict[str, Any]) -> Answer:
    path = tool_input.get(EDIT_TOOLS[tool])
    if not isinstance(path, str):
        return PASS  # the client itself refuses the call
    rel, full = project_facts.relative(call.project, plain(path), call.payload.get("cwd"))
    appends = None
    if rel == access.DECISIONS and call.actor["role"] == tables.SUPERVISOR:
        appends = _appends(full, tool, tool_input)
    keep(call, claimed_by(call, [rel], lambda: check_path(call, path, call.payload.get("cwd"), appends=appends)))
    return PASS


def check_path(
    call: Call,
    path: str,
    cwd: str | None,
    shell: bool = False,
    follow: bool = True,
    changes: bool = True,
    appends: bool | None = None,
) -> None:
    """Raises the Refusal for writing one path. follow: a link stands for what it points to; changes: its content changes."""
    if path != plain(path):
        raise Refusal("PATH", "%r is not a path" % path[:80], "it holds a NUL or half a character", "write a plain path", "WRITE")
    rel, full = project_facts.relative(call.project, path, cwd, follow=follow)
    if rel is None:
        rel = project_facts.in_repository(call.project, full)
    why = protected(call, full)
    above = why and not full.casefold().startswith(
        tuple(
            os.path.realpath(p).casefold()
            for p in (os.path.join(call.project, ".claude"), paths.client_home(call.env), call.data, PLUGIN_ROOT)
        )
    )
    if why and above and not changes:
        why = None  # `mkdir -p DIR` and `chmod DIR` above a protected folder harm nothing
    start = call.state["result"]["start"]
    prefix = start["prefix"] if start else None
    if rel is None and prefix:  # a folder of a larger repository: what is delivered is all of it
        root = os.path.realpath(call.project)
        top = root[: len(root) - len(prefix.rstrip("/"))]
        if full.startswith(top) and not full.startswith(os.path.join(top, ".git") + os.sep):
            rel = os.path.relpath(full, root).replace(os.sep, "/")
    fact = {"protected": why, "shown": path, "shell": shell, "appends": appends, "way": _way(why, bool(above))}
    if why is None and not changes:
        return
    refusal = access.may_write(call.state, call.actor, rel, fact)
    if refusal is not None and shell and rel and refusal.code in NOT_ITS_FILE and call.kind.approves:
        if project_facts.left_out(call.project, rel):
            return  # what a build writes anyway: `rm -rf dist`, `npm test > test.log`
    if refusal is None and call.actor["role"] != "foreign" and rel is not None:
        refusal = call.kind.may_take(call.state, rel)
    if refusal is not None:
        raise refusal
    if call.fleet is not None and call.kind.judges and call.actor["role"] != "foreign" and rel not in (None, "."):
        call.fleet.write(call, rel + "/" if os.path.isdir(full) else rel)


def plain(path: str) -> str:
    """A path without what no file's name can hold: NUL, and half of a surrogate pair, which JSON can bring."""
    if "\0" not in path and path.isascii():
        return path
    return path.replace("\0", "?").encode("utf-8", "surrogateescape" if _bytes(path) else "replace").decode("utf-8", "surrogateescape")


def _bytes(path: str) -> bool:
    return not any("\ud800" <= c < "\udc80" or "\udcff" < c <= "\udfff" for c in path)


def _appends(full: str, tool: str, tool_input: dict[str, Any]) -> bool:
    """Whether an edit of DECISIONS.md only adds under the supervisor's headings."""
    try:
        with open(full, encoding="utf-8", newline="") as f:
            old = f.read()
    except FileNotFoundError:
        old = ""
    except (OSError, ValueError):
        return False
    if tool == "Write":
        new = tool_input.get("content")
    elif tool == "Edit" and isinstance(tool_input.get("old_string"), str) and isinstance(tool_input.get("new_string"), str):
        new = old.replace(tool_input["old_string"], tool_input["new_string"], -1 if tool_input.get("replace_all") else 1)
    else:
        return False
    return isinstance(new, str) and access.only_appends(old, new)
