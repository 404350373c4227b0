"""A new message, or a new place for a guard, does not pass unproved: the witness has a line for it, a story tells it, somebody misses it."""

import glob
import os
import re

from pack.protocol import guards_spawn, machine, tables
from prove import mutate, witness

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def told():
    out = ""
    for path in glob.glob(os.path.join(ROOT, "tests", "protocol", "*.txt")):
        with open(path, encoding="utf-8") as f:
            out += f.read()
    return out


def test_every_message_has_a_line_in_the_witness_and_a_story():
    events = {event for _pattern, event, _senders, _receivers in witness.LINES}
    assert set(tables.MESSAGES) == events, (
        "a message has a row of MESSAGES (protocol/tables.py) and a line of LINES (scripts/prove/witness.py)"
    )
    for name, (_form, senders, receivers, _when) in tables.MESSAGES.items():
        rows = [r for r in witness.LINES if r[1] == name]
        assert {s for r in rows for s in r[2]} == set(senders) and {x for r in rows for x in r[3]} == set(receivers), name
    text = told()
    assert [m for m in tables.MESSAGES if not re.search(r": %s\b" % m, text)] == [], "no story of tests/protocol sends them"


def test_every_event_of_the_tables_has_a_rule_and_the_other_way_round():
    events, rules = set(tables.EVENTS), set(machine.RULES)
    assert events - rules == set(), "rows of MESSAGES or RECORDS that no @rule in a moves_*.py is for"
    assert rules - events == set(), "an @rule of a moves_*.py whose event no row of MESSAGES or RECORDS names"


def test_every_role_can_be_spawned_somewhere_and_has_a_prompt():
    roles = set(tables.ROLES)
    assert len(roles) == len(tables.ROLES), "a role stands in two rows of ROLE_ROWS (protocol/tables.py)"
    assert roles - set().union(*tables.MODE_ROLES.values()) == set(), "no mode has them (ROLE_ROWS of protocol/tables.py)"
    stages = {stage for _roles, _modes, stage in tables.ROLE_ROWS}
    assert stages ^ set(guards_spawn.STAGES) == set(), "ROLE_ROWS (protocol/tables.py) and STAGES (guards_spawn.py) name other stages"
    assert [r for r in tables.ROLES if not os.path.isfile(os.path.join(ROOT, "agents", r + ".md"))] == [], "agents/ROLE.md is missing"
    seen = set().union(*witness.ROLES_OF.values())
    assert roles ^ seen == set(), "the witness (scripts/prove/witness.py) knows other roles than ROLES"


def test_whatever_stands_behind_another_guard_is_a_place_that_there_is():
    places = {tuple(p) for p in mutate.places()}
    assert [p for p in mutate.BEHIND if p not in places] == []


def test_the_places_of_the_result_are_missed_by_somebody():
    """The places that PROTOCOL 12 added, each by itself; `make mutants` does all of them."""
    mine = {
        "task_is_done",
        "reopening_is_possible",
        "reopened_files_are_free",
        "result_is_approved",
        "delivered_is_approved",
        "supervisor_ends_a_proved_run",
        "commit_is_as_approved",
        "request_still_holds",
        "something_is_accepted",
    }
    places = [p for p in mutate.places() if p[2] in mine and p[0] != "guard"]
    assert len(places) >= 14
    assert [p for p in places if tuple(p) not in mutate.BEHIND and not mutate.notice(p)] == []


def test_the_places_of_risks_patterns_and_enabling_agents_are_missed_by_somebody():
    mine = {"no_risk_has_a_reason", "testers_have_answered", "confirmed_risks_are_decided", "risk_is_listed", "tester_is_living"}
    events = {"RISK_VERDICT", "DECISIONS_WRITTEN", "PATTERN_DOES_NOT_FIT"}
    places = [p for p in mutate.places() if p[0] != "guard" and (p[2] in mine or p[1] in events or p[1] == tables.ENABLING)]
    assert len(places) >= 17
    assert [p for p in places if tuple(p) not in mutate.BEHIND and not mutate.notice(p)] == []
