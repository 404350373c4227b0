"""Before a shell command: what it would write, run and commit."""

from __future__ import annotations

import os

from ..base import codec, project_facts
from ..protocol import tables, view
from ..protocol.refusal import Refusal
from . import before_write
from .answers import PASS
from .facts import claimed_by, keep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping
    from .answers import Answer
    from .hook_call import Call


def skill_line(call: Call) -> Answer:
    """PreSkillShellCommand: shell text of a skill or command that is being loaded (CLIENT 1.13). What the user typed is the user's own doing;
    else it is a Bash call of the one who loads. The client applies no other input and raises no event afterwards, so what changes the run
    or commits is not done here; what it wrote is found by the next look."""
    tool_input = call.payload["tool_input"]
    if call.state["phase"] == "CLOSED" or call.payload.get("invoked_by") == "user" or call.actor["role"] == "foreign":
        return PASS
    try:
        _only_looks(call, str(tool_input.get("command")))
        run(call, tool_input)
        call.store.disk.remove(call.scratch(".before"))
        return PASS
    except Refusal as refusal:
        return 2, "", call.refuse(refusal).text()


def _only_looks(call: Call, command: str) -> None:
    """Raises the Refusal of a skill's line that commits, or is a `pack` verb that the hook itself would carry out."""
    from ..base import shell_commits, shell_reading
    from . import pack_verbs

    try:
        parsed = shell_reading.parse(command)
        changes = bool(shell_commits.commits(command, call.payload.get("cwd") or call.project))
    except (shell_reading.ShellError, RecursionError):
        return
    for words in (shell_reading.bare(c.words) for c in parsed):
        if len(words) > 1 and os.path.basename(words[0]) == "pack" and words[1] in pack_verbs.CHANGING | {"gate"}:
            changes = True
    if changes:
        raise Refusal("SKILL_RUNS_SHELL", "a skill's line changes the run or commits", command[:100], "do that with Bash", "BASH")


def run(call: Call, tool_input: dict[str, Any]) -> Answer:
    from ..base import shell_commits, shell_patterns, shell_reading, shell_writes
    from . import pack_verbs

    command, cwd = tool_input.get("command"), call.payload.get("cwd") or call.project
    if not isinstance(command, str):
        return PASS
    answer = pack_verbs.carry_out(call, command, tool_input)
    if answer is not None:
        return answer
    git = call.actor["role"] != "foreign" and "git" in command
    if git:
        from . import git_doors

        command = git_doors.plain(command, cwd)
    try:
        targets, code = shell_writes.writes(command, cwd)
        commits = shell_commits.commits(command, cwd)
        parsed = shell_reading.parse(command)
    except (shell_reading.ShellError, RecursionError):
        targets, code, commits, parsed = [], [command], [], []
    written = [(one, effect) for path, effect in targets for one in shell_patterns.expanded(path)]

    def check() -> None:
        for one, effect in written:
            before_write.check_path(call, one, cwd, True, follow=effect != shell_writes.ENTRY, changes=effect != shell_writes.NEITHER)

    claim = claimed_by(
        call,
        [
            project_facts.relative(call.project, before_write.plain(one), cwd, follow=effect != shell_writes.ENTRY)[0]
            for one, effect in written
            if effect != shell_writes.NEITHER
        ],
        check,
    )
    for text in code:
        _check_code(call, text)
    if call.actor["role"] != "foreign":
        _check_named(call, parsed, command)
        _ends_the_client(parsed)
        folded = command.casefold()
        if "claude" in folded or "team" in folded:
            from . import nested_client

            nested_client.check(call, parsed, code, command)
    if git:
        git_doors.check(call, command, cwd)
    if call.actor["role"] != "foreign":
        blobs = {}
        elsewhere = "mktemp" in command or any(verb in ("init", "clone") for verb in _git_verbs(parsed))
        if commits:
            from . import before_commit
        for commit in commits:
            if elsewhere and any(c in commit["dir"] for c in "\0$`*?"):
                continue  # a repository that this very command makes
            blobs.update(before_commit.check(call, commit))
        keep(call, claim)  # before the stamps: what the command changes is the new owner's
        note_files(call, bool(commits), blobs)
    return PASS


