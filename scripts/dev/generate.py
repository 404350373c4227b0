"""What `make generate` runs: everything that repeats a fact of the tables is written from the tables.

Blocks in Markdown stand between `<!-- generated: NAME -->` and `<!-- end: NAME -->`; whole files are listed in FILES.
`--check` writes nothing, prints what drifted and the command that mends it, and exits 1.
"""

import argparse
import difflib
import importlib
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
for folder in ("scripts", "scripts/dev"):
    if os.path.join(ROOT, folder) not in sys.path:
        sys.path.insert(0, os.path.join(ROOT, folder))

from pack.protocol import machine, tables  # noqa: E402

FOLDERS = ("agents", "commands", "references", "docs")
START, END = "<!-- generated: %s -->", "<!-- end: %s -->"


# --- Blocks --------------------------------------------------------------------------------------------------------------
def _table(head, rows):
    return "\n".join(["| %s |" % " | ".join(head), "|%s" % ("---|" * len(head))] + ["| %s |" % " | ".join(map(str, r)) for r in rows])


def _form(form):
    return "`%s`" % form.replace("<epoch>", "epoch").replace("<N>", "N")


def messages(role=None):
    """The message vocabulary: the whole table, or the lines that one role may send."""
    if role is None:
        rows = [
            (_form(form), ", ".join(senders), ", ".join(receivers), when) for form, senders, receivers, when in tables.MESSAGES.values()
        ]
        rows.append(
            ("`shutdown_request` (the client's own)", "lead", "the one asked", "only in the teardown, or for a coder without tasks")
        )
        rows.append(("`shutdown_response` (the client's own)", "the one asked", "lead", "with the request_id it was given"))
        return _table(("line", "sender", "to", "when"), rows)
    lines = []
    for event, (form, senders, receivers, when) in tables.MESSAGES.items():
        if role in senders and event not in tables.UNASKED:
            if event in tables.LAST_WORDS.get(role, ()):
                lines.append("- %s, your last words: %s" % (_form(form), when))
                continue
            if len(receivers) == 2 and tables.SUPERVISOR in receivers:
                receivers = (tables.LEAD,) if role == tables.SUPERVISOR else (tables.SUPERVISOR,)
            to = {(tables.LEAD,): "`main`", tables.IMPLEMENTERS: "the task's coder", tables.APPROVERS: "each required approver"}.get(
                tuple(receivers), ", ".join(receivers)
            )
            lines.append("- %s to %s: %s" % (_form(form), to, when))
    if not lines:
        lines.append("- no protocol lines: your last text is your report")
    lines.append("- `shutdown_response` to `team-lead`, with the request's request_id: when asked to shut down")
    return "\n".join(lines)


def approvals():
    """Runtime mode -> required roles."""
    rows = []
    for mode, roles in tables.APPROVAL_MATRIX.items():
        text = " + ".join(roles).replace(
            tables.TASK_REVIEWERS, "the reviewers named in the task record (at least one; high-risk: all three)"
        )
        rows.append(
            (mode, text + (" + enabling-agent where a high-risk task is sensitive" if tables.ENABLING in tables.MODE_ROLES[mode] else ""))
        )
    areas = _table(("sensitive area", "words of a path"), [(a, ", ".join(words)) for a, words in tables.SENSITIVE.items()])
    return _table(("runtime mode", "required"), rows) + "\n\n" + areas


OWNERSHIP = (
    (
        "STATE_OWNERSHIP_HANDOFF",
        "lead -> supervisor",
        "the target is an ACTIVE supervisor; the epoch is the next minted, or the one it was already offered",
        "wait for the ACK; every older epoch is fenced",
    ),
    ("STATE_OWNERSHIP_ACK", "supervisor -> lead", "sender and epoch are exactly the offered ones", "the supervisor owns the state"),
    ("HANDOFF_DUPLICATE", "gate", "same epoch, same holder again", "none: harmless, acknowledged again"),
    ("HANDOFF_MISSING", "gate", "an ACK or an owner-only event without an offer", "offer; it was refused"),
    (
        "SPLIT_BRAIN_DETECTED",
        "gate",
        "a second incarnation claims an epoch of another",
        "offer again with a new epoch; RECONCILE_LOCK until then",
    ),
    ("STALE_EPOCH", "gate", "a fenced owner acts", "none: refused and recorded"),
    ("OWNER_LOST", "gate", "the owner's incarnation ended", "spawn a supervisor, offer"),
)


