"""What a stranger gets wrong in a definition: each mistake is refused with line, column and the way out, never by a traceback, never taken."""

import os
import re

import pytest

from pack.protocol import guards_waves
from pack.base import yamltext
from pack.teams import TeamError, checker, definition

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def example():
    """The definition of docs/teams.md: what somebody starts from who has read only that."""
    with open(os.path.join(ROOT, "docs", "teams.md"), encoding="utf-8") as handle:
        return re.search(r"```yaml\n(.*?)```", handle.read(), re.S).group(1)


BASE = example()
LOOP = "when: {gate_fails: [runs_back], then_again: \"2.1\"}"
# (what is written, what is written instead, the text at which the message must point, parts of the message)
WRONG = [
    # names that nobody declares
    ("roles: [writer], after", "roles: [writr], after", "writr], after", ["unknown role 'writr'", "did you mean 'writer'?"]),
    ('after: ["0"]', 'after: ["7"]', '"7"', ["unknown wave '7'", "known: 0, 1, 1.5"]),
    ("gates: [designed], exit", "gates: [desined], exit", "desined], exit", ["unknown gate 'desined'", "did you mean 'designed'?"]),
    ("exit: [{gate: designed}]", "exit: [{gate: desigend}]", "desigend}", ["unknown gate 'desigend'"]),
    ("after_role: designer", "after_role: desinger", "desinger, check", ["unknown role 'desinger'"]),
    ("respawn: [designer]", "respawn: [nobody]", "nobody]", ["unknown role 'nobody'"]),
    ("lead: chief", "lead: boss", "boss ", ["lead: unknown role 'boss'"]),
    ("gate_fails: [runs_back]", "gate_fails: [runs_bak]", "runs_bak]", ["unknown gate 'runs_bak'"]),
    ('then_again: "2.1"', 'then_again: "9"', '"9"', ["unknown wave '9'"]),
    (
        "limits: {seconds: longest_lock}",
        "limits: {seconds: longest}",
        "longest}, sealed",
        ["unknown threshold 'longest'", "did you mean 'longest_lock'?"],
    ),
    ("{artifacts_of: scribe}", "{artifacts_of: scrib}", "scrib}", ["unknown role 'scrib'"]),
    ("check: approval", "check: aproval", "aproval", ["unknown check 'aproval'", "did you mean 'approval'?"]),
    # waves and gates that wait for each other, or for nothing
    (
        'roles: [chief], entry: [{strategy: true}]',
        'roles: [chief], after: ["2.1"]',
        'after: ["2.1"]',
        ["cycle in after: 0 -> 2.1 -> 1 -> 0"],
    ),
    (
        'roles: [designer], after: ["0"]',
        'roles: [designer], after: ["0"], entry: [{gate: designed}]',
        "designed}], gates",
        ["decided only in wave 1", "could never begin"],
    ),
    (
        'roles: [designer], after: ["0"]',
        'roles: [designer], after: ["0"], entry: [{artifacts_of: writer}]',
        "writer}], gates",
        ["who works only later", "could never begin"],
    ),
    (
        "exit: [{gate: designed}]",
        "exit: [{gate: designed}, {gate: runs_back}]",
        "runs_back}]",
        ["decided only in wave 2.1", "could never end"],
    ),
    (
        "exit: [{gate: designed}]",
        "exit: [{gate: designed}, {artifact: TESTED.md}]",
        "TESTED.md}]",
        ["written only later", "could never end"],
    ),
    ("exit: [{artifacts_of: writer}]", "exit: [{artifact: NOBODY.md}]", "NOBODY.md}", ["nobody writes artifact 'NOBODY.md'"]),
    (
        "gates: [runs_back], exit: [{gate: runs_back}]",
        "exit: [{gate: runs_back}]",
        "runs_back, title",
        ["no wave evaluates it", "name it in the `gates`"],
    ),
    ('roles: [scribe], after: ["1"], exit: [{artifacts_of: scribe}]', 'roles: [], after: ["1"]', 'roles: [], after', ["has no roles"]),
    (
        "mode: background, roles: [scribe], after: [\"1\"], exit: [{artifacts_of: scribe}]",
        "mode: background, roles: [writer], after: [\"1\"]",
        "scribe, code",
        ["is in no wave"],
    ),
    ("roles: [tester], after", "roles: [tester, tester], after", "tester], after", ["listed twice"]),
    (
        'roles: [tester], after: ["1"]',
        'roles: [tester], after: ["1"], beside: ["1"]',
        '"1"], gates: [runs_back]',
        ["runs beside it", "take one of the two away"],
    ),
    (", " + LOOP, "", "loop, roles", ["a loop needs `when: {gate_fails: [...]}`"]),
    ("gate_fails: [runs_back]", "gate_fails: []", "gate_fails: []", ["gate_fails: needs at least 1 item"]),
    (
        "mode: loop, roles: [writer], ",
        "mode: loop, roles: [writer, scribe], ",
        "scribe], when",
        ["no gate of `gate_fails` asks for 'scribe'", "never opens"],
    ),
    (
        "mode: loop, roles: [writer], ",
        "mode: loop, roles: [writer], exit: [{gate: runs_back}], ",
        "exit: [{gate: runs_back}], when",
        ["a loop has no `exit`"],
    ),
    (
        "mode: parallel, roles: [writer]",
        "mode: parallel, when: {gate_fails: [runs_back]}, roles: [writer]",
        "when: {gate_fails: [runs_back]}, roles",
        ["`when` belongs to `mode: loop`"],
    ),
    (
        "artifacts_of: [designer],\n     checks: [{check: approval, ask: \"Shall the schema be this?\"}], ",
        "",
        "designed, title",
        ["has no evidence", "give it evidence kinds, artifacts or checks"],
    ),
    (
        "check: the schema is written and agreed, ",
        "check: agreed, needs: [designed], ",
        "needs: [designed]",
        ["cycle in needs: designed -> designed"],
    ),
    ("retries: 2\n", "retries: 2\ncolour: red\n", "colour", ["unknown name 'colour'", "known: "]),
    # twice
    ("id: writer, code", "id: tester, code", "tester, code: TE", ["role 'tester' is given twice"]),
    ("code: WR", "code: TE", "TE, agent: mig-tester", ["role code 'TE' is given twice"]),
    ("agent: mig-writer", "agent: mig-tester", "mig-tester, title: Tester", ["agent 'mig-tester' is given twice"]),
    ('id: "1.5"', 'id: "1"', '"1", title: Runbook', ["wave '1' is given twice"]),
    ("{id: designed,", "{id: runs_back,", "runs_back, title: Designed", ["gate 'runs_back' is given twice"]),
    ("version: 1\n", "version: 1\nversion: 2\n", "version: 2", ["version stands here twice"]),
    ("code: DE,", "code: DE, code: DX,", "code: DX", ["code stands here twice"]),
    # wrong types
    ("version: 1\n", "version: one\n", "one\n", ["version: must be integer", "without quotes"]),
    ("version: 1\n", "version: 1.5\n", "1.5\n", ["must be integer"]),
    ("retries: 2\n", "retries: -1\n", "-1\n", ["-1 is less than 0"]),
    ("retries: 2\n", "retries: 99\n", "99\n", ["99 is more than 10"]),
    ("strategy: true", "strategy: yes", "yes ", ["strategy: must be boolean", "write true or false"]),
    ("value: 2, op", 'value: "2", op', '"2", op', ["must be number", "without quotes or unit"]),
    ("value: 2, op", "value: 2 s, op", "2 s, op", ["must be number"]),
    ("value: 2, op", "value: .nan, op", ".nan", ["must be number"]),
    ("value: 2, op", "value: 1e999, op", "1e999", ["must be number"]),
    ('op: "<"', "op: less", "less", ["is not one of"]),
    ('id: "1.5"', "id: 1.5", "1.5, title", ["must be string, found 1.5", "put it in quotes"]),
    ('id: "1.5"', 'id: "run book"', '"run book"', ["is not an id", 'such as "1", "2.5" or planning']),
    ("team: dbMigration ", "team: Db Migration ", "Db Migration", ["is not a team's name"]),
    ("id: designer,", "id: Designer,", "Designer, code", ["small ASCII letters", "such as schema-designer"]),
    ("id: designer,", "id: 設計者,", "設計者", ["small ASCII letters"]),
    ("code: DE,", "code: Design,", "Design, agent", ["2 to 6 capital letters"]),
    ("agent: mig-designer", "agent: [mig-designer]", "agent: [mig-designer]", ["must be string"]),
    ("roles: [designer], after", "roles: designer, after", "designer, after", ["must be array", "a list"]),
    ("mode: parallel, roles: [writer]", "mode: paralel, roles: [writer]", "paralel", ["is not one of"]),
    (
        "spawning: background,\n     persona: \"Writes one",
        "spawning: later,\n     persona: \"Writes one",
        "later",
        ["is not one of", "foreground"],
    ),
    (
        "persona: \"Writes the runbook for those who carry it out at night.\"",
        "persona: short",
        "short",
        ["needs at least 40 characters, has 5"],
    ),
    ("tasks: [{do: Lead}]", "tasks: []", "tasks: []", ["needs at least 1 item"]),
    ("tasks: [{do: Lead}]", "tasks: [Lead]", "Lead]", ["must be object"]),
    ("tasks: [{do: Test}]", "tasks: [{do: Test, artifact: TESTD.md}]", "TESTD.md", ["no artifact of the role"]),
    ("entry: [{strategy: true}]", "entry: [{strateegy: true}]", "{strateegy", ["is none of: {gate: GATE}"]),
    ("entry: [{strategy: true}]", "entry: [designed]", "designed]}\n  - {id: \"1\"", ["is none of: {gate: GATE}"]),
    (
        "strategy: true                    # --strategy PATH must be given; every agent is told its text\n",
        "",
        "{strategy: true}",
        ["the team takes none", "add `strategy: true`"],
    ),
    ("run: [python3, tests/forth_and_back.py]", "run: python3 tests/forth_and_back.py", "python3 tests", ["must be array"]),
    ("run: [python3, tests/forth_and_back.py]", "run: ['true']", "run: ['true']", ["proves nothing"]),
    ("timeout: 120", "timeout: 9000", "9000", ["is more than 540"]),
    ("timeout: 120", "timeout: 0", "0, limits", ["must be more than 0"]),
    (
        "checks: [{check: approval,",
        "checks: [{check: line, file: SCHEMA.md}, {check: approval,",
        "line, file",
        ["check `line` needs `file` and `line`"],
    ),
    ("checks: [{check: approval,", "checks: [{check: approval, run: [x],", "run: [x]", ["check `approval` has no `run`", "it takes: ask"]),
    ("checks: [{check: approval,", "checks: [{check: kanban_board}, {check: approval,", "kanban_board", ["give the team a `kanban`"]),
    # paths
    ("artifacts: [SCHEMA.md]", "artifacts: [../SCHEMA.md]", "../SCHEMA.md]", ["leaves its folder"]),
    ("artifacts: [RUNBOOK.md]", "artifacts: [/etc/passwd]", "/etc/passwd", ["is absolute", "write it relative"]),
    ("artifacts: [RUNBOOK.md]", "artifacts: ['C:\\RUN.md']", "'C:", ["is absolute"]),
    ("artifacts: [RUNBOOK.md]", "artifacts: ['a\\RUN.md']", "'a\\", ["backslash"]),
    ("artifacts: [RUNBOOK.md]", "artifacts: [run/]", "run/]", ["names no file"]),
    ("artifacts: [RUNBOOK.md]", "artifacts: ['*.md']", "'*.md'", ["not a pattern"]),
    ("artifacts: [RUNBOOK.md]", "artifacts: [a//RUN.md]", "a//RUN.md", ["empty or `.` part"]),
    ("edits: [migrations/]", "edits: [../../other/]", "../../other/", ["leaves its folder"]),
    ("edits: [migrations/]", "edits: [.claude/]", ".claude/", ["`edits` names files of the project"]),
    ("edits: [migrations/]", "edits: [.migration/x]", ".migration/x", ["goes into `writes`"]),
    ("root: .migration ", "root: ../out ", "../out", ["cannot be the team's folder"]),
    ("root: .migration ", "root: /tmp/x ", "/tmp/x", ["a folder below the project"]),
    ("root: .migration ", "root: .claude ", ".claude ", ["cannot be the team's folder"]),
    ("root: .migration ", "root: .git/hooks ", ".git/hooks", ["cannot be the team's folder"]),
    ("root: .migration ", "root: .CLAUDE/x ", ".CLAUDE/x", ["cannot be the team's folder"]),  # some disks are blind to case
    ("edits: [migrations/]", "edits: [.Migration/x]", ".Migration/x", ["goes into `writes`"]),
    ("root: .migration ", "root: %s " % ("r" * 256), "rrr", ["is too long"]),
    ("artifacts: [RUNBOOK.md]", "artifacts: [%s.md]" % ("漢" * 80), "漢", ["is too long"]),
    ("retries: 2\n", "retries: 2\nfolders: [%s]\n" % "/".join(["deep"] * 300), "deep/deep", ["is too long"]),
    ("team: dbMigration ", "team: d%s " % ("b" * 60), "dbbb", ["at most 60 ASCII letters"]),
    ("id: designer,", "id: d%s," % ("b" * 60), "dbbb", ["up to 60 small ASCII letters"]),
    ("id: designer,", 'id: "designer\\n",', '"designer\\n"', ["is not an id"]),
    ("agent: mig-designer", "agent: mig---designer", "mig---designer", ["no ---"]),  # the client ends the frontmatter at ---
    # what nobody sees
    (
        "title: Database migration\n",
        'title: "Database\\0migration"\n',
        '"Database',
        ["title: has the hidden character U+0000: take it out"],
    ),
    ("title: Chief,", "title: Chi\u202eef,", "Chi\u202eef", ["roles[0].title: has the hidden character U+202E"]),
    ("say: look at", "say: look \U000e0041 at", "look \U000e0041", ["gates[0].on_fail.say: has the hidden character U+E0041"]),
    ("sealed: [tests/forth_and_back.py]", "sealed: [../x.py]", "../x.py", ["leaves its folder"]),
    ("retries: 2\n", "retries: 2\nfolders: [ok, ../../evil]\n", "../../evil", ["leaves its folder"]),
    ("artifacts: [LOG.md]", "artifacts: [LOG.md], writes: [evidence/x.md]}], guarded: [evidence], oops: [{a: b", None, ["not readable"]),
    # session commands, commits, board
    (
        "retries: 2\n",
        "retries: 2\nsession_commands: [{say: team status, does: x, model: true}]\n",
        "team status, does",
        ["shadows the command of every team"],
    ),
    (
        "retries: 2\n",
        "retries: 2\nsession_commands: [{say: resume team, does: x, runs: pack log, model: false}]\n",
        "resume team, does",
        ["shadows the command of every team"],
    ),
    (
        "retries: 2\n",
        "retries: 2\nsession_commands: [{say: team <what>, does: x, model: true}]\n",
        "team <what>",
        ["one word would catch ordinary talk"],
    ),
    (
        "retries: 2\n",
        "retries: 2\nsession_commands: [{say: team gate <x>, does: x, model: true}]\n",
        "team gate <x>",
        ["would catch `team gate check`"],
    ),
    (
        "retries: 2\n",
        "retries: 2\nsession_commands: [{say: team plan, does: x, model: true}, {say: Team  Plan, does: y, model: true}]\n",
        "Team  Plan",
        ["shadows 'team plan'"],
    ),
    (
        "retries: 2\n",
        "retries: 2\nsession_commands: [{say: team wipe, does: x, runs: rm -rf /, model: false}]\n",
        "rm -rf",
        ["which is not a pack verb"],
    ),
    (
        "retries: 2\n",
        "retries: 2\nsession_commands: [{say: team end it, does: x, runs: pack abort, model: false}]\n",
        "pack abort",
        ["only looks or measures"],
    ),
    (
        "retries: 2\n",
        "retries: 2\nsession_commands: [{say: team forecast, does: x, model: false}]\n",
        "team forecast",
        ["runs nothing", "give it `runs: pack VERB ...`"],
    ),
    (
        "retries: 2\n",
        "retries: 2\nsession_commands: [{say: team look, does: x, runs: pack log, model: true}]\n",
        "runs: pack log",
        ["is never run"],
    ),
    ("retries: 2\n", "retries: 2\ncommits: {types: [feat], scopes: [a]}\n", "types: [feat]", ["must be object"]),
    ("retries: 2\n", "retries: 2\ncommits: {types: {feat: x}, scopes: []}\n", "scopes: []}", ["needs at least 1 item"]),
    ("retries: 2\n", "retries: 2\ncommits: {types: {feat: x}, scopes: [1]}\n", "1]}", ["must be string"]),
    ("retries: 2\n", "retries: 2\nkanban: {file: BOARD.md, columns: [{name: a, entry: x, exit: y}]}\n", "columns", ["needs at least 2"]),
    ("retries: 2\n", "retries: 2\nerrors: [{when: fire, then: run, roles: [fireman]}]\n", "fireman", ["unknown role 'fireman'"]),
    # reserved ids
    ("id: scribe,", "id: supervisor,", "supervisor, code", ["means the owner of /build's state", "call the role otherwise"]),
    ("id: scribe,", "id: gate,", "gate, code", ["means the hooks"]),
    ("id: scribe,", "id: main,", "main, code", ["means the main session"]),
    # what is missing
    ("version: 1\n", "", "team", ["'version' is missing"]),
    ("after_role: designer, ", "", "{id: designed", ["'after_role' is missing"]),
    ("{respawn: [designer]}", "{say: no}", "on_fail: {say", ["'respawn' is missing"]),
    # YAML itself
    ("check: every migration runs", "check: twice: every migration runs", None, ["a comma is missing before this"]),
    ("title: Database migration\n", "title: Database: migration\n", None, ["put the value in quotes"]),
    ("roles:\n  - {id: chief", "roles: [\n  - {id: chief", None, ["not readable"]),
    ("waves:\n", "\twaves:\n", "\twaves", ["a tab indents this line"]),
    ("waves:\n", " waves:\n", None, ["indented"]),
    ("lead: chief", "lead: &boss chief\nfocus: *bos", "*bos", ["no anchor &bos"]),
    ("lead: chief", "lead: !!python/object:os.system chief", "!!python", ["tags (!...) are not read"]),
    ("lead: chief", "lead: 'chief", None, ["not readable"]),
    ("waves:\n", "---\nwaves:\n", "---\nwaves", ["a second document begins here"]),
    ("version: 1\n", "version: 1\nfocus: \"\\q\"\n", "\\q", ["is no escape"]),
    ("lead: chief", "lead: %chief", "%chief", ["cannot begin with '%'"]),
    ("lead: chief", "{a: b}: c", None, ["not readable"]),
    (
        "retries: 2\n",
        "retries: 2\nsession_commands: [{say: team plan <a>, does: x, model: true}, {say: team plan <b>, does: y, model: true}]\n",
        "team plan <b>",
        ["shadows 'team plan <a>'"],
    ),
]


