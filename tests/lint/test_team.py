"""Team definitions: the loader's own checks, each at the token that is wrong, and what only a linter asks."""

import os

import pytest
from conftest import AGENT, ROOT, lint

from pack.teams import definition, files

with open(os.path.join(ROOT, "tests", "realtime", "smallTeam.yaml"), encoding="utf-8") as handle:
    SOUND = handle.read()
HERE = ".claude/team-definitions/smallTeam.yaml"
AGENTS = {"agents/ping-%s.md" % name: AGENT % ("ping-" + name) for name in ("builder", "tester")}
TWO = 'waves:\n  - {id: "1", title: Build, mode: sequential, roles: [builder], '
# (what is written, what is written instead, the text at which the finding must point, a part of the message)
WRONG = [
    ("roles: [tester], after", "roles: [testr], after", "testr]", "did you mean 'tester'?"),
    ("gates: [fast, ordered]", "gates: [fast, orderd]", "orderd]", "unknown gate 'orderd'"),
    ("evidence: [echo_latency], on", "evidence: [echo_latncy], on", "echo_latncy]", "unknown evidence kind"),
    ("after_role: tester, check: P99", "after_role: tster, check: P99", "tster, check", "unknown role 'tster'"),
    ("respawn: [builder], say", "respawn: [bilder], say", "bilder], say", "unknown role"),
    ("p99_ms: echo_p99}", "p99_ms: echo_p98}", "echo_p98}", "unknown threshold"),
    ("reports_to: builder", "reports_to: tester", "reports_to: tester", "cycle in reports_to"),
    (TWO, TWO + 'after: ["2"], ', 'after: ["2"]', "cycle in after: 1 -> 2 -> 1"),
    (
        "evidence: [echo_order], artifacts: [DESIGN.md], on_fail",
        "on_fail",
        "ordered, title: In order",
        "has no evidence",
    ),
    ("artifact: DESIGN.md}]", "artifact: DESIN.md}]", "DESIN.md}]", "no artifact of the role"),
    ("mode: sequential, roles: [tester]", "mode: sideways, roles: [tester]", "sideways", "sideways"),
    ("retries: 2", "retrys: 2", "retrys", "unknown name 'retrys'"),
    ("max_age_hours: 1", "max_age_hours: soon", "soon", "max_age_hours"),
    ("code: TST", "code: BLD", "BLD\n    agent: ping-tester", "given twice"),
    ("agent: ping-tester", "agent: ping-testr", "ping-testr", 'did you mean "ping-tester"?'),
    ("title: Ping Team\n", "title: Ping Team\ntitle: Pong Team\n", "title: Pong", "stands here twice"),
    ("roles:\n", "roles: [\n", "waves", "not YAML"),
    (
        "thresholds:\n",
        'thresholds:\n  lost: {value: 1, op: "<", unit: ms, source: x}\n',
        "lost:",
        "nobody measures it",
    ),
]


def test_what_the_loader_takes_is_silent(plugin):
    assert lint(plugin(dict(AGENTS, **{HERE: SOUND}))) == (0, [])


@pytest.mark.parametrize("old,new,at,said", WRONG, ids=[case[3][:24] for case in WRONG])
def test_a_mistake_is_found_where_it_stands(plugin, old, new, at, said):
    text = SOUND.replace(old, new, 1)
    assert text != SOUND and at in text
    findings = [finding for finding in lint(plugin(dict(AGENTS, **{HERE: text})))[1] if finding["path"] == HERE]
    found = [finding for finding in findings if said in finding["message"]]
    assert found, findings
    assert {finding["rule"] for finding in findings} == {"team-definition"}
    if "not YAML" in said:
        return
    before = text[: text.index(at)]
    place = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    assert place in {(finding["line"], finding["column"]) for finding in found}, found


def test_every_problem_of_the_loader_is_an_error_here(plugin, tmp_path):
    for number, (old, new, _, _) in enumerate(WRONG):
        path = tmp_path / ("wrong-%d.yaml" % number)
        path.write_text(SOUND.replace(old, new, 1), encoding="utf-8")
        try:
            definition.load(str(path))
        except files.TeamError as error:
            root = plugin(dict(AGENTS, **{HERE: path.read_text(encoding="utf-8")}))
            errors = [finding for finding in lint(root)[1] if finding["severity"] == "error"]
            assert len(errors) >= min(1, len(error.problems)), error.problems


def test_the_packs_own_definition_is_looked_at(plugin):
    with open(os.path.join(ROOT, "scripts", "pack", "teams", "realtimeSystems.yaml"), encoding="utf-8") as handle:
        text = handle.read()
    broken = text.replace("agent: rt-architect", "agent: rt-architct", 1)
    agents = {"agents/%s" % name: AGENT % name[:-3] for name in os.listdir(os.path.join(ROOT, "agents")) if name.startswith("rt-")}
    findings = lint(plugin(dict(agents, **{"scripts/pack/teams/realtimeSystems.yaml": broken})))[1]
    assert [finding["rule"] for finding in findings if "rt-architct" in finding["message"]] == ["team-definition"]


@pytest.mark.parametrize(
    "text",
    [
        "roles: &a [*a]\nwaves: *a\n",
        "roles: &a [x]\nwaves: [" + "*a, " * 30000 + "]\n",
        "roles:\nwaves: \x00\n",
        "- roles:\n- waves:\n",
        "roles: 5\nwaves: {}\n",
        "roles: !!python/object:os.system {}\nwaves: 1\n",
    ],
    ids=["loop", "bomb", "nul", "list", "types", "tag"],
)
def test_odd_text_is_a_finding_at_most(plugin, text):
    lint(plugin({HERE: text}))


def test_another_yaml_file_of_that_name_is_none_of_ours(plugin):
    assert lint(plugin({"teams/members.yaml": "members: [a, b\n"})) == (0, [])


CONFIG = "tools:\n  mcp__linear__get_issue: everyone\n  mcp__db__query: [lead, logic-reviewer]\n"


def test_a_sound_team_yaml_is_silent(plugin):
    assert lint(plugin(dict(AGENTS, **{".claude/team.yaml": CONFIG}))) == (0, [])


@pytest.mark.parametrize(
    "old,new,line,said,severity",
    [
        ("mcp__linear__get_issue", "mcp__linear__*", 2, "is no tool's name", "error"),
        ("tools:", "tool:", 1, "no setting is called 'tool'", "error"),
        ("logic-reviewer", "logic-reviewr", 3, "'logic-reviewr' is no role", "warning"),
        ("[lead, logic-reviewer]", "[]", 3, "nobody is named", "error"),
        ("mcp__db__query", "mcp__linear__get_issue", 3, "is there twice", "error"),
        ("tools:", "tools: [", 3, "not YAML", "error"),
    ],
)
def test_a_mistake_in_team_yaml_is_found_where_it_stands(plugin, old, new, line, said, severity):
    found = lint(plugin(dict(AGENTS, **{".claude/team.yaml": CONFIG.replace(old, new, 1)})))[1]
    assert [(f["rule"], f["line"], f["severity"]) for f in found] == [("team-config", line, severity)], found
    assert said in found[0]["message"]