def ownership():
    """The events of the hand-off."""
    missing = [e for e, *_ in OWNERSHIP if e not in tables.EVENTS]
    if missing:
        raise SystemExit("make generate: unknown events " + ", ".join(missing))
    return _table(
        ("event", "from -> to", "accepted or raised when", "next step"),
        [("`%s`" % (_form(tables.MESSAGES[e][0]).strip("`") if e in tables.MESSAGES else e), f, w, n) for e, f, w, n in OWNERSHIP],
    )


def teardown():
    """The teardown machine, from the table that it runs by. One line for a move that leads from several states to the same one; none for
    what changes nothing."""
    lines, order = {}, list(tables.TEARDOWN)
    for state, moves in tables.TEARDOWN.items():
        for on, to in moves.items():
            if to != state or on == "BEGUN":
                lines.setdefault((on, to), []).append(state)
    rows = sorted(lines.items(), key=lambda line: (order.index(line[1][0]), list(tables.TEARDOWN_MOVES).index(line[0][0])))
    return _table(
        ("from", "on", "guard", "to"),
        [(_states(states, order), tables.TEARDOWN_MOVES[on][0], tables.TEARDOWN_MOVES[on][1] or " ", to) for (on, to), states in rows],
    )


def _states(states, every):
    """Names of states; of most of them, those that are not meant."""
    rest = [s for s in every if s not in states]
    return "any but " + ", ".join(rest) if len(rest) < len(states) else ", ".join(states)


def task_states():
    """A task's states and the states that follow."""
    return _table(("state", "next"), [(s, ", ".join(n) or "none, terminal") for s, n in tables.TASK_STATES.items()])


def task_diagram():
    """The same as a diagram."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += ["    %s --> %s" % (s, n) for s, following in tables.TASK_STATES.items() for n in following]
    return "\n".join(lines + ["```"])


PHASE_TEXT = {
    "DISCOVERY": ("orientation, research", "the plan is registered"),
    "PLANNING": ("classification, tech lead, risks", "a supervisor owns the state"),
    "SETUP": ("reviewers, validation still open", "the first coder is spawned or claims"),
    "EXECUTION": ("tasks, reviews", "every task is terminal"),
    "COMPLETION": ("verify, consistency", "the completion gate passed"),
    "TEARDOWN": ("shutdown of the team", "TEAM_DELETED, or FAILED_SAFE"),
    "CLOSED": ("nothing", " "),
    "FAILED_SAFE": ("nothing is deleted", "`pack teardown retry` or `pack abort`"),
}


def phases():
    """The phases of a run."""
    return _table(("phase", "what happens", "left when"), [(p,) + PHASE_TEXT[p] for p in tables.PHASES])


def triggers():
    """The thirteen triggers of the classification."""
    said = lambda source: "tasks" if source == "plan" else "fact `%s`" % source
    rows = [("A: MEDIUM", n + 1, text, said(source)) for n, (text, source) in enumerate(tables.MEDIUM_TRIGGERS)]
    rows += [("B: COMPLEX", n + 1, text, said(source)) for n, (text, source) in enumerate(tables.COMPLEX_TRIGGERS)]
    return _table(("step", "#", "trigger", "computed from"), rows)


def limits():
    """The constants."""
    return _table(("name", "value", "meaning"), [(name, value, text) for name, (value, text) in tables.LIMITS.items()])


def events():
    """Every event of the journal."""
    return _table(("event", "meaning"), [("`%s`" % e, text) for e, text in sorted(tables.EVENTS.items())])


def guards():
    """Which guards each event passes, in order."""
    rows = []
    for event, found in sorted(machine.RULES.items()):
        names = found["epoch"] + found["guards"]
        rows.append(("`%s`" % event, ", ".join(found["roles"]) if found["roles"] else "anybody the gate knows", ", ".join(names) or " "))
    return _table(("event", "who", "guards, in order"), rows)


def icons():
    """The icons of the status tree."""
    from pack.store.render import MEANINGS

    return _table(("icon", "meaning"), MEANINGS.items())


def team_roles(name):
    """A wave team's roles: agent, waves, what it writes."""
    from pack.teams import load

    definition = load(name)
    rows = []
    for role in definition["roles"]:
        own = [w["id"] for w in definition["waves"] if role["id"] in w["roles"]]
        rows.append(
            (
                role["id"],
                "`team:%s`%s" % (role["agent"], " (you; never spawned)" if role["id"] == definition.get("lead") else ""),
                ", ".join(own),
                role["spawning"],
            )
        )
    return _table(("role = name", "agent", "waves", "runs in the"), rows)


