"""What a run of tasks (`/build`) answers where a run of waves answers otherwise.

The gate asks `call.kind` and knows no other kind: whoever starts it (hooks/gate.py, the command line) hands over how runs of waves
are loaded (realtime/wave_runs.py), and they are loaded only for a run that is one.
"""

import os

from ..base.paths import PLUGIN_ROOT

PLUGIN = "team:"  # how the client names this plugin's agents


class TaskRun:
    """The questions, with the answers of a run of tasks. `call` is a hook_call.Call, `state` the state of the run."""

    strays = True  # whether what a shell command changed outside every task is looked for
    judges = False  # whether gates decide what comes next, and not tasks

    def role_of(self, state, agent_type):
        """The role of an agent definition, or None where it is none of the team's."""
        return agent_type[len(PLUGIN) :] if agent_type.startswith(PLUGIN) else None

    def unmet(self, call):
        """{} or {"unmet": what the waves lack}: what the records of spawns and of the teardown carry besides."""
        return {}

    def may_wake(self, state, name):
        """A Refusal when this agent must not be woken now."""

    def may_take(self, state, path):
        """A Refusal when a write to this path (relative to the project) would take something of the run's along."""

    def may_run(self, state, code):
        """A Refusal when this code, handed to an interpreter, names something of the run's."""

    def commit_problem(self, call, files, message):
        """A Refusal for a commit of these files with this message (None: it cannot be read beforehand)."""
        from . import commit_form

        return commit_form.problem(call, files, message)

    def ran(self, call, response):
        """After a shell command."""

    def gate_check(self, call, words, given):
        """The answer to `pack gate check` inside a run that `judges`."""

    def guide(self, state):
        """Where the lead finds how to lead this run."""
        return os.path.join(PLUGIN_ROOT, "commands", "build.md")

    def report_due(self, call):
        """What the lead of a resumed session is reminded of, "" for nothing."""
        return ""

    def briefing(self, call, fresh):
        """Lines for an agent that starts (fresh) or goes on."""
        return []

    def reminder(self, call):
        """Steps for an agent that ends its turn, besides those of the protocol."""
        return []

    def see(self, call):
        """Look again at what the run waits for, after an agent has ended its turn."""

    def typed(self, call, words):
        """The answer to a line of the user's, None when it is none of this kind of run."""

    def resumed(self, call):
        """Another session leads from now on."""


TASKS = TaskRun()
