"""One hook call: what came in, the locked store, and how events are appended under the right identity."""

import os

from ..base import codec
from ..protocol import machine
from ..protocol.refusal import Refusal
from .run_kind import TASKS


class Call:
    """One hook call: the payload, where it happens, the locked store and who is calling."""

    def __init__(self, payload, env, now, store, project, data, peer=None, waves=None):
        self.payload, self.env, self.now, self.store, self.project, self.data, self.peer = payload, env, now, store, project, data, peer
        self.actor, self._waves = None, waves
        self.trial = None  # a state that is only tried out (facts.py)
        # What this call has recorded as written, what the ledger found (told to the caller), the last event before its shell command, and
        # the last one before this call.
        self.seen, self.told, self.begun, self.first = set(), [], None, store.seq
        self.changed = set()  # resolved paths that the client says this very shell command has changed
        self.commits = []  # gated ones of approved content that it has recorded

    @property
    def state(self):
        return self.trial or self.store.state

    @property
    def kind(self):
        """How this kind of run answers where kinds differ (run_kind.py)."""
        return TASKS if self.store.state["waves"] is None else self._waves()

    @property
    def key(self):
        """The idempotency key: the client's id of the tool call, and which of its hooks this is."""
        call = self.payload.get("tool_use_id")
        return "%s:%s" % (self.payload["hook_event_name"], call) if call else None

    def event(self, name, /, key=None, actor=None, **data):
        return {"event": name, "actor": actor or self.actor, "data": data, "key": key}

    def append(self, name, /, key=None, actor=None, **data):
        """Append one event with its consequences; raises Refusal."""
        return self.store.append(self.event(name, key, actor, **data), self.now)

    def gate(self, name, /, **data):
        """Append an event of the gate itself; a refusal of it means that it does not apply."""
        try:
            return self.append(name, actor=machine.GATE, **data)
        except Refusal:
            return []

    def refuse(self, refusal):
        """Journal a refusal. The count of refusals is kept in the state; nothing else changes.

        Its key is not the call's: a call that is sent again because its hook was killed is judged again, and must not pass for one
        that was accepted and recorded."""
        self.append(refusal.record, key=self.key and self.key + ":refused", **refusal.data())
        return refusal

    def scratch(self, suffix):
        """A path of this call's own in the run's folder."""
        name = codec.digest(str(self.payload.get("tool_use_id")), size=8) + suffix
        folder = os.path.join(self.store.data, "calls")
        self.store.disk.mkdir(folder)
        return os.path.join(folder, name)

    def close(self):
        """Bury the run when it has just closed."""
        if self.state["phase"] == "CLOSED":
            from . import close_run

            close_run.bury(self.store, self.project, self.data, self.now)
