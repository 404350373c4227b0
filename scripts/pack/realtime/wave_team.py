"""The team of a run of waves: its definition, its folder, what its waves still lack."""

import os


def definition_of(state, project):
    """The whole definition that the run was opened with."""
    from ..teams import folders, load, unchanged

    return unchanged(load(state["team"]["source"], folders(project)), state["team"]["definition"].get("digest"))


def root(state, project):
    """The team's own folder in the project (`.team`)."""
    return os.path.join(project, state["team"]["definition"]["root"])


def unmet(call):
    """{wave: {"entry": [...], "exit": [...]}}: what the artifacts, lines and verdicts still lack."""
    from ..teams.layout import unmet as reasons

    state, definition = call.state, call.state["team"]["definition"]
    folder, strategy = root(state, call.project), state["team"]["strategy"]
    verdicts = state["waves"]["verdicts"]
    out = {
        w["id"]: {
            side: reasons(definition, folder, w["id"], side, verdicts, strategy and os.path.join(call.project, strategy))[:6]
            for side in ("entry", "exit")
        }
        for w in definition["waves"]
    }
    if strategy and not os.path.isfile(os.path.join(call.project, strategy)):  # every agent is given it: without it nobody begins
        for wave in out.values():
            wave["entry"] = ["the strategy file %s is gone: the user puts it back" % strategy] + wave["entry"][:5]
    return out
