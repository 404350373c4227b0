"""What a run cost: calls and tokens per role and phase, read from the client's own transcripts, never estimated.

The client keeps one file an actor: the lead's `projects/<slug>/<session>.jsonl`, everybody else's `<session>/subagents/agent-<id>.jsonl`, and
for a teammate in a pane a session of its own. Each assistant line carries the whole usage of its request once per content block, so calls
are told apart by the message's id. Compaction and what the client asks for itself leave no line: they are the difference to the client's
own total, where it has written one for this session, and are booked as such. What is not there is said to be absent.
"""

import datetime
import glob
import json
import os

from pack.base import paths
from pack.protocol import machine, tables

COUNTS = ("input", "uncached", "output")
REST = "compaction and the client's own"
# What belongs to the work: a call that makes one of these is work, every other call is protocol.
WORK_TOOLS_NOT = ("SendMessage", "ToolSearch", "TaskCreate", "TaskUpdate", "TaskList", "TaskGet", "TaskStop", "ListAgents")
WORK_VERBS = ("plan", "verify", "finish")


class BadPrices(ValueError):
    """The user's price table cannot be used; the text says why and what it should look like."""


def of_run(state, records, env):
    """The cost of a run, as data: {"absent": why} or {"calls", "input", "uncached", "output", "protocol_calls", "protocol_input", "money",
    "currency", "unpriced", "roles": {role: row}, "phases": {phase: row}, "rest": {"input", "output", "money"} or None, "reconciled": text,
    "client_usd": the client's own price of the session or None}.

    input: all tokens of the requests; uncached: those that were no cache read. Only calls from the opening of the run on; the rest and the
    client's price are of the whole session, because the client keeps no other total."""
    home = paths.client_home(env)
    sessions = _sessions(records)
    found = [(session, path, agent) for session in sessions for path, agent in _files(home, session)]
    found += [(None, path, None) for path in _panes(home, state)]
    if not any(agent is None and session for session, _path, agent in found):
        where = os.path.join(home, "projects")  # a page is shown to others: whose home it is does not matter to them
        user = os.path.expanduser("~")
        shown = "~" + where[len(user) :] if where.startswith(user + os.sep) else where
        return {"absent": "no transcript of this run's session in %s" % shown}
    changes, prices = spans(records), price_table(home)
    last = records[-1]["ts"] if state["phase"] == "CLOSED" else None
    rows, everything, known = [], {}, set()
    for session, path, agent in found:
        calls = list(_calls(path))
        for call in calls:
            everything[call["id"]] = call if session in sessions[-1:] else dict(call, other=True)
        role = tables.LEAD if agent is None and session else _role(state, agent or "session:" + os.path.basename(path)[:-6])
        closing = False
        for call in calls:
            if call["at"] < records[0]["ts"] or closing or call["id"] in known:
                continue  # a resumed session's file may begin with what the first one did
            known.add(call["id"])
            closing = last is not None and role == tables.LEAD and call["at"] > last and not call["tools"]  # its last words end the run
            rows.append(dict(call, role=role, phase=phase_at(changes, call["at"])))
    if not rows:
        return {"absent": "the transcripts of this run hold no usage"}
    out = _sum(rows, prices)
    out["roles"] = {r: _sum([c for c in rows if c["role"] == r], prices) for r in sorted({c["role"] for c in rows})}
    out["phases"] = {p: _sum([c for c in rows if c["phase"] == p], prices) for p in tables.PHASES if any(c["phase"] == p for c in rows)}
    out["currency"] = prices["currency"] if prices else None
    mine = [c for c in everything.values() if not c.get("other")]
    out["rest"], out["reconciled"], out["client_usd"] = _reconciled(home, sessions[-1], mine, prices)
    return out


def _sessions(records):
    """The main sessions that led the run, oldest first."""
    out = []
    for r in records:
        session = r["data"].get("session") if r["event"] in ("RUN_OPENED", "RUN_RESUMED") else None
        if session and session not in out:
            out.append(session)
    return out


def _files(home, session):
    """[(path, agent id or None for the lead)] of one session."""
    if not session or not session.replace("-", "").isalnum():
        return []
    base = os.path.join(glob.escape(home), "projects", "*", session)
    out = [(p, None) for p in glob.glob(base + ".jsonl")]
    for path in sorted(glob.glob(os.path.join(base, "subagents", "agent-*.jsonl"))):
        out.append((path, os.path.basename(path)[len("agent-") : -len(".jsonl")]))
    return out


def _panes(home, state):
    """Transcripts of teammates that were sessions of their own."""
    out = []
    for agent in state["agents"]:
        if agent.startswith("session:"):
            out += glob.glob(os.path.join(glob.escape(home), "projects", "*", glob.escape(agent[len("session:") :]) + ".jsonl"))
    return out


