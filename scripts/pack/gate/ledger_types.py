"""What the ledger of approvals reads and finds; for the type checker only."""

from __future__ import annotations

from typing import Any, TypedDict

from ..protocol.state_types import Actor


class StartTable(TypedDict, total=False):
    """start.json in the run's folder: everything that was there when the run began. files: name -> [digest, stamp or None]."""

    top: str
    prefix: str | None
    head: str
    branch: str
    staged: dict[str, str]
    ignores: str
    rules: str  # the user's own ignore rules; runs of earlier versions lack it
    own_rules: str  # the repository's own ones that no commit holds; likewise
    taken: int  # when the table was made, ns; this and what follows (leftovers.begun) runs of earlier versions lack
    modes: bool
    repos: dict[str, bool]
    filters: dict[str, str]  # `base/filters.py`
    skipped: list[str]  # names that a sparse checkout left out
    files: dict[str, list[Any]]


class _Note(TypedDict, total=False):
    by: Actor
    at: float
    blobs: dict[str, str]  # what a commit was let through with: path -> digest
    seq: int


class Note(_Note):
    """What is kept of a shell command until it comes back. commit: whether it was let through as one that commits."""

    head: str
    commit: bool


class CommitVerdict(TypedDict):
    """Whether a commit holds what was approved. why: "", or what it does not."""

    tasks: list[int]
    why: str
    paths: list[str]
    elsewhere: list[str]  # other squads of the fleet that approved what this run has not