def _ends_the_client(parsed: list[Any]) -> None:
    """Raises the Refusal of a signal to the client or to its hooks: the whole team would be gone with it."""
    from ..base import shell_reading

    for command in parsed:
        words = shell_reading.bare(command.words)
        if not words or os.path.basename(words[0]) not in ("kill", "pkill", "killall", "skill", "xkill"):
            continue
        for word in words[1:]:
            if "PPID" in word or "CLAUDE_PID" in word or words[0] != "kill" and ("claude" in word or "gate.py" in word):
                raise Refusal(
                    "PROTECTED",
                    "`%s` would end the client that the team runs in" % " ".join(words)[:80],
                    "it is the process above every shell of the team",
                    "end what you started by its own number: `kill $!`",
                    "BASH",
                )


def _git_verbs(parsed: list[Any]) -> list[str]:
    from ..base import shell_reading

    words = [shell_reading.bare(command.words) for command in parsed]
    return [shell_reading.git_verb(w[1:])[0] for w in words if w and os.path.basename(w[0]) == "git"]


def _check_code(call: Call, text: Any) -> None:
    """Refuse code for an interpreter that names a protected place, unless it plainly reads. The gate finds afterwards what it hides. text: a
    shell_writes.Code, or the whole command where it cannot be read."""
    if call.actor["role"] == "foreign":
        return
    hit = _protected_name(call, text)
    refusal = call.kind.may_run(call.state, text)
    if hit:
        refusal = _protected(hit, "code that names %s is not run" % hit)
    if refusal is not None and not _only_reads(text):
        raise refusal


def _check_named(call: Call, parsed: list[Any], command: str) -> None:
    """Raises the Refusal of a command that names a protected place and is not known only to read."""
    if ".claude" not in command and "plugins/data" not in command:
        return  # the usual case, without the import
    from ..base import named_places

    for text in named_places.unread(parsed, command):
        hit = _protected_name(call, text)
        if hit:
            raise _protected(hit, "`%s` is not known only to read %s" % (text.split()[0][:40], hit))


def _protected(hit: str, what: str) -> Refusal:
    """The Refusal of what may change a protected place."""
    settings = "settings" in hit
    why = "settings decide whether hooks run" if settings else "the team's folder belongs to the hooks"
    way = "look with `pack status`, `pack log`, `pack explain N`, or read with `cat` or `jq`"
    if settings:
        way = "read it with `cat`, `jq` or `python3 -m json.tool`; a change of it is the user's"
    return Refusal("PROTECTED", what, why, way, "BASH")


def _only_reads(text: Any) -> bool:
    from ..base import interpreted, shell_writes

    return isinstance(text, shell_writes.Code) and interpreted.only_reads(text)


def _protected_name(call: Call, text: str) -> str | None:
    """What code names of the places that belong to the hooks, or None."""
    names: tuple[str, ...] = (".claude/teams", call.data, call.store.folder, "pack.store.journal", ".claude/settings")
    if ".claude" in text or not os.path.exists(os.path.join(call.project, "plugins", "data")):
        names += ("plugins/data",)  # else the project has a folder of that name
    # A project may well have a snapshot.json of its own: the bare names count only where the team's files lie.
    cwd = os.path.realpath(call.payload.get("cwd") or call.project) + os.sep
    if cwd.startswith((os.path.realpath(os.path.join(call.project, ".claude")) + os.sep, os.path.realpath(call.data) + os.sep)):
        names += ("journal.jsonl", "snapshot.json", "mirror.jsonl", "state.md")
    hit = next((n for n in names if n in text), None)
    if hit is None and ".claude" in text and "teams" in text:
        alone = any(part[:1] not in ("-", "_") for part in text.split(".claude")[1:])  # `.claude-plugin` is another folder
        hit = ".claude ... teams" if alone else None
    if hit is None and "settings" in text and (".claude/ " in text or ".claude " in text or ".claude/\"" in text):
        hit = ".claude ... settings"
    return hit


def note_files(call: Call, commits: bool, blobs: Mapping[str, str]) -> None:
    """Note how the tasks' files look before a shell command. A look after it shows what it changed."""
    names = sorted(
        {
            f
            for _n, task in view.tasks(call.state)
            if task["state"] not in tables.TERMINAL + ("PENDING",)
            for declared in list(task["files"]) + task["touched"]
            for f in project_facts.expand(call.project, declared)
        }
    )
    note = {
        "stamps": project_facts.stamps(call.project, names),
        "head": project_facts.head(call.project),
        "commit": commits,
        "blobs": blobs,
        "seq": call.store.seq,
        "by": call.actor,
        "at": call.now,
    }
    call.store.disk.replace(call.scratch(".before"), codec.dumps(note).encode("ascii"))
