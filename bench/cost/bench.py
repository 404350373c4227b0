"""What a run costs, measured in the real client with the scripted model: calls, input tokens, what no cache could know. Prints; asserts nothing.

The same work four ways, in one run of this program: the team as it is here, the team of another revision (BASE), and no plugin at all, for a
SIMPLE, a MEDIUM and a COMPLEX plan in `-p`; and a MEDIUM one in a terminal, with the teams flag and without. A token is four bytes of what
goes over the wire; uncached is what lies behind the longest prefix that an earlier request of the same run had (tests/client/meter.py).

    python bench/cost/bench.py [--base REV|FOLDER] [--only SIMPLE] [--json FILE] [--calls]
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "client"), str(ROOT / "scripts")]

import play  # noqa: E402

# plan -> (story here, story without the plugin, story of a revision that has no lean one yet)
PLANS = {
    "SIMPLE": ("lean-simple", "plain-simple", "honest-simple"),
    "MEDIUM": ("lean-medium", "plain-medium", "honest-medium"),
    "COMPLEX": ("lean-complex", "plain-complex", "honest-complex"),
    "MEDIUM terminal, teams flag": ("lean-terminal", None, "honest-terminal"),
    "MEDIUM terminal, no flag": ("lean-terminal-plain", None, "honest-terminal"),
}
SCENARIOS = "tests/client/scenarios"


def checkout(base, folder):
    """The files of a revision, or of a folder, as they are used by a client."""
    if os.path.isdir(base):
        return pathlib.Path(base)
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", base], stdout=subprocess.PIPE)
    if archive.returncode:
        raise SystemExit("bench-cost: %s is no revision of this repository and no folder" % base)
    subprocess.run(["tar", "x", "-C", folder], input=archive.stdout, check=True)
    return pathlib.Path(folder)


def measured(path, root=None):
    """Play a story; its figures: calls, input, uncached, output, idle (the lead's calls that did nothing), who and phase rows. None, and why
    on standard error, where it failed: a run that went wrong measures nothing."""
    result = play.play(path, root=root)
    if result.failures:
        print("bench-cost: %s failed, so it measures nothing:\n%s" % (path, result), file=sys.stderr, flush=True)
        return None
    meter = result.meter
    names = sorted({r["who"] for r in meter.rows})
    out = dict(meter.total(), who={n: meter.total(n) for n in names}, phases=phases(result))
    out["idle"] = sum(r["who"] == "lead" and not r["does"] for r in meter.rows)
    out["rows"] = meter.rows
    return out


def phases(result):
    """{phase: figures} by when each call was made; {} where the run has no journal that this revision can read."""
    from pack.report import cost

    try:
        spans = cost.spans(result.journal)
    except Exception:  # another revision's journal: its figures are whole all the same
        return {}
    out = {}
    for r in result.meter.rows if spans else ():
        row = out.setdefault(cost.phase_at(spans, r["at"]), {"calls": 0, "input": 0, "uncached": 0, "output": 0})
        for k in row:
            row[k] += 1 if k == "calls" else r[k]
    return out


def known(row):
    """The share of a run's input that an earlier request of it had already."""
    return "%3d%% known" % round(100 - 100.0 * row["uncached"] / max(1, row["input"]))


def line(name, row, base=None):
    if row is None:
        return print("  %-16s failed" % name, flush=True)
    ratios = "".join("  %s %.2fx" % (k, row[k] / base[k]) for k in ("calls", "input", "uncached")) if base else ""
    print(
        "  %-16s %4d calls %9d in %8d uncached (%s) %6d out  %2d of the lead's did nothing%s"
        % (name, row["calls"], row["input"], row["uncached"], known(row), row["output"], row["idle"], ratios),
        flush=True,
    )


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base", help="a revision or a checkout to measure in the same run")
    parser.add_argument("--only", action="append", choices=sorted(PLANS), help="this plan only (may be given again)")
    parser.add_argument("--json", help="write all figures there")
    parser.add_argument("--calls", action="store_true", help="print every call of the team as it is here")
    args = parser.parse_args(argv)
    temp, figures = tempfile.mkdtemp(prefix="cost-"), {}
    try:
        base = checkout(args.base, temp) if args.base else None
        for plan in args.only or PLANS:
            lean, plain, old = PLANS[plan]
            print(plan, flush=True)
            rows = figures[plan] = {}
            if base is not None:
                theirs = base / SCENARIOS / (lean + ".story")
                rows["base"] = measured(theirs if theirs.exists() else base / SCENARIOS / (old + ".story"), base)
                line("base", rows["base"])
            if plain:
                rows["plain"] = measured(HERE / (plain + ".story"))
                line("no plugin", rows["plain"], rows.get("base"))
            rows["team"] = measured(ROOT / SCENARIOS / (lean + ".story"))
            line("team", rows["team"], rows.get("base"))
            for kind in ("who", "phases") if rows["team"] else ():
                for name, row in rows["team"][kind].items():
                    print(
                        "    %-22s %4d calls %9d in %8d uncached (%s) %6d out"
                        % (name, row["calls"], row["input"], row["uncached"], known(row), row["output"])
                    )
            for r in rows["team"]["rows"] if args.calls and rows["team"] else ():
                print("      %-18s in %6d uncached %6d  %s" % (r["who"], r["input"], r["uncached"], ", ".join(r["does"]) or "-"))
    finally:
        shutil.rmtree(temp, ignore_errors=True)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump(
                {p: {k: {n: v for n, v in r.items() if n != "rows"} for k, r in rows.items() if r} for p, rows in figures.items()},
                f,
                indent=1,
            )
    return int(any(r is None for rows in figures.values() for r in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
