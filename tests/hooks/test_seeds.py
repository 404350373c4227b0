"""What the seed asks for and a summary, a spawn or a commit has to show: facts of the journal, through the gate (the rows are in docs/seeds.md)."""

import glob
import json
import os
import subprocess

import pytest

from hooks.driver import plan
from hooks.test_facts import ends
from hooks.test_waves import SMALL, activate
from pack.base.paths import PLUGIN_ROOT


def risky(s, body="RISKS: 2\nRISK-1: loses data\nSeverity: CRITICAL\nAffected tasks: #1\nRISK-2: slow\nSeverity: MAJOR\n", mode="MEDIUM"):
    """A run up to its listed risks."""
    s.build("plan.md --coders=3")
    assert s.register(plan(mode)) is None
    assert s.spawn("tech-lead", "tech-lead") is None
    for who, to, text in (
        ("lead", "tech-lead", "VALIDATE PLAN"),
        ("tech-lead", "lead", "PLAN OK"),
        ("lead", "tech-lead", "IDENTIFY RISKS"),
        ("tech-lead", "lead", body),
    ):
        assert s.say(who, to, text) is None


def summary(s):
    assert s.bash("lead", "pack status --summary") is None
    return s.output


def test_a_silent_tester_holds_the_results_up_and_is_told_so(session):
    s = session
    risky(s)
    assert s.spawn("risk-tester-1", "risk-tester") is None and s.spawn("risk-tester-2", "risk-tester") is None
    assert "TESTERS_SILENT" in s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS\nnone")
    told = ends(s, "risk-tester-1", "It looks bad.")
    assert "RISK-N: CONFIRMED | MITIGATED | THEORETICAL" in told
    assert ends(s, "risk-tester-1", "**RISK-1: CONFIRMED**\nSeverity: CRITICAL\nEvidence: src/old.py:1") is None
    assert "risk-tester-2" in s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS\nnone")
    assert ends(s, "risk-tester-2", "- RISK-2 not confirmed: nothing loops") is None
    found = s.state()["risks"]["verdicts"]
    assert found["1"]["verdict"] == "CONFIRMED" and found["1"]["severity"] == "CRITICAL" and found["2"]["verdict"] == "THEORETICAL"
    assert s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS\nboth") is None
    state = s.state()
    assert state["tasks"]["1"]["high_risk"] and not state["tasks"]["2"]["high_risk"], "the task that it affects has three reviewers now"
    told = s.say("tech-lead", "lead", "RISKS MITIGATED")
    assert "RISK_UNDECIDED" in told and "RISK-1" in told and "RISK-2" not in told
    assert s.edit("tech-lead", "DECISIONS.md", "# Decisions\n## Risks\nRISK-1: task #1 keeps a copy\n") is None
    assert s.say("tech-lead", "lead", "RISKS MITIGATED") is None
    text = summary(s)
    for line in (
        "Risks identified by Tech Lead: 2 (CRITICAL 1, MAJOR 1, MINOR 0)",
        "Risk testers spawned: 2",
        "Confirmed risks (mitigated before coding): 1 (RISK-1)",
        "Theoretical risks (dismissed): 1 (RISK-2)",
        "Tasks updated with risk mitigations: 1",
    ):
        assert "  " + line in text.splitlines(), text


def test_a_tester_that_was_stopped_leaves_its_risk_standing(session):
    s = session
    risky(s, "RISKS: 1\nRISK-1: loses data\nSeverity: CRITICAL\n")
    assert s.spawn("risk-tester-1", "risk-tester") is None
    agent = s.agents["risk-tester-1"][0]
    assert s.call("lead", "TaskStop", task_id=agent, response={"task_id": agent, "command": "risk-tester-1"}) is None
    assert s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS") is None
    told = s.say("tech-lead", "lead", "RISKS MITIGATED")
    assert "RISK_UNDECIDED" in told and "counts as CONFIRMED" in told
    assert "  Not tested: 1" in summary(s)


def test_no_risk_needs_a_reason_and_a_number_alone_is_none(session):
    s = session
    s.build()
    assert s.register(plan("MEDIUM")) is None and s.spawn("tech-lead", "tech-lead") is None
    for who, to, text in (
        ("lead", "tech-lead", "VALIDATE PLAN"),
        ("tech-lead", "lead", "PLAN OK"),
        ("lead", "tech-lead", "IDENTIFY RISKS"),
    ):
        assert s.say(who, to, text) is None
    assert "RISKS_REASON" in s.say("tech-lead", "lead", "RISKS: 0\n\n")
    assert s.say("tech-lead", "lead", "RISKS: 0\nnothing imports the new file") is None


def test_what_was_decided_before_a_risk_was_tested_decides_nothing(session):
    s = session
    risky(s, "RISKS: 1\nRISK-1: loses data\nSeverity: CRITICAL\n")
    assert s.edit("tech-lead", "DECISIONS.md", "# Decisions\n## Risks\nRISK-1: to be tested\n") is None
    assert s.spawn("risk-tester-1", "risk-tester") is None
    assert ends(s, "risk-tester-1", "RISK-1: CONFIRMED\nEvidence: src/old.py:1") is None
    assert s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS") is None
    assert "RISK_UNDECIDED" in s.say("tech-lead", "lead", "RISKS MITIGATED")


def test_the_summary_counts_findings_by_area_not_messages(session):
    s = session
    s.setup("COMPLEX")
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None
    assert s.say("coder-1", "tech-lead", "PATTERN DOES NOT FIT: task #1\nsrc/old.py keeps state; I propose none") is None
    assert s.edit("coder-1", "src/a.py", "one\n") is None
    for role in s.approvers(1):
        assert s.say("coder-1", role, "REVIEW: task #1") is None
    assert s.say("security-reviewer", "coder-1", "APPROVED: task #1") is None
    found = "CHANGES_REQUESTED: task #1\nCRITICAL 95% src/a.py:1 loses the name; nobody is greeted; keep it\n- MAJOR 80% src/a.py:1 empty; crash; check\n"
    assert s.say("logic-reviewer", "coder-1", found) is None
    again = "CHANGES_REQUESTED: task #1\nMAJOR 90% src/a.py:1 against .conventions/checks/naming.md; rename it\nMINOR 70% src/a.py:1 long; hard to read; cut\n"
    assert s.say("quality-reviewer", "coder-1", again) is None
    assert s.say("tech-lead", "coder-1", "CHANGES_REQUESTED: task #1\nSee DECISIONS.md.") is None
    assert "  ❌ No unresolved CRITICAL review findings (1 unresolved)" in summary(s).splitlines()
    assert s.edit("coder-1", "src/a.py", "two\n") is None
    for role in s.approvers(1):
        assert s.say("coder-1", role, "REVIEW: task #1") is None
        left = "\nMINOR 70% src/a.py:3 long; hard to read; cut" if role == "quality-reviewer" else ""
        assert s.say(role, "coder-1", "APPROVED: task #1" + left) is None
    text = summary(s)
    for line in (
        "Security issues found & fixed: 0",
        "Logic issues found & fixed: 2",
        "Quality issues found & fixed: 1; left: 1 MINOR",
        "Convention violations caught & fixed: 1",
        "Architectural issues found & fixed: 1",
        "Escalations (pattern didn't fit): 1",
        "Enabling agents triggered: 0",
        "✅ No unresolved CRITICAL review findings (0 unresolved)",
    ):
        assert "  " + line in text.splitlines(), text


