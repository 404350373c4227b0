"""Before a commit: whether it takes what is its author's, and what was approved."""

from __future__ import annotations

import os

from ..base import project_facts
from ..protocol import access, tables, view
from ..protocol.plan import covers
from ..protocol.refusal import Refusal
from . import before_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..base.protocols import Commit
    from .hook_call import Call


def check(call: Call, commit: Commit) -> dict[str, str]:
    """{path: digest} of what a commit may take. Raises the Refusal of a commit."""
    # A folder that only the shell knows (`cd "$(git rev-parse --show-toplevel)"`) is taken for the project's.
    if any(c in commit["dir"] for c in "\0$`*?"):
        commit["dir"] = call.project
    files = project_facts.commit_files(call.project, commit)
    if files is None:
        _git_answers(call, commit["dir"])
        return {}  # no repository: git will say so
    if _in_a_task(call, commit):
        return {}
    revisions = {
        n: project_facts.revision(call.project, task)[0] for n, task in view.tasks(call.state) if task["owner"] == call.actor["name"]
    }
    if commit["verb"] != "commit" and call.actor["role"] in tables.IMPLEMENTERS:
        raise Refusal("COMMIT_VERB", "git %s makes commits past the gate" % commit["verb"], "", "use git commit", "COMMIT")
    refusal = access.may_commit(call.state, call.actor, files, revisions)
    if refusal is not None:
        raise refusal
    other = project_facts.staged_otherwise(commit) if call.actor["role"] in tables.IMPLEMENTERS else []
    if other:
        raise Refusal(
            "STAGED_OTHERWISE",
            "%s was staged before it was what was approved" % other[0],
            "staged and on disk differ: " + ", ".join(other)[:300],
            "git add it again, then commit",
            "COMMIT",
        )
    problem = call.kind.commit_problem(call, files, commit["message"]) if files and commit["verb"] == "commit" else None
    if problem is not None:
        raise problem
    if call.actor["role"] in tables.CODERS and commit["verb"] == "commit":
        from . import task_checks

        red = task_checks.problem(call, files)
        if red is not None:
            raise red
    if call.fleet is not None:
        call.fleet.commit(call, files)
    return {f: project_facts.entry_digest(os.path.join(call.project, f)) for f in files}


def _git_answers(call: Call, folder: str) -> None:
    """Raises the Refusal of a commit in the run's own repository where git tells the gate nothing, and may well commit for the agent: another
    user's repository with `-c safe.directory=*`, a git that takes minutes."""
    from ..base import git_commands, git_facts

    start = call.state["result"]["start"]
    top = os.path.realpath(call.project)
    if start and start["prefix"]:
        top = top[: len(top) - len(start["prefix"].rstrip("/"))].rstrip("/")
    if not os.path.isdir(folder) or not os.path.lexists(os.path.join(top, ".git")) or not git_commands.inside(top, folder):
        return
    raise Refusal(
        "GIT_IS_SILENT",
        "the gate cannot see what this commit would take",
        "git says: %s" % (git_facts.refuses(call.project)[0] or "nothing in time"),
        "wait for a git that answers; what it asks for is the user's to set (`git config --global safe.directory`): QUESTION to the lead",
        "COMMIT",
    )


def _in_a_task(call: Call, commit: Commit) -> bool:
    """Whether a commit is made inside a nested repository that is a task's own file: its commit is the content that is reviewed, so it is
    made before the review, by whoever may write there now. Raises the Refusal of anybody else's."""
    rel, _full = project_facts.relative(call.project, commit["dir"])
    repository = project_facts.nested(call.project, rel) if rel and rel != "." else None
    if repository is None or commit["verb"] != "commit":
        return False
    if not any(covers(f, repository) for _n, task in view.tasks(call.state) for f in task["files"]):
        return False
    before_write.check_path(call, repository, call.project, True)
    return True