def refused(tmp_path, text, name="dbMigration.yaml"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    with pytest.raises(TeamError) as told:
        definition.load(str(path))
    return told.value.problems


@pytest.mark.parametrize("old,new,at,says", WRONG, ids=["%d-%s" % (i, w[3][0][:40]) for i, w in enumerate(WRONG)])
def test_a_mistake_is_told_where_it_stands_and_how_it_is_mended(tmp_path, old, new, at, says):
    text = BASE.replace(old, new, 1)
    assert text != BASE and old in BASE, old
    problems = refused(tmp_path, text)
    assert all(re.match(r"dbMigration\.yaml:\d+:\d+: ", p) for p in problems), problems
    hits = [p for p in problems if all(s in p for s in says)]
    assert hits, problems
    if at is not None:
        before = text[: text.index(at)]
        place = ":%d:%d: " % (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
        assert any(place in p for p in hits), (place, hits)


def test_the_example_of_the_documentation_is_sound_and_says_nothing_strange(tmp_path):
    path = tmp_path / "dbMigration.yaml"
    path.write_text(BASE, encoding="utf-8")
    assert checker.advice(definition.load(str(path))) == []


BOMB = "team: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    "k%d: &b%d [%s]\n" % (i, i, ", ".join(["*%s" % ("a" if i == 0 else "b%d" % (i - 1))] * 9)) for i in range(9)
)


@pytest.mark.parametrize(
    "text, says",
    [
        (b"", "the file is empty: begin with `team: NAME`"),
        (b"# only a comment\n", "the file is empty"),
        (b"---\n...\n", "the file is empty"),
        (b"- 1\n", "the file: must be object"),
        (b"just text\n", "must be object"),
        (b"team: [", "this [ is never closed"),
        (b"\xff\xfet\x00e\x00", "not UTF-8"),
        (b"team: a\x00b\n", "a control character (U+0000)"),
        (b"team: \xed\xa0\x80\n", "not UTF-8"),
        (b"x" * 1_000_000, "larger than"),
        (b"[" * 5000, "nested deeper than"),
        (b"- " * 5000, "nested deeper than"),
        (b"{a: " * 5000, "nested deeper than"),
        (b"roles: &a [*a]\nwaves: *a\n", "no anchor &a is complete before this alias"),
        (BOMB.encode(), "its aliases make more than"),
        (b"a: b\n  c: d\n", "`: ` here"),
        (b"a: [1 2]\nb: {x y: z]\n", "expected"),
        (b"? a\n: b\n", "complex keys"),
        (b"%YAML 1.1\n---\na: b\n", "directives"),
        (b"a: 1\n b: 2\n", "indent"),
        (b"version: " + b"9" * 100_000, "must be"),
        (b"<<: 5\n", "merges mappings only"),
    ],
)
def test_odd_files_are_refused_in_one_line(tmp_path, text, says):
    problems = refused(tmp_path, text, "odd.yaml")
    assert any(says in p for p in problems), problems
    assert all("\n" not in p and len(p) < 600 for p in problems), problems


@pytest.mark.parametrize(
    "text, says",
    [
        (b'{"team": "x", "team": "y"}', "team stands here twice"),
        (b'{"team": "x",}', "is missing"),
        (b'{"version": NaN}', 'must be integer, found "NaN"'),
        (b"[" * 100_000, "nested deeper than"),
        (b"{'a'", "not readable"),
        (b"null", "the file is empty"),
    ],
)
def test_json_is_held_to_the_same(tmp_path, text, says):
    problems = refused(tmp_path, text, "odd.json")
    assert any(says in p for p in problems), problems


def test_wrong_types_everywhere_never_end_in_a_traceback(tmp_path):
    """Every value of the example in turn by values of every other kind: refused or taken, never a crash; and the linter's place exists."""
    import copy

    data = yamltext.read(BASE).value

    def paths(value, at=()):
        yield at
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            yield from paths(item, at + (key,))

    refusals = 0
    for path in list(paths(data))[1:]:
        for bad in (None, [], {}, "", 0, True, 1.5, ["x"], {"x": "y"}, "no such thing", [[]], [{}], [None]):
            changed = copy.deepcopy(data)
            target = changed
            for step in path[:-1]:
                target = target[step]
            target[path[-1]] = bad
            found = checker.findings(changed)
            refusals += bool(found)
            assert all(isinstance(m, str) and m for _, m, _ in found)
            if not found:
                checker.advice(changed)
    assert refusals > 1500


def test_unreadable_files_and_odd_folders(tmp_path):
    folder = tmp_path / "defs"
    (folder / "looks.yaml").mkdir(parents=True)
    (folder / "gone.yaml").symlink_to(tmp_path / "nowhere")
    for name in ("looks", "gone"):
        with pytest.raises(TeamError, match="not readable"):
            definition.load(name, [str(folder)])
    with pytest.raises(TeamError, match="no such team; known teams: .*realtimeSystems"):
        definition.load("", [str(tmp_path / "nix")])


def test_a_definition_is_found_by_its_file_and_whoever_gives_the_other_name_is_told(tmp_path):
    (tmp_path / "other.yaml").write_text(BASE, encoding="utf-8")
    assert definition.load("other", [str(tmp_path)])["team"] == "dbMigration"
    with pytest.raises(TeamError, match="other.yaml calls itself so, but it is found by its file name: --team other"):
        definition.load("dbMigration", [str(tmp_path)])


def test_two_files_of_one_name_are_one_too_many_for_everybody(tmp_path, capsys, monkeypatch):
    """The YAML was taken, whatever the user had edited last."""
    import io
    import json

    from pack.lint.cli import main as lint
    from pack.cli import team

    folder = tmp_path / ".claude" / "team-definitions"
    folder.mkdir(parents=True)
    (folder / "dbMigration.yaml").write_text(BASE, encoding="utf-8")
    assert definition.load("dbMigration", [str(folder)])
    (folder / "dbMigration.json").write_text(json.dumps(yamltext.read(BASE).value), encoding="utf-8")
    says = "dbMigration.json and dbMigration.yaml are one team's name: keep one of them"
    with pytest.raises(TeamError, match=says):
        definition.load("dbMigration", [str(folder)])
    monkeypatch.chdir(tmp_path)
    assert team.main(["check"]) == 1 and says in capsys.readouterr().out
    assert team.main(["list"]) == 1 and "BROKEN: 1 problem" in capsys.readouterr().out
    out = io.StringIO()
    assert lint([str(tmp_path / ".claude"), "--format", "json", "--no-cache"], stdout=out) == 1
    found = [f for f in json.loads(out.getvalue())["findings"] if f["severity"] == "error"]
    assert [(f["path"].rpartition("/")[2], f["message"]) for f in found] == [("dbMigration.json", says), ("dbMigration.yaml", says)]


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(TeamError, match="no regular file"):
        definition.load("pipe", [str(tmp_path)])
    with pytest.raises(TeamError, match="no such team"):  # which looks into every definition for the name
        definition.load("other", [str(tmp_path)])


def chained(n, back):
    """A sound definition of n waves, each after the one before, and n gates that need each other; `back`: the first one waits for the last."""
    import copy

    data = copy.deepcopy(yamltext.read(BASE).value)
    data["waves"][0]["gates"] = ["g%d" % i for i in range(n)]
    for i in range(n):
        data["waves"].append({"id": "w%d" % i, "title": "", "mode": "sequential", "roles": ["tester"], "after": ["w%d" % (i + 1)]})
        data["gates"].append(
            {
                "id": "g%d" % i,
                "title": "",
                "after_role": "tester",
                "check": "x",
                "needs": ["g%d" % (i + 1)],
                "on_fail": {"respawn": ["writer"]},
            }
        )
    data["waves"][-1]["after"], data["gates"][-1]["needs"] = (["w0"], ["g0"]) if back else (["2.1"], ["runs_back"])
    return data


def test_a_thousand_waves_in_a_row_are_no_traceback():
    assert checker.findings(chained(1100, False)) == []
    told = [m for _path, m, _key in checker.findings(chained(1100, True)) if "cycle" in m]
    assert len(told) == 2 and "cycle in after: w0 -> w1 -> w2" in told[0] and "cycle in needs: g0 -> g1" in told[1]
    assert all(len(m) < 200 for m in told), "a ring of a thousand is named by its ends"


def test_a_thousand_wrong_names_are_told_in_lines_that_can_be_read():
    import copy

    data = copy.deepcopy(yamltext.read(BASE).value)
    data["roles"] += [dict(data["roles"][1], id="r%d" % i, code="R%d" % i, agent="a%d" % i, reports_to="x%d" % i) for i in range(1100)]
    told = [m for _path, m, _key in checker.findings(data) if "unknown role" in m]
    assert len(told) == 1100 and all(len(m) < 400 for m in told) and "(1105 in all)" in told[0]


@pytest.mark.parametrize("needs", ["all before", "the one before"])
def test_a_halt_looks_at_each_gate_once(needs):
    """Sixty gates that need all before them have 2**59 ways down to the first; three thousand in a chain are deeper than Python goes."""
    gates = [{"id": "g0", "needs": [], "on_fail": {"respawn": ["first"]}}]
    for n in range(1, 60 if needs == "all before" else 3000):
        before = ["g%d" % m for m in range(n)] if needs == "all before" else ["g%d" % (n - 1)]
        gates.append({"id": "g%d" % n, "needs": before, "on_fail": {"respawn": ["r%d" % n]}})
    state = {"team": {"definition": {"gates": gates}}, "waves": {"verdicts": {"g1": "PASS"}}}
    menders = guards_waves.menders(state, gates[-1]["id"])
    passed = ["r1"] + (["first"] if needs == "the one before" else [])  # below a gate that passes there is nothing to mend
    assert sorted(menders) == sorted({gate["on_fail"]["respawn"][0] for gate in gates} - set(passed))