def test_the_definition_of_done_has_the_seeds_lines(session):
    s = session
    s.build()
    assert "PLAN_DONE" in s.bash("lead", _planned(plan(definition_of_done=["x"])))
    raw = plan(definition_of_done=["all tests pass: make check", "no gold standard is touched"])
    raw["tasks"][0]["tooling"]["build"] = "make"
    assert s.register(raw) is None
    assert s.state()["definition_of_done"] == [
        "all tests pass: make check",
        "no gold standard is touched",
        "Build passes: make",
        "Automated convention checks pass (naming, imports, structure)",
        "No unresolved CRITICAL review findings",
        "Consistent with project architecture",
        "CLAUDE.md conventions followed",
    ]
    lines = [x for x in summary(s).splitlines() if "❌" in x]
    assert "  ❌ Build passes: make (not run)" in lines and "Definition of Done: ❌ partial" in summary(s)


def _planned(raw):
    return "pack plan <<'EOF'\n%s\nEOF" % json.dumps(raw)


def coder(s, name, prompt):
    """Spawn a coder; the prompt that it gets."""
    given = {"description": name, "prompt": prompt, "subagent_type": "team:coder", "name": name}
    assert s.call("lead", "Agent", response={"agentId": "x" + name}, **given) is None
    return s.updated["prompt"]


def test_every_coder_gets_the_gold_standard_block_or_the_mark(session):
    s = session
    s.setup(coders=0)
    got = coder(s, "coder-1", "task #1")
    assert "--- GOLD STANDARD: src — src/old.py ---\nOLD = 1\n" in got and got.endswith("\n\ntask #1"), got
    own = "--- GOLD STANDARD: api — src/old.py ---\nOLD = 1\n\ntask #1"
    assert coder(s, "coder-2", own) == own
    marked = "MARKS: NO REFERENCE FILES\ntask #1"
    assert coder(s, "coder-3", marked) == marked
    assert [r["data"].get("gold") for r in s.events() if r["event"] == "SPAWN_REQUESTED" and r["data"]["role"] == "coder"] == [
        ["src/old.py"],
        ["src/old.py"],
        [],
    ]
    assert "  Gold standards used: src/old.py" in summary(s).splitlines()


OWN = "--- GOLD STANDARD EXAMPLES ---\n--- GOLD STANDARD: api — src/old.py ---\ncopy: the name\nOLD = 1\n--- END GOLD STANDARDS ---"


def block_of(prompt):
    return prompt[prompt.index("--- GOLD STANDARD EXAMPLES ---") : prompt.index("--- END GOLD STANDARDS ---")]


@pytest.mark.parametrize("first", ["", OWN], ids=["the gate's", "the lead's"])
def test_the_same_bytes_for_every_coder_of_a_run(session, first):
    """Whatever a file became meanwhile, and whatever else a later prompt brings: the first coder's block is the run's."""
    s = session
    s.setup(coders=0)
    got = coder(s, "coder-1", first + "\ntask #1")
    assert not first or got == first + "\ntask #1"
    with open(os.path.join(s.project, "src", "old.py"), "w") as f:
        f.write("OLD = 2\n")
    later = coder(s, "coder-2", "task #2")
    assert block_of(later) == block_of(got) and later.endswith("task #2")
    another = coder(s, "coder-3", "Hello.\n" + OWN.replace("OLD = 1", "OLD = 3") + "\ntask #2")
    assert block_of(another) == block_of(got) and another.startswith("Hello.\n") and another.endswith("\ntask #2")


def test_what_serves_most_tasks_comes_first(session):
    s = session
    folder = os.path.join(s.project, ".conventions", "gold-standards")
    os.makedirs(folder)
    for name in ("aside.sql", "module.py", "zz-greeting.md"):
        with open(os.path.join(folder, name), "w") as f:
            f.write("as in %s\n" % name)
    raw = plan()
    raw["tasks"].insert(1, dict(raw["tasks"][0], id=3, subject="Add farewell", files=["src/b.py"], references=["src/old.py", "src/one.py"]))
    raw["tasks"][2]["blocked_by"] = [1, 3]
    with open(os.path.join(s.project, "src", "one.py"), "w") as f:
        f.write("ONE = 1\n")
    s.setup("MEDIUM", coders=0, raw=raw)
    shown = [line for line in coder(s, "coder-1", "go").splitlines() if line.startswith("--- GOLD STANDARD:")]
    assert [line.split()[5].rpartition("/")[2] for line in shown] == ["module.py", "old.py", "zz-greeting.md", "one.py", "aside.sql"], shown


def test_a_long_reference_is_cut_and_says_so_and_none_is_a_mark(session):
    s = session
    folder = os.path.join(s.project, ".conventions", "gold-standards")
    os.makedirs(folder)
    with open(os.path.join(folder, "long.py"), "w") as f:
        f.write("".join("line %d\n" % n for n in range(1, 101)))
    s.setup(coders=0)
    got = coder(s, "c1", "go")
    assert "--- GOLD STANDARD: conventions — .conventions/gold-standards/long.py --- (lines 1-60 of 100; read the rest in the file)" in got
    assert "line 60\n" in got and "line 61\n" not in got and got.index("long.py") < got.index("src/old.py")


def test_without_any_example_the_prompt_says_so(session):
    s = session
    os.remove(os.path.join(s.project, "src", "old.py"))
    s.setup(coders=0)
    assert "NO REFERENCE FILES" in coder(s, "c2", "go")


# --- Commits -----------------------------------------------------------------------------------------------------------------
FORMS = {
    "git commit -qm 'feat: greet (task #1)' -- src/a.py": None,
    "git commit -qm 'fix(api)!: greet' -m 'for task #1' -- src/a.py": None,
    'git commit -qm "$(cat <<\'EOF\'\nfeat: greet\n\ntask #1\nEOF\n)" -- src/a.py': None,
    "git commit -qF - -- src/a.py <<'EOF'\ndocs: greet (#1)\nEOF": None,
    "git commit -qm 'wip' -- src/a.py": "has no type and names no task",
    "git commit -qm 'feat: greet' -- src/a.py": "names no task",
    "git commit -qam 'greet (task #1)'": "has no type",
    "git commit -qm 'feat: greet (task #12)' -- src/a.py": "names no task",
    'git commit -qm "$(cat <<\'EOF\'\ngreet\nEOF\n)" -- src/a.py': "has no type and names no task",
    "git commit -qF - -- src/a.py <<'EOF'\nfeat: greet\nEOF": "names no task",
}


@pytest.mark.parametrize("command", FORMS)
def test_a_tasks_commit_bears_type_and_number(session, command):
    s = session
    s.setup()
    assert s.edit("coder-1", "src/a.py", "one\n") is None
    assert s.say("coder-1", "unified-reviewer", "REVIEW: task #1") is None
    assert s.say("unified-reviewer", "coder-1", "APPROVED: task #1") is None
    assert s.bash("coder-1", "git add src/a.py") is None
    told = s.bash("coder-1", command)
    if FORMS[command] is None:
        assert told is None and s.exit == 0 and s.state()["tasks"]["1"]["state"] == "DONE", (told, s.output)
    else:
        assert "refused (COMMIT_MESSAGE)" in told and FORMS[command] in told and "(task #1)" in told, told


def test_a_message_that_cannot_be_read_before_is_looked_at_after(session):
    s = session
    s.setup()
    assert s.edit("coder-1", "src/a.py", "one\n") is None
    assert s.say("coder-1", "unified-reviewer", "REVIEW: task #1") is None
    assert s.say("unified-reviewer", "coder-1", "APPROVED: task #1") is None
    given = {"command": 'W=wip; git add src/a.py; git commit -qm "$W" -- src/a.py'}
    use = {"tool_name": "Bash", "tool_input": given, "tool_use_id": "toolu_w"}
    assert s.send("PreToolUse", "coder-1", **use) == (0, None, "")
    assert subprocess.run(given["command"], shell=True, cwd=s.project).returncode == 0
    told = s.send("PostToolUse", "coder-1", tool_response={"stdout": "", "stderr": "", "interrupted": False}, **use)[1]
    assert "git commit --amend" in told["hookSpecificOutput"]["additionalContext"]


