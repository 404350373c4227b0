"""One hook call: what came in, the locked store, and how events are appended under the right identity."""

from __future__ import annotations

import os

from ..base import codec
from ..protocol import machine
from ..protocol.refusal import Refusal
from .run_kind import TASKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable
    from ..base.protocols import Env
    from ..protocol.literals import EventName
    from ..protocol.state_types import Actor, Event, Record, State
    from ..store.disk import Disk
    from ..store.journal import Store
    from .run_kind import TaskRun


class Hook:
    """What came in at one hook, before a run is looked at.

    peer: the process that handed the payload over, where that can be told. waves: loads what runs of waves do (run_kind.py)."""

    __slots__ = ("payload", "env", "now", "project", "data", "disk", "peer", "waves")

    def __init__(
        self,
        payload: dict[str, Any],
        env: Env,
        now: float,
        project: str,
        data: str,
        disk: Disk,
        peer: int | None = None,
        waves: Callable[[], Any] | None = None,
    ) -> None:
        self.payload, self.env, self.now, self.project, self.data = payload, env, now, project, data
        self.disk, self.peer, self.waves = disk, peer, waves


class Call:
    """One hook call: the payload, where it happens, the locked store and who is calling."""

    def __init__(self, hook: Hook, store: Store, fleet: Any = None) -> None:
        self.payload, self.env, self.project, self.data, self.peer = hook.payload, hook.env, hook.project, hook.data, hook.peer
        self.now, self.store = store.clock(hook.now), store
        self.actor: Actor = None  # type: ignore[assignment]  # identity.identify says who, before anything else is asked
        self._waves = hook.waves
        self.fleet = fleet  # what a run of a fleet asks the engine before it records (fleet/desk.py); None without one
        self.trial: State | None = None  # a state that is only tried out (facts.py)
        # What this call has recorded as written, what the ledger found (told to the caller), the last event before its shell command, and
        # the last one before this call.
        self.seen: set[str] = set()
        self.told: list[str] = []
        self.begun: int | None = None
        self.first = store.seq
        self.changed: set[str] = set()  # resolved paths that the client says this very shell command has changed
        self.shown: list[str] = []  # lines for the user
        self.commits: list[str] = []  # gated ones of approved content that it has recorded

    @property
    def state(self) -> State:
        return self.trial or self.store.state

    @property
    def kind(self) -> TaskRun:
        """How this kind of run answers where kinds differ (run_kind.py)."""
        kind: TaskRun = TASKS if self.store.state["waves"] is None else self._waves()  # type: ignore[misc]  # given where a run of waves can be
        return kind

    @property
    def key(self) -> str | None:
        """The idempotency key: the client's id of the tool call, and which of its hooks this is."""
        call = self.payload.get("tool_use_id")
        return "%s:%s" % (self.payload["hook_event_name"], call) if call else None

    def event(self, name: EventName, /, key: str | None = None, actor: Actor | None = None, **data: Any) -> Event:
        return {"event": name, "actor": actor or self.actor, "data": data, "key": key}  # type: ignore[typeddict-item]  # what its rule reads is in Data

    def append(self, name: EventName, /, key: str | None = None, actor: Actor | None = None, **data: Any) -> list[Record]:
        """Append one event with its consequences; raises Refusal."""
        return self.put(self.event(name, key, actor, **data))

    def put(self, event: Event) -> list[Record]:
        """The same for an event that is made already. In a fleet a run may need leases for it first."""
        if self.fleet is not None:
            self.fleet.lease(self, event)
        return self.store.append(event, self.now)

    def gate(self, name: EventName, /, **data: Any) -> list[Record]:
        """Append an event of the gate itself; a refusal of it means that it does not apply."""
        try:
            return self.append(name, actor=machine.GATE, **data)
        except Refusal:
            return []

    def refuse(self, refusal: Refusal) -> Refusal:
        """Journal a refusal. The count of refusals is kept in the state; nothing else changes.

        Its key is not the call's: a call that is sent again because its hook was killed is judged again, and must not pass for one
        that was accepted and recorded."""
        self.append(refusal.record, key=self.key and self.key + ":refused", **refusal.data())
        return refusal

    def scratch(self, suffix: str) -> str:
        """A path of this call's own in the run's folder."""
        name = codec.digest(str(self.payload.get("tool_use_id")), size=8) + suffix
        folder = os.path.join(self.store.data, "calls")
        self.store.disk.mkdir(folder)
        return os.path.join(folder, name)

    def close(self) -> None:
        """Bury the run when it has just closed."""
        if self.state["phase"] == "CLOSED":
            from . import close_run

            close_run.bury(self.store, self.project, self.data, self.now)
