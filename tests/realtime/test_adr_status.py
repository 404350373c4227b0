"""`pack adr check` minds the status: what was rejected binds nobody, a draft gets the review, an accepted decision the guidance."""

import os
import subprocess

import pytest

from pack.base.paths import PLUGIN_ROOT

BAD = "realtime: {message_rate: 1, payload_bytes: 100, users: 10, budget_ms: 500}"
GOOD = "realtime: {message_rate: 10, payload_bytes: 100, users: 50, budget_ms: 100, fanout: none}"


def checked(folder, text):
    decisions = os.path.join(str(folder), ".claude", "decisions")
    os.makedirs(decisions)
    with open(os.path.join(decisions, "001.md"), "w") as f:
        f.write(text)
    done = subprocess.run(
        [os.path.join(PLUGIN_ROOT, "bin", "pack"), "adr", "check"],
        cwd=str(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def front(status, spec, body=""):
    return "---\ntitle: Presence over Ably channels\n%s%s\n---\n%s" % ("status: %s\n" % status if status else "", spec, body)


@pytest.mark.parametrize("status", ["rejected", "Rejected", "superseded by 004", "deprecated", "\"withdrawn\""])
def test_what_binds_nobody_blocks_nothing(tmp_path, status):
    code, out = checked(tmp_path, front(status, BAD))
    assert code == 0 and "it binds nobody" in out and "budget" not in out


@pytest.mark.parametrize(
    "body", ["# Presence\n\n## Status\n\nRejected, 2026-03-01\n", "# Presence\n\n* Status: rejected\n", "**Status:** Superseded by ADR-7\n"]
)
def test_the_status_may_stand_in_the_text(tmp_path, body):
    code, out = checked(tmp_path, front("", BAD, body))
    assert code == 0 and "it binds nobody" in out


def test_a_draft_gets_the_review(tmp_path):
    code, out = checked(tmp_path, front("proposed", GOOD, "# Presence\nConflicts: last write wins. Clients reconnect.\n"))
    assert code == 0 and "001.md: proposed: review: 10 messages/s of 100 bytes a user" in out
    assert "it does not speak of throttling or debouncing" in out and "conflict resolution" not in out and "guidance" not in out


def test_a_draft_that_does_not_add_up_is_told_so(tmp_path):
    code, out = checked(tmp_path, front("draft", BAD))
    assert code == 1 and "a session must carry 50" in out


def test_an_accepted_decision_gets_the_guidance(tmp_path):
    code, out = checked(tmp_path, front("accepted", GOOD))
    assert (
        code == 0
        and "guidance: send: local state at once, then a throttle of 100 ms a user" in out
        and "cursors: throttle 50 ms, moves: debounce 200 ms" in out
        and "(`session:CODE:presence`, `session:CODE:reveals`, `session:CODE:viewers`), 1 receivers of each message" in out
        and "several users in step, a disconnection and its reconnection, order of messages, load of 50 users at once" in out
        and "review" not in out
    )


def test_without_a_status_and_with_one_that_nobody_knows_it_has_to_add_up(tmp_path):
    assert checked(tmp_path / "a", front("", BAD))[0] == 1
    code, out = checked(tmp_path / "b", front("maybe", BAD))
    assert code == 1 and "status 'maybe' is not known" in out


def test_a_decision_that_speaks_of_ably_alone_touches_real_time(tmp_path):
    code, out = checked(tmp_path, "---\ntitle: Ably for the card sort\nstatus: accepted\n---\n# Ably\n")
    assert code == 1 and "touches real time but has no `realtime:` front matter" in out, out


@pytest.mark.parametrize("status", ["draft", "proposed", "accepted", ""])
def test_what_binds_or_may_bind_has_to_add_up(tmp_path, status):
    """The neighbours of a rejected decision: 10 users and 500 ms are too few and too slow for each of them."""
    code, out = checked(tmp_path, front(status, BAD))
    assert code == 1 and "budget of 500 ms is over the 100 ms" in out and "10 users; a session must carry 50" in out, out
