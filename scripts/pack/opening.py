"""A command or a typed `--team NAME` opens a run, or resumes the one that is live, before any model is called."""

import os
import sys

from . import answers, caller, facts, places, seal
from .call import Call
from .enforcement import alive, client_version, is_headless, measure
from .journal import Lock, Store
from .protocol import advice, tables
from .typed import take_over


def arguments(text, project):
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
                raise ValueError("--coders=%s: give a whole number from 1 to %d. %s" % (value, most, usage))
            coders = int(value)
        elif word.startswith("--"):
            raise ValueError("unknown flag %s. %s" % (word, usage))
        else:
            rest.append(word)
        i += 1
    if not rest:
        raise ValueError("nothing to build. " + usage)
    path = None
    if len(rest) == 1 and (rest[0].lower().endswith((".md", ".markdown")) or os.path.sep in rest[0] and " " not in rest[0]):
        path = os.path.join(project, os.path.expanduser(rest[0]))
        if not os.path.isfile(path):
            raise ValueError(
                "the plan %s does not exist (looked in %s). Write it first, or describe the feature in words."
                % (rest[0], os.path.dirname(path) or ".")
            )
        with open(path, "rb") as f:
            if not f.read(65536).strip():
                raise ValueError("the plan %s is empty. Say in it what to build." % rest[0])
    return {"plan": rest[0] if path else None, "description": " ".join(rest), "coders": coders, "no_research": no_research, "path": path}


def team_name(asked, project):
    """`feature-<short-name>` from the plan's first heading or the description, not used by a team before."""
    words = asked["description"]
    if asked["path"]:
        with open(asked["path"], encoding="utf-8", errors="replace") as f:
            heading = next((line.lstrip("# ").strip() for line in f if line.startswith("#") and line.strip("# \n")), "")
        words = heading or os.path.splitext(os.path.basename(asked["path"]))[0]
    slug = "".join(c if c.isascii() and c.isalnum() else " " for c in words.lower()).split()
    return _free_name("feature-" + ("-".join(slug[:4])[:40] or "run"), project)


def _free_name(base, project):
    """The name, or with -2, -3, ...: a team's folder is never used twice."""
    name, n = base, 1
    while os.path.exists(places.team_folder(project, name)):
        n += 1
        name = "%s-%d" % (base, n)
    return name


def found(project):
    """What the lead would look for first."""
    out = [
        n
        for n in ("CLAUDE.md", ".project-profile.yml", ".conventions/tool-chains/commands.yml")
        if os.path.isfile(os.path.join(project, n))
    ]
    gold = os.path.join(project, ".conventions", "gold-standards")
    if os.path.isdir(gold):
        out.append(".conventions/gold-standards/ (%d files)" % len([n for n in os.listdir(gold) if not n.startswith(".")]))
    return out


COMMANDS = {"build": None, "realtime": "realtimeSystems"}  # command -> the team definition that it opens


def expanded(payload, env, now, project, data, disk, peer=None):
    """UserPromptExpansion: a command opens a run, or resumes the one that is live; bad arguments end before any model call."""
    plugin, _, name = str(payload.get("command_name") or "").rpartition(":")
    if name not in COMMANDS or plugin not in ("", "team"):
        return answers.PASS
    return opened(
        payload, env, now, project, data, disk, str(payload.get("command_args") or ""), COMMANDS[name], "UserPromptExpansion", peer
    )


def opens_team(prompt):
    """Whether a prompt is `--team NAME ...`; `--teamwork` is none."""
    return prompt.partition("=")[0].split()[:1] == ["--team"]


def activated(payload, env, now, project, data, disk):
    """A prompt that begins with `--team NAME --strategy PATH` opens that team's run; other prompts pass."""
    prompt = str(payload.get("prompt") or "").strip()
    if not opens_team(prompt):
        return answers.PASS
    return opened(payload, env, now, project, data, disk, prompt, "", "UserPromptSubmit")


