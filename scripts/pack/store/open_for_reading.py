"""Runs as they lie on disk, for processes that look: found by project and team, replayed without changing anything."""

from __future__ import annotations

import os

from ..base import codec, paths
from ..protocol import advice_waves, view
from ..protocol.refusal import Refusal
from .journal import Damaged, Store, read_chain, replayed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from ..protocol.state_types import Record, State
    from .figure_types import WaveFacts
    from .history import History


class Run:
    """A run found on disk: project, team, its store, whether it is active."""

    def __init__(self, project: str | None = None, team: str | None = None, data: str | None = None) -> None:
        """data: the plugin's data folder, where it is another than this process's."""
        self.project = os.path.abspath(project) if project else os.environ.get("CLAUDE_PROJECT_DIR") or paths.find_project(os.getcwd())
        self.data = data or paths.data_folder(os.environ)
        live = paths.active(self.project, self.data)
        names = paths.teams(self.project)
        self.team = team or (live["team"] if live else names[0] if names else None)
        if self.team is None:
            raise Refusal("NO_RUN", "there is no team in %s" % self.project, "", "start one in the client: /build plan.md --coders=3")
        folder = paths.team_folder(self.project, self.team)
        if not live and not os.path.isdir(folder):
            raise Refusal("NO_RUN", "no team is called %s" % self.team, "teams: " + (", ".join(names) or "none"), "pack status --team NAME")
        try:
            with open(os.path.join(folder, "run.json"), encoding="utf-8") as f:
                home = codec.loads(f.read())
        except (OSError, ValueError):
            home = {}
        self.live = live if live and live["team"] == self.team else None
        self.data = home.get("data") or self.data
        run = self.live["run"] if self.live else home.get("run") or paths.run_folder(self.data, self.project, self.team)
        self.store = Store(folder, run)

    def look(self, told: History | None = None) -> tuple[State, list[Record]]:
        """Replay the journal without changing anything. Answers (state, records); raises Damaged. told: a History that takes them in turn."""
        data = self.store.disk.read(self.store.journal) or self.store.disk.read(self.store.mirror) or b""
        records, end, problem = read_chain(data)
        if problem.startswith("damaged"):
            raise Damaged("the journal is " + problem)
        if not records:
            raise Damaged("the team %s has no journal any more" % self.team)
        self.store.reaches(end)
        for record, state in replayed(records):
            if told is not None:
                told.take(record, state)
        return state, records


def wave_facts(state: State, runs: bool = True) -> WaveFacts:
    """What checks need to know of the run: the user's words by gate, how sealed files looked; `runs`: whether commands may be run, `due`: of which gates."""
    return {
        "words": state["waves"].get("words", {}),
        "sealed": state["team"]["definition"].get("sealed", {}),
        "runs": runs,
        "due": advice_waves.due(state),
    }


def wave_facts_here(project: str, definition: Any) -> WaveFacts | None:
    """wave_facts of the newest run of exactly this definition in a project, for a process that only looks (reports, the board); None without one."""
    digest = codec.digest(codec.dumps(definition))
    for team in paths.teams(project):
        try:
            state = Run(project, team).look()[0]
        except (Damaged, Refusal, OSError):
            continue
        held = view.definition(state["team"])
        if held and held.get("digest") == digest:
            return wave_facts(state)
    return None
