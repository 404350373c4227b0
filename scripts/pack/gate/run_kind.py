"""What a run of tasks (`/build`) answers where a run of waves answers otherwise.

The gate asks `call.kind` and knows no other kind: whoever starts it (cli/hook.py, the command line) hands over how runs of waves
are loaded (realtime/wave_runs.py), and they are loaded only for a run that is one.
"""

from __future__ import annotations

import os

from ..base.paths import PLUGIN_ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence
    from ..protocol.refusal import Refusal
    from ..protocol.state_types import State, Step
    from .hook_call import Call

PLUGIN = "team:"  # how the client names this plugin's agents


class TaskRun:
    """The questions, with the answers of a run of tasks. `call` is a hook_call.Call, `state` the state of the run."""

    approves = True  # whether the result is what reviewers approved, task by task: claims, ledger, commits
    judges = False  # whether gates decide what comes next, and not tasks

    def role_of(self, state: State, agent_type: str) -> str | None:
        """The role of an agent definition, or None where it is none of the team's."""
        return agent_type[len(PLUGIN) :] if agent_type.startswith(PLUGIN) else None

    def standing(self, state: State) -> Any:
        """What besides phase and tasks says how far the run is."""

    def vouched(self, state: State) -> tuple[str | None, str]:
        """The number of what was started last in a process of its own, and the ending of its voucher (receipts.py)."""
        return state["verify"]["nonce"] if state["verify"] else None, ".verify"

    def unmet(self, call: Call) -> dict[str, Any]:
        """{} or {"unmet": what the waves lack}: what the records of spawns and of the teardown carry besides."""
        return {}

    def may_wake(self, state: State, name: str) -> Refusal | None:
        """A Refusal when this agent must not be woken now."""

    def may_take(self, state: State, path: str) -> Refusal | None:
        """A Refusal when a write to this path (relative to the project) would take something of the run's along."""

    def may_run(self, state: State, code: str) -> Refusal | None:
        """A Refusal when this code, handed to an interpreter, names something of the run's."""

    def commit_problem(self, call: Call, files: Sequence[str], message: str | None) -> Refusal | None:
        """A Refusal for a commit of these files with this message (None: it cannot be read beforehand)."""
        from . import commit_form

        return commit_form.problem(call, files, message)

    def ran(self, call: Call, response: Mapping[str, Any]) -> None:
        """After a shell command."""

    def gate_check(self, call: Call, words: list[str], tool_input: Mapping[str, Any]) -> Any:
        """The answer to `pack gate check` inside a run that `judges`."""

    def guide(self, state: State) -> str:
        """Where the lead finds how to lead this run."""
        return os.path.join(PLUGIN_ROOT, "commands", "build.md")

    def report_due(self, call: Call) -> str:
        """What the lead of a resumed session is reminded of, "" for nothing."""
        return ""

    def briefing(self, call: Call, fresh: bool) -> list[str]:
        """Lines for an agent that starts (fresh) or goes on."""
        return []

    def reminder(self, call: Call) -> list[Step]:
        """Steps for an agent that ends its turn, besides those of the protocol."""
        return []

    def see(self, call: Call) -> None:
        """Look again at what the run waits for, after an agent has ended its turn."""

    def typed(self, call: Call, words: list[str]) -> Any:
        """The answer to a line of the user's, None when it is none of this kind of run."""

    def resumed(self, call: Call) -> None:
        """Another session leads from now on."""


TASKS = TaskRun()
