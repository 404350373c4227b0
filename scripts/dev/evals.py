"""`make evals`: the cases of evals/ in the client's own `plugin eval`, with a key of yours. Says before what it may cost, and asks.

The bound is the cases' own: runs, turns, and the ceiling that the client is given (`--max-cost-usd`). The estimate is from docs/cost.md:
about 9,000 tokens of input a call, of which most were sent before.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOKENS_A_CALL = 9000  # docs/cost.md: 220k tokens in 25 calls of a SIMPLE run
AGENTS = 3  # calls of the agents for each of the lead's own turns, at most (docs/cost.md: 25 calls, 8 of them the lead's)
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


def announced(found, ceiling, ablation):
    """What is said before anything is paid for: lines."""
    arms = 2 if ablation == "with-without" else 1
    out, turns = [], 0
    for name, case in found:
        most = case.get("runs", 3) * case["execution"].get("max_turns", 10) * arms
        turns += most
        out.append("  %-22s %d run(s) of at most %d turns" % (name, case.get("runs", 3) * arms, case["execution"].get("max_turns", 10)))
    calls = turns * (1 + AGENTS)
    return (
        ["%d case(s), on your own key:" % len(found)]
        + out
        + [
            "At most %d turns of the lead, about %d calls with its agents, %.1f million tokens in (most of them cached)."
            % (turns, calls, calls * TOKENS_A_CALL / 1e6),
            "Hard ceiling: %.2f USD (--max-cost-usd); the client starts no run beyond it." % ceiling,
        ]
    )


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
    print("\n".join(announced(found, given.max_cost_usd, given.ablation)), flush=True)
    if not given.yes:
        print("Go on? [y/N] ", end="", flush=True)
        if sys.stdin.readline().strip().casefold() not in ("y", "yes"):
            print("nothing was run")
            return 1
    with tempfile.TemporaryDirectory(prefix="team-evals-") as folder:
        return _run(claude, plugin_copy(folder), given, more)


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


if __name__ == "__main__":
    sys.exit(main())