def watch():
    """Minutes of silence until each stage, by what is watched."""
    from pack.protocol.watch import STAGES

    return _table(("watched",) + STAGES, [(row,) + minutes for row, minutes in tables.WATCH.items()])


def modes():
    """What the client does in each permission mode, and what a team can do there."""
    from pack.gate.modes import MODES

    return _table(
        ("permission mode", "the client, with a call that the gate lets pass", "a team"), [("`%s`" % m,) + row for m, row in MODES.items()]
    )


def refusals():
    """Every refusal code: what, what to do."""
    import texts

    return texts.refusals_table()


def answers():
    """Every other text that begins with `team: `."""
    import texts

    return texts.answers_list()


BLOCKS = {
    "refusals": refusals,
    "answers": answers,
    "modes": modes,
    "watch": watch,
    "team-roles": team_roles,
    "icons": icons,
    "messages": messages,
    "approvals": approvals,
    "ownership": ownership,
    "teardown": teardown,
    "task-states": task_states,
    "task-diagram": task_diagram,
    "phases": phases,
    "triggers": triggers,
    "limits": limits,
    "events": events,
    "guards": guards,
}
COPIED = {"rules": "references/messages.md", "review": "references/approval-matrix.md"}  # prose with one home, copied into prompts


def block(name, root=ROOT):
    """The text of a generated block; None for a block that this pack does not know."""
    word, _, argument = name.partition(" ")
    if word in BLOCKS:
        return BLOCKS[word](argument) if argument else BLOCKS[word]()
    if name in COPIED:
        with open(os.path.join(root, COPIED[name]), encoding="utf-8") as f:
            return f.read().partition(START % name)[2].partition(END % name)[0].strip("\n")
    return None


def fill(text, path, root=ROOT):
    """A Markdown text with its blocks rewritten; markers inside code fences are examples. SystemExit for a block that is unknown
    or not closed."""
    out, lines, i, fence = [], text.split("\n"), 0, ""
    while i < len(lines):
        line = lines[i]
        mark = line.strip()[:3]
        if mark in ("```", "~~~") and (not fence or mark == fence):
            fence = "" if fence else mark
        out.append(line)
        i += 1
        if fence or not line.startswith("<!-- generated: "):
            continue
        name = line[len("<!-- generated: ") :].partition(" -->")[0]
        new = block(name, root)
        if new is None or END % name not in lines[i:]:
            raise SystemExit("%s:%d: block %r is %s" % (path, i, name, "unknown" if new is None else "not closed"))
        i = lines.index(END % name, i)
        out += new.split("\n")
    return "\n".join(out)


