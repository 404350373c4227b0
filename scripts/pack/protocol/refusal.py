"""The typed refusal: what was refused, the state that was seen, the next legal step. It is also the prompt the agent reads."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .literals import EventName
    from .state_types import RefusalData


class Refusal(Exception):
    """An event that the protocol does not accept. The state it was offered to is untouched.

    code:  machine-readable reason (SCREAMING_SNAKE); event: what was tried; what: one sentence naming the offender;
    seen: the state that made it illegal; next: the next legal step. `record` is the journal event that stands for it
    (REFUSED, or one of the named troubles such as STALE_EPOCH), `task` the task it is about, if any.
    """

    def __init__(
        self,
        code: str,
        what: str,
        seen: str = "",
        next: str = "",
        event: str = "",
        task: int | None = None,
        record: EventName = "REFUSED",
    ) -> None:
        Exception.__init__(self, what)
        self.code, self.what, self.seen, self.next = code, what, seen, next
        self.event, self.task, self.record = event, task, record

    def text(self) -> str:
        """The message for the one who was refused."""
        parts = ["team: refused (%s): %s" % (self.code, self.what)]
        if self.seen:
            parts.append("Seen: " + self.seen)
        if self.next:
            parts.append("Next: " + self.next)
        return "\n".join(parts)

    def data(self) -> RefusalData:
        """The refusal as journal data."""
        out: RefusalData = {"code": self.code, "event": self.event, "what": self.what, "seen": self.seen, "next": self.next}
        if self.task is not None:
            out["task"] = self.task
        return out