# --- Runs of waves -------------------------------------------------------------------------------------------------------------
RULES = {
    "prefix": "rt-",
    "types": {"feat": "new", "fix": "mended", "perf": "faster"},
    "scopes": ["kafka", "websocket"],
    "trailers": ["Evidence", "Latency-impact"],
}


def waves(s, **more):
    folder = os.path.join(s.project, ".claude", "team-definitions")
    os.makedirs(folder)
    with open(os.path.join(folder, "twoWaves.json"), "w") as f:
        json.dump(dict(SMALL, **more), f)
    with open(os.path.join(s.project, "strategy.md"), "w") as f:
        f.write("# S\n\nquick\n")
    activate(s, "--team twoWaves --strategy strategy.md")
    assert s.spawn("planner", "two-planner") is None
    assert s.edit("planner", ".two/PLAN.md", "# Plan\n\nDo it.\n") is None
    s.stop("planner")
    assert s.bash("lead", "pack gate check") is None
    assert s.spawn("maker", "two-maker") is None


def test_a_team_holds_its_commit_protocol_at_git_commit(session):
    s = session
    waves(s, commits=RULES)
    assert s.edit("maker", "src/old.py", "OLD = 4\n") is None
    told = s.bash("maker", "git commit -qam 'wip'")
    assert "refused (COMMIT_FORM)" in told and "{type}(rt-{scope}): {concise description}" in told and "Latency-impact" in told
    assert "unknown scope 'rt-nats'" in s.bash("maker", "git commit -qam 'feat(rt-nats): four' -m '- four' -m 'Latency-impact: none'")
    assert "no `Latency-impact" in s.bash("maker", "git commit -qam 'feat(rt-kafka): four' -m '- four'")
    assert "does not exist" in s.bash(
        "maker", "git commit -qam 'perf(rt-kafka): four' -m '- four' -m 'Evidence: e.json\nLatency-impact: P99 9ms -> 5ms'"
    )
    good = "git commit -qaF - <<'EOF'\nfeat(rt-kafka): four\n\n- four instead of three\n\nLatency-impact: P99 5.2ms -> 7.1ms (for EOS)\nEOF"
    assert s.bash("maker", good) is None and s.exit == 0, s.output


def test_a_team_without_a_commit_protocol_commits_as_it_likes(session):
    s = session
    waves(s)
    assert s.edit("maker", "src/old.py", "OLD = 4\n") is None
    assert s.bash("maker", "git commit -qam 'wip'") is None and s.exit == 0


def test_a_run_of_waves_has_a_report_of_its_own(session):
    s = session
    waves(s)
    text = summary(s)
    assert "Certification: ❌ not certified (2: maker is still at work)" in text and "Waves completed: 2/3" in text, text
    assert s.edit("maker", ".two/work/OUT.md", "# Out\n\nmade\n") is None
    s.stop("maker")
    assert s.bash("lead", "pack teardown") is None and s.bash("lead", "pack teardown ask") is None
    (path,) = glob.glob(os.path.join(s.project, ".claude", "teams", "*", "summary.md"))
    with open(path) as f:
        text = f.read()
    for line in (
        "TEAM Two waves COMPLETE",
        "Waves completed: 3/3",
        "  ✅ wave 2 Make",
        "Gates passed: 1/1",
        "  ✅ Planned: PASS",
        "Agents spawned: maker 1, planner 1",
        "Certification: ✅ certified (every wave is over, every gate passed)",
    ):
        assert line in text.splitlines(), text
    assert "Tasks completed" not in text and "Definition of Done" not in text


def test_a_run_of_waves_that_was_aborted_is_not_certified(session):
    s = session
    waves(s)
    assert s.bash("lead", "pack abort --reason enough") is None
    text = summary(s)
    assert "TEAM Two waves ABORTED" in text and "Certification: ❌ not certified (the run was aborted" in text, text


# --- The project's profile -------------------------------------------------------------------------------------------------------
REPORT = """```
STACK            Python 3.11, no framework
COMMANDS         test: python3 -m unittest (pyproject.toml:3)
STRUCTURE        src/: modules
                 tests/: one file a module
LAYERS TOUCHED   api: src/a.py
CHANGES EXISTING no
SENSITIVE        none
SHARED           src/old.py: 1
PATTERNS         naming: src/old.py
GAPS             none
```"""


def researched(s, report):
    assert s.spawn("codebase-researcher", "codebase-researcher") is None
    assert ends(s, "codebase-researcher", report) is None


def opened(s):
    """What the lead is told at an opening."""
    return s.build()[1]["hookSpecificOutput"]["additionalContext"]


def profile_of(s):
    import yaml

    with open(os.path.join(s.project, ".project-profile.yml")) as f:
        return yaml.safe_load(f)


def another_run(s):
    assert s.bash("lead", "pack abort --reason next") is None and s.bash("lead", "pack teardown ask") is None
    return type(s)(s.project, s.data, session="5e551000-0000-4000-8000-000000000002", now=s.now + 100)


def test_the_researchers_report_becomes_the_profile_and_fresh_is_computed(session):
    s = session
    with open(os.path.join(s.project, "pyproject.toml"), "w") as f:
        f.write("[project]\nname = 'x'\n")
    assert ".project-profile.yml (" not in opened(s)
    researched(s, REPORT)
    got = profile_of(s)
    assert got["stack"] == ["Python 3.11, no framework"] and got["structure"] == ["src/: modules", "tests/: one file a module"]
    assert got["profile"] == 1 and set(got["made_from"]) == {"pyproject.toml", "folders"} and "shared" not in got
    s = another_run(s)
    assert ".project-profile.yml (fresh: context is known, no codebase-researcher)" in opened(s)
    with open(os.path.join(s.project, "pyproject.toml"), "a") as f:
        f.write("version = '1'\n")
    s.session = "5e551000-0000-4000-8000-000000000002"
    s = another_run(s)
    s.session = "5e551000-0000-4000-8000-000000000003"
    assert "(stale, changed since: pyproject.toml: codebase-researcher)" in opened(s)
    researched(s, REPORT.replace("3.11", "3.12"))
    assert profile_of(s)["stack"] == ["Python 3.12, no framework"]


def test_a_profile_is_no_change_that_somebody_has_to_approve(session):
    s = session
    s.build()
    researched(s, REPORT)
    assert s.register() is None and s.bash("lead", "pack status") is None
    assert "project-profile" not in s.output and not s.state()["result"]["unseen"]


def test_a_report_without_stack_and_a_users_own_profile_are_left(session):
    s = session
    s.build()
    researched(s, "GAPS everything")
    assert not os.path.exists(os.path.join(s.project, ".project-profile.yml"))
    with open(os.path.join(s.project, ".project-profile.yml"), "w") as f:
        f.write("stack: mine\n")
    researched_again = ends(s, "codebase-researcher", REPORT)
    assert researched_again is None and profile_of(s) == {"stack": "mine"}
    assert "(not written by this plugin: read it)" in opened(another_run(s))


# --- Enabling agents -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "path, areas",
    [
        ("src/auth/login.ts", ["auth"]),
        ("src/AuthGuard.tsx", ["auth"]),
        ("db/migrations/0001.sql", ["migrations"]),
        ("app/HTTPPermissionCheck.java", ["permissions"]),
        ("billing/stripe_checkout.py", ["payments", "billing"]),
        ("src/author.py", []),
        ("docs/unauthorised-talk.md", []),
        ("src/payload.py", []),
    ],
)
def test_what_is_sensitive_by_its_path(path, areas):
    from pack.protocol.plan import sensitive_areas

    assert sensitive_areas([path]) == areas


def sensitive(high_risk, **more):
    raw = plan("MEDIUM")
    raw["tasks"][0].update(files=["src/auth.py"], high_risk=high_risk, **more)
    return raw


