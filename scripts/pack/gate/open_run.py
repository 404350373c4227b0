"""A command or a typed `--team NAME` opens a run, or resumes the one that is live, before any model is called."""

from __future__ import annotations

import os
import sys

from ..base.receipts import quote
from ..base import brief, conventions, git_facts, paths, profile, project_facts, run_config
from ..base.enforcement import client_version, is_headless, led_elsewhere, measure
from ..protocol import advice, kernel, tables, view
from ..store.disk import is_about_a_file
from ..store.journal import Lock, Store, read_chain
from . import answers, identity, modes, tamper_check, unseen_calls
from .hook_call import Call, Hook
from .prompt_lines import LINES, as_typed, for_the_team, meant, opens_team as opens_team
from .user_commands import take_over

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping
    from ..protocol.state_types import Team
    from ..store.disk import Disk
    from .answers import Answer

FLAGS = ("--coders", "--no-research")
ASKS = (["?"], ["help"], ["-h"], ["--help"])  # what a newcomer types to see how it is typed
PLANS = (".md", ".markdown", ".txt", ".rst")  # a word that ends so is a file, there or not


def arguments(text: str, project: str) -> dict[str, Any]:
    """`plan.md --coders=3` -> {"plan", "description", "coders", "no_research"}; ValueError with the way out."""
    import shlex

    usage = "usage: /build PLAN.md|DESCRIPTION [--coders=N] [--no-research]"
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()  # an apostrophe in a description is no error
    coders, no_research, rest, i = tables.limit("CODERS_DEFAULT"), False, [], 0
    while i < len(words):
        word = words[i]
        if word == "--no-research":
            no_research = True
        elif word == "--coders" or word.startswith("--coders="):
            if word == "--coders":
                i += 1
            value = word.partition("=")[2] if "=" in word else words[i] if i < len(words) else ""
            most = tables.limit("CODERS_MAX")
            if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
                raise ValueError("--coders%s: give a whole number from 1 to %d. %s" % ("=" + value if value else "", most, usage))
            coders = int(value)
        elif word.startswith("--") and word not in ("--", "--help") and " " not in word:
            raise ValueError(
                'unknown flag %s%s. %s. A description that names a flag goes in quotes: /build "add %s to the tool"'
                % (word, meant(word, FLAGS), usage, word)
            )
        elif word[:1] == "-" and word[1:2].isalpha() and " " not in word and meant("-" + word, FLAGS):
            raise ValueError("unknown flag %s%s. %s" % (word, meant("-" + word, FLAGS), usage))
        else:
            rest.append(word)
        i += 1
    if not rest or [w.lower() for w in rest] in ASKS:
        raise ValueError("nothing to build: name a plan, or say what to build, as in /build plan.md --coders=3. " + usage)
    long_dash = next((w for w in rest if w[:1] in ("\u2013", "\u2014") and w[1:].startswith(("coders", "no-research"))), None)
    if long_dash:
        raise ValueError("unknown flag %s: that is a long dash, write --%s. %s" % (long_dash, long_dash[1:], usage))
    named = [w for w in rest if w.lower().endswith(PLANS)]
    if len(rest) > 1 and rest[0] in named and all(w in named or w.startswith("-") for w in rest):
        raise ValueError("a plan is one file, and beside %s there is %s. %s" % (rest[0], " ".join(rest[1:]), usage))
    path = None
    first = os.path.join(project, os.path.expanduser(rest[0]))
    if rest[0] in named and " " not in rest[0] and len(rest) > 1 and os.path.exists(first):
        # A plan and a word or two to go with it. In quotes it would be one word with blanks: a description that begins so.
        path = first
        project_facts.check_input("the plan", rest[0], path, "Write it first, or describe the feature in words.")
        return {
            "plan": rest[0],
            "description": " ".join(rest),
            "note": " ".join(rest[1:]),
            "coders": coders,
            "no_research": no_research,
            "path": path,
        }
    if len(rest) == 1 and " " not in rest[0] and os.path.isdir(first):
        project_facts.check_input("the plan", rest[0], first, "")
    if len(rest) == 1 and (named or " " not in rest[0] and (os.path.sep in rest[0] or os.path.isfile(os.path.join(project, rest[0])))):
        path = os.path.join(project, os.path.expanduser(rest[0]))
        project_facts.check_input("the plan", rest[0], path, "Write it first, or describe the feature in words.")
    return {
        "plan": rest[0] if path else None,
        "description": " ".join(rest),
        "note": "",
        "first": "" if " " in rest[0] else rest[0],
        "coders": coders,
        "no_research": no_research,
        "path": path,
    }