def opened(payload, env, now, project, data, disk, text, definition, event, peer=None):
    """Open a run with these arguments. definition: None for /build, else the name of a team definition ("": given by --team)."""
    live = places.active(project, data)
    try:
        if definition is None:
            asked = arguments(text, project)
            own = {
                "plan": asked["plan"],
                "description": asked["description"][:2000],
                "coders": asked["coders"],
                "no_research": asked["no_research"],
            }
            team = team_name(asked, project)
        else:
            from . import waverun

            found_team, source, strategy = waverun.arguments(text, project, definition)
            team = _free_name(found_team["team"], project)
    except ValueError as error:
        return answers.block("team: " + str(error))
    if live is not None:
        return _reopen(payload, env, now, project, data, disk, live, payload.get("session_id"), event, peer)
    if definition is not None:
        own = dict(waverun.open_data(found_team, source, strategy, project), coders=len(found_team["roles"]), no_research=True)
    run = places.run_folder(data, project, team)
    store = Store(places.team_folder(project, team), run, disk)
    level = measure(env, project)
    disk.mkdir(run)
    with Lock(os.path.join(os.path.dirname(run), "open.lock")), store.lock():  # one run a project, whatever two sessions call theirs
        if places.active(project, data) is not None:
            return answers.block("team: another session has just opened a run here. Type `team status`.")
        store.load()
        lead = {"name": "lead", "role": tables.LEAD, "inc": 0, "agent_id": None}
        store.append(
            {
                "event": "RUN_OPENED",
                "actor": lead,
                "key": payload.get("prompt_id"),
                "data": dict(
                    own,
                    **{
                        "sealed": seal.make(run, disk, env, project),
                        "vouched": caller.vouches(env, peer),
                        "name": team,
                        "session": payload.get("session_id"),
                        "headless": is_headless(env),
                        "client_pid": env.get("CLAUDE_PID"),
                        "conventions": facts.conventions(project),
                        "enforcement": level,
                        "client": ".".join(map(str, client_version(env) or ())),
                    },
                ),
            },
            now,
        )
        places.mark(project, data, team, run, sys.executable, disk)
    mode = "headless (a message revives a finished agent; shut down with `pack teardown ask`)" if is_headless(env) else "interactive team"
    lines = [
        "Run opened. Team: %s. Mode: %s." % (team, mode),
        "Enforcement: %s%s" % (level["level"], "" if not level["why"] else " because " + "; ".join(level["why"])),
    ]
    if definition is None:
        lines += [
            "Coders at once: %d. Research: %s."
            % (asked["coders"], "skip (--no-research)" if asked["no_research"] else "as the dispatch matrix says"),
            "Input: %s" % ("plan file " + asked["plan"] if asked["plan"] else asked["description"][:500]),
            "Found: %s" % (", ".join(found(project)) or "no CLAUDE.md, no .conventions/, no .project-profile.yml"),
        ]
    else:
        lines.append(waverun.opened_text(found_team, source, strategy, project))
    lines.append("State for people: .claude/teams/%s/state.md, `pack status`." % team)
    return answers.tell(event, "\n".join(lines))


def _reopen(payload, env, now, project, data, disk, live, session, event, peer=None):
    store = Store(places.team_folder(project, live["team"]), live["run"], disk)
    with store.lock():
        store.load()
        call = Call(payload, env, store.clock(now), store, project, data, peer)
        if store.found:
            call.gate("TICK")  # what the loading mended is recorded by whoever loads
        team = store.state["team"]
        if store.state["phase"] == "CLOSED" or team is None:
            call.close()
            places.unmark(project, data, disk)
            return answers.block("team: the last run was closed; type the command again.")
        if not caller.from_the_client(call):
            return answers.block("team: a live run is taken up by the client that leads it, or by another one once that has ended.")
        if team["session"] != session:
            if alive(team.get("client_pid"), team.get("vouched")) and str(team.get("client_pid")) != str(env.get("CLAUDE_PID")):
                return answers.block(
                    "team: the run %s is live in another session (process %s). Type `team status` to see it; end it there, or "
                    "`pack abort --reason WHY` in your own terminal." % (team["name"], team["client_pid"])
                )
            call.payload = dict(payload)
            take_over(call)
            if store.state["phase"] == "CLOSED":
                return answers.block(
                    "team: the run %s was at its end and is closed now; type the command again for a new one." % team["name"]
                )
        call.actor = {"name": "lead", "role": tables.LEAD, "inc": 0, "agent_id": None}
        return answers.tell(
            event, "A run is live and is resumed, not overwritten; the arguments just given are not used.\n" + advice.digest(store.state)
        )
