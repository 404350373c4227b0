"""`make bench-lint`: wall and CPU time of `pack lint` and its peers on the same trees, as paired ratios.

Runs alternate (ours, peer, ours, peer, ...), so that a busy machine hits both; what is printed is the median of the
ratios of neighbours. Corpora: folders made here (5, 200 and 2,000 agents) and any folder that is named on the command
line. Peers are installed with pip or npm into a cache folder outside the tree; one that cannot be had is skipped.

    python3 bench/lint/bench.py [--runs 5] [--peers agnix,claudelint] [FOLDER...]
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(HERE)), "scripts")
# name: (installer, package, program, arguments before the folder)
PEERS = {
    "agnix": ("pip", "agnix", "agnix", []),
    "claude-code-lint": ("npm", "claude-code-lint", "claude-code-lint", ["check-all", "--path"]),
    "cclint": ("npm", "@carlrannaberg/cclint", "cclint", []),
    "claudelint": ("pip", "claudelint", "claudelint", []),
    "skillsaw": ("pip", "skillsaw", "skillsaw", []),
    "skilllint": ("pip", "skilllint", "skilllint", ["check"]),
}
AGENT = """---
name: agent-%d
description: Reviews part %d of a change for correctness. Use when that part is ready for review.
tools: Read, Grep, Glob
model: sonnet
---
You review part %d.

## Steps

1. Read the change.
2. Check each file.

```python
print("an example")
```
"""
OURS = (
    "import sys; sys.path.insert(0, %r); from pack.cli import main; sys.exit(main(['lint'] + sys.argv[1:]))" % SCRIPTS
)


def main(argv=None):
    """Print one table a corpus; 0 when something was measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", default=",".join(PEERS))
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bench-lint-") as work:
        os.environ["PACK_LINT_CACHE"] = os.path.join(work, "cache")
        corpora = [(os.path.basename(folder.rstrip("/")), os.path.abspath(folder)) for folder in options.folders]
        corpora += [("%d agents" % count, made(work, count)) for count in (5, 200, 2000)]
        peers = {
            name: command for name, command in ((name, installed(name)) for name in options.peers.split(",")) if command
        }
        for title, folder in corpora:
            table(title, folder, peers, options.runs)
    return 0


def made(work, count):
    """A plugin with so many agents."""
    root = os.path.join(work, "corpus-%d" % count)
    os.makedirs(os.path.join(root, "agents"))
    os.makedirs(os.path.join(root, ".claude-plugin"))
    with open(os.path.join(root, ".claude-plugin", "plugin.json"), "w", encoding="utf-8") as handle:
        handle.write(
            '{"name": "bench-pack", "version": "1.0.0", "description": "Bench", "author": {"name": "Example"}}\n'
        )
    for number in range(count):
        with open(os.path.join(root, "agents", "agent-%d.md" % number), "w", encoding="utf-8") as handle:
            handle.write(AGENT % (number, number, number))
    return root


def installed(name):
    """The command of a peer, installing it first; None when it cannot be had."""
    kind, package, program, arguments = PEERS[name]
    base = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "team-pack", "peers", name)
    if kind == "npm":
        path = os.path.join(base, "node_modules", ".bin", program)
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", base, package]
    else:
        path = os.path.join(base, "bin", program)
        install = None
    if not os.path.exists(path):
        try:
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


def timed(command):
    """(wall, CPU) seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(title, folder, peers, runs):
    """Print medians, and the median ratio of each pair of neighbouring runs."""
    ours = [sys.executable, "-I", "-S", "-c", OURS] if standalone() else [sys.executable, "-c", OURS]
    print("\n%s" % title)
    print("  %-28s %9s %9s   %s" % ("", "wall ms", "CPU ms", "ours / peer (CPU)"))
    for label, extra in (("pack lint (cold)", ["--no-cache"]), ("pack lint (warm)", [])):
        timed(ours + [folder] + extra)
        samples = [timed(ours + [folder] + extra) for _ in range(runs)]
        print("  %-28s %9.1f %9.1f" % ((label,) + medians(samples)))
        for name, command in peers.items():
            pairs = [(timed(ours + [folder] + extra), timed(command + [folder])) for _ in range(runs)]
            ratio = statistics.median(mine[1] / max(theirs[1], 1e-4) for mine, theirs in pairs)
            print("    %-26s %9.1f %9.1f   %.2f" % ((name,) + medians([theirs for _, theirs in pairs]) + (ratio,)))


def standalone():
    """Can the interpreter find yaml without its site module? (A cold run may need it.)"""
    return (
        subprocess.run([sys.executable, "-I", "-S", "-c", "import yaml"], capture_output=True, check=False).returncode
        == 0
    )


def medians(samples):
    """Median wall and CPU in milliseconds."""
    return tuple(statistics.median(sample[index] for sample in samples) * 1000 for index in (0, 1))


if __name__ == "__main__":
    sys.exit(main())