def test_a_high_risk_task_that_is_sensitive_needs_the_enabling_agent(session):
    s = session
    s.setup("MEDIUM", raw=sensitive(True))
    assert s.spawn("security-reviewer", "security-reviewer") is None and s.spawn("quality-reviewer", "quality-reviewer") is None
    assert s.bash("lead", "pack go") is None and "enabling-agent" in s.output, s.output
    assert s.edit("coder-1", "src/auth.py", "one\n") is None
    for role in s.approvers(1):
        if role != "enabling-agent":
            assert s.say("coder-1", role, "REVIEW: task #1") is None
    assert s.spawn("enabling-agent", "enabling-agent") is None
    for role in s.approvers(1):
        if role != "enabling-agent":
            assert s.say(role, "coder-1", "APPROVED: task #1") is None
    commit = "git add src/auth.py && git commit -qm 'feat: auth (task #1)' -- src/auth.py"
    assert "COMMIT_BEFORE_APPROVAL" in s.bash("coder-1", commit) and "enabling-agent" in s.bash("coder-1", commit)
    assert s.say("coder-1", "enabling-agent", "REVIEW: task #1") is None
    assert s.say("enabling-agent", "coder-1", "APPROVED: task #1") is None
    assert s.bash("coder-1", commit) is None and s.state()["tasks"]["1"]["state"] == "DONE"
    assert "  Enabling agents triggered: 1" in summary(s).splitlines()


def test_without_high_risk_the_reviewers_suffice_and_the_plan_may_name_an_area(session):
    s = session
    s.build()
    assert "PLAN_SENSITIVE" in s.bash("lead", _planned(sensitive(True, sensitive=["cookies"])))
    raw = sensitive(False)
    raw["tasks"][0].update(files=["src/a.py"], sensitive=["payments"])
    assert s.register(raw) is None
    state = s.state()
    assert state["tasks"]["1"]["sensitive"] == ["payments"] and "enabling-agent" not in s.approvers(1)


SAID = REPORT.replace(
    "SENSITIVE        none",
    "SENSITIVE        near: `src/a.py:12`, calls authentication on every greeting\n                 direct: db/old/, migrations",
)


def test_what_the_researcher_calls_sensitive_needs_the_enabling_agent(session):
    """No path and no word of the plan says so: the recorded report does, for the plan, for an added task and for a rescoped one."""
    s = session
    s.build()
    researched(s, SAID)
    assert s.register(high_risk_plan()) is None
    state = s.state()
    assert state["tasks"]["1"]["sensitive"] == ["auth"] and state["tasks"]["2"]["sensitive"] == []
    assert "enabling-agent" in s.approvers(1) and "enabling-agent" not in s.approvers(2)
    added = dict(plan()["tasks"][0], id=9, files=["db/old/1.py"])
    assert s.bash("lead", "pack task add <<'EOF'\n%s\nEOF" % json.dumps(added)) is None
    assert s.state()["tasks"]["3"]["sensitive"] == ["migrations"]


def test_a_fresh_profile_says_it_to_the_next_run_and_a_rescoped_task_hears_it(session):
    s = session
    s.build()
    researched(s, SAID)
    s = another_run(s)
    raw = high_risk_plan()
    raw["tasks"][0]["files"] = ["src/b.py"]
    s.setup("MEDIUM", raw=raw, coders=0)
    assert s.state()["tasks"]["1"]["sensitive"] == []
    assert s.bash("lead", "pack task rescope 1 --file src/a.py") is None
    assert s.state()["tasks"]["1"]["sensitive"] == ["auth"] and "enabling-agent" in s.approvers(1)


def test_a_sensitive_file_whose_area_nobody_names_is_asked_for(session):
    s = session
    s.build()
    researched(s, REPORT.replace("SENSITIVE        none", "SENSITIVE        direct: src/a.py, the key store"))
    assert "PLAN_SENSITIVE" in s.bash("lead", _planned(high_risk_plan())) and "src/a.py" in s.bash("lead", _planned(high_risk_plan()))
    raw = high_risk_plan()
    raw["tasks"][0]["sensitive"] = ["permissions"]
    assert s.register(raw) is None and s.state()["tasks"]["1"]["sensitive"] == ["permissions"]


def high_risk_plan():
    raw = plan("MEDIUM")
    raw["tasks"][0]["high_risk"] = True
    return raw


def test_an_attestation_asks_for_the_enabling_agent_by_itself():
    from pack.report import attest_verify

    task = {"high_risk": True, "required": [], "files": [{"path": "src/auth.py"}]}
    assert "enabling-agent" in attest_verify._roles_of(task, "COMPLEX")
    assert "enabling-agent" not in attest_verify._roles_of(dict(task, files=[{"path": "src/a.py"}]), "COMPLEX")
    assert "enabling-agent" not in attest_verify._roles_of(dict(task, high_risk=False), "COMPLEX")


def activated(s, **more):
    folder = os.path.join(s.project, ".claude", "team-definitions")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "twoWaves.json"), "w") as f:
        json.dump(dict(SMALL, **more), f)
    with open(os.path.join(s.project, "strategy.md"), "w") as f:
        f.write("# S\n\nquick\n")
    return activate(s, "--team twoWaves --strategy strategy.md")["hookSpecificOutput"]["additionalContext"]


