"""Which team a `pack` verb is about: the one that is named, else that of the run that is live here, else realtimeSystems."""

from __future__ import annotations

import os

from pack.teams import definition, files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TEAM_HELP = "team definition: a name or a file  [default: the live run's team, else realtimeSystems]"
DIR_HELP = "the team's folder  [default: the definition's root]"
DEFAULT = "realtimeSystems"


def settle(team: str | None = None, team_dir: str | None = None) -> tuple[Any, str]:
    """(definition, team's folder) for what `--team` and `--dir` say; TeamError."""
    from pack.base import paths

    project = paths.find_project(os.getcwd())
    data = definition.load(team or live(project) or DEFAULT, files.folders(project))
    if team_dir is None:
        team_dir = data["root"] if project == os.getcwd() else os.path.join(project, data["root"])
    return data, team_dir


def load(team: str | None = None) -> Any:
    """The definition for what `--team` says."""
    return settle(team)[0]


def live(project: str) -> str | None:
    """What the team definition of the live run in a project was opened from, None when there is none."""
    from pack.base import codec, paths

    active = paths.active(project, paths.data_folder(os.environ))
    if active is None:
        return None
    try:
        with open(os.path.join(paths.team_folder(project, active["team"]), "journal.jsonl"), "rb") as handle:
            opened = codec.loads(handle.readline(4 << 20).decode("utf-8"))
        source: str | None = opened["data"].get("source")
        return source
    except (OSError, ValueError, KeyError, AttributeError):
        return None
