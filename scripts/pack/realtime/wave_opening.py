"""Opening a run of waves: what was typed, what of the definition the journal keeps, what is there of an earlier run, what the lead is told."""

import os

from ..base import codec, project_facts
from ..base.paths import PLUGIN_ROOT
from .wave_telling import TOLD, strategy_lines

KEPT = {
    "roles": ("id", "agent", "title", "spawning", "writes", "edits", "artifacts", "reads"),
    "waves": ("id", "title", "mode", "roles", "after", "beside", "entry", "exit", "when", "gates"),
    "gates": (
        "id",
        "title",
        "hard_stop",
        "approves_matrix",
        "survives_resume",
        "after_role",
        "needs",
        "on_fail",
        "artifacts",
        "artifacts_of",
        "checks",
    ),
    "session_commands": ("say", "does", "runs", "model"),
}


def arguments(text, project, name=None):
    """`[--team NAME] --strategy PATH` -> (definition, source, strategy path relative to the project); ValueError says what is wrong with them.
    name: the team where the command has said which."""
    usage = "usage: --team NAME [--strategy PATH]%s" % (", or /team:realtime --strategy PATH" if name else "")
    options = _options(text, usage)
    definition, source = _team(options.get("--team", name), project, usage)
    strategy = options.get("--strategy")
    if definition.get("strategy") and not strategy:
        raise ValueError("the team %s needs a strategy file. %s" % (definition["team"], usage))
    _room_for_folders(definition, project)
    return definition, source, _strategy_file(strategy, project, usage) if strategy else None


def _options(text, usage):
    """{option: value} of what was typed; ValueError for anything else."""
    import shlex

    from ..gate.prompt_lines import meant

    try:
        words = iter(shlex.split(text))
    except ValueError as error:
        raise ValueError("%s. %s" % (error, usage)) from None
    options = {}
    for word in words:
        key, eq, value = word.partition("=")
        key = key.casefold()  # as it is typed
        if key[:1] in ("\u2014", "\u2013"):
            raise ValueError("%s begins with a long dash: write --%s. %s" % (word, key[1:], usage))
        if key not in ("--team", "--strategy"):
            raise ValueError("unknown argument %s%s. %s" % (word, meant(word, ("--team", "--strategy")), usage))
        if key in options:
            raise ValueError("%s is given twice. %s" % (key, usage))
        options[key] = value if eq else next(words, None)
        if options[key] is None:
            raise ValueError("%s needs a value. %s" % (key, usage))
    return options


def _team(name, project, usage):
    """(definition, source) of a team by its name or its file."""
    from ..teams import TeamError, folders, load, names

    known = folders(project)
    if not name:
        raise ValueError("--team needs the name of a team. Known: %s. %s" % (", ".join(sorted(names(known))), usage))
    try:
        if name not in names(known) and os.path.isfile(os.path.join(project, name)):
            name = os.path.join(project, name)  # whoever loads it again may stand elsewhere
        return load(name, known), name
    except TeamError as error:
        told = error.problems
        if len(told) > 1:
            told = told[:3] + ["%d problems in all: `pack team check %s` shows them" % (len(told), name)]
        raise ValueError("the team %s cannot be activated. %s" % (name, "\n  ".join(told))) from None


def _room_for_folders(definition, project):
    """ValueError where the team's folders cannot be made: a file is in the way, or nothing can be written."""
    for folder in [definition["root"]] + [definition["root"] + "/" + f for f in definition.get("folders", [])]:
        parts = folder.rstrip("/").split("/")
        for path in ("/".join(parts[:n]) for n in range(1, len(parts) + 1)):
            full = os.path.join(project, path)
            if os.path.lexists(full) and not os.path.isdir(full):
                raise ValueError(
                    "the team's folder %s cannot be made: %s is a file. Move it, or give the definition another `root`" % (folder, path)
                )
    if not os.access(project, os.W_OK):
        raise ValueError("the team's folder %s cannot be made: nothing can be written in %s" % (definition["root"], project))


def _strategy_file(strategy, project, usage):
    """The strategy file's path in the project; ValueError where it is elsewhere or no file to read."""
    rel, full = project_facts.relative(project, strategy)
    if rel is None:
        raise ValueError(
            "the strategy file %s is outside the project, where the agents look. Copy it into the project. %s" % (strategy, usage)
        )
    project_facts.check_input("the strategy file", strategy, full, "Write it first. " + usage)
    return rel


def open_data(definition, source, strategy, project):
    """The RUN_OPENED data that a wave team adds; makes the folder layout."""
    from ..teams.layout import make_layout
    from ..teams.files import shipped

    make_layout(definition, os.path.join(project, definition["root"]))
    kept = dict(compiled(definition, project), prefix="team:" if shipped(source, project) else "")  # how the Agent call names its agents
    return {
        "definition": kept,
        "source": source,
        "strategy": strategy,
        "plan": strategy,
        "description": "%s with %s" % (definition["team"], strategy) if strategy else definition["team"],
        "found": work_found(definition, os.path.join(project, definition["root"])),
    }