def left_behind(s, *names):
    for name in names:
        path = os.path.join(s.project, ".two", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write("# It\n\nis done\n")


def test_a_fresh_activation_goes_on_after_the_waves_that_are_whole(session):
    s = session
    left_behind(s, "PLAN.md")
    assert "need not be spawned again: planner. Run `pack gate check` first" in activated(s)
    assert s.state()["waves"]["found"] == ["planner"] and s.state()["waves"]["resumed_at"]
    assert "WAVE_CLOSED" in s.spawn("maker", "two-maker"), "the gate is judged in this run, too"
    assert s.bash("lead", "pack gate check") is None and s.state()["waves"]["verdicts"] == {"planned": "PASS"}
    assert s.spawn("maker", "two-maker") is None
    assert s.edit("maker", ".two/work/OUT.md", "# Out\n\nmade\n") is None
    s.stop("maker")
    assert s.bash("lead", "pack teardown") is None and s.bash("lead", "pack teardown ask") is None
    assert s.state()["phase"] == "CLOSED"


def test_a_finished_folder_is_certified_without_anybody(session):
    s = session
    left_behind(s, "PLAN.md", "work/OUT.md")
    assert "need not be spawned again: planner, maker" in activated(s)
    assert s.bash("lead", "pack gate check") is None and s.state()["phase"] == "COMPLETION"
    assert s.bash("lead", "pack teardown") is None
    assert "Certification: ✅ certified" in summary(s)


def test_work_after_a_hole_counts_for_nothing_and_a_heading_is_no_work(session):
    s = session
    left_behind(s, "work/OUT.md")
    with open(os.path.join(s.project, ".two", "PLAN.md"), "w") as f:
        f.write("# Plan\n")
    assert "need not be spawned" not in activated(s) and s.state()["waves"]["found"] == []
    assert s.spawn("planner", "two-planner") is None


# --- What the user is told, what research lacked, what a fix mended -----------------------------------------------------------------
def test_trade_offs_of_a_complex_plan_are_recorded_and_shown_to_the_user(session):
    s = session
    s.build()
    given = {"command": _planned(plan("COMPLEX", trade_offs=["a file rather than a table: 50 users"]))}
    code, out, _err = s.send("PreToolUse", tool_name="Bash", tool_input=given, tool_use_id="toolu_t")
    assert code == 0 and out["systemMessage"] == "Trade-off: a file rather than a table: 50 users"
    assert "Trade-off: a file rather than a table: 50 users" in summary(s).splitlines()


def test_a_complex_plan_without_trade_offs_is_refused_and_others_need_none(session):
    s = session
    s.build()
    assert "PLAN_TRADE_OFFS" in s.bash("lead", _planned(plan("COMPLEX", trade_offs=[])))
    assert "trade_offs must be a list" in s.bash("lead", _planned(plan("COMPLEX", trade_offs="x")))
    assert not s.state()["plan"]["registered"] and s.register(plan("MEDIUM")) is None


def test_a_tool_that_research_lacked_is_recorded(session):
    s = session
    s.build()
    assert s.spawn("web-researcher", "web-researcher") is None
    assert ends(s, "web-researcher", "RECOMMENDATION  x\nTOOL_UNAVAILABLE: Context7\n- TOOL_UNAVAILABLE: `Exa`\n") is None
    assert [r["data"]["tool"] for r in s.events() if r["event"] == "TOOL_UNAVAILABLE"] == ["Context7", "Exa"]


def test_a_build_that_a_fix_task_mended_says_so():
    from pack.store import summary as report

    who = {"name": "lead", "role": "lead"}
    row = lambda event, **data: {"event": event, "actor": who, "data": data, "ts": 0, "seq": 1}
    records = [
        row("PLAN_REGISTERED", tasks={"1": {}, "2": {}}),
        row("VERIFIED", build_exit=1, test_exit=None),
        row("TASK_ADDED", task_record={}),
        row("VERIFIED", build_exit=0, test_exit=1),
        row("TASK_ADDED", task_record={}),
        row("VERIFIED", build_exit=0, test_exit=0),
    ]
    stats = report.figures(records)
    assert stats["fixes"] == {"build": [3], "test": [3, 4]} and stats["red"] == {"build": True, "test": True}
    state = {
        "verify": {"build": {"exit": 0, "command": "make"}, "test": {"exit": 0, "command": "make check"}, "ok": True},
        "mode": "SIMPLE",
    }
    lines = report._integration(state, stats)
    assert lines[1] == "  Build: ✅ (fixed in task #3) (make)" and lines[2].startswith("  Tests: ✅ (fixed in task #3, #4) (make check)")


# --- What the notice, a nudge and a message say of it ---------------------------------------------------------------------------------
BRIEF = "# Greeting\n\n## Project Context\n\n- **Stack**: Python\n%s\n### Key patterns\n\nOne module, one test.\n\n## Goal\n\nStructure: later.\n"


@pytest.mark.parametrize(
    "line, told",
    [
        ("Structure: src/, tests/\n", "(its Project Context has stack, structure and patterns: context is known, no codebase-researcher)"),
        ("", "(its Project Context lacks structure: codebase-researcher)"),
    ],
)
def test_a_brief_counts_as_context_by_what_it_says(session, line, told):
    s = session
    os.makedirs(os.path.join(s.project, ".briefs"))
    with open(os.path.join(s.project, ".briefs", "greet.md"), "w") as f:
        f.write(BRIEF % line)
    assert ".briefs/greet.md " + told in s.build(".briefs/greet.md")[1]["hookSpecificOutput"]["additionalContext"]


def test_a_plan_elsewhere_is_no_brief_and_a_spare_profile_is_named(session):
    s = session
    with open(os.path.join(s.project, "plan.md"), "w") as f:
        f.write(BRIEF % "")
    os.makedirs(os.path.join(s.project, ".conventions"))
    with open(os.path.join(s.project, ".conventions", ".project-profile.yml"), "w") as f:
        f.write("stack: x\n")
    told = opened(s)
    assert "Project Context" not in told and ".conventions/.project-profile.yml (if the codebase-researcher fails)" in told


def test_who_wants_to_ask_the_user_first_is_told_to_send_researchers(session):
    s = session
    s.build("improve")
    told = s.stop("lead")
    assert "unclear goes to a researcher first, the user is asked only if even then nothing can be begun" in told
    assert s.spawn("web-researcher", "web-researcher") is None and ends(s, "web-researcher", "nothing found") is None
    s.deliver()
    told = s.stop("lead")
    assert "register the plan" in told and "researcher" not in told


def test_with_no_research_nobody_is_sent(session):
    session.build("improve --no-research")
    assert "researcher" not in session.stop("lead")


@pytest.mark.parametrize("role, asked", [("realtime-dev", True), ("realtime-engineer", True), ("coder", False)])
def test_reviewers_of_real_time_code_are_asked_what_no_command_shows(session, role, asked):
    s = session
    s.setup(coders=0)
    assert s.spawn("rt", role) is None and s.edit("rt", "src/a.py", "one\n") is None
    assert s.say("rt", "unified-reviewer", "REVIEW: task #1\nI checked it.") is None
    got = s.updated["message"]
    assert (
        got.startswith("REVIEW: task #1\nI checked it.")
        and ("[real-time code: say by path:line that every send is bounded" in got) is asked
    )
    for words in ("frees timers", "event loop", "never polling", "sensitive is broadcast", "versioned", "beyond the plan"):
        assert (words in got) is asked


def test_who_judges_quality_is_told_the_gold_standards(session):
    s = session
    s.setup("COMPLEX", coders=0)
    for name, told in (("quality-reviewer", True), ("security-reviewer", False)):
        agent, kind = s.agents[name]
        assert s.call("lead", "TaskStop", task_id=agent, response={"task_id": agent, "command": name}) is None
        given = {"description": name, "prompt": "go", "subagent_type": "team:" + name, "name": name}
        assert s.call("lead", "Agent", response={"agentId": "again" + name}, **given) is None
        s.agents[name] = ("again" + name, "team:" + name)
        out = s.send("SubagentStart", name)[1]["hookSpecificOutput"]["additionalContext"]
        assert ("Gold standards of this feature, compare with them: src/old.py" in out) is told, out


# --- Documents that show a form are read by what they show it for -----------------------------------------------------------------------
def page(name):
    with open(os.path.join(PLUGIN_ROOT, "references", name), encoding="utf-8") as f:
        return f.read()


def test_the_stuck_protocol_has_each_row_of_the_seed():
    """What arrives, and what the lead does then: it is sent to this page by /build, for everything that is rare."""
    rows = dict(
        line.strip("| ").split(" | ") for line in page("supervision.md").partition("## What may arrive")[2].splitlines() if " | " in line
    )
    for arrives, does in (
        ("`STUCK`", ("researcher for the cause", "rescope", "split", "assign")),
        ("`REVIEW_LOOP`", ("researcher reads code and findings", "one concrete fix", "Never ask a reviewer to accept")),
        ("pattern does not fit", ("tech-lead decides", "web-researcher", "DECISIONS.md")),
        ("`SUPERVISOR_REPORT`, silent coder", ("staged nudges", "replace")),
        ("confirmed CRITICAL risk needs another design", ("re-plan those tasks", "`VALIDATE PLAN` again")),
        ("tester and tech lead differ", ("tech lead's severity stands, recorded",)),
        ("the same convention finding twice", ("conventions task",)),
    ):
        assert all(words in rows[arrives] for words in does), (arrives, rows[arrives])
    with open(os.path.join(PLUGIN_ROOT, "commands", "build.md"), encoding="utf-8") as f:
        assert "`STUCK`, `REVIEW_LOOP`, `IMPOSSIBLE_WAIT`" in f.read().partition("references/supervision.md`, What may arrive")[0]


def test_the_template_of_the_block_is_the_form_that_the_gate_keeps(session):
    s = session
    s.setup(coders=0)
    block = page("gold-standard-template.md").partition("```\n")[2].partition("\n```")[0].replace("<path>", "src/old.py")
    first = coder(s, "coder-1", block + "\ntask #1")
    assert first == block + "\ntask #1" and coder(s, "coder-2", "task #2") == block + "\n\ntask #2"
    assert [r["data"]["gold"] for r in s.events() if r["event"] == "SPAWN_REQUESTED" and "gold" in r["data"]] == [["src/old.py"]] * 2


def test_the_case_study_goes_through_the_gate_as_it_is_written(session):
    """Its risk, its verdict, the decision and the criterion: what it says happens is what happens."""
    s = session
    said = page("risk-testing-example.md")
    risk, verdict = (text.strip("`\n") for text in said.split("```")[1::2])
    raw = plan("MEDIUM")
    raw["tasks"] = [dict(raw["tasks"][0], id=n, files=["src/%d.py" % n]) for n in (1, 2, 3, 4)] + [
        dict(raw["tasks"][1], id=5, blocked_by=[1, 2, 3, 4])
    ]
    raw["trade_offs"] = ["a pair rather than a time"]
    s.build()
    assert s.register(raw) is None and s.spawn("tech-lead", "tech-lead") is None
    for who, to, text in (
        ("lead", "tech-lead", "VALIDATE PLAN"),
        ("tech-lead", "lead", "PLAN OK"),
        ("lead", "tech-lead", "IDENTIFY RISKS"),
        ("tech-lead", "lead", "RISKS: 1\n" + risk),
    ):
        assert s.say(who, to, text) is None
    assert s.spawn("risk-tester-1", "risk-tester") is None and ends(s, "risk-tester-1", verdict) is None
    assert s.state()["risks"]["verdicts"]["1"]["verdict"] == "CONFIRMED", "recorded as the tester's turn ends"
    assert s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS\n" + verdict) is None
    tasks = s.state()["tasks"]
    assert [n for n in sorted(tasks) if tasks[n]["high_risk"]] == ["2", "4"], "by themselves"
    assert "RISK_UNDECIDED" in s.say("tech-lead", "lead", "RISKS MITIGATED")
    assert s.edit("tech-lead", "DECISIONS.md", "# Decisions\n\n## Risks\nRISK-1: the pair\n") is None
    assert s.spawn("supervisor", "supervisor") is None and s.handoff() is None
    criterion = 'pack task rescope 2 --accept "exports 1,200 equal timestamps and counts 1,200"'
    assert "pack task rescope 2 --accept" in said and s.bash("lead", criterion) is None
    assert s.say("tech-lead", "lead", "RISKS MITIGATED") is None
    assert s.state()["tasks"]["2"]["acceptance"] == ["exports 1,200 equal timestamps and counts 1,200"]
    assert "  Tasks updated with risk mitigations: 2" in summary(s).splitlines()


def test_the_tech_leads_severity_stands(session):
    s = session
    risky(s, "RISKS: 1\nRISK-1: loses data\nSeverity: CRITICAL\nAffected tasks: #1\n")
    assert s.spawn("risk-tester-1", "risk-tester") is None
    assert ends(s, "risk-tester-1", "RISK-1: CONFIRMED\nSeverity: MINOR\nEvidence: src/old.py:1") is None
    assert s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS") is None
    assert s.state()["tasks"]["1"]["high_risk"] and s.state()["risks"]["verdicts"]["1"]["severity"] == "MINOR"


def test_another_design_for_a_confirmed_risk_begins_validation_and_analysis_anew(session):
    s = session
    risky(s, "RISKS: 1\nRISK-1: loses data\nSeverity: CRITICAL\nAffected tasks: #1\n")
    assert s.spawn("risk-tester-1", "risk-tester") is None and ends(s, "risk-tester-1", "RISK-1: CONFIRMED\nEvidence: src/old.py:1") is None
    raw = plan("MEDIUM")
    raw["tasks"][0]["acceptance"] = ["another way"]
    assert s.register(raw) is None
    state = s.state()
    assert not state["risks"]["verdicts"] and state["plan"]["ok"] is None


def test_the_conventions_of_a_run_reach_the_user_by_name(session):
    s = session
    s.setup()
    s.do_task("coder-1", 1, "src/a.py")
    assert s.edit("coder-1", ".conventions/checks/naming.md", "# Naming\n\nsnake_case\n") is None
    assert "  Files added/changed: .conventions/checks/naming.md" in summary(s).splitlines(), summary(s)


def test_outside_a_run_nothing_of_it_holds_the_realtime_engineer(session):
    """No run: the client never asks the gate for more than whether there is one, and what it does passes."""
    s = session
    s.agents["rte"] = ("a00000000000000aa", "team:realtime-engineer")
    assert s.send("SubagentStart", "rte") == (0, None, "")
    assert s.edit("rte", "src/a.py", "one\n") is None and s.bash("rte", "git commit -qam wip") is None and s.stop("rte") is None
    assert not os.path.exists(os.path.join(s.project, ".claude", "teams"))


# --- What a strict reader of docs/seeds.md did not find shown ------------------------------------------------------------------------------
def started(s, name, role, agent):
    """Spawn an agent; what it is told as it starts."""
    given = {"description": name, "prompt": "go", "subagent_type": "team:" + role, "name": name}
    assert s.call("lead", "Agent", response={"agentId": agent}, **given) is None
    s.agents[name] = (agent, "team:" + role)
    return s.send("SubagentStart", name)[1]["hookSpecificOutput"]["additionalContext"]


def again(s, name):
    """Stop a reviewer and spawn it anew; what it is told as it starts."""
    agent, kind = s.agents[name]
    assert s.call("lead", "TaskStop", task_id=agent, response={"task_id": agent, "command": name}) is None
    return started(s, name, kind.rpartition(":")[2], "again%d" % len(s.events()))


def test_a_coder_is_told_its_team_and_the_tasks_that_are_free(session):
    s = session
    s.setup("MEDIUM", coders=0)
    told = started(s, "coder-7", "coder", "c7")
    assert "you are coder-7 (coder), incarnation 1. The lead is `main`; others: " in told
    for other in ("supervisor (supervisor)", "tech-lead (tech-lead)", "logic-reviewer (logic-reviewer)"):
        assert other in told, told
    assert "the first edit of its files claims a task:\n" in told and "#1" in told and "src/a.py" in told, told


MARKED = ("LIMITED CODEBASE CONTEXT", "NO REFERENCE FILES", "LIMITED RESEARCH", "DEGRADED RESEARCH")


@pytest.mark.parametrize("mark", MARKED)
def test_what_research_lacked_stands_in_the_state_and_makes_reviewers_look_harder(session, mark):
    s = session
    s.setup("MEDIUM", coders=0, raw=plan("MEDIUM", definition_of_done=["tests pass", mark]))
    with open(glob.glob(os.path.join(s.project, ".claude", "teams", "*", "state.md"))[0]) as f:
        assert "- %s" % mark in f.read().splitlines()
    told = again(s, "logic-reviewer")
    assert "Marked %s. Look harder: read the nearest neighbours" % mark in told, told
    assert "Look harder" not in started(s, "coder-1", "coder", "c1")


def test_where_no_example_is_there_reviewers_look_harder_and_where_one_is_they_do_not(session):
    s = session
    s.setup("MEDIUM", coders=0)
    assert "Look harder" not in again(s, "logic-reviewer")
    os.remove(os.path.join(s.project, "src", "old.py"))
    assert "Marked NO REFERENCE FILES. Look harder" in again(s, "logic-reviewer")


def test_simple_has_neither_tech_lead_nor_risk_testers_and_coders_wait_for_no_plan_ok(session):
    s = session
    s.build()
    assert s.register(plan("SIMPLE")) is None
    for role in ("tech-lead", "risk-tester", "security-reviewer"):
        assert "refused (ROLE_NOT_IN_MODE)" in s.spawn("x", role)
    for role in ("coder", "unified-reviewer"):
        assert "refused (NO_OWNER)" in s.spawn("x", role), "the supervisor comes first, here too"
    assert s.spawn("supervisor", "supervisor") is None and s.handoff() is None
    assert s.spawn("coder-1", "coder") is None


def test_state_md_has_the_seeds_parts(session):
    """Recovery, phase, complexity, owner, roster, matrix, tasks, coders: the file's whole frame, in the seed's order."""
    s = session
    s.setup("MEDIUM")
    with open(glob.glob(os.path.join(s.project, ".claude", "teams", "*", "state.md"))[0]) as f:
        lines = f.read().splitlines()
    heads = [line for line in lines if line.startswith("## ")]
    assert heads[:8] == [
        "## Recovery Instructions",
        "## Phase: EXECUTION",
        "## Complexity: MEDIUM",
        "## Ownership",
        "## Team Roster",
        "## Approval Matrix (runtime source of truth)",
        "## Tasks",
        "## Active Coders: 1 (max: 3)",
    ], heads
    for line in (
        "- operational_state_owner: supervisor@1 (ACTIVE)",
        "- architectural_decisions_owner: tech-lead",
        "- lead_role: decisions/staffing only",
        "- unified-reviewer: NOT_SPAWNED",
        "- SIMPLE: unified-reviewer",
        "- COMPLEX: security-reviewer + logic-reviewer + quality-reviewer + tech-lead",
        "- #1: Add greeting — PENDING (unassigned)",
    ):
        assert line in lines, line
    assert any(line.startswith("- tech-lead: ") for line in lines)


ERRORS = [
    {"when": "agent failure", "seen": ["agent_lost"], "then": "spawn again with the same prompt and the failure, at most 3 times"},
    {"when": "dependency failure", "seen": ["wave_held"], "then": "hold the dependents and spawn the missing artifact's producer again"},
]


def test_a_lost_agent_and_a_held_wave_bring_the_error_tables_row(session):
    """At the moment when it happens, and by the role that is concerned; nothing of it before."""
    s = session
    activated(s, errors=ERRORS)
    told = s.spawn("maker", "two-maker")
    assert "WAVE_CLOSED" in told and "producer again" not in told, "the planner was not spawned yet: nothing failed"
    assert s.spawn("planner", "two-planner") is None
    s.stop("planner")
    assert s.bash("lead", "pack gate check") is None
    told = s.spawn("maker", "two-maker")
    assert "planner: hold the dependents and spawn the missing artifact's producer again" in told, told
    s.deliver()
    assert "spawn again with the same prompt" not in (s.stop("lead") or "")
    failed = "<task-notification>\n<task-id>%s</task-id>\n<status>failed</status>\n<summary>an API error</summary>\n</task-notification>"
    s.send("UserPromptSubmit", prompt=failed % s.agents["planner"][0])
    told = s.stop("lead")
    assert "planner failed: spawn again with the same prompt and the failure, at most 3 times" in told, told


@pytest.mark.parametrize(
    "line, key, said",
    [
        ("the latest price is shown", "tests", False),
        ("a specific name wins", "tests", False),
        ("pytest -q is green", "tests", True),
        ("the doctests of the module pass", "tests", True),
        ("the strictest reading holds", "tests", False),
        ("Tests: `make check`", "tests", True),
        ("all tests pass: make check", "checks", False),
        ("tests pass (`make check`)", "checks", False),
        ("convention checks pass: naming", "checks", True),
        ("the user's preference is kept", "gold", False),
        ("matches the reference files", "gold", True),
        ("the form builder is used", "build", False),
        ("it compiles", "build", True),
        ("fits the architecture", "architecture", True),
    ],
)
def test_a_line_of_the_definition_of_done_is_known_by_whole_words(line, key, said):
    from pack.protocol.plan import says

    assert says(line, key) is said


def test_a_definition_of_done_that_only_seems_to_speak_of_tests_is_refused(session):
    s = session
    s.build()
    assert "PLAN_DONE" in s.bash("lead", _planned(plan(definition_of_done=["the latest price is shown", "a specific name wins"])))


def test_a_verdict_that_something_mitigates_is_recorded_and_asks_for_no_decision(session):
    s = session
    risky(s, "RISKS: 1\nRISK-1: loses data\nSeverity: CRITICAL\nAffected tasks: #1\n")
    assert s.spawn("risk-tester-1", "risk-tester") is None
    assert ends(s, "risk-tester-1", "RISK-1: MITIGATED\nEvidence: src/old.py:1 keeps a copy") is None
    assert s.state()["risks"]["verdicts"]["1"]["verdict"] == "MITIGATED"
    assert s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS\nmitigated") is None and not s.state()["tasks"]["1"]["high_risk"]
    assert s.say("tech-lead", "lead", "RISKS MITIGATED") is None
    assert "  Risks that what is there mitigates: 1 (RISK-1)" in summary(s).splitlines()


def test_what_the_lead_is_told_at_the_opening(session):
    """Coders and research as asked for, else the seed's numbers; what of the orientation is there."""
    s = session
    os.makedirs(os.path.join(s.project, ".conventions", "tool-chains"))
    for name in ("CLAUDE.md", ".conventions/tool-chains/commands.yml"):
        with open(os.path.join(s.project, name), "w") as f:
            f.write("test:\n  run: make check\n")
    told = s.build("plan.md")[1]["hookSpecificOutput"]["additionalContext"]
    assert "Coders at once: 3. Research: as the dispatch matrix says." in told
    assert "Found: CLAUDE.md, .conventions/tool-chains/commands.yml" in told
    told = another_run(s).build("plan.md --coders=2 --no-research")[1]["hookSpecificOutput"]["additionalContext"]
    assert "Coders at once: 2. Research: skip (--no-research)." in told


@pytest.mark.parametrize("reviewer", ["security-reviewer", "logic-reviewer", "quality-reviewer"])
def test_a_specialists_verdict_goes_to_the_coder_of_the_task_and_to_nobody_else(session, reviewer):
    s = session
    s.setup("COMPLEX", coders=2)
    assert s.edit("coder-1", "src/a.py", "A = 1\n") is None and s.say("coder-1", reviewer, "REVIEW: task #1") is None
    for verdict in ("APPROVED: task #1", "CHANGES_REQUESTED: task #1\nMAJOR, 80: no."):
        for other in ("lead", "supervisor", "tech-lead", "coder-2"):
            assert "refused (WRONG_RECEIVER)" in s.say(reviewer, other, verdict), (other, verdict)
    assert s.say(reviewer, "coder-1", "APPROVED: task #1") is None
    with open(os.path.join(PLUGIN_ROOT, "agents", reviewer + ".md"), encoding="utf-8") as f:
        text = f.read()
    assert "`APPROVED: task #N` to the task's coder" in text and "`CHANGES_REQUESTED: task #N` to the task's coder" in text


MATRIX = {  # the seed's table; MEDIUM: those whom the task names
    "SIMPLE": "unified-reviewer",
    "MEDIUM": "logic-reviewer, tech-lead",
    "COMPLEX": "security-reviewer, logic-reviewer, quality-reviewer, tech-lead",
    "SIMPLE_ESCALATED_TO_MEDIUM": "security-reviewer, logic-reviewer, quality-reviewer, tech-lead",
}


@pytest.mark.parametrize("mode", list(MATRIX))
def test_a_task_needs_the_approvals_of_its_mode(session, mode):
    s, escalated = session, mode == "SIMPLE_ESCALATED_TO_MEDIUM"
    s.setup("SIMPLE" if escalated else mode)
    if escalated:
        assert s.say("coder-1", "supervisor", "ESCALATE TO MEDIUM: task #1") is None
        assert s.say("supervisor", "lead", "ESCALATE TO MEDIUM: task #1") is None
    assert s.state()["mode"] == mode
    assert s.bash("lead", "pack task show 1") is None
    assert "requires: %s;" % MATRIX[mode] in s.output, s.output
    with open(glob.glob(os.path.join(s.project, ".claude", "teams", "*", "state.md"))[0], encoding="utf-8") as f:
        row = next(line for line in f if line.startswith("- %s: " % mode))
    assert set(row.strip().partition(": ")[2].split(" + ")) >= set(MATRIX[mode].split(", ")) - {"logic-reviewer"}, (
        "people read the same table"
    )


@pytest.mark.parametrize("mode", ["SIMPLE", "MEDIUM", "COMPLEX"])
def test_who_is_asked_to_end_is_who_lives(session, mode):
    """Not whom the mode has: one that ended before is not asked, one coder more is."""
    s = session
    s.setup(mode, coders=2)
    gone = "unified-reviewer" if mode == "SIMPLE" else "logic-reviewer"
    agent = s.agents[gone][0]
    assert s.call("lead", "TaskStop", task_id=agent, response={"task_id": agent, "command": gone}) is None
    living = {n for n, entry in s.state()["roster"].items() if entry["state"] in ("ACTIVE", "IDLE", "SPAWNING")}
    assert gone not in living and {"coder-1", "coder-2", "supervisor"} <= living
    assert s.bash("lead", "pack abort --reason enough") is None
    assert set(s.state()["teardown"]["targets"]) == living - {"supervisor"}, "and the supervisor, who collects, goes last"


ROSTERS = {
    "SIMPLE": ("unified-reviewer", ("tech-lead", "security-reviewer", "risk-tester", "enabling-agent")),
    "MEDIUM": ("enabling-agent", ("unified-reviewer",)),
    "COMPLEX": ("enabling-agent", ("unified-reviewer",)),
}


@pytest.mark.parametrize("mode", list(ROSTERS))
def test_the_roster_is_the_modes(session, mode):
    """The seed's table of teams: whom a mode has not, no lead can spawn."""
    s = session
    s.setup(mode)
    has, has_not = ROSTERS[mode]
    for role in has_not:
        assert "refused (ROLE_NOT_IN_MODE)" in s.spawn("x-" + role, role)
    living = {entry["role"] for entry in s.state()["roster"].values()}
    assert {"supervisor", "coder"} <= living
    assert ("tech-lead" in living) is (mode != "SIMPLE")
    if mode == "COMPLEX":
        assert {"security-reviewer", "logic-reviewer", "quality-reviewer"} <= living
    assert has in living or s.spawn("x-" + has, has) is None


def test_the_commands_frontmatter_has_what_the_seed_has():
    """Its tools as the client calls them now; whoever takes one away makes the client ask for it in every run."""
    with open(os.path.join(PLUGIN_ROOT, "commands", "build.md"), encoding="utf-8") as f:
        head = f.read().split("---")[1]
    fields = dict(line.split(": ", 1) for line in head.strip().splitlines())
    assert fields["name"] == "build" and fields["description"]
    assert {"Agent", "SendMessage", "Read", "Glob", "Grep", "Bash(pack *)", "TaskCreate", "TaskUpdate", "TaskList", "TaskGet"} <= set(
        fields["allowed-tools"].split(", ")
    )
    assert "--coders=N" in fields["argument-hint"] and "--no-research" in fields["argument-hint"] and "plan.md" in fields["argument-hint"]
    assert "model" not in fields


def test_a_task_that_a_risk_asks_for_is_added_before_anybody_codes(session):
    s = session
    risky(s, "RISKS: 1\nRISK-1: loses data\nSeverity: MAJOR\nAffected tasks: #1\n")
    assert s.spawn("risk-tester-1", "risk-tester") is None
    assert ends(s, "risk-tester-1", "RISK-1: CONFIRMED\nEvidence: src/old.py:1") is None
    assert s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS\nconfirmed") is None
    assert s.spawn("supervisor", "supervisor") is None and s.handoff() is None
    added = dict(plan()["tasks"][0], subject="Keep a copy", files=["src/copy.py"])
    del added["id"]
    assert s.bash("lead", "pack task add <<'EOF'\n%s\nEOF" % json.dumps(added)) is None
    assert s.edit("tech-lead", "DECISIONS.md", "# Decisions\n## Risks\nRISK-1: task #3 keeps a copy\n") is None
    assert s.say("tech-lead", "lead", "RISKS MITIGATED") is None and s.spawn("coder-1", "coder") is None
    assert s.state()["tasks"]["3"]["subject"] == "Keep a copy" and 2 in [int(n) for n in s.state()["tasks"]]


def test_who_leads_a_team_of_waves_writes_no_code(session):
    s = session
    activated(s)
    assert "refused (ROLE_EDITS_NOTHING): Boss edits no project file" in s.edit("lead", "src/old.py", "OLD = 2\n")
    assert s.edit("lead", ".two/LOG.md", "# Log\n\nbegun\n") is None


def test_the_fallback_table_has_the_marks_that_the_gate_knows():
    from pack.gate import gold_standards

    text = page("tasks.md")
    rows = [line.split("|") for line in text.partition("| researcher empty or failed")[2].splitlines() if line.startswith("| ")]
    assert tuple(cells[3].split("`")[1] for cells in rows) == gold_standards.MARKS == MARKED
    assert [cells[1].strip() for cells in rows] == ["codebase", "reference", "web", "several"]
    first, then = text.index("first code base and references"), text.index("then web for *this* stack, examples of similar projects")
    assert first < then and "OAuth, real-time, uploads, an outside API" in text
    assert "`.conventions/.project-profile.yml`" in rows[0][2] and "`[INFERRED]`" in rows[2][3]


def test_the_client_is_told_when_to_take_the_realtime_engineer():
    """Its description is all that a client has to choose by, outside a run, too."""
    with open(os.path.join(PLUGIN_ROOT, "agents", "realtime-engineer.md"), encoding="utf-8") as f:
        said = next(line for line in f.read().splitlines() if line.startswith("description: "))
    for words in ("PROACTIVELY", "WebSocket connections", "Ably channels", "state synchronisation"):
        assert words in said


def test_the_level_of_enforcement_and_why_is_said_at_the_opening(session):
    s = session
    told = s.build()[1]["hookSpecificOutput"]["additionalContext"].splitlines()
    line = next(x for x in told if x.startswith("Enforcement: "))
    assert line.startswith("Enforcement: partial because ") and len(line) > len("Enforcement: partial because "), line
    assert s.state()["team"]["enforcement"]["level"] == "partial"


def test_the_block_has_five_examples_and_a_hundred_and_fifty_lines_at_most(session):
    s = session
    folder = os.path.join(s.project, ".conventions", "gold-standards")
    os.makedirs(folder)
    for n in range(7):
        with open(os.path.join(folder, "greeting-%d.py" % n), "w") as f:
            f.write("".join("line %d\n" % i for i in range(25 if n else 55)))
    s.setup(coders=0)
    block = block_of(coder(s, "c1", "go"))
    assert block.count("--- GOLD STANDARD: ") == 5
    assert sum(line.startswith("line ") for line in block.splitlines()) <= 150


def test_every_critical_risk_and_three_major_ones_are_tested_and_no_minor_one(session):
    s = session
    risks = ["CRITICAL", "CRITICAL", "MAJOR", "MAJOR", "MAJOR", "MAJOR", "MINOR"]
    risky(s, "RISKS: 7\n" + "".join("RISK-%d: it breaks\nSeverity: %s\n" % row for row in enumerate(risks, 1)))
    assert "0 of 5" in s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS\nnone")
    for n in range(1, 6):
        assert s.spawn("risk-tester-%d" % n, "risk-tester") is None
        assert ends(s, "risk-tester-%d" % n, "RISK-%d: THEORETICAL\nEvidence: src/old.py:1" % n) is None
    assert s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS\nall") is None


def test_the_status_tree_has_icons_and_a_bar(session):
    s = session
    s.setup("MEDIUM")
    s.edit("coder-1", "src/a.py", "one\n")
    lines = s.send("UserPromptSubmit", prompt="team status")[1]["reason"].splitlines()
    assert lines[0].startswith("📋 TEAM STATUS"), lines
    assert "├── 🔨 coder-1: task #1 «Add greeting» (IN_PROGRESS)" in [x.replace("└── ", "├── ") for x in lines], lines
    assert any("👁 supervisor: monitoring (epoch 1)" in x for x in lines) and "Progress: ░░░░░░░░░░ 0/2 tasks" in lines, lines