def _input(plan: str | None, description: str) -> str:
    return "plan file " + plan if plan else description[:500]


def team_name(asked: Mapping[str, Any]) -> str:
    """`feature-<short-name>` from the plan's first heading or the description."""
    words = asked["description"]
    if asked["path"]:
        with open(asked["path"], encoding="utf-8", errors="replace") as f:
            heading = next((line.lstrip("# ").strip() for line in f if line.startswith("#") and line.strip("# \n")), "")
        words = heading or os.path.splitext(os.path.basename(asked["path"]))[0]
    slug = "".join(c if c.isascii() and c.isalnum() else " " for c in words.lower()).split()
    if slug[:1] == ["feature"]:  # `# Feature: ...`
        slug = slug[1:]
    return "feature-" + ("-".join(slug[:4])[:40] or "run")


def _new_store(base: str, project: str, data: str, disk: Disk) -> tuple[str, Store]:
    """(name, Store) of a team that never was: the name, or with -2, -3, ..., for neither a team's folder nor its mirror is used twice.
    What a process left that died while it opened a run is cleared away. Under the lock for opening: nobody else is in the middle of it."""
    name, n = base, 1
    while True:
        store = Store(paths.team_folder(project, name), paths.run_folder(data, project, name), disk)
        if os.path.lexists(store.folder) and _never_began(store):
            for path in (store.written, store.journal, store.mirror, store.snapshot, store.state_file):
                disk.remove(path)
            return name, store
        if not os.path.lexists(store.folder) and not disk.read(store.mirror):
            disk.remove(store.written)
            return name, store
        n += 1
        name = "%s-%d" % (base, n)


def _never_began(store: Store) -> bool:
    """Whether a team's folder holds at most the record that opened a run, which never got its markers (`places.mark` writes run.json last)."""
    try:
        if [n for n in os.listdir(store.folder) if n not in ("journal.jsonl", "snapshot.json", "state.md") and not n.endswith(".tmp")]:
            return False
        chains = [read_chain(store.disk.read(path) or b"")[0] for path in (store.journal, store.mirror)]
    except OSError:
        return False
    return all(not records or records[0]["event"] == "RUN_OPENED" and records[0]["more"] == len(records) - 1 for records in chains)


def found(project: str, path: str | None = None) -> list[str]:
    """What the lead would look for first. path: the input, where it is a file."""
    out = [n for n in ("CLAUDE.md", ".conventions/tool-chains/commands.yml") if os.path.isfile(os.path.join(project, n))]
    out += [text for text in (profile.told(project), brief.told(project, path)) if text]
    spare = ".conventions/" + profile.NAME
    if os.path.isfile(os.path.join(project, spare)):
        out.append(spare + " (if the codebase-researcher fails)")
    if not os.path.lexists(os.path.join(project, ".git")) and project_facts.git(project, "rev-parse", "--git-dir") is None:
        out.append("no git repository (nothing can be committed)")
    gold = os.path.join(project, ".conventions", "gold-standards")
    if os.path.isdir(gold):
        out.append(".conventions/gold-standards/ (%d files)" % len([n for n in os.listdir(gold) if not n.startswith(".")]))
    return out


COMMANDS = {"build": None, "realtime": "realtimeSystems"}  # command -> the team definition that it opens


