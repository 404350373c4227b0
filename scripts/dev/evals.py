"""`make evals`: the cases of evals/ in the client's own `plugin eval`, with a key of yours. Says before what it may cost, and asks.

The bound is the cases' own: runs, turns, and the ceiling that the client is given (`--max-cost-usd`). The estimate is what the same cases took
with the scripted model that stays to the rules (tests/client/test_evals.py measures it anew); money comes from the user's price table, if there is one.

A case with the tag `whole` is played by `claude -p` in a folder of its own, and its graders are read here: `plugin eval` puts shell commands into a
sandbox in which the plugin's `bin` is not on PATH and the client's folder, where a run keeps its vouchers, is not there (2.1.332), so no `pack` verb
can be printed and no run verified in it.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MEASURED = {  # case: calls, tokens in, of them not sent before, tokens out, in one run with the scripted model
    "plan-before-spawn": (16, 255_000, 22_000, 730),
    "whole-small-run": (53, 620_000, 45_000, 2_300),
}
WHOLE = "whole"
TOOLS = ["Bash", "Read", "Glob", "Grep", "Edit", "Write", "Agent", "SendMessage", "TaskStop"]


def cases(names=()):
    """[(name, case)] of evals/, in order."""
    folder, out = os.path.join(ROOT, "evals"), []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name, "case.yaml")
        if os.path.isfile(path) and (not names or name in names):
            with open(path, encoding="utf-8") as f:
                out.append((name, yaml.safe_load(f)))
    return out


def announced(found, ceiling, ablation, prices=None):
    """What is said before anything is paid for: lines. prices: the user's table (docs/cost.md), None without one."""
    arms = 2 if ablation == "with-without" else 1
    out, turns, sums = [], 0, [0, 0, 0, 0]
    for name, case in found:
        runs = case.get("runs", 3) * (1 if WHOLE in case.get("tags", ()) else arms)
        turns += runs * case["execution"].get("max_turns", 10)
        took = [runs * n for n in MEASURED.get(name, (0, 0, 0, 0))]
        sums = [a + b for a, b in zip(sums, took)]
        out.append(
            "  %-22s %d run(s) of at most %d turns; about %d calls, %.2f million tokens in (%.2f of them new), %.3f out"
            % (name, runs, case["execution"].get("max_turns", 10), took[0], took[1] / 1e6, took[2] / 1e6, took[3] / 1e6)
        )
    return (
        ["%d case(s), on your own key:" % len(found)]
        + out
        + [
            "Together about %d calls, %.2f million tokens in, as a scripted model took them; a real one thinks and takes more: up to %d turns of the lead."
            % (sums[0], sums[1] / 1e6, turns)
        ]
        + _money(sums, prices)
        + ["Hard ceiling: %.2f USD (--max-cost-usd); no run is started beyond it." % ceiling]
    )


def _money(sums, prices):
    """What that costs with each model of the user's price table."""
    if not prices:
        return ["In money: no price table (docs/cost.md says how `team-prices.json` looks)."]
    _calls, all_in, new, out = sums
    rows = []
    for model, price in sorted(prices["models"].items()):
        paid = (new * price["cache_write"] + (all_in - new) * price["cache_read"] + out * price["output"]) / 1e6
        rows.append("%s %.2f" % (model, paid))
    return ["In %s by your price table: %s." % (prices["currency"], ", ".join(rows))]


def users_prices():
    """The user's price table, None without one or with one that cannot be used."""
    sys.path.insert(0, os.path.join(ROOT, "scripts"))
    from pack.base import paths
    from pack.report import cost

    try:
        return cost.price_table(paths.client_home(os.environ))
    except ValueError as error:
        print("evals: %s" % error, file=sys.stderr)
        return None


