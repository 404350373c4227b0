"""`pack verify` on the hook's side: what is refused before it runs, what the process is handed, what is told when it has run."""

from __future__ import annotations

import os
import re
import shutil

from ..base import codec, project_facts, shell_reading, verifying
from ..base.receipts import vouched
from ..protocol import tables, verification, view
from ..protocol.refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping
    from ..protocol.state_types import Entry, State
    from .hook_call import Call


def start(call: Call, options: Mapping[str, list[str]], verb: str = "verify") -> dict[str, Any]:
    """Check the commands, record VERIFY_STARTED, write the voucher. verb: what is run (`finish` goes on from there). Answers the Bash call's
    new input; raises Refusal."""
    for name in ("--build", "--test"):
        _check_command(name, (options.get(name) or [""])[0])
        _check_loaders(call, name, options[name][0])
    in_place = options["--in-place"][0] if options.get("--in-place") else None
    if in_place is not None and not in_place.strip():
        raise Refusal("USAGE", "--in-place says why", "", "pack verify --help", "VERIFY_STARTED")
    nonce, key = os.urandom(8).hex(), os.urandom(16).hex()
    build, test = options["--build"][0], options["--test"][0]
    if not call.append("VERIFY_STARTED", key=call.key, nonce=nonce, build=build, test=test):
        # the same call again, after a crash: its result is waited for under the first number
        verify = call.state["verify"]
        nonce = verify["nonce"] or nonce if verify else nonce
    path = os.path.join(os.path.dirname(call.scratch("")), nonce + ".verify")
    voucher = {
        "nonce": nonce,
        "key": key,
        "build": build,
        "test": test,
        "project": call.project,
        "declared": declared(call.state),
        "finish": verb == "finish",
        "verb": verb,
        "call": call.payload.get("tool_use_id"),
        "in_place": in_place.strip()[:300] if in_place else _no_checkout(call),
        "start": start_commit(call),
        "base": start_commit(call) if call.state["mode"] in tables.VALIDATED_MODES else None,
    }
    call.store.disk.replace(path, codec.dumps(voucher).encode("ascii"))
    return {"command": vouched(path, verb), "timeout": 600000, "run_in_background": False}


# Variables by which a command takes its programs, or code that runs in front of them, from somewhere else.
LOADERS = frozenset(
    "PATH PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTEST_PLUGINS PYTEST_ADDOPTS NODE_PATH NODE_OPTIONS BASH_ENV ENV LD_PRELOAD LD_LIBRARY_PATH "
    "DYLD_INSERT_LIBRARIES DYLD_LIBRARY_PATH PERL5LIB PERL5OPT RUBYLIB RUBYOPT CLASSPATH JAVA_TOOL_OPTIONS MAKEFILES GIT_EXEC_PATH".split()
)

INTERPRETERS = frozenset([*shell_reading.CODE, *shell_reading.SHELLS, "pypy"])  # without what stands behind: `python3.11`


def _check_loaders(call: Call, name: str, command: str) -> None:
    """Refuse a command that takes programs or code from a place outside the repository which changed while the run was live: a runner that says
    "3 passed" may stand there, and no reviewer has seen it. What was there before is the machine's own (`PATH=/usr/local/go/bin:$PATH`)."""
    try:
        began = os.stat(os.path.join(call.store.data, "start.json")).st_mtime
        places = _taken_from(shell_reading.parse(command))
    except (OSError, shell_reading.ShellError, RecursionError):
        return
    for what, place in places:
        path = os.path.expanduser(place.replace("$HOME", "~").replace("${HOME}", "~"))
        if os.path.isabs(path) and _changed_outside(call, path, began):
            raise Refusal(
                "OTHER_PROGRAMS",
                "%s %r takes programs from %s, which changed while the run was live" % (name, command, path),
                "it is outside the repository: nobody reviews it",
                "leave %s out; what the tests need is set up by the project's own command (`.conventions/tool-chains/commands.yml`)" % what,
                "VERIFY_STARTED",
            )


