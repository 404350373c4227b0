"""What can be done here now: the next step for the folder's present situation, for `pack` without a verb and `/team:help`."""

from __future__ import annotations

import os

from ..base import enforcement, git_facts, needed, paths
from ..protocol import advice, view
from ..protocol.refusal import Refusal
from ..store.journal import Damaged
from ..store.open_for_reading import Run
from . import run_start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..base.protocols import Env

BEGIN = "/build plan.md --coders=3"


def text(project: str, data: str, env: Env, inside: bool = False) -> str:
    """Where the project stands, and what to do next. inside: it is read in the client, so its commands can be typed there."""
    where = _run(project, inside) or _folder(project, env, inside)
    off = enforcement.switched_off(env, project)
    lines = [enforcement.HOOKS_OFF % off] if off else []
    return "\n".join(lines + where + ["", *(_words(env) if inside else ["pack --help lists every verb."])])


def _words(env: Env) -> list[str]:
    own = paths.PLUGIN_ROOT + "/bin"
    elsewhere = [folder for folder in env.get("PATH", "").split(os.pathsep) if folder and os.path.realpath(folder) != os.path.realpath(own)]
    known = any(os.access(os.path.join(folder, "pack"), os.X_OK) for folder in elsewhere)
    home = env.get("HOME") or "~"
    shown = "~" + own[len(home) :] if own.startswith(home + "/") else own
    return [
        "To type here, answered without a model call:",
        "  /team:status        the team, who waits for whom",
        "  /team:resume        take the run up in this session",
        "  /team:abort WHY     end the run, keep its journal",
        "  /team:accept PATH   take a change that nobody approved as it is",
        "In a terminal of your own: pack watch, pack log --follow, pack doctor.",
        *([] if known else ["  There `pack` is %s/pack" % shown]),
    ]


def _run(project: str, inside: bool) -> list[str]:
    """Of the project's run, the live one or the newest; [] where there is none."""
    try:
        run = Run(project)
    except Refusal:
        return []
    try:
        state, _records = run.look()
    except (Damaged, OSError) as error:
        return ["The run %s cannot be read (%s)." % (run.team, error), "Next: `pack doctor` in a terminal of your own says what is wrong."]
    done = needed.done(state)
    if state["phase"] == "CLOSED":
        return [
            "The last run, %s, %s: %s." % (run.team, "was aborted" if state["teardown"]["aborted"] else "is closed", done),
            "Next: `pack status --summary` prints its report, `pack report html` its page; a new one: %s" % _begin(inside),
        ]
    head = "The run %s is open: phase %s, %s." % (run.team, state["phase"], done)
    yours = needed.of_the_user(state)
    if run.live and not enforcement.led(state):
        first = "type /team:resume" if inside else "start `claude` here and type /team:resume"
        return [head, "Its client is gone, nobody is at work.", "Next: %s; or end it: `pack abort --reason WHY`" % first]
    if yours:
        return [head, "Next, you: " + yours]
    todo = ["%s: %s" % (s["who"], advice.for_people(s["text"])) for s in advice.steps(state)][:2]
    if not todo:
        return [head, "At work: %s" % (", ".join(view.working(state)) or "nobody")]
    return [head, "The team goes on by itself. Its next step: " + "; ".join(todo)]


def _begin(inside: bool) -> str:
    return "type " + BEGIN if inside else "`claude` here, then type " + BEGIN


def _folder(project: str, env: Env, inside: bool) -> list[str]:
    """Of a folder in which no team was yet."""
    if not git_facts.text(project, "rev-parse", "--git-dir"):
        why, way = git_facts.unfit(project, env)
        if why:
            return [why[0].upper() + why[1:] + ".", "Next: " + way]
        return [
            "This folder is no git repository, and a team commits what it builds.",
            "Next: git init && " + run_start.first_commit(project),
        ]
    if not git_facts.text(project, "rev-parse", "-q", "--verify", "HEAD"):
        return ["This repository has no commit yet, and approvals compare with one.", "Next: " + run_start.first_commit(project)]
    plans = sorted(n for n in os.listdir(project) if n.lower().endswith((".md", ".txt")) and "plan" in n.lower())
    plan = plans[0] if plans else "plan.md"
    said = "" if plans else "Write what to build into plan.md (or say it in words in place of the file)."
    return [
        "No team has worked here yet." + (" " + said if said else ""),
        "Next: %s" % _begin(inside).replace("plan.md", plan if " " not in plan else '"%s"' % plan),
    ]
