"""The end of a run."""

from __future__ import annotations

import os

from ..base import codec, paths, profile, project_facts, whole_file
from ..protocol.refusal import Refusal
from ..store.render import noted, stats, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping
    from ..store.disk import Disk
    from ..store.journal import Store


def bury(store: Store, project: str, data: str, now: float) -> None:
    """After TEAM_DELETED or an abort from outside: summary, tombstone outside the team's folder, markers away (H17)."""
    state = store.state
    records = store.records()
    try:
        store.disk.replace(os.path.join(store.folder, "summary.md"), codec.utf8(summary(state, stats(records)) + noted(store.data)))
        stone = {
            "team": state["team"]["name"],
            "closed": now,
            "seq": store.seq,
            "sum": store.sum,
            "aborted": state["teardown"]["aborted"],
            "ack_status": state["teardown"]["ack_status"],
            "unresolved": state["teardown"]["unresolved"],
        }
        _tombstone(store.disk, project, state["team"]["name"], stone)
        _attest(store, project)  # before the markers go: a hook that is killed here is followed by one that buries the run again
        tidy(store, project, data)
    finally:
        paths.unmark(project, data, store.disk)


def tidy(store: Store, project: str, data: str) -> None:
    """Clear away the temporary files of hooks that were killed."""
    store.disk.sweep(*paths.own_folders(project, data, os.path.basename(store.folder), store.data))
    whole_file.clear(project, profile.NAME)


def judge(store: Store, project: str, data: str, now: float) -> None:
    """Record what nobody approved before a person ends a run from outside: the summary names it. Nothing here keeps anybody from ending it."""
    from . import closing_proof, unseen_calls
    from .hook_call import Call, Hook
    from .run_kind import TASKS

    try:
        with store.lock():
            store.load()
            call = Call(Hook({}, os.environ, now, project, data, store.disk, waves=lambda: None), store)
            if store.state["phase"] != "CLOSED":
                unseen_calls.record(call)
            if call.kind is TASKS and store.state["phase"] not in ("TEARDOWN", "FAILED_SAFE", "CLOSED"):
                closing_proof.check(call)
    except (OSError, ValueError, Refusal):
        pass


def give_up(store: Store, project: str, data: str, team: str, now: float, why: str) -> None:
    """End a run whose journal cannot be read. The journal stays as it is, and nothing takes the run for a live one."""
    try:
        _tombstone(store.disk, project, team, {"team": team, "closed": now, "aborted": True, "damaged": why})
    finally:
        paths.unmark(project, data, store.disk)


def _tombstone(disk: Disk, project: str, team: str, stone: Mapping[str, Any]) -> None:
    grave = os.path.join(project, paths.TEAMS, ".closed")
    disk.mkdir(grave)
    disk.replace(os.path.join(grave, team + ".json"), codec.dumps(stone).encode("ascii"), sync=True)


def _attest(store: Store, project: str) -> None:
    """Make the run's proof at its end, where the user wants it (`git config team.attest true`). The process says nothing; refs/notes/team
    shows what it did. A run that was aborted proves nothing."""
    if store.state["teardown"]["aborted"] or (project_facts.git(project, "config", "--type=bool", "team.attest") or "").strip() != "true":
        return
    import subprocess

    # The hook does not wait for it: signing may take its time.
    argv = ["sh", "-c", '"$@" &', "sh", os.path.join(paths.PLUGIN_ROOT, "bin", "pack"), "attest"]
    argv += ["--project", project, "--team", store.state["team"]["name"]]
    nowhere = subprocess.DEVNULL
    try:
        subprocess.run(argv, start_new_session=True, stdin=nowhere, stdout=nowhere, stderr=nowhere)
    except OSError:
        pass
