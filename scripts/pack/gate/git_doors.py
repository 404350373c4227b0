"""Git commands before they run: nobody moves the tree that everybody shares, nobody rewrites what is not his own."""

from __future__ import annotations

from ..base import git_commands, git_facts, shell_reading
from ..base.git_commands import plain as plain
from ..protocol import tables, view
from ..protocol.refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .hook_call import Call


def check(call: Call, command: str, cwd: str) -> None:
    """Raises the Refusal of a command (its aliases resolved) that moves the shared tree or rewrites another's commit."""
    try:
        found = git_commands.commands(command, cwd)
    except (shell_reading.ShellError, RecursionError):
        return
    top = None
    for verb, rest, folder, _words in found:
        why = git_commands.moves(verb, rest, folder)
        amends = verb == "commit" and git_commands.amends(rest)
        if not why and not amends:
            continue
        if top is None:
            top = git_facts.place(call.project)[0]
        if not git_commands.inside(top, folder):
            continue
        if why:
            raise Refusal(
                "MOVES_THE_TREE",
                "`git %s` %s" % (" ".join([verb] + rest)[:100], why),
                "phase %s; %s" % (call.state["phase"], _others(call)),
                git_commands.NEXT if verb != "worktree" else git_commands.ELSEWHERE,
                "BASH",
            )
        _may_amend(call, top)


def _others(call: Call) -> str:
    names = [n for n in view.working(call.state) if n != call.actor["name"]]
    return "at work in the same tree: " + (", ".join(names[:6]) or "nobody else now, but what was approved stands on it")


def _may_amend(call: Call, top: str) -> None:
    """Only the caller's own commit of an approved task, while nobody outside can have it."""
    state, head = call.state, git_facts.text(top, "rev-parse", "-q", "--verify", "HEAD")
    name = call.actor["name"]
    if call.actor["role"] not in tables.IMPLEMENTERS or not call.kind.approves:
        return  # who commits nothing at all is told so by the check of the commit
    mine = [task for _n, task in view.tasks(state) if task["owner"] == name and head in task["commits"]]
    diverged = state["result"]["diverged"].get(head)
    if not mine and (diverged is None or diverged.get("by") != name):
        raise Refusal(
            "AMEND_OF_OTHERS",
            "HEAD (%s) is not a commit of %s's" % (head[:7] or "none", name),
            "its own in this run: %s"
            % (", ".join(s[:7] for _n, task in view.tasks(state) if task["owner"] == name for s in task["commits"]) or "none"),
            "make a commit of your own: git add FILES && git commit",
            "COMMIT",
        )
    if git_facts.text(top, "branch", "-r", "--contains", head):
        raise Refusal(
            "AMEND_OF_PUBLISHED",
            "HEAD (%s) was pushed already" % head[:7],
            "a remote branch holds it",
            "make another commit on top",
            "COMMIT",
        )