# --- Whole files -------------------------------------------------------------------------------------------------------------
# A run is on where one of its markers is; and where they are all gone, as long as a run's folder has no tombstone (base/paths.py).
ON = (
    '{ [ -e "$CLAUDE_PLUGIN_DATA/active$CLAUDE_PROJECT_DIR/.on" ] || [ -e "$CLAUDE_PROJECT_DIR/.claude/teams/.on" ] || '
    '[ -e "$CLAUDE_PLUGIN_DATA/live$CLAUDE_PROJECT_DIR/run" ] || { o=; for j in "$CLAUDE_PROJECT_DIR"/.claude/teams/*/run.json; do '
    'd=${j%/*}; [ ! -e "$j" ] || [ -e "${d%/*}/.closed/${d##*/}.json" ] || o=1; done; [ "$o" ]; }; }'
)
ACTIVE = ON + " || exit 0; "
GATE = 'g="${CLAUDE_PLUGIN_ROOT}/hooks/gate"; '  # read by the same shell: to start another costs as much as this one did
# A plugin that was removed in mid-run: what must stay closed says so, everything else holds nothing up.
OPEN = '[ -r "$g" ] || exit 0; '
GONE_TEXT = (
    "team: this is refused, because its plugin is gone. Install the plugin again; or, to end a live run without it, "
    "move .claude/teams away here, and active and live in the plugin data, from your own terminal."
)
GONE = "[ -r \"$g\" ] || { echo '%s' >&2; exit 2; }; " % GONE_TEXT
# Of a hook that ends with exit 2 the user reads its whole command line first, of one that answers in JSON the text only.
GONE_TYPED = "[ -r \"$g\" ] || { echo '%s'; exit 0; }; " % json.dumps({"decision": "block", "reason": GONE_TEXT})
# A prompt may itself open a team (`--team NAME ...`), or be for one that is over (`team status`): without one, look for those words
# before leaving. With one, standard input stays the client's own: the gate looks at who is at its other end.
TYPED = (
    GATE + "if " + ON + "; then " + OPEN + 'event=UserPromptSubmit; . "$g"; fi; '
    "p=$(cat); case $p in *--team* | *'\"'[Tt]'eam '* | *'\"'[Rr]'esume team'* | *'\"'[Pp]'ause team'*) ;; *) exit 0 ;; esac; "
    + OPEN
    + 'printf %s "$p" | sh "$g" UserPromptSubmit'
)


def every_tool_but_harmless():
    """The matcher of tool events: a JavaScript regex (any character outside [A-Za-z0-9_|, -] makes it one), anchored, that refuses the names
    of base/tool_table.HARMLESS and takes every other, also one that no client has yet."""
    from pack.base.tool_table import HARMLESS

    return "^(?!(?:%s)$)" % "|".join(sorted(HARMLESS))


def commands_of_hooks():
    """The matcher of the plugin's commands that a hook answers, or opens a run with."""
    from pack.gate import open_run, word_commands

    return "^team:(%s)$" % "|".join(tuple(open_run.COMMANDS) + word_commands.WORDS + (word_commands.HELP,))


# event -> (matcher or None, guarded). Guarded calls fail closed; the rest never holds anything up (DESIGN rules 5 and 7).
TOOLS = every_tool_but_harmless()
HOOKS = {
    "UserPromptExpansion": (commands_of_hooks(), True),
    "UserPromptSubmit": (None, False),
    "SessionStart": (None, False),
    "SessionEnd": (None, False),
    "PreToolUse": (TOOLS, True),
    "PostToolUse": (TOOLS, False),
    "PostToolUseFailure": (TOOLS, False),
    "SubagentStart": (None, False),
    "SubagentStop": (None, False),
    "Stop": (None, False),
    "StopFailure": (None, False),
    "ConfigChange": (None, True),
    "PermissionDenied": ("Agent|Task|SendMessage", False),
}


SKILL_SHELL = "PreSkillShellCommand"  # from SEES_SHELL on; `plugin validate --strict` of an older client refuses a plugin that names it anywhere (measured)


