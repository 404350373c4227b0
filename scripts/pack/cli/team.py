"""`pack team`: definitions of teams. Exit codes: 0 fine, 1 problems found or nothing done, 2 usage or setup. Standard library only."""

import argparse
import json
import os
import sys

from pack.base import arguments, whole_file, yamltext
from pack.teams import checker, definition, files, schema

EXAMPLE = '''\
# A team as data: `--team {name}` activates it, docs/teams.md explains every field, `pack team check {name}` checks the file.
team: {quoted_name}
version: 1
title: {quoted_title}
root: .{root}                     # the team's own folder; roles write there what their artifacts and writes say
roles:
  - id: planner
    code: PL
    agent: {root}-planner          # `pack team agents {name}` writes .claude/agents/{root}-planner.md from this
    title: Planner
    summary: Writes the plan that the others follow.
    persona: Planner of a small team. Turns what the user wants into one short plan with checkable steps.
    spawning: foreground           # nobody else starts while it works
    artifacts: [PLAN.md]
    tasks: [{{do: Write the plan, artifact: PLAN.md}}]
  - id: maker
    code: MK
    agent: {root}-maker
    title: Maker
    reports_to: planner
    summary: Carries the plan out.
    persona: Maker of a small team. Carries out the plan step by step and says what was done.
    spawning: background
    artifacts: [REPORT.md]
    tasks: [{{do: Carry out the plan}}, {{do: Say what was done, artifact: REPORT.md}}]
waves:
  - {{id: "1", title: Plan, mode: sequential, roles: [planner], gates: [planned], exit: [{{gate: planned}}]}}
  - {{id: "2", title: Make, mode: parallel, roles: [maker], after: ["1"], gates: [made], exit: [{{gate: made}}]}}
  - {{id: "2.5", title: Mend, mode: loop, roles: [maker], when: {{gate_fails: [made], then_again: "2"}}}}
gates:
  - id: planned
    title: Planned
    after_role: planner
    check: the plan is written and the user agrees
    artifacts_of: [planner]
    checks: [{{check: approval, ask: "Is this the plan?"}}]     # the user types: team approve planned
    on_fail: {{respawn: [planner]}}
  - id: made
    title: Made
    after_role: maker
    check: the report is there and the tests pass
    artifacts_of: [maker]
    checks: [{{check: command, run: [make, test], timeout: 120}}]
    on_fail: {{respawn: [maker], say: mend what the tests say}}
'''


