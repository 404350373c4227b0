"""Facts that the gate sees itself need no message (PROTOCOL 12): the first write of a free task's file claims it, the gated commit of
approved content is its DONE, an order in a spawn's prompt is given when the agent is there, an answer in an agent's last words has been said.

Each becomes the very event that the message would have been, with `fact` in its data: same guards, same effects, nobody's inbox.
"""

from __future__ import annotations

from ..base import project_facts
from ..protocol import machine, messages, tables, view
from ..protocol.plan import covers
from ..protocol.refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, Sequence
    from ..protocol.literals import EventName
    from ..protocol.state_types import Actor, Event
    from .hook_call import Call

# --- A write that claims ---------------------------------------------------------------------------------------------


def claimed_by(call: Call, rels: Sequence[str | None], check: Callable[[], object]) -> Event | None:
    """Run `check()`, which raises the Refusal of a write. Answers the CLAIM event that would make the write legal, to be appended once the
    whole call has passed; None where none is needed. The Refusal is that of the state as it is."""
    try:
        check()
        return None
    except Refusal:
        event = _claim(call, rels)
        if event is None:
            raise
        try:
            call.trial = machine.step(call.state, event, call.now)[0]
            check()
        except Refusal:
            event = None
        finally:
            call.trial = None
        if event is None:
            raise
        return event


def _claim(call: Call, rels: Sequence[str | None]) -> Event | None:
    """The CLAIM of the task that covers the first of these paths, None when nobody may claim one by writing."""
    state, actor = call.state, call.actor
    if actor["role"] not in tables.IMPLEMENTERS or not call.kind.approves:
        return None
    for rel in rels:
        hit = [n for n in view.claimable(state, actor["name"]) if rel and any(covers(f, rel) for f in view.task(state, n)["files"])]
        hit.sort(key=lambda n: (view.task(state, n)["owner"] != actor["name"], n))  # what it was given before what is free
        if hit:
            return call.event("CLAIM", key=call.key and call.key + ":claim", task=hit[0], fact=True)
    return None


def keep(call: Call, event: Event | None) -> None:
    """Append what `claimed_by` answered."""
    if event is not None:
        call.put(event)


# --- A commit that is DONE ---------------------------------------------------------------------------------------------


def done_by_commit(call: Call, sha: str, actor: Actor | None = None) -> list[int]:
    """Record DONE after a gated commit, and answer the tasks' numbers. A task of the committer is DONE when it is approved, the commit has a
    part of it, and nothing of it is left uncommitted."""
    actor = actor or call.actor
    if actor["role"] not in tables.IMPLEMENTERS or not call.kind.approves:
        return []
    names, out = project_facts.committed(call.project, sha), []
    for number, task in view.tasks(call.state):
        files = list(task["files"]) + task["touched"]
        if task["owner"] != actor["name"] or task["state"] != "APPROVED" or not any(covers(f, n) for f in files for n in names):
            continue
        if project_facts.uncommitted(call.project, files):
            continue
        revision, present = project_facts.revision(call.project, task)
        try:
            call.append(
                "DONE",
                key=call.key and "%s:done:%d" % (call.key, number),
                actor=actor,
                task=number,
                revision=revision,
                present=present,
                fact=True,
            )
            out.append(number)
        except Refusal:
            pass  # changed since it was approved: the coder is told so by its next step, and DONE stays to be earned
    return out


def done_at_last(call: Call) -> None:
    """Record DONE for gated commits that had to wait for an owner of the state. There is one again."""
    waiting = {task["owner"] for _n, task in view.tasks(call.state) if task["state"] == "APPROVED" and task["owner"]}
    for r in call.store.records() if waiting else ():
        if r["event"] != "COMMITTED" or r["data"]["sha"] in call.state["result"]["diverged"]:
            continue
        if r["data"]["gated"] and r["actor"]["name"] in waiting:
            entry = view.entry(call.state, r["actor"]["name"])
            if entry and entry["inc"] == r["actor"]["inc"]:
                done_by_commit(call, r["data"]["sha"], r["actor"])


# --- Orders in a prompt, answers in last words ----------------------------------------------------------------------------


def sections(text: object, events: Collection[str]) -> list[tuple[EventName, dict[str, Any]]]:
    """[(event, fields)] of a text whose lines give these protocol lines, each alone on its line; what follows a line is its body."""
    found: list[tuple[EventName, dict[str, Any]]] = []
    lines = str(text or "").splitlines()
    starts = []
    for i, line in enumerate(lines):
        try:
            parsed = messages.parse(line.strip())
        except Refusal:
            continue
        if parsed and parsed[0] in events and not line.startswith((" ", "\t", ">")):
            starts.append(i)
    for i, end in zip(starts, starts[1:] + [len(lines)]):
        try:
            parsed = messages.parse("\n".join([lines[i].strip()] + lines[i + 1 : end]))
        except Refusal:
            continue
        if parsed:
            found.append(parsed)
    return found


def orders(call: Call, role: str, prompt: object) -> list[list[Any]]:
    """What the prompt of a spawn orders: [[event, epoch or None], ...]. An epoch that the store would not mint is refused at once."""
    found: list[list[Any]] = [[event, fields.get("epoch")] for event, fields in sections(prompt, tables.ORDERS.get(role, ()))]
    for event, epoch in found:
        if epoch is not None and epoch != view.next_epoch(call.state):
            raise Refusal(
                "WRONG_EPOCH",
                "epoch %d cannot be offered" % epoch,
                view.owner_text(call.state),
                "write STATE_OWNERSHIP_HANDOFF(%d) into the prompt" % view.next_epoch(call.state),
                event,
            )
    return found


def give_orders(call: Call, name: str) -> None:
    """Say to an agent, as the lead, what its prompt ordered. Called once it is there, and once it has said PLAN OK.

    IDENTIFY RISKS waits for PLAN OK. A refused order (another supervisor was offered the state meanwhile) is left to the lead."""
    entry = view.entry(call.state, name)
    for event, epoch in (entry.get("orders") if entry else None) or []:
        if event == "IDENTIFY_RISKS" and not call.state["plan"]["ok"]:
            continue
        lead: Actor = {"name": tables.LEAD, "role": tables.LEAD, "inc": 0, "agent_id": None}
        try:
            call.append(event, actor=lead, to=name, fact=True, **({"epoch": epoch} if epoch is not None else {}))
        except Refusal:
            pass


def follow(call: Call, event: str) -> None:
    """What the gate does of itself after a message was accepted."""
    if event == "PLAN_OK":
        give_orders(call, call.actor["name"])
    elif event == "STATE_OWNERSHIP_ACK":
        done_at_last(call)


def answers(call: Call, text: object) -> list[tuple[EventName, dict[str, Any]]]:
    """What an agent's last words answer: [(event, data)], only where they begin with a protocol line of its role."""
    role = call.actor["role"] or ""
    known = tables.LAST_WORDS.get(role, ())
    found = sections(text, known)
    first = next((line for line in str(text or "").splitlines() if line.strip()), "")
    return found if found and sections(first, known) else []