def hooks_json(client=()):
    """hooks/hooks.json. With no team active the shell leaves after two file tests, without starting anything.

    client: the client that it is made for, as numbers; without one it is what every client's validation accepts."""
    from pack.gate.skill_files import SEES_SHELL

    out = {}
    for event, (matcher, guarded) in dict(HOOKS, **({SKILL_SHELL: (None, True)} if tuple(client) >= SEES_SHELL else {})).items():
        opens = event == "UserPromptExpansion"
        if event == "UserPromptSubmit":
            command = TYPED
        else:
            command = ("" if opens else ACTIVE) + GATE + (GONE_TYPED if opens else GONE if guarded else OPEN) + 'event=%s; . "$g"' % event
        handler = {"type": "command", "command": command, "timeout": 10 if event != "SessionEnd" else 1}
        if event == "PreToolUse":
            handler["timeout"] = 30  # `pack plan` and the commit check start git; the gate gives up after 25 s
        if event in ("PreToolUse", "ConfigChange", SKILL_SHELL):
            handler["onFailure"] = "block"
        entry = {"hooks": [handler]}
        if matcher:
            entry = {"matcher": matcher, "hooks": [handler]}
        if event == "Stop":  # the supervision's clock (watcher.py); in -p the client would wait for it
            handler = {
                "type": "command",
                "command": ACTIVE + '[ "$CLAUDE_CODE_ENTRYPOINT" = cli ] || exit 0; ' + GATE + OPEN + 'event=Watch; . "$g"',
                "asyncRewake": True,
                "timeout": 3600,
            }
            entry["hooks"].append(handler)
        out[event] = [entry]
    return json.dumps({"description": "The team's gate: one script for every event; see CONTRIBUTING.md", "hooks": out}, indent=2) + "\n"


def manifest_copy():
    """plugin.json at the root is a byte copy of the one that the client reads."""
    with open(os.path.join(ROOT, ".claude-plugin", "plugin.json"), encoding="utf-8") as f:
        return f.read()


def version_of_manifest():
    return json.loads(manifest_copy())["version"]


def package_init():
    """The package says the manifest's version; pyproject.toml asks the package."""
    return (
        '"""pack: the protocol core of the `team` plugin, its gate, its linter and its eyes on a running team."""\n\n__version__ = "%s"\n'
        % version_of_manifest()
    )


def literals():
    """The names of the tables as types: a misspelt event or state is an error of the type checker."""
    names = {
        "EventName": sorted(tables.EVENTS),
        "Mode": tables.MODES,
        "Phase": tables.PHASES,
        "TaskState": tables.TASK_STATES,
        "RosterState": tables.ROSTER_STATES,
        "OwnerState": tables.OWNER_STATES,
        "TeardownState": tuple(tables.TEARDOWN),
    }
    head = '"""The names of tables.py as types, for the type checker only. Generated: `make generate`."""\n\nfrom typing import Literal\n'
    return head + "".join("\n%s = Literal[\n%s]\n" % (n, "".join('    "%s",\n' % v for v in values)) for n, values in names.items())


def lint_rules():
    """{name: module} of the linter's rules, from what lies in their folder: the table that this writes is not asked."""
    folder = os.path.join(ROOT, "scripts", "pack", "lint", "rules")
    names = sorted(name[:-3] for name in os.listdir(folder) if name.endswith(".py") and name != "__init__.py")
    return {name.replace("_", "-"): importlib.import_module("pack.lint.rules." + name) for name in names}