def compiled(definition, project=None):
    """The part of a definition that the protocol needs, kept in the journal so that replay needs no file; and how the files look that
    decide what its commands say."""
    out = {k: definition[k] for k in ("team", "title", "root", "guarded", "retries", "lead", "commits", "errors") if k in definition}
    for part, keys in KEPT.items():
        out[part] = [{k: item[k] for k in keys if k in item} for item in definition.get(part, [])]
    out["digest"] = codec.digest(codec.dumps(definition))
    files = sealed_files(definition)
    if files:
        out["sealed"] = {name: project_facts.file_digest(os.path.join(project, name)) for name in files}
    return out


def sealed_files(definition):
    """Files of the project that `command` checks have sealed."""
    return sorted({name for g in definition["gates"] for c in g.get("checks", []) for name in c.get("sealed", [])})


def work_found(definition, folder):
    """Roles whose work of an earlier run is there, whole: of each wave in its order as long as all its roles have left their artifacts and what
    its end asks of files holds. What its end asks of gates is judged by `pack gate check`, in this run."""
    from ..teams.layout import artifact_problem, unmet as reasons

    by_id, out = {r["id"]: r for r in definition["roles"]}, []
    passing = {g["id"]: "PASS" for g in definition["gates"]}
    for w in definition["waves"]:
        mine = [r for r in w["roles"] if r != definition.get("lead")]
        if w["mode"] == "loop" or not mine:
            continue
        wanted = [by_id[r].get("artifacts", []) for r in mine]
        left = [p for p in sum(wanted, []) if artifact_problem(folder, p)]
        if w["mode"] == "background" and left:  # it runs beside the others: whoever is whole counts
            out += [r for r in mine if r not in out and not any(artifact_problem(folder, p) for p in by_id[r].get("artifacts", []))]
            continue
        if left or not all(wanted) or reasons(definition, folder, w["id"], "exit", passing):
            break
        out += [r for r in mine if r not in out]
    return out


def guide(own):
    """The file that says how to lead a team of waves: this plugin's own, or one that somebody defined."""
    return os.path.join(PLUGIN_ROOT, *(("commands", "realtime.md") if own else ("references", "teams.md")))


def opened_text(definition, source, strategy, project):
    """What the lead is told when the run opens."""
    from ..teams.agents import missing_agents
    from ..teams.files import shipped

    lead = next(
        (r for r in definition["roles"] if r["id"] == definition.get("lead")),
        {"title": "lead", "persona": "You spawn, review and decide; you write no file.", "id": None},
    )
    own = shipped(source, project)
    agents = ", ".join("%s = %s%s" % (r["id"], "team:" if own else "", r["agent"]) for r in definition["roles"] if r["id"] != lead["id"])
    focus = " (%s)" % definition["focus"] if definition.get("focus") else ""
    lines = [
        "You are the %s of %s%s. %s" % (lead["title"], definition["title"], focus, lead["persona"]),
        "How to lead it: read %s and follow it." % guide(own),
        ("Strategy: %s (every agent is given it). " % strategy if strategy else "") + "Roles: %s." % agents,
    ]
    lines += [_wave_line(w) for w in definition["waves"]]
    lines += ["When it breaks: %s: %s" % (r["when"], r["then"]) for r in definition.get("errors", []) if not r.get("roles")]
    missing = [] if own else missing_agents(definition, project)
    if missing:
        lines.append(
            "No agent file was found for %s: if the client knows no such agents either, the user runs `pack team agents %s` and starts the client anew."
            % (", ".join(missing), source)
        )
    lines += _earlier_run(definition, os.path.join(project, definition["root"]))
    return "\n".join(lines + strategy_lines(project, strategy, TOLD - len("\n".join(lines))))


def _wave_line(wave):
    """Who is in a wave, what is done in it, what it runs beside and what follows."""
    steps = " (%s)" % "; ".join(wave["steps"]) if wave.get("steps") else ""
    beside = ", beside wave %s" % ", ".join(wave["beside"]) if wave.get("beside") else ""
    again = ", then wave %s again" % wave["when"]["then_again"] if wave.get("when", {}).get("then_again") else ""
    return "wave %s %s: %s%s%s%s" % (wave["id"], wave["title"], ", ".join(wave["roles"]), steps, beside, again)


def _earlier_run(definition, folder):
    """A line on what an earlier run has left in the team's folder, [] where it has left nothing."""
    status = (definition.get("kanban", {}).get("file", "TEAM_STATUS.md"), "TEAM_STATUS.md")
    done = work_found(definition, folder)
    if not done and not any(os.path.exists(os.path.join(folder, name)) for name in status):
        return []
    whole = " Whole by what is there, need not be spawned again: %s. Run `pack gate check` first, then go on with the next wave."
    return [
        "`%s/` has state of an earlier run: resume from the last completed wave; everything measured is judged again, delivery is measured again.%s"
        % (definition["root"], whole % ", ".join(done) if done else "")
    ]
