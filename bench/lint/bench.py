"""`make bench-lint`: time and memory of `pack lint` and its peers on the same trees, as ratios of neighbouring runs.

Each round runs ours cold (an empty cache), ours warm, then the peer, so that a busy machine hits all three; what is
printed is the median over the rounds, wall and CPU (user + system, children included), and the largest peak memory.

Corpora: trees made here (`--sizes`: how many Markdown files; five agents in one plugin, or a marketplace of plugins with
agents, commands, skills, references and hooks) and any folder named with `--corpus`. The figures in docs/lint.md used
checkouts of the public repositories named there. Peers are installed with pip or npm into a cache folder outside the
tree; one that cannot be had is named and skipped.

    python3 bench/lint/bench.py [--runs 5] [--seconds 60] [--limit 120] [--peers agnix,skillsaw] [--sizes 5,200] [--corpus FOLDER]...
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PACK = os.path.join(os.path.dirname(os.path.dirname(HERE)), "bin", "pack")
# name: (installer, package, program, arguments with FOLDER where the folder goes)
PEERS = {
    "agnix": ("pip", "agnix", "agnix", ["FOLDER"]),
    "claude-code-lint": ("npm", "claude-code-lint", "claudelint", ["check-all", "--no-cache", "--cwd", "FOLDER"]),
    "cclint": ("npm", "@carlrannaberg/cclint", "cclint", ["--root", "FOLDER"]),
    "claudelint": ("pip", "claudelint", "claudelint", ["FOLDER"]),
    "skillsaw": ("pip", "skillsaw", "skillsaw", ["FOLDER"]),
    "skilllint": ("pip", "skilllint", "skilllint", ["check", "FOLDER"]),
    "amagi-skill-lint": ("pip", "amagi-skill-lint", "amagi-skill-lint", ["FOLDER"]),
    "frontmatter-guard": ("pip", "frontmatter-guard", "frontmatter-guard", ["check", "FOLDER"]),
}
SETTLE = 2.5  # seconds; the cache trusts stat data only of files that are older than two


def main(argv=None):
    """Print one table a corpus; 0."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", action="append", default=[], metavar="FOLDER", help="a tree of yours; repeatable")
    parser.add_argument("--sizes", default="5,200,2000,10000", help="Markdown files of the trees made here; empty: none")
    parser.add_argument("--runs", type=int, default=5, help="rounds a peer and corpus")
    parser.add_argument("--seconds", type=float, default=60, help="no new round past so many seconds")
    parser.add_argument("--limit", type=float, default=120, help="a run that takes longer is ended, and said so")
    parser.add_argument("--peers", default=",".join(PEERS))
    options = parser.parse_args(argv)
    peers = {name: installed(name) for name in options.peers.split(",") if name}
    with tempfile.TemporaryDirectory(prefix="bench-lint-") as work:
        corpora = [
            ("%s agents" % size if size == "5" else "made: %s Markdown files" % size, made(work, int(size)))
            for size in options.sizes.split(",")
            if size
        ]
        corpora += [(os.path.basename(os.path.abspath(folder)), os.path.abspath(folder)) for folder in options.corpus]
        time.sleep(SETTLE)
        for title, folder in corpora:
            table(title, folder, {name: peer for name, peer in peers.items() if peer}, options, work)
    return 0


AGENT = """---
name: %(name)s
description: Reviews part %(n)d of a change for correctness. Use when that part is ready for review.
tools: Read, Grep, Glob
model: sonnet
---
You review part %(n)d.

## Steps

1. Read the change and what it touches.
2. Check each file against [the notes](../references/notes.md).
"""
COMMAND = """---
description: Runs step %(n)d of the plan
argument-hint: "[file]"
allowed-tools: Bash(git status:*), Read
---
Look at !`git status --short` and at $ARGUMENTS, then ask the `%(agent)s` agent.
"""
SKILL = """---
name: %(name)s
description: Measures part %(n)d of a service. Use when someone asks how fast that part is.
---
# Part %(n)d

Read [the details](references/details.md) first.
"""
NOTES = "# Notes\n\nWhat every reviewer needs to know.\n"
PROSE = """
## Case %d

| Input | Wanted | Seen |
|---|---|---|
| one line | accepted | accepted |
| none | refused | refused |

Keep the report short: file, line, what happens, what should happen instead. Quote the line that is wrong, and say which
input shows it. A finding without an input that shows it is an opinion.

```python
def check(part):
    return [line for line in part if not line.strip()]
```
"""