def _role(state, agent):
    """The role that an agent of the run had; `other` for one that the roster does not know."""
    bound = state["agents"].get(agent)
    entry = state["roster"].get(bound[0]) if bound else None
    return entry["role"] if entry else "other"


def _calls(path):
    """Each request of a transcript once: {"id", "at" (seconds since the epoch), "model", "input", "uncached", "written" (to the cache), "read"
    (from it), "output", "tools": [(name, verb of `pack` or None)]}; counts are tokens."""
    calls = {}
    try:
        lines = open(path, encoding="utf-8", errors="replace")
    except OSError:
        return
    with lines:
        for line in lines:
            if '"assistant"' not in line or '"usage"' not in line:  # most bytes of a transcript are copies of requests
                continue
            try:
                entry = json.loads(line)
                message = entry["message"]
                usage = message["usage"]
                at = datetime.datetime.fromisoformat(entry["timestamp"].replace("Z", "+00:00")).timestamp()
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
            if entry.get("type") != "assistant" or not isinstance(usage, dict):
                continue
            fresh = _count(usage, "input_tokens") + _count(usage, "cache_creation_input_tokens")
            read = _count(usage, "cache_read_input_tokens")
            call = calls.setdefault(message.get("id") or entry.get("requestRef") or entry.get("uuid"), {"at": at, "tools": []})
            call.update(
                model=message.get("model"),
                input=fresh + read,
                uncached=fresh,
                written=_count(usage, "cache_creation_input_tokens"),
                read=read,
                output=max(call.get("output", 0), _count(usage, "output_tokens")),
            )
            call["tools"] += [_tool(b) for b in message.get("content") or [] if isinstance(b, dict) and b.get("type") == "tool_use"]
    for ident, call in calls.items():
        yield dict(call, id=ident)


def _count(usage, key):
    value = usage.get(key)
    return value if isinstance(value, int) and value > 0 else 0


def _tool(block):
    """A tool call as (name, verb of `pack` or None)."""
    words = str((block.get("input") or {}).get("command", "")).split() if block.get("name") == "Bash" else []
    verb = next((words[i + 1] for i, w in enumerate(words[:-1]) if os.path.basename(w).strip("'\"") == "pack"), None)
    return block.get("name"), verb


def _is_work(call):
    """Whether a call does something for the feature: reads, writes, runs, plans, verifies, staffs, or ends with a report."""
    if not call["tools"]:
        return call["role"] in tables.RESEARCHERS + (tables.RISK_TESTER,)
    return any(name not in WORK_TOOLS_NOT and (verb is None or verb in WORK_VERBS) for name, verb in call["tools"])


def _sum(rows, prices):
    out = dict({k: sum(c[k] for c in rows) for k in COUNTS}, calls=len(rows))
    formal = [c for c in rows if not _is_work(c)]
    out["protocol_calls"], out["protocol_input"] = len(formal), sum(c["input"] for c in formal)
    out["money"], out["unpriced"] = None, []
    if prices:
        known = [c for c in rows if c["model"] in prices["models"]]
        out["unpriced"] = sorted({str(c["model"]) for c in rows} - set(prices["models"]))
        out["money"] = round(sum(_money(c, prices["models"][c["model"]]) for c in known), 4)
    return out


def _money(call, row):
    """What a call costs. row: the prices of its model for a million tokens."""
    return (
        (call["uncached"] - call["written"]) * row["input"]
        + call["written"] * row["cache_write"]
        + call["read"] * row["cache_read"]
        + call["output"] * row["output"]
    ) / 1e6


def price_table(home):
    """The user's price table, None without one. BadPrices, with the shape, for one that cannot be used."""
    path = os.path.join(home, "team-prices.json")
    shape = (
        '%s: {"currency": "USD", "models": {"MODEL": {"input": 5, "cache_write": 6.25, "cache_read": 0.5, "output": 25}}}, '
        "prices for a million tokens" % path
    )
    try:
        with open(path, encoding="utf-8") as f:
            table = json.load(f)
        models = {
            str(name): {k: float(row[k]) for k in ("input", "cache_write", "cache_read", "output")} for name, row in table["models"].items()
        }
        if any(not 0 <= price < 1e9 for row in models.values() for price in row.values()):
            raise ValueError("a price is out of range")
        return {"currency": str(table.get("currency") or ""), "models": models}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadPrices("the price table cannot be used (%s: %s). It is %s" % (type(error).__name__, error, shape)) from None


def spans(records):
    """[(ts, phase)] of every change of phase, from the journal."""
    state, out = machine.initial(), []
    for r in records:
        machine.replay(state, r)
        if not out or out[-1][1] != state["phase"]:
            out.append((r["ts"], state["phase"]))
    return out


def phase_at(changes, at):
    """The phase of a moment; what comes after the end belongs to the end."""
    found = changes[0][1]
    for ts, phase in changes:
        if ts <= at and phase != "CLOSED":
            found = phase
    return found


