"""What is counted of a run for its summary; for the type checker only."""

from __future__ import annotations

from typing import TypedDict

from ..protocol.state_types import Finding, StartRecord, Word


class DriftRow(TypedDict):
    """What became of a DONE task's drift."""

    paths: set[str]
    end: str


class ResultFigures(TypedDict):
    """result_text.stats."""

    accepted: list[tuple[str, list[Finding]]]
    drift: dict[int, DriftRow]
    moved: list[tuple[str, str, list[str], list[str], list[str]]]  # from, to, approved commits: gone, written anew; who was at work
    diverged: dict[str, str]
    overlap: dict[str, str]
    diverging: list[str]
    open: list[Finding]
    rest: list[str]  # paths of what the record has no room for
    uncommitted: list[str]
    left: list[str]
    start: StartRecord | None


class CommitRow(TypedDict):
    sha: str
    subject: str
    by: str
    gated: bool
    approved: bool
    empty: bool  # past the gate, and nothing in it that anybody has to approve
    elsewhere: list[str]  # who else in the fleet approved what is in it


class FoundRow(TypedDict):
    """Findings of one role: how many were fixed, how many of which severity were not."""

    fixed: int
    left: dict[str, int]


class Figures(TypedDict):
    """summary.figures."""

    found: dict[str, FoundRow]
    conventions_fixed: int
    pattern: int
    gold: list[str]
    red: dict[str, bool]  # part of the verification -> whether it ever failed
    fixes: dict[str, list[int]]  # -> tasks added while it failed
    trade_offs: list[str]
    spawned: dict[str, int]

    verdicts: dict[str, list[int]]  # role -> [approved, asked for changes]
    refused: int
    tampered: list[str]
    conventions: bool
    convention_files: set[str]
    commits: list[CommitRow]
    result: ResultFigures


class VerdictRow(TypedDict):
    """One verdict of a run's history."""

    task: int
    role: str | None
    name: str
    verdict: str
    revision: str | None
    ts: float
    seq: int


class WaveFacts(TypedDict):
    """What checks of gates need to know of the run."""

    words: dict[str, Word]
    sealed: dict[str, str]
    runs: bool
    due: list[str]
