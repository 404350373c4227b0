"""The cost of a run from transcripts as the client writes them (one line a content block, one file an actor, copies of requests between)."""

import json
import subprocess

import pytest

from pack.base.paths import PLUGIN_ROOT
from pack.report import cost

SESSION = "5e551000-0000-4000-8000-000000000001"


def line(ident, at, tools=(), fresh=100, read=900, out=10, model="m1", blocks=1, **more):
    """The lines of one answer: one a content block, each with the whole usage."""
    stamp = __import__("datetime").datetime.fromtimestamp(at, __import__("datetime").timezone.utc).isoformat().replace("+00:00", "Z")
    usage = {"input_tokens": fresh, "cache_read_input_tokens": read, "cache_creation_input_tokens": 0, "output_tokens": out}
    uses = [{"type": "tool_use", "name": n, "input": i} for n, i in tools]
    rows = [uses[k : k + 1] or [{"type": "text", "text": "x"}] for k in range(max(blocks, len(uses), 1))]
    return "".join(
        json.dumps(
            dict(
                {"type": "assistant", "timestamp": stamp, "message": {"id": ident, "model": model, "usage": usage, "content": row}}, **more
            )
        )
        + "\n"
        for row in rows
    )


@pytest.fixture
def run(session, tmp_path):
    """(session with a run in it, home, write(name, text) of a transcript)."""
    s = session
    s.setup("SIMPLE")
    home = tmp_path / "home"
    (home / "projects" / "-x" / SESSION / "subagents").mkdir(parents=True)

    def write(who, text):
        base = home / "projects" / "-x"
        path = base / (SESSION + ".jsonl") if who == "lead" else base / SESSION / "subagents" / ("agent-%s.jsonl" % s.agents[who][0])
        path.write_text(text + '{"type":"api-request-blob","text":"\\"assistant\\" \\"usage\\""}\nbroken\n')

    return s, home, write


def of(s, home):
    return cost.of_run(s.state(), s.events(), {"CLAUDE_CONFIG_DIR": str(home)})


def test_each_request_counts_once_however_many_lines_it_has(run):
    s, home, write = run
    bash = ("Bash", {"command": "pytest"})
    write("lead", line("a", 1001, [bash, bash, ("Edit", {})]) + line("b", 1002, blocks=3))
    write("coder-1", line("c", 1003, [("SendMessage", {})], out=7))
    found = of(s, home)
    assert (found["calls"], found["input"], found["uncached"], found["output"]) == (3, 3000, 300, 27)
    assert {r: row["calls"] for r, row in found["roles"].items()} == {"lead": 2, "coder": 1}
    assert (found["protocol_calls"], found["protocol_input"]) == (2, 2000), "a message and a turn's end are protocol, tests are work"


def test_only_the_run_counts_and_what_the_roster_does_not_know_is_other(run):
    s, home, write = run
    write("lead", line("before", 990) + line("in", 1001, [("Bash", {"command": "PACK_VOUCHER='x' '/p/bin/pack' plan"})]))
    (home / "projects" / "-x" / SESSION / "subagents" / "agent-stranger.jsonl").write_text(line("s", 1002))
    found = of(s, home)
    assert found["calls"] == 2 and found["roles"]["other"]["calls"] == 1 and found["protocol_calls"] == 1


def test_absent_is_said(run):
    s, home, write = run
    assert "no transcript" in of(s, home)["absent"]
    assert cost.text(of(s, home)).startswith("Cost: not known, no transcript")
    write("lead", "")
    assert "no usage" in of(s, home)["absent"]


def test_the_clients_own_total_is_reconciled_or_said_to_be_missing(run):
    s, home, write = run
    write("lead", line("a", 1001, [("Edit", {})]))
    assert of(s, home)["rest"] is None and "not reconciled" in of(s, home)["reconciled"]
    kept = {"lastSessionId": SESSION, "lastModelUsage": {"m1": {"inputTokens": 150, "cacheReadInputTokens": 1000, "outputTokens": 15}}}
    (home / ".claude.json").write_text(json.dumps({"projects": {s.project: kept}}))
    assert of(s, home)["rest"] == {"input": 150, "output": 5, "money": None} and of(s, home)["client_usd"] is None
    assert cost.REST in cost.text(of(s, home)) and "USD" not in cost.text(of(s, home))
    kept["lastModelUsage"]["m1"]["cacheReadInputTokens"] = 10
    (home / ".claude.json").write_text(json.dumps({"projects": {s.project: kept}}))
    assert of(s, home)["rest"] is None and "older" in of(s, home)["reconciled"]


