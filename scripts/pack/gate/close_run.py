"""The end of a run."""

import os

from ..base import codec, paths
from ..store.render import stats, summary


def bury(store, project, data, now):
    """After TEAM_DELETED or an abort from outside: summary, tombstone outside the team's folder, markers away (H17)."""
    state = store.state
    records = store.records()
    try:
        store.disk.replace(os.path.join(store.folder, "summary.md"), summary(state, stats(records)).encode())
        grave = os.path.join(project, paths.TEAMS, ".closed")
        store.disk.mkdir(grave)
        stone = {
            "team": state["team"]["name"],
            "closed": now,
            "seq": store.seq,
            "sum": store.sum,
            "aborted": state["teardown"]["aborted"],
            "ack_status": state["teardown"]["ack_status"],
            "unresolved": state["teardown"]["unresolved"],
        }
        store.disk.replace(os.path.join(grave, state["team"]["name"] + ".json"), codec.dumps(stone).encode("ascii"), sync=True)
    finally:
        paths.unmark(project, data, store.disk)
