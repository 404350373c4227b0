"""Tables of a protocol that contradict themselves: states, acknowledgements, loops, spawns."""

import os

import pytest
from conftest import AGENT, ROOT, lint

STATES = "| State | Meaning |\n|---|---|\n| OPEN | new |\n| WORKING | a coder has it |\n| WAITING | for a person |\n| MERGED | %s |\n\n"
MOVES = "| From | On | To |\n|---|---|---|\n| OPEN | claim | WORKING |\n| WORKING | ask | WAITING |\n| WAITING | answer | WORKING |\n"
MERGE = "| WORKING | merge | MERGED |\n"
FLAGS = "| State | Terminal |\n|---|---|\n| OPEN | no |\n| WORKING | no |\n| DONE | %s |\n\n"
STEPS = "| From | To |\n|---|---|\n| OPEN | WORKING |\n| WORKING | %s |\n"
NEXT = "| state | next |\n|---|---|\n| OPEN | WORKING |\n| WORKING | %s |\n| DONE | %s |\n"
MESSAGES = "| Message | From | To |\n|---|---|---|\n%s"
EVENTS = "| Event | Sender | Receivers | Answers |\n|---|---|---|---|\n%s"


def page(text):
    return {
        "references/tables.md": "# Tables\n\n" + text,
        "commands/build.md": "---\ndescription: Builds the plan\n---\nSee [tables](../references/tables.md).\n",
    }


def pages(**texts):
    files = {"references/%s.md" % name: "# %s\n%s\n" % (name, text) for name, text in texts.items()}
    names = " ".join("[%s](../references/%s.md)" % (name, name) for name in texts)
    return dict(files, **{"commands/build.md": "---\ndescription: Builds the plan\n---\nSee %s.\n" % names})


def command(body, lines=""):
    return {"commands/build.md": "---\ndescription: Builds the plan\n%s---\n%s\n" % (lines, body)}


def include(name):
    return "@${CLAUDE_PLUGIN_ROOT}/references/%s.md" % name