class _Tasks:
    """A run of tasks that was asked for (`/build`)."""

    def __init__(self, hook: Hook, text: str) -> None:
        """Raises ValueError with the way out."""
        self.asked = arguments(text, hook.project)
        self.base = team_name(self.asked)
        self.begun: list[str] = []  # what the lead is told of the tree that the run begins on
        self.odd = ""  # what the user is shown of it, where it is not a clean commit

    def data(self) -> dict[str, Any]:
        """What the first record says of it."""
        return {
            "plan": self.asked["plan"],
            "description": self.asked["description"][:2000],
            "coders": self.asked["coders"],
            "no_research": self.asked["no_research"],
        }

    def start(self, hook: Hook, store: Store) -> dict[str, Any]:
        """What the first record says of the tree; looked at under the store's lock."""
        from . import run_start

        start = run_start.survey(hook.project, store.data, hook.disk)
        self.begun, self.odd = run_start.start_lines(start, hook.project), run_start.start_shown(start, hook.project)
        if start["repo"] != "none" and not _author_known(hook.project):
            nobody = "git does not know who commits, and no commit will succeed: type `git config user.name NAME` and `git config user.email ADDRESS`."
            self.begun.append(nobody)
            self.odd = (self.odd + " " if self.odd else "team: ") + nobody[0].upper() + nobody[1:]
        return {"start": start}

    def is_about(self, team: Team) -> bool:
        """Whether a live run is what was asked for."""
        if view.definition(team):
            return False
        mine = self.data()
        if team.get("plan") and mine["plan"]:
            return os.path.normpath(str(team["plan"])) == os.path.normpath(str(mine["plan"]))
        same: bool = (team.get("plan"), team.get("description")) == (mine["plan"], mine["description"])
        return same

    def told(self, project: str) -> list[str]:
        """What the lead is told of it."""
        asked = self.asked
        return [
            "Coders at once: %d. Research: %s."
            % (asked["coders"], "skip (--no-research)" if asked["no_research"] else "as the dispatch matrix says"),
            "Input: %s"
            % (_input(asked["plan"], asked["description"]) + (", and with it: " + asked["note"][:500] if asked["note"] else "")),
            "Found: %s" % (", ".join(found(project, asked["path"])) or "no CLAUDE.md, no .conventions/, no .project-profile.yml"),
        ] + self.begun

    def shown(self) -> str:
        """What the user is shown: which it is where the words just typed can be meant in two ways, and what is odd about the start."""
        asked, said = self.asked, ""
        if asked["note"]:
            said = "team: the plan is the file %s, and with it: %s" % (asked["plan"], asked["note"][:300])
        elif asked["plan"] is None and asked["first"].lower().endswith(PLANS):
            said = "team: there is no file %s here, so all of it is taken as the description." % asked["first"]
        return "\n".join(line for line in (said, self.odd) if line)


class _Waves:
    """A run of waves that was asked for (`/realtime`, `--team NAME`)."""

    def __init__(self, hook: Hook, text: str, definition: str) -> None:
        """Raises ValueError with the way out."""
        self.kind: Any = hook.waves()  # type: ignore[misc]  # handed over wherever a run can be opened
        self.project = hook.project
        self.definition, self.source, self.strategy = self.kind.arguments(text, hook.project, definition)
        self.base: str = self.definition["team"]

    def data(self) -> dict[str, Any]:
        """What the first record says of it."""
        own = self.kind.open_data(self.definition, self.source, self.strategy, self.project)
        return dict(own, coders=len(self.definition["roles"]), no_research=True)

    def start(self, hook: Hook, store: Store) -> dict[str, Any]:
        """Nothing: what such a run may write is checked otherwise."""
        return {}

    def is_about(self, team: Team) -> bool:
        """Whether a live run is what was asked for."""
        held = view.definition(team)
        same = held is not None and held["team"] == self.definition["team"]
        return same and os.path.normpath(str(team.get("strategy"))) == os.path.normpath(str(self.strategy))

    def told(self, project: str) -> list[str]:
        """What the lead is told of it."""
        return [self.kind.opened_text(self.definition, self.source, self.strategy, project)]

    def shown(self) -> str:
        """Nothing: the arguments of a team mean one thing."""
        return ""


if TYPE_CHECKING:
    Asked = _Tasks | _Waves


def expanded(hook: Hook) -> Answer:
    """UserPromptExpansion: a command opens a run, or resumes the one that is live; bad arguments end before any model call.

    A command of this plugin's always arrives by its full name with source `plugin`, also when it was typed as `/build`; a bare name is
    the project's or the user's own (CLIENT 5.5)."""
    payload = hook.payload
    plugin, _, name = str(payload.get("command_name") or "").rpartition(":")
    if name not in COMMANDS or plugin != "team" or payload.get("command_source") not in (None, "plugin"):
        return answers.PASS
    return _opened(hook, str(payload.get("command_args") or ""), COMMANDS[name], "UserPromptExpansion")


def activated(hook: Hook) -> Answer:
    """No run is live: a prompt that begins with `--team NAME --strategy PATH` opens that team's run, one that is for a team (`team status`)
    is answered, others pass."""
    prompt = str(hook.payload.get("prompt") or "").strip()
    if as_typed(prompt.split()) == "team help":
        from . import situation

        return answers.block(situation.text(hook.project, hook.data, hook.env, inside=True))
    if not opens_team(prompt):
        return _no_run(prompt, hook.project)
    return _opened(hook, prompt, "", "UserPromptSubmit")