def main(argv=None):
    """Exit code: the client's own; 1 when it was not wished, 2 when there is no client or no such case."""
    parser = argparse.ArgumentParser(prog="make evals", description=__doc__.split("\n\n")[0])
    parser.add_argument("cases", nargs="*", help="names of cases; default: all")
    parser.add_argument("--max-cost-usd", type=float, default=5.0)
    parser.add_argument(
        "--ablation", choices=("none", "with-without"), default="none", help="with-without: also without the plugin, which costs twice"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    given, more = parser.parse_known_args(argv)
    claude, found = os.environ.get("TEAM_CLIENT") or shutil.which("claude"), cases(given.cases)
    if not found or len(found) < len(given.cases):
        print("evals: there are the cases %s" % ", ".join(name for name, _ in cases()), file=sys.stderr)
        return 2
    if not claude:
        print("evals: no claude on PATH (one that has `claude plugin eval`); TEAM_CLIENT=PATH names one", file=sys.stderr)
        return 2
    print("\n".join(announced(found, given.max_cost_usd, given.ablation, users_prices())), flush=True)
    if not given.yes:
        print("Go on? [y/N] ", end="", flush=True)
        if sys.stdin.readline().strip().casefold() not in ("y", "yes"):
            print("nothing was run")
            return 1
    with tempfile.TemporaryDirectory(prefix="team-evals-") as folder:
        plugin, codes = plugin_copy(folder), []
        here = [(name, case) for name, case in found if WHOLE in case.get("tags", ())]
        given.cases = [name for name, case in found if WHOLE not in case.get("tags", ())]
        if given.cases:
            codes.append(_run(claude, plugin, given, more))
        for name, case in here:
            codes.append(_play(claude, plugin, name, case, given.max_cost_usd, os.path.join(folder, name)))
        return max(codes)


def plugin_copy(folder):
    """The plugin without what git ignores: in a folder of more than 20,000 entries the client looks for no evals (2.1.332), and a virtual
    environment has as many."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-coz", "--exclude-standard"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    if listed.returncode:
        return ROOT
    target = os.path.join(folder, "team")
    for name in os.fsdecode(listed.stdout).split("\0"):
        if name and os.path.lexists(os.path.join(ROOT, name)):
            os.makedirs(os.path.dirname(os.path.join(target, name)), exist_ok=True)
            shutil.copy2(os.path.join(ROOT, name), os.path.join(target, name), follow_symlinks=False)
    return target


def _run(claude, plugin, given, more):
    command = [claude, "plugin", "eval", plugin, "--scaffold", "--trust-plugin", "--no-publish", "--ablation", given.ablation]
    command += ["--max-cost-usd", "%g" % given.max_cost_usd, "--allow-tools", *TOOLS]
    for name in given.cases:
        command += ["--case", name]
    if "--output-dir" not in more:
        command += ["--output-dir", os.path.join(ROOT, "build", "evals")]
    return subprocess.run(command + more, check=False).returncode


# --- A whole run ------------------------------------------------------------------------------------------------------------------
def _play(claude, plugin, name, case, ceiling, folder):
    """Play a case with `claude -p` in a folder of its own, print what each grader says. Exit code 0 when all say yes and the run came to its
    end: one that was interrupted ends with exit code 0, too (findings/client-sigint-exits-0.sh), so the client's last event is asked."""
    os.makedirs(folder)
    subprocess.run(["bash", os.path.join(ROOT, "evals", name, case["context"]["scaffold_script"])], cwd=folder, check=True)
    does = case["execution"]
    command = [claude, "-p", does["prompt"], "--plugin-dir", plugin, "--output-format", "stream-json", "--verbose"]
    command += ["--max-turns", str(does["max_turns"]), "--max-budget-usd", "%g" % ceiling, "--allowedTools", *does["allowed_tools"]]
    # As in `plugin eval`: nothing of the run that this may stand in, no settings of the user's project.
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CLAUDE_PLUGIN", "CLAUDE_PROJECT", "CLAUDECODE"))}
    try:
        told = subprocess.run(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=does["timeout_seconds"]
        )
    except subprocess.TimeoutExpired:
        print("%s: FAIL, not finished after %d s" % (name, does["timeout_seconds"]))
        return 1
    events = [json.loads(line) for line in told.stdout.decode("utf-8", "replace").split("\n") if line.startswith("{")]
    graded = [(grader["name"], passes(grader, events, folder)) for grader in case["graders"]]
    last = next((e for e in reversed(events) if e.get("type") == "result"), {})
    graded.append(("the client ended by itself: %s" % (last.get("subtype") or "no result"), bool(last) and not last.get("is_error")))
    right = len(graded) > 1 and all(yes for _name, yes in graded)
    print("%s: %s, %.2f USD by the client's own account" % (name, "PASS" if right else "FAIL", last.get("total_cost_usd") or 0))
    print("\n".join("  %s %s" % ("✓" if yes else "✗", text) for text, yes in graded), flush=True)
    return 0 if right else 1


def passes(grader, events, folder):
    """Whether a grader of this project's cases says yes. ValueError for a type that none of them has."""
    used = [block for e in events if e.get("type") == "assistant" for block in e["message"]["content"] if block.get("type") == "tool_use"]
    if grader["type"] == "file_exists":
        return os.path.exists(os.path.join(folder, grader["path"]))
    if grader["type"] == "tool_used":
        found = sum(u["name"] == grader["tool"] and bool(re.search(grader.get("input_match", ""), json.dumps(u["input"]))) for u in used)
        return grader.get("min", 1) <= found <= grader.get("max", found)
    if grader["type"] == "regex" and grader["target"] == "last_message":
        said = next((str(e.get("result") or "") for e in reversed(events) if e.get("type") == "result"), "")
        return re.search(grader["pattern"], said, re.I if "i" in grader.get("flags", "") else 0) is not None
    raise ValueError("no grader of the type %s here" % grader["type"])


if __name__ == "__main__":
    sys.exit(main())