def _taken_from(commands: Iterable[shell_reading.Command]) -> list[tuple[str, str]]:
    """[(what names it, place)] from which commands take their programs: the parts of such variables, the program, an interpreter's script."""
    out = []
    for one in commands:
        for variable, value in [*one.env.items(), *(w.partition("=")[::2] for w in one.words)]:
            if variable in LOADERS:
                out += [(variable, part) for part in re.split(r"[\s:=,]+", value.strip("\"'"))]
        words = shell_reading.bare(one.words)
        out += [(w, w) for w in words[:1]]
        if words and os.path.basename(words[0]).rstrip("0123456789.") in INTERPRETERS:
            out += [(w, w) for w in words[1:] if not w.startswith("-")][:1]
    return out


def _changed_outside(call: Call, path: str, began: float) -> bool:
    """Whether a file, or a folder or something right in it, is outside the repository and newer than a moment."""
    rel, full = project_facts.relative(call.project, path)
    if rel is not None or project_facts.in_repository(call.project, full) is not None:
        return False
    try:
        inside = [e.path for e in os.scandir(full)][:5000] if os.path.isdir(full) else []
        return any(os.lstat(p).st_ctime > began for p in [full] + inside)
    except OSError:
        return False


def _check_command(name: str, command: str) -> None:
    """Refuse a command that proves nothing, or whose failure a pipe would hide. name: its option, `--build` or `--test`."""
    why = "it is missing" if not command.strip() else verifying.vacuous(command, name == "--test")
    if why and (name == "--test" or why != "it checks nothing"):  # a project may have no build step: `--build true`
        raise Refusal(
            "VACUOUS",
            "%s %r proves nothing: %s" % (name, command, why),
            "",
            "give the project's real build and test commands",
            "VERIFY_STARTED",
        )
    if shell_reading.pipes(command) and not shutil.which("bash"):
        raise Refusal(
            "PIPE",
            "%s %r has a pipe, which hides the failure of all but its last command" % (name, command),
            "there is no bash here, whose pipefail would show it",
            "leave the pipe out, or install bash",
            "VERIFY_STARTED",
        )


def _no_checkout(call: Call) -> str | None:
    """Why a checkout would lack the project itself, None where it would not: in a repository without a commit, or in one that came after
    the opening, what was there may be untracked."""
    start = call.state["result"]["start"]
    if start and start["prefix"] is not None and not start["head"]:
        return "the run began in a repository without a commit: what lay there is not tracked, and a checkout would lack it"
    if start and start["prefix"] is None and project_facts.head(call.project):
        from .ledger import is_cached, own
        from .run_start import start_table

        tracked = set((project_facts.git(call.project, "ls-files", "-z") or "").split("\0"))
        lacks = [name for name in start_table(call)["files"] if name not in tracked and not own(name) and not is_cached(name)]
        if lacks:
            return "the run began without a repository, and a checkout of the one that is there now would lack %s" % ", ".join(lacks[:3])
    return None


def declared(state: State) -> list[str]:
    """Files that the tasks name or were seen to write: they belong to the tree, committed or not."""
    return sorted({f for _n, task in view.tasks(state) for f in list(task["files"]) + task["touched"]})


def start_commit(call: Call) -> str:
    """The commit that the run began at, "" when there was none. Runs of earlier versions did not record it: there it is the parent of the
    first commit that was recorded."""
    start = call.state["result"]["start"]
    if start and start["head"]:
        return start["head"]
    first = next((r["data"]["sha"] for r in call.store.records() if r["event"] == "COMMITTED"), None)
    if first is None:
        return project_facts.head(call.project)
    return (project_facts.git(call.project, "rev-parse", "--verify", "-q", first + "^") or "").strip()


def told(call: Call) -> list[str]:
    """What the lead hears of a verification that has just been taken in."""
    return ["verified, but " + line for line in verification.remarks(call.state)]


def with_findings(call: Call, to: Entry | None, message: str) -> str:
    """The lead's message to the tech lead, with a list of what the tests do not notice: the tech lead must not depend on the lead to pass it on."""
    text = verification.unnoticed(call.state)
    if not text or not to or to["role"] != tables.TECH_LEAD or call.actor["role"] != tables.LEAD or text in message:
        return message
    return "%s\n\n[pack verify: %s]" % (message, text)
