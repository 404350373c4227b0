"""What the functions of this room are handed by the rooms above it, as far as they use it; for the type checker only."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Protocol, Tuple, TypedDict

from ..protocol.state_types import State

Stamp = Optional[List[int]]  # [inode, size, mtime, ctime] in ns, None for nothing there
Env = Mapping[str, str]
Span = Tuple[int, int]  # start and end in a text
Path = Tuple[Any, ...]  # keys and indexes down to a value
Problem = Tuple[Path, str, bool]  # where, what, and whether the key at the path is meant


class Disk(Protocol):
    """pack.store.disk.Disk, or one that crashes on purpose."""

    def mkdir(self, path: str) -> None: ...
    def read(self, path: str) -> bytes | None: ...
    def replace(self, path: str, data: bytes) -> None: ...
    def remove(self, path: str) -> None: ...
    def stamp(self, path: str) -> Stamp: ...


class Store(Protocol):
    """pack.store.journal.Store: data is the run's folder."""

    data: str

    @property
    def disk(self) -> Disk: ...


class Call(Protocol):
    """pack.gate.hook_call.Call."""

    @property
    def payload(self) -> Mapping[str, Any]: ...
    @property
    def store(self) -> Store: ...
    @property
    def state(self) -> State: ...
    def scratch(self, ending: str) -> str: ...
    def gate(self, event: Any, /, **data: Any) -> Any: ...


class Commit(TypedDict):
    """One command of a shell text that makes a commit (shell_commits.commits). dir: where git runs; forced: ignored files too."""

    dir: str
    all: bool
    paths: list[str]
    adds: list[str]
    add_all: bool
    forced: bool
    verb: str
    amend: bool
    message: str | None


class Judged(TypedDict):
    """What a finished test command has shown (runners.judge)."""

    runner: str | None
    tests: int | None
    failed: int | None
    skipped: int | None
    unit: str
    why: str | None


class Found(TypedDict):
    """The active team of a project. run: the run's folder in the plugin's data."""

    python: str
    team: str
    run: str