def _author_known(project: str) -> bool:
    """Whether git knows whom a commit here would be by. In the user's own environment, which agents commit in, too."""
    import subprocess

    try:
        return (
            subprocess.run(["git", "-C", project, "var", "GIT_AUTHOR_IDENT"], capture_output=True, timeout=20, check=False).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return True  # not asked is not unknown


def _no_run(prompt: str, project: str) -> Answer:
    """The answer to `team status` and the like where no run is live; longer ones (`team abort WHY`) only where there was one."""
    last = paths.teams(project)[:1]
    if not for_the_team(prompt) or len(prompt.split()) > 2 and not last and as_typed(prompt.split()) not in LINES:
        return answers.PASS
    return answers.block(
        "team: no run is live here. %sTo begin one: /build plan.md --coders=3%s"
        % (
            "The last one was %s: `pack status` and `pack log` in your own terminal show it. " % last[0] if last else "",
            ", or, for a team of waves, --team NAME" if as_typed(prompt.split()) in LINES + ("pause team", "resume team") else "",
        )
    )


def _opened(hook: Hook, text: str, definition: str | None, event: str) -> Answer:
    """Open a run with these arguments. definition: None for /build, else the name of a team definition ("": given by --team)."""
    mode = hook.payload.get("permission_mode")
    stopped = modes.stops(mode)
    if stopped:
        return answers.block("team: %s and type the command again." % stopped)
    standing = project_facts.other_worktree(hook.project, str(hook.payload.get("cwd") or hook.project))
    if standing:  # EnterWorktree: agents begin where the session stands, and CLAUDE_PROJECT_DIR stays the main checkout (CLIENT 5.7)
        return answers.block(
            "team: no run was opened: this session stands in the worktree %s, and its project is %s; the team would write in the one and be "
            "judged in the other. Leave the worktree (ask for ExitWorktree) and type the command again; or start the client in it: "
            "`claude -w NAME`, or `claude` in that folder." % (standing, hook.project)
        )
    strange = project_facts.other_repository(hook.project, str(hook.payload.get("cwd") or hook.project))
    if strange:  # a folder of --add-dir, into which the session's shell has gone
        return answers.block(
            "team: no run was opened: this client was started in %s, and its shell stands in another repository, %s. A team works where its "
            "client was started: start it there (`cd %s && claude`); or have the shell go back (`cd %s`), and type the command again."
            % (hook.project, strange, quote(strange), quote(hook.project))
        )
    live = paths.active(hook.project, hook.data)
    try:
        asked: Asked = _Tasks(hook, text) if definition is None else _Waves(hook, text, definition)
    except ValueError as error:
        return answers.block("team: " + str(error))
    if live is not None:
        return _reopened(hook, live, asked, event)
    top, prefix = git_facts.place(hook.project)
    why, way = git_facts.unfit(hook.project, hook.env) if prefix is None else ("", "")
    if why:
        return answers.block(
            "team: no run was opened: %s, and a team commits what it builds. Way out: %s. Then type the command again." % (why, way)
        )
    beside = _beside(hook, top)
    if beside:
        return answers.block(
            "team: no run was opened: a run is live in %s, which lies in the same repository, and one team works in a repository at a time. "
            "Go on there; or end it there (`team abort WHY`), then type the command again." % beside
        )
    level = measure(hook.env, hook.project)
    try:
        config = run_config.read(hook.project)
    except ValueError as error:
        return answers.block("team: no run was opened: %s. Mend that and type the command again." % error)
    try:
        team = _begin(hook, asked, level, config)
    except OSError as error:
        return answers.block(_not_opened(error, paths.team_folder(hook.project, asked.base)))
    if team is None:
        return answers.block("team: another session has just opened a run here. Type `team status`.")
    headless = is_headless(hook.env)
    lines = [  # what all runs share first, this run's own last: a context's head is what is cached
        "Run opened. Mode: %s."
        % ("headless (a message revives a finished agent; shut down with `pack teardown ask`)" if headless else "interactive team"),
        "Enforcement: %s%s" % (level["level"], "" if not level["why"] else " because " + "; ".join(level["why"])),
    ]
    if modes.told(mode):
        lines.append(modes.told(mode))
    lines += asked.told(hook.project)
    lines.append("Team: %s. State for people: `pack status`, .claude/teams/%s/state.md." % (team, team))
    return answers.tell(event, "\n".join(lines), asked.shown())


def _beside(hook: Hook, top: str) -> str | None:
    """Another project of the same repository (its top), in which a run is live. A worktree below this one is another tree."""
    return next((p for p in paths.beside(hook.project, top, hook.data) if git_facts.place(p)[0] == top), None)


def _begin(hook: Hook, asked: Asked, level: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
    """Write the first record and the markers. Answers the team's name; None where another session was faster. Raises OSError."""
    payload, project, data, disk = hook.payload, hook.project, hook.data, hook.disk
    own = asked.data()
    home = os.path.dirname(paths.run_folder(data, project, asked.base))
    disk.mkdir(home)
    with Lock(os.path.join(home, "open.lock")):  # one run a project, whatever two sessions call theirs
        if paths.active(project, data) is not None:
            return None
        for old in os.listdir(home):  # what was killed while it answered for a run that was over by then
            disk.sweep(os.path.join(home, old), os.path.join(home, old, "calls"))
        team, store = _new_store(asked.base, project, data, disk)
        with store.lock():
            store.load()
            unseen_calls.begin(store.data, disk, hook.now)
            own.update(asked.start(hook, store))
            more = {
                "sealed": tamper_check.make(store.data, disk, hook.env, project),
                "vouched": identity.vouches(hook.env, hook.peer),
                "name": team,
                "session": payload.get("session_id"),
                **({"main": payload["agent_type"]} if payload.get("agent_type") else {}),
                "headless": is_headless(hook.env),
                "client_pid": hook.env.get("CLAUDE_PID"),
                "conventions": conventions.digest(project),
                "enforcement": level,
                "client": ".".join(map(str, client_version(hook.env) or ())),
            }
            store.append(
                {
                    "event": "RUN_OPENED",
                    "actor": kernel.MAIN,
                    "key": payload.get("prompt_id"),
                    "data": dict(own, **config, **more),  # type: ignore[typeddict-item]  # a Team, and where the run begins
                },
                hook.now,
            )
            conventions.keep(store, project)
            paths.mark(project, data, team, store.data, sys.executable, disk)
    return team


def _not_opened(error: OSError, folder: str) -> str:
    """What the user is told where a run could not be written: the nearest path that is there, and why not."""
    if not is_about_a_file(error):
        return "team: no run was opened: the machine is short of something (%s). Type the command again." % (error.strerror or error)
    at = error.filename or folder
    while not os.path.lexists(at) and at != os.path.dirname(at):
        at = os.path.dirname(at)
    why = "it is no folder" if isinstance(error, (NotADirectoryError, FileExistsError)) else error.strerror or str(error)
    return "team: no run was opened: nothing can be written in %s (%s). Mend that and type the command again." % (at, why)


def _about(team: Team) -> str:
    """What a live run is about, for the user."""
    definition = team.get("definition")
    return "the team " + definition["team"] if definition else _input(team.get("plan"), str(team.get("description")))


def _reopened(hook: Hook, live: Mapping[str, Any], asked: Asked, event: str) -> Answer:
    """The command was typed while a run is live. The same command resumes it; another one is another run, and there is one at a time."""
    store = Store(paths.team_folder(hook.project, live["team"]), live["run"], hook.disk)
    session = hook.payload.get("session_id")
    with store.lock():
        store.load()
        call = Call(hook, store)
        if store.found:
            call.gate("TICK")  # what the loading mended is recorded by whoever loads
        team = store.state["team"]
        if store.state["phase"] == "CLOSED" or team is None:
            call.close()
            paths.unmark(hook.project, hook.data, hook.disk)
            return answers.block("team: the last run was closed; type the command again.")
        if not identity.from_the_client(call):
            return answers.block("team: a live run is taken up by the client that leads it, or by another one once that has ended.")
        if not asked.is_about(team) and (team["session"] == session or not led_elsewhere(team, hook.env)):
            led = "led by this session" if team["session"] == session else "its client is gone"
            return answers.block(
                "team: nothing was begun: a run is open here, %s, about %s (phase %s, %s). `team resume` goes on with it; `team abort WHY` "
                "ends it, then type this command again." % (team["name"], _about(team)[:200], store.state["phase"], led)
            )
        if team["session"] != session:
            if led_elsewhere(team, hook.env):
                return answers.block(
                    "team: the run %s is live in another session (process %s). Type `team status` to see it; end it there, or "
                    "`pack abort --reason WHY` in your own terminal." % (team["name"], team["client_pid"])
                )
            take_over(call)
            if view.closed(store.state):  # the call above may have done that
                return answers.block(
                    "team: the run %s was at its end and is closed now; type the command again for a new one." % team["name"]
                )
        call.actor = kernel.MAIN
        return answers.tell(event, "A run is live and is resumed, not overwritten.\n" + advice.digest(store.state))