SPAWN = 'Call it with subagent_type: "demo-pack:reviewer".'
BAD = {
    "protocol-unreachable": [
        page(STATES % "terminal" + MOVES),
        page(STATES % "final" + MOVES.replace("| WORKING | ask | WAITING |\n", "") + MERGE),
        page(NEXT % ("OPEN", "none, terminal")),
        page(FLAGS % "yes" + STEPS % "OPEN"),
        page("| state | event | next state |\n|---|---|---|\n| A1 | x | B1 |\n| B1 | y | A1 |\n| C1 | z | A1 |\n"),
    ],
    "protocol-dead-end": [
        page(FLAGS % "no" + STEPS % "DONE"),
        page(STATES % "terminal" + MOVES.replace("| WAITING | answer | WORKING |\n", "") + MERGE),
        page(STATES % "terminal" + MOVES + MERGE + "| MERGED | revert | OPEN |\n"),
        page(NEXT.replace("| DONE", "| STUCK | none |\n| DONE") % ("STUCK, DONE", "none, terminal")),
        page(NEXT.replace("| DONE", "| STUCK | |\n| DONE") % ("STUCK, DONE", "")),
        page(NEXT % ("WORKING", "none, terminal")),
    ],
    "protocol-ack": [
        page(MESSAGES % "| `PLAN_READY` | lead | coder |\n| `STATE_OWNERSHIP_ACK(epoch)` | coder | lead |\n"),
        page(MESSAGES % "| `SHUTDOWN_DENY` | coder | lead |\n| `SHUTDOWN_ACK` | coder | lead |\n"),
        page(MESSAGES % "| `ACK_HANDOVER` | coder | lead |\n| `HAND_OVER` | lead | coder |\n"),
        page(MESSAGES % "| `OFFER` | lead | coder |\n| `OFFER_ACK` | reviewer | lead |\n"),
        page(EVENTS % "| `TASK_OFFER` | lead | coder | |\n| `TASK_TAKEN` | coder | lead | `TASK_OFFERED_TWICE` |\n"),
    ],
    "ref-cycle": [
        pages(a=include("b"), b=include("c"), c=include("a")),
        pages(a="Long. " * 99 + "\n" + include("a")),
        pages(a="@./b.md", b="@a.md"),
        pages(a="See [b](b.md).", b="See [a](a.md#a) for it."),
        dict(pages(a="@../commands/build.md"), **command("@${CLAUDE_PLUGIN_ROOT}/references/a.md")),
    ],
    "protocol-spawn": [
        command(SPAWN, "allowed-tools: Read, Bash(git:*)\n"),
        command(SPAWN, "allowed-tools: [Read, AgentOutput]\n"),
        command(SPAWN, "disallowed-tools: Task\n"),
        command("```\nTask(subagent_type='demo-pack:reviewer')\n```", "allowed-tools: Read\n"),
        {"skills/x/SKILL.md": "---\nname: x\ndescription: d\nallowed-tools: Read\n---\n" + SPAWN},
        {"agents/lead.md": (AGENT % "lead").replace("tools: Read, Grep, Glob", "disallowedTools: Task") + SPAWN},
    ],
    "protocol-approver": [
        page("| Role | Agent |\n|---|---|\n| reviewer | x |\n\n| Gate | Approvers |\n|---|---|\n| A | reviewer, auditor |\n"),
        page("| Gate | Approver |\n|---|---|\n| A | `auditor` |\n"),
        page("| Roles | Job |\n|---|---|\n| reviewer | reads |\n\n| Phase | Approver |\n|---|---|\n| A | revewer |\n"),
    ],
    "tool-ungranted": [
        {"agents/reviewer.md": AGENT % "reviewer" + text}
        for text in ("Use the Bash tool.\n", "Call `SendMessage` when done.\n", "Then TaskUpdate(done).\n")
    ],
}
CASES = [(rule, index, files) for rule, many in BAD.items() for index, files in enumerate(many)]
GOOD = {
    "all moves": page(STATES % "terminal" + MOVES + MERGE),
    "ends by name": page(STATES % "in the main branch" + MOVES + MERGE),
    "ends by a sentence": page("`PARKED` is terminal.\n\n" + (STATES % "x" + MOVES + MERGE).replace("MERGED", "PARKED")),
    "flags": page(FLAGS % "yes" + STEPS % "DONE"),
    "one table": page(NEXT % ("OPEN, DONE", "none, terminal")),
    "from anywhere": page(STATES % "terminal" + MOVES + "| any but OPEN | stop | MERGED |\n"),
    "from outside": page(STATES % "terminal" + MOVES + "| - | push | MERGED |\n"),
    "a way out in words": page(NEXT.replace("| DONE", "| STUCK | the lead decides |\n| DONE") % ("STUCK, DONE", "none, terminal")),
    "states of nothing that moves": page("| State | Meaning |\n|---|---|\n| NY | New York |\n| CA | California |\n"),
    "moves of something else": page(STATES % "x" + "| From | To |\n|---|---|\n| alice | bob |\n| bob | carol |\n"),
    "acks": page(MESSAGES % "| `OWN_HANDOFF(n)` | lead | coder |\n| `OWN_ACK(n)` | coder | lead |\n| `ACK` | coder | lead |\n"),
    "an ack of the client's own": page(MESSAGES % "| `STOP_ACK` | coder | lead, when `STOP` came |\n| `STOP` | lead | coder |\n"),
    "answers": page(EVENTS % "| `TASK_OFFER` | lead | coder | |\n| `TASK_TAKEN` | coder | lead | `TASK_OFFER` |\n"),
    "see also": pages(a="Long. " * 99 + "See [b](b.md).", b="Long. " * 99 + "See [a](a.md)."),
    "one sends on": pages(a="See [b](b.md).", b="Long. " * 99 + "See [a](a.md)."),
    "taught": pages(a="```\n%s\n```" % include("b"), b="Write `%s`." % include("a")),
    "spawns": command(SPAWN, "allowed-tools: Read, Task\n"),
    "spawns by rule": command(SPAWN, "allowed-tools: [Read, 'Agent(demo-pack:reviewer)']\n"),
    "lists nothing": command(SPAWN),
    "people approve": page("| Gate | Approver |\n|---|---|\n| A | the product owner |\n| B | user |\n"),
    "told not to": {"agents/reviewer.md": AGENT % "reviewer" + "Never use the Bash tool.\n"},
}


@pytest.mark.parametrize("rule,index,files", CASES, ids=["%s-%d" % (rule, index) for rule, index, _ in CASES])
def test_bad(rule, index, files, plugin):
    _, findings = lint(plugin(files))
    assert rule in {finding["rule"] for finding in findings}, [(f["rule"], f["message"]) for f in findings]


@pytest.mark.parametrize("name", sorted(GOOD))
def test_good(name, plugin):
    _, findings = lint(plugin(GOOD[name]))
    assert not findings, [(f["rule"], f["message"]) for f in findings]


@pytest.mark.parametrize(
    "old,new,rule",
    [
        ("| APPROVED | DONE, IN_REVIEW,", "| APPROVED | IN_REVIEW,", "protocol-unreachable"),
        ("| DONE | none, terminal", "| DONE | none", "protocol-dead-end"),
        ("| CANCELLED | none, terminal", "| CANCELLED | PENDING, terminal", "protocol-dead-end"),
        ("| `STATE_OWNERSHIP_HANDOFF(epoch)` |", "| `STATE_HANDED_OVER(epoch)` |", "protocol-ack"),
        ("| `STATE_OWNERSHIP_ACK(epoch)` | supervisor |", "| `STATE_OWNERSHIP_ACK(epoch)` | coder |", "protocol-ack"),
    ],
)
def test_the_tables_of_this_pack_with_one_cell_changed(old, new, rule, plugin):
    files, changed = {}, 0
    for name in ("tasks", "messages"):
        with open(os.path.join(ROOT, "references", name + ".md"), encoding="utf-8") as handle:
            text = handle.read()
        files["references/%s.md" % name] = text.replace(old, new)
        changed += text != files["references/%s.md" % name]
    assert changed == 1
    found = {(f["rule"], f["path"]) for f in lint(plugin(files))[1]}
    assert any(name == rule for name, _ in found), found