def main(argv=None):
    """The verb's entry."""
    parser = arguments.Parser(
        prog="pack team",
        description="Team definitions: a team is data, no code. docs/teams.md explains them.",
        epilog="example:\n  pack team new dbMigration       # then edit .claude/team-definitions/dbMigration.yaml\n  pack team check dbMigration\n"
        "  pack team agents dbMigration    # then start the client and type: --team dbMigration",
        formatter_class=argparse.RawDescriptionHelpFormatter,  # does not break a path at its hyphen
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    verbs.add_parser("list", help="the teams that can be activated here; exit code 1 where one is broken", epilog="example: pack team list")
    new = verbs.add_parser("new", help="write a small definition to edit", epilog="example: pack team new dbMigration")
    new.add_argument("name")
    for verb, text in (
        ("check", "every problem with line and column, and what a sound definition probably does not mean"),
        ("show", "waves, roles and gates as they will run"),
        ("agents", "write the agents of the roles into .claude/agents/"),
    ):
        one = verbs.add_parser(verb, help=text, epilog="example: pack team %s dbMigration" % verb)
        one.add_argument(
            "name",
            nargs="*" if verb == "check" else None,
            help="a team's name, or a file" + (" (default: every definition of this project)" if verb == "check" else ""),
        )
        if verb == "agents":
            one.add_argument("--force", action="store_true", help="also those that are there already")
    verbs.add_parser("schema", help="print the JSON Schema, for editors", epilog="example: pack team schema > team.schema.json")
    args = parser.parse_args(sys.argv[1:] if argv is None else argv)
    if args.verb is None:
        parser.print_help()
        return 2
    try:
        return VERBS[args.verb](args) or 0
    except files.TeamError as error:
        print("pack team: %s" % error, file=sys.stderr)
        return 2
    except OSError as error:
        print("pack team: %s: %s" % (error.filename or "", error.strerror or error), file=sys.stderr)
        return 2


def _project():
    from pack.base import paths

    return paths.find_project(os.getcwd())


def _list(args):
    folders, broken = files.folders(_project()), 0
    for name in sorted(files.names(folders)):
        try:
            data = definition.load(name, folders)
            text = "%d roles, %d waves, %d gates: %s" % (len(data["roles"]), len(data["waves"]), len(data["gates"]), data["title"])
        except files.TeamError as error:
            broken += 1
            text = "BROKEN: %d problem%s, `pack team check %s`" % (len(error.problems), "" if len(error.problems) == 1 else "s", name)
        print("%-20s %s" % (name, text))
    return 1 if broken else 0


def _new(args):
    import re

    named = schema.load(files.HERE, "team.schema.json")["properties"]["team"]
    wrong = [message for _path, message in schema.problems(args.name, named)]
    if wrong:
        raise files.TeamError(args.name, wrong)
    path = os.path.join(_project(), files.FOLDER, args.name + ".yaml")
    if args.name in files.names(files.folders(_project())):
        raise files.TeamError(args.name, ["there is a team of this name: %s" % files.names(files.folders(_project()))[args.name]])
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-", " ", args.name).lower()
    quoted = {"quoted_name": _text(args.name), "quoted_title": _text(words[0].upper() + words[1:])}
    whole_file.put(path, EXAMPLE.format(name=args.name, root=words.replace(" ", "-"), **quoted))
    print("wrote %s: edit it, then `pack team check %s` and `pack team agents %s`" % (os.path.relpath(path), args.name, args.name))


def _text(word):
    """A word as YAML that is read back as text: a team may be called `true`."""
    return word if yamltext.read("x: %s\n" % word).value == {"x": word} else '"%s"' % word


def _check(args):
    known = files.folders(_project())
    own = sorted(n for n, p in files.names(known).items() if os.path.dirname(p) != files.HERE)
    wanted = args.name or own
    if not wanted:
        print("pack team: no definition in %s: `pack team new NAME` writes one" % files.FOLDER, file=sys.stderr)
        return 2
    bad = 0
    for name in wanted:
        try:
            path = files.find(name, known)
            data = definition.load_file(path)
        except files.TeamError as error:
            if name not in files.names(known) and not os.path.isfile(name):
                raise  # there is none
            bad += len(error.problems)
            print(error)
            continue
        hints = checker.advice(data)
        document = files.read(path)[1]
        stem = os.path.splitext(os.path.basename(path))[0]
        if stem != data["team"]:
            hints.insert(
                0, (("team",), "the team is called %r, but it is found by its file's name: --team %s" % (data["team"], stem), False)
            )
        for hint in hints:
            print("%s (hint)" % definition.line_of(path, document, *hint))
        print(
            "%s: sound: %d roles, %d waves, %d gates" % (os.path.basename(path), len(data["roles"]), len(data["waves"]), len(data["gates"]))
        )
    return 1 if bad else 0


def _show(args):
    data = definition.load(args.name, files.folders(_project()))
    print(
        "%s (--team %s%s), artifacts below %s/"
        % (data["title"], args.name, " --strategy PATH" if data.get("strategy") else "", data["root"])
    )
    for wave in data["waves"]:
        after = " after %s" % ", ".join(wave["after"]) if wave.get("after") else ""
        when = " when %s fails" % " or ".join(wave["when"]["gate_fails"]) if "when" in wave else ""
        print("wave %-4s %s (%s)%s%s: %s" % (wave["id"], wave["title"], wave["mode"], after, when, ", ".join(wave["roles"])))
        for side, word in (("entry", "begins"), ("exit", "is over")):
            for c in wave.get(side, []):
                text = (
                    "gate %s passes" % c["gate"]
                    if "gate" in c
                    else "every artifact of %s is there" % c["artifacts_of"]
                    if "artifacts_of" in c
                    else "%s is there%s" % (c["artifact"], " with the line %r" % c["line"] if "line" in c else "")
                    if "artifact" in c
                    else "the strategy file is there"
                )
                print("          %s when %s" % (word, text))
    for gate in data["gates"]:
        looks = (
            gate.get("evidence", [])
            + ["artifacts of " + r for r in gate.get("artifacts_of", [])]
            + gate.get("artifacts", [])
            + [
                "`%s`" % " ".join(c["run"])
                if c["check"] == "command"
                else "the user's word"
                if c["check"] == "approval"
                else "line %r" % c["line"]
                if c["check"] == "line"
                else c["check"]
                for c in gate.get("checks", [])
            ]
            + ["gate " + n for n in gate.get("needs", [])]
        )
        print(
            "gate %s%s: %s; on FAIL: %s"
            % (gate["id"], " HARD STOP" if gate.get("hard_stop") else "", ", ".join(looks), ", ".join(gate["on_fail"]["respawn"]))
        )


def _agents(args):
    from pack.teams.agents import agents_text

    data = definition.load(args.name, files.folders(_project()))
    if files.shipped(args.name, _project()):
        print("the agents of %s ship with the plugin: team:%s, ..." % (args.name, data["roles"][0]["agent"]))
        return 0
    kept = 0
    mine = dict(data, roles=[r for r in data["roles"] if r["id"] != data.get("lead") and ":" not in r["agent"]])
    for name, text in agents_text(mine).items():
        path = os.path.join(_project(), ".claude", name)
        if os.path.exists(path) and not args.force:
            kept += 1
            print("kept %s (--force writes it anew)" % os.path.relpath(path))
            continue
        whole_file.put(path, text)
        print("wrote %s" % os.path.relpath(path))
    for role in data["roles"]:
        if ":" in role["agent"]:
            print("%s is another plugin's agent: not written" % role["agent"])
    print(
        "Start the client anew, so that it finds them; then type: --team %s%s"
        % (args.name, " --strategy PATH" if data.get("strategy") else "")
    )
    return 0


def _schema(args):
    with open(os.path.join(files.HERE, "team.schema.json"), encoding="utf-8") as handle:
        print(json.dumps(json.load(handle), indent=1, ensure_ascii=False))


VERBS = {"list": _list, "new": _new, "check": _check, "show": _show, "agents": _agents, "schema": _schema}