def rule_table():
    """Which rule looks at which kind of file, as a run of the linter needs it: it imports no rule that has nothing to do."""
    rules = {name: (module.FILES, getattr(module, "OPTIONAL", False)) for name, module in lint_rules().items()}

    def of(word):
        return tuple(name for name, (files, _optional) in rules.items() if word in files)

    kinds = sorted({word for files, _optional in rules.values() for word in files} - {"*", "plugin", "suppressions"})
    programs = [kind for kind in kinds if any({"*", kind} <= set(files) for files, _optional in rules.values())]
    return (
        '"""Which rule of the linter looks at which kind of file. Generated from FILES of the rules: `make generate`."""\n\n'
        + _names("EVERY_FILE", of("*"))
        + "# Kinds of which no other rule looks at a file.\nONLY = {\n%s}\n" % "".join(_row(kind, of(kind)) for kind in programs)
        + "BY_KIND = {\n%s}\n" % "".join(_row(kind, of(kind)) for kind in kinds if kind not in programs)
        + _names("PLUGIN_RULES", of("plugin"))
        + _names("OPTIONAL", tuple(name for name, (_files, optional) in rules.items() if optional))
        + _names("AFTER", of("suppressions"))
        + _names("NAMES", tuple(rules))
    )


def _names(name, rules):
    return "%s = (\n%s)\n" % (name, "".join('    "%s",\n' % rule for rule in rules))


def _row(kind, rules):
    if len(rules) == 1:
        return '    "%s": ("%s",),\n' % (kind, rules[0])
    return '    "%s": (\n%s    ),\n' % (kind, "".join('        "%s",\n' % rule for rule in rules))


def rules_page():
    from pack.lint import catalogue

    return catalogue.markdown(lint_rules())


FILES = {
    "hooks/hooks.json": hooks_json,
    "plugin.json": manifest_copy,
    "scripts/pack/__init__.py": package_init,
    "scripts/pack/protocol/literals.py": literals,
    "scripts/pack/lint/rule_table.py": rule_table,
    "references/rules.md": rules_page,
}


def wanted(root=ROOT):
    """{path: text} of everything generated, as it should be."""
    from pack.teams import load
    from pack.teams.agents import agents_text

    out = {path: make() for path, make in FILES.items()}
    out.update(agents_text(load("realtimeSystems")))
    if root == ROOT:
        import manpage
        import seeds

        out["docs/seeds.md"] = seeds.page()
        out["docs/pack.1"] = manpage.text(version_of_manifest())
    for folder in FOLDERS:
        for base, _folders, files in os.walk(os.path.join(root, folder)):
            for name in sorted(files):
                if name.endswith(".md"):
                    path = os.path.relpath(os.path.join(base, name), root)
                    if path in out:
                        continue
                    with open(os.path.join(base, name), encoding="utf-8", newline="") as f:
                        text = f.read()
                    if "<!-- generated: " in text:
                        out[path] = fill(text, path, root)
    return out


def main(argv):
    """Exit 1 when --check finds drift."""
    parser = argparse.ArgumentParser(
        prog="scripts/dev/generate.py",
        description=__doc__,
        epilog="example: scripts/dev/generate.py --check",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and show the difference when something drifted")
    parser.add_argument("--for-client", metavar="VERSION", help="write hooks/hooks.json as this client can have it, and nothing else")
    given = parser.parse_args(argv)
    if given.for_client is not None:
        numbers = given.for_client.split(" ")[0].split(".")
        with open(os.path.join(ROOT, "hooks", "hooks.json"), "w", encoding="utf-8", newline="") as f:
            f.write(hooks_json([int(n) for n in numbers] if all(n.isdigit() for n in numbers) else ()))
        return 0
    drifted = 0
    for path, text in sorted(wanted().items()):
        full = os.path.join(ROOT, path)
        old = ""
        if os.path.exists(full):
            with open(full, encoding="utf-8", newline="") as f:
                old = f.read()
        if old == text:
            continue
        drifted += 1
        if given.check:
            sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), text.splitlines(True), path, path + " (generated)"))
        else:
            with open(full, "w", encoding="utf-8", newline="") as f:
                f.write(text)
            print("wrote " + path)
    if given.check and drifted:
        print("%d generated file(s) drifted from the tables; mend them with: make generate" % drifted, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