def made(work, count):
    """A tree with so many Markdown files: one plugin of agents, or a marketplace with plugins of forty files."""
    root = os.path.join(work, "corpus-%d" % count)

    def put(path, text):
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)

    def plugin(base, name, files):
        about = '{"name": "%s", "version": "1.0.0", "description": "Bench", "author": {"name": "Example"}}\n'
        put(base + ".claude-plugin/plugin.json", about % name)
        put(base + "references/notes.md", NOTES)
        for n in range(files):
            body = "".join(PROSE % case for case in range(1 + n % 9))
            agent = {"n": n, "name": "agent-%d" % n, "agent": "agent-%d" % (n - n % 4)}
            kind = n % 4 if base else 0
            if kind < 2:
                put(base + "agents/agent-%d.md" % n, AGENT % agent + body)
            elif kind == 2:
                put(base + "commands/step-%d.md" % n, COMMAND % agent + body)
            else:
                put(base + "skills/part-%d/SKILL.md" % n, SKILL % dict(agent, name="part-%d" % n) + body)
                put(base + "skills/part-%d/references/details.md" % n, "# Details\n" + body)

    if count < 40:
        plugin("", "bench-pack", count)
        return root
    names = ["part-%d" % number for number in range(count // 40)]
    entries = ", ".join('{"name": "%s", "source": "./plugins/%s"}' % (name, name) for name in names)
    put(
        ".claude-plugin/marketplace.json",
        '{"name": "bench-market", "owner": {"name": "Example"}, "plugins": [%s]}\n' % entries,
    )
    for name in names:
        plugin("plugins/%s/" % name, name, 31)  # with seven details and the notes: 39, and the README
        put("plugins/%s/README.md" % name, "# %s\n\nSee [the notes](references/notes.md).\n" % name)
        hook = '{"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "true"}]}]}}\n'
        put("plugins/%s/hooks/hooks.json" % name, hook)
    return root


def installed(name):
    """The command of a peer, installing it first; None when it cannot be had."""
    kind, package, program, arguments = PEERS[name]
    base = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "team-pack", "peers", name)
    path = os.path.join(base, *(("node_modules", ".bin") if kind == "npm" else ("bin",)), program)
    if not os.path.exists(path):
        try:
            install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", base, package]
            if kind == "pip":
                subprocess.run([sys.executable, "-m", "venv", base], check=True, capture_output=True)
                install = [os.path.join(base, "bin", "python"), "-m", "pip", "install", "--quiet", package]
            subprocess.run(install, check=True, capture_output=True, timeout=600)
        except (OSError, subprocess.SubprocessError):
            shutil.rmtree(base, ignore_errors=True)
    if not os.path.exists(path):
        print("(%s cannot be installed here: skipped)" % name)
        return None
    return [path] + arguments


def timed(command, cwd, cache, limit):
    """(wall seconds, CPU seconds, peak MiB) of one run; None when it was ended after `limit` seconds."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment.update(PACK_LINT_CACHE=cache, PACK_PYTHON=sys.executable, NO_COLOR="1")
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=cwd, env=environment
    )
    clock = threading.Timer(limit, process.kill)
    clock.start()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    clock.cancel()
    process.returncode = status  # reaped here, with what it used
    if wall >= limit:
        return None
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def table(title, folder, peers, options, work):
    """Rounds of (ours cold, ours warm, peer); medians and ratios."""
    ours, warm_cache = ["/bin/sh", PACK, "lint", folder], os.path.join(work, "warm")

    def cold():
        cache = tempfile.mkdtemp(dir=work)
        try:
            return timed(ours, work, cache, 10 * options.limit)
        finally:
            shutil.rmtree(cache)

    def warm():
        return timed(ours, work, warm_cache, 10 * options.limit)

    cold(), warm()  # byte code and page cache; the findings
    mine = {"cold": [], "warm": []}
    lines = []
    for name, command in peers.items():
        command = [folder if item == "FOLDER" else item for item in command]
        theirs, began = [], time.perf_counter()
        here = {"cold": [], "warm": []}
        while len(theirs) < options.runs and (not theirs or time.perf_counter() - began < options.seconds):
            here["cold"].append(cold())
            here["warm"].append(warm())
            theirs.append(timed(command, work, warm_cache, options.limit))
            if theirs[-1] is None:
                break
        for mode in here:
            mine[mode] += here[mode]
        if None in theirs:
            lines.append((name, None, None))
            continue
        ratios = [
            statistics.median(us[index] / max(them[index], 1e-4) for us, them in zip(here[mode], theirs))
            for mode in ("cold", "warm")
            for index in (0, 1)
        ]
        lines.append((name, theirs, ratios))
    if not peers:
        mine = {"cold": [cold() for _ in range(options.runs)], "warm": [warm() for _ in range(options.runs)]}
    count = sum(len(files) for _, _, files in os.walk(folder))
    print("\n%s (%d files)" % (title, count))
    print(
        "%-20s %9s %9s %9s   ours / peer: %10s %10s %10s %10s"
        % (("", "wall ms", "CPU ms", "peak MiB", "cold wall", "cold CPU", "warm wall", "warm CPU"))
    )
    for mode in ("cold", "warm"):
        print("%-20s %9.1f %9.1f %9.1f" % (("pack lint, " + mode,) + figures(mine[mode])))
    for name, theirs, ratios in lines:
        if theirs is None:
            print("%-20s more than %d s: ended" % (name, options.limit))
            continue
        print("%-20s %9.1f %9.1f %9.1f                %10.2f %10.2f %10.2f %10.2f" % ((name,) + figures(theirs) + tuple(ratios)))
    sys.stdout.flush()


def figures(samples):
    """Median wall and CPU in milliseconds, largest peak in MiB."""
    wall, cpu, peak = zip(*samples)
    return statistics.median(wall) * 1000, statistics.median(cpu) * 1000, max(peak)


if __name__ == "__main__":
    sys.exit(main())