def _reconciled(home, session, calls, prices):
    """(the rest or None, a sentence, the client's own price or None): the client's total of its last session, which its status line shows too,
    against what the transcripts of that session hold. Both count every run of a session that was resumed (CLIENT 1.29)."""
    kept = _kept(home, session)
    if kept is None:
        return None, "the client has written no total of this session yet: not reconciled", None
    usd = kept.get("lastCost")
    usd = usd if isinstance(usd, (int, float)) and not isinstance(usd, bool) and usd >= 0 else None
    rows = {str(m): row for m, row in kept["lastModelUsage"].items() if isinstance(row, dict)}
    total = {
        "input": sum(_count(row, k) for row in rows.values() for k in ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")),
        "output": sum(_count(row, "outputTokens") for row in rows.values()),
    }
    rest = {k: total[k] - sum(c[k] for c in calls) for k in total}
    if min(rest.values()) < 0:
        return None, "the client's total of this session holds less than its transcripts, so it is older: not reconciled", usd
    rest["money"] = _rest_money(rows, calls, prices)
    return rest, "reconciled with the client's own total of this session", usd


def _kept(home, session):
    """What the client keeps of a project whose last session this is; None where it keeps nothing of it."""
    for path in (os.path.join(home, ".claude.json"), os.path.join(os.path.dirname(home), ".claude.json")):
        try:
            with open(path, encoding="utf-8") as f:
                projects = json.load(f)["projects"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        for kept in projects.values() if isinstance(projects, dict) else ():
            if isinstance(kept, dict) and kept.get("lastSessionId") == session and isinstance(kept.get("lastModelUsage"), dict):
                return kept
    return None


def _rest_money(rows, calls, prices):
    """The rest by the user's table; None without one, or where it lacks a model that the rest may be of."""
    if not prices or (set(rows) | {str(c["model"]) for c in calls}) - set(prices["models"]):
        return None
    whole = sum(
        _money(
            {
                "uncached": _count(row, "inputTokens") + _count(row, "cacheCreationInputTokens"),
                "written": _count(row, "cacheCreationInputTokens"),
                "read": _count(row, "cacheReadInputTokens"),
                "output": _count(row, "outputTokens"),
            },
            prices["models"][model],
        )
        for model, row in rows.items()
    )
    return round(whole - sum(_money(c, prices["models"][c["model"]]) for c in calls), 4)


# --- Text ---------------------------------------------------------------------------------------------------------------------
def text(cost):
    """The lines of `pack status --summary` and of the HTML report."""
    if "absent" in cost:
        return "Cost: not known, %s" % cost["absent"]
    share = lambda part, whole: "%d %%" % round(100.0 * part / whole) if whole else "-"  # noqa: E731
    lines = [
        "Cost: %d calls, %s tokens in (%s uncached), %s out%s"
        % (cost["calls"], _n(cost["input"]), _n(cost["uncached"]), _n(cost["output"]), _price(cost, cost["currency"])),
        "  Protocol: %s of the calls, %s of the input"
        % (share(cost["protocol_calls"], cost["calls"]), share(cost["protocol_input"], cost["input"])),
    ]
    wide = max([22, *map(len, cost["roles"])])
    for title, rows in (("role", cost["roles"]), ("phase", cost["phases"])):
        lines.append("  %-*s %6s %12s %10s %8s %9s" % (wide, title, "calls", "input", "uncached", "output", "protocol"))
        for name, row in rows.items():
            lines.append(
                "  %-*s %6d %12s %10s %8s %9s%s"
                % (
                    wide,
                    name,
                    row["calls"],
                    _n(row["input"]),
                    _n(row["uncached"]),
                    _n(row["output"]),
                    share(row["protocol_calls"], row["calls"]),
                    _price(row, cost["currency"]),
                )
            )
    rest = cost["rest"]
    if rest and (rest["input"] or rest["output"]):
        lines.append("  %s: %s in, %s out%s" % (REST, _n(rest["input"]), _n(rest["output"]), _price(rest, cost["currency"])))
    own = "; the client itself says %.2f USD for the whole session" % cost["client_usd"] if cost["client_usd"] is not None else ""
    lines.append("  (%s%s)" % (cost["reconciled"], own))
    if cost["unpriced"]:
        lines.append("  (no price for %s)" % ", ".join(cost["unpriced"]))
    return "\n".join(lines)


def _n(number):
    return "{:,}".format(number)


def _price(row, currency):
    return "" if row["money"] is None else "   %.2f %s" % (row["money"], currency)


def short(cost):
    """One phrase of it: `31 calls, 412,000 tokens in   1.20 USD`."""
    return "%d calls, %s tokens in%s" % (cost["calls"], _n(cost["input"]), _price(cost, cost["currency"]))


def safely(state, records, env):
    """`of_run` for those who show it beside other things: what goes wrong is said in its place."""
    try:
        return of_run(state, records, env)
    except BadPrices as error:
        return {"absent": str(error)}
