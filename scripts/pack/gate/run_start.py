"""What a run begins with (PROTOCOL 12): commit, branch, index and every file's digest, recorded at the opening and compared with at its end."""

from __future__ import annotations

import os
import time

from ..base import codec, git_facts, paths
from . import leftovers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from ..protocol.state_types import StartRecord, Start, State
    from ..store.disk import Disk
    from .hook_call import Call
    from .ledger_types import StartTable


def recorded_start(state: State) -> Start:
    """Where the run began. A Ledger has recorded it by then."""
    start = state["result"]["start"]
    assert start is not None
    return start


def run_path(call: Call, name: str) -> str:
    return os.path.join(call.store.data, name)


def survey(project: str, folder: str, disk: Disk, late: bool = False) -> StartRecord:
    """Where the run begins, as it is journalled (`start` of RUN_OPENED); the whole table goes to start.json in the run's folder.

    {"repo": "whole" | "sub" | "none", "prefix", "head", "branch", "dirty", "untracked": how many, "sum": digest of the table, "files":
    {name: digest} of what no commit holds, "staged": {name: "mode blob"}, "late"}."""
    top, prefix = git_facts.place(project)
    head = git_facts.text(top, "rev-parse", "--verify", "-q", "HEAD") if prefix is not None else ""
    rules = git_facts.user_ignores(top) if prefix is not None else ""
    listed = git_facts.listing(top, prefix, rules)
    staged = git_facts.staged(top, head) if prefix is not None else {}
    others = [n for n in listed.others if not n.startswith((prefix or "") + paths.TEAMS + "/")]
    files, changed = git_facts.snapshot(top, listed.tracked + others + listed.inner), set(staged)
    if prefix is not None:
        changed.update(git_facts.names(git_facts.run(top, git_facts.HERE, "diff-files", "--name-only", "-z")))
    table: StartTable = {
        "top": top,
        "prefix": prefix,
        "head": head,
        "branch": git_facts.text(top, "symbolic-ref", "--short", "-q", "HEAD") if prefix is not None else "",
        "staged": staged,
        "ignores": git_facts.ignore_rules(top) if prefix is not None else "-",
        "rules": git_facts.rules_in(rules).decode("utf-8", "surrogateescape") if prefix is not None else "",
        "own_rules": git_facts.rules_in(git_facts.own_ignores(top)).decode("utf-8", "surrogateescape") if prefix is not None else "",
        "files": files,
        "taken": time.time_ns(),
        **(leftovers.begun(top, listed) if prefix is not None else {}),  # type: ignore[typeddict-item]  # its other keys
    }
    text = codec.dumps(table)
    disk.mkdir(folder)
    disk.replace(os.path.join(folder, "start.json"), text.encode("ascii"))
    return {
        "repo": "none" if prefix is None else "sub" if prefix else "whole",
        "prefix": prefix,
        "head": head,
        "branch": table["branch"],
        "dirty": len(changed),
        "untracked": len(others),
        "sum": codec.digest(text),
        "late": late,
        "files": {n: files.get(n, ["-"])[0] for n in sorted(changed)[:2000] + (others if prefix is not None else [])[:2000]},
        "staged": dict(sorted(staged.items())[:2000]),
    }


def start_table(call: Call) -> StartTable:
    """The table of the start. It is made anew from commit and journal where it was lost."""
    start = recorded_start(call.state)
    data = call.store.disk.read(run_path(call, "start.json"))
    if data is not None and codec.digest(data.decode("ascii", "replace")) == start["sum"]:
        kept: StartTable = codec.loads(data.decode("ascii"))
        return kept
    top, prefix = git_facts.place(call.project)
    entries = git_facts.tree(top, start["head"]) if start["head"] and prefix is not None else {}
    digest = git_facts.digests(top, entries.values())
    files = {n: [digest[entry], None] for n, entry in entries.items()}
    record: Any = {"files": {}, "staged": {}}
    for r in call.store.records():
        record = r["data"].get("start") or record if r["event"] == "RUN_OPENED" else r["data"] if r["event"] == "START_RECORDED" else record
    files.update((n, [d, None]) for n, d in record["files"].items())
    return {
        "top": top,
        "prefix": prefix,
        "head": start["head"],
        "branch": start["branch"],
        "staged": record["staged"],
        "ignores": git_facts.ignore_rules(top) if prefix is not None else "-",
        "files": files,
    }


def first_commit(project: str) -> str:
    """The commands that make a first commit here. Git makes none of nothing, unless it is told to: who begins with an empty folder went in a circle."""
    empty = all(n in (".git", ".claude") for n in os.listdir(project))
    return "git commit --allow-empty -m start" if empty else "git add -A && git commit -m start"


def start_lines(data: StartRecord, project: str) -> list[str]:
    """What user and lead are told of the start."""
    if data["repo"] == "none":
        out = [
            "Start: no git repository: nothing can be committed, and the files are compared with what they are now. For commits: "
            "/team:abort WHY, then `git init && %s`, then /build again." % first_commit(project)
        ]
    else:
        where = {"sub": ", a folder (%s) of a larger repository: all of it is compared at the end" % data["prefix"], "whole": ""}[
            data["repo"]
        ]
        at = "commit %s" % data["head"][:7] if data["head"] else "no commit yet"
        out = ["Start: %s on %s%s." % (at, data["branch"] or "a detached HEAD", where)]
    named = sorted(n for n in data["files"] if not n.startswith((data["prefix"] or "") + ".claude/"))
    if named and data["repo"] != "none":
        more = " and %d more" % (len(named) - 8) if len(named) > 8 else ""
        counted = [(data["dirty"], "%d changed and not committed"), (data["untracked"], "%d untracked")]
        out.append(
            "Before this run, %s: %s%s. Perhaps forgotten? They stay as they are unless a task has them."
            % (", ".join(text % n for n, text in counted if n), ", ".join(named[:8]), more)
        )
    return out


def start_shown(data: StartRecord, project: str) -> str:
    """What the user is shown where the start is not a clean commit of a whole repository; "" where it is."""
    lines = start_lines(data, project)
    odd = data["repo"] != "whole" or not data["head"] or len(lines) > 1
    return "team: " + " ".join(lines) if odd else ""