def test_the_rest_has_a_price_where_all_its_models_have_one(run):
    s, home, write = run
    write("lead", line("a", 1001, [("Edit", {})], fresh=1000, read=0, out=100))
    usage = {"inputTokens": 3000, "cacheReadInputTokens": 1000, "cacheCreationInputTokens": 0, "outputTokens": 300}
    kept = {"lastSessionId": SESSION, "lastCost": 0.0421, "lastModelUsage": {"m1": usage}}
    (home / ".claude.json").write_text(json.dumps({"projects": {s.project: kept}}))
    row = {"input": 5, "cache_write": 6, "cache_read": 0.5, "output": 25}
    (home / "team-prices.json").write_text(json.dumps({"currency": "EUR", "models": {"m1": row}}))
    found = of(s, home)
    assert found["rest"] == {"input": 3000, "output": 200, "money": 0.0155}  # 2000 x 5 + 1000 x 0.5 + 200 x 25
    assert found["client_usd"] == 0.0421 and "0.04 USD for the whole session" in cost.text(found) and "0.02 EUR" in cost.text(found)
    kept["lastModelUsage"]["m9"] = usage
    (home / ".claude.json").write_text(json.dumps({"projects": {s.project: kept}}))
    assert of(s, home)["rest"]["money"] is None, "a price that is not there is not guessed"


def test_a_resumed_session_is_reconciled_as_a_whole(run):
    """The client's total of a session that was resumed counts its earlier runs too, and so do its transcripts."""
    s, home, write = run
    write("lead", line("before", 900, out=5) + line("a", 1001, [("Edit", {})]) + line("resumed", 5000, [("Edit", {})]))
    usage = {"inputTokens": 300, "cacheReadInputTokens": 2700, "outputTokens": 25}
    (home / ".claude.json").write_text(json.dumps({"projects": {s.project: {"lastSessionId": SESSION, "lastModelUsage": {"m1": usage}}}}))
    found = of(s, home)
    assert (found["calls"], found["rest"]) == (2, {"input": 0, "output": 0, "money": None}) and cost.REST not in cost.text(found)


def test_money_where_the_user_has_a_price_table(run):
    s, home, write = run
    write("lead", line("a", 1001, [("Edit", {})], fresh=1000, read=0, out=100) + line("b", 1002, model="m2"))
    table = {"currency": "EUR", "models": {"m1": {"input": 5, "cache_write": 6, "cache_read": 0.5, "output": 25}}}
    (home / "team-prices.json").write_text(json.dumps(table))
    found = of(s, home)
    assert (found["money"], found["unpriced"], found["currency"]) == (0.0075, ["m2"], "EUR")
    assert "EUR" in cost.text(found) and "no price for m2" in cost.text(found)


@pytest.mark.parametrize(
    "bad",
    ["{", "[]", '{"models": {"m": {"input": "x"}}}', '{"models": {"m": {"input": -1, "cache_write": 1, "cache_read": 1, "output": 1}}}'],
)
def test_a_price_table_that_cannot_be_used_is_one_clear_line(run, bad):
    s, home, write = run
    write("lead", line("a", 1001))
    (home / "team-prices.json").write_text(bad)
    told = cost.text(cost.safely(s.state(), s.events(), {"CLAUDE_CONFIG_DIR": str(home)}))
    assert "team-prices.json" in told and '"models"' in told and "\n" not in told


def test_a_resumed_run_counts_both_sessions(run):
    s, home, write = run
    write("lead", line("a", 1001))
    other = SESSION[:-1] + "9"
    (home / "projects" / "-x" / (other + ".jsonl")).write_text(line("a", 1001) + line("b", 1050, [("Edit", {})]))
    records = s.events()
    lead = {"name": "lead", "role": "lead", "inc": 0, "agent_id": None}
    again = dict(records[-1], event="RUN_RESUMED", actor=lead, ts=1040.0, data={"session": other})
    found = cost.of_run(s.state(), records + [again], {"CLAUDE_CONFIG_DIR": str(home)})
    assert found["roles"]["lead"]["calls"] == 2, "what a resumed session repeats of the first one is no second request"


def test_the_verbs_show_it(run, tmp_path):
    s, home, write = run
    write("lead", line("a", 1001, [("Edit", {})]))
    env = {"PATH": "/usr/bin:/bin", "CLAUDE_CONFIG_DIR": str(home), "CLAUDE_PLUGIN_DATA": s.data, "HOME": str(home)}
    call = lambda *a: subprocess.run(
        [PLUGIN_ROOT + "/bin/pack", *a], cwd=s.project, env=env, stdout=subprocess.PIPE, check=True
    ).stdout.decode()  # noqa: E731
    assert json.loads(call("status", "--json"))["cost"]["calls"] == 1
    assert "Cost: 1 calls, 1,000 tokens in (100 uncached)" in call("status", "--summary")
    page = tmp_path / "run.html"
    call("report", "html", "--out", str(page))
    assert "Cost: 1 calls" in page.read_text()
