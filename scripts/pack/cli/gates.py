"""`pack gate check`: judge the gates. Exit codes: 0 every gate passes, 1 one does not, 2 usage or setup."""

import json
import os
import time

import click

from pack.base import codec, paths, receipts
from pack.cli import clicks
from pack.realtime import attest, gates
from pack.teams import folders, here, load, unchanged


@click.group(
    help="Judge the quality gates from the evidence; nothing is believed, every number is derived again.",
    epilog="\b\nExample: pack gate check --gate p99_latency",
)
def gate():
    pass


@gate.command(help="Evaluate all gates, delivery first.", epilog="\b\nExample: pack gate check --json > gates.json")
@click.option("--team", help=here.TEAM_HELP)
@click.option("--dir", "team_dir", help=here.DIR_HELP)
@click.option("--gate", "only", multiple=True, help="only this gate (may be given again)")
@click.option("--json", "as_json", is_flag=True, help="the whole result as JSON")
@click.option("--attest", "as_statement", is_flag=True, help="an in-toto Statement (unsigned)")
@click.option("--now", type=float, default=None, hidden=True)
def check(team, team_dir, only, as_json, as_statement, now):
    voucher = os.environ.get("PACK_VOUCHER")  # set by the hook of a running team: its verdicts are recorded
    if not voucher and not only and now is None and team is None and team_dir is None:
        voucher = _replaced()
    try:
        if voucher:
            result = judge(voucher)
        else:
            if as_json and as_statement:
                raise click.UsageError("--json and --attest are two outputs: give one of them")
            if team_dir is not None and not os.path.isdir(team_dir):
                raise click.UsageError(
                    "no folder %s: the team's folder is made when the team is activated, or by `pack rt init`" % team_dir
                )
            definition, team_dir = here.settle(team, team_dir)
            result = gates.evaluate(team_dir, definition, time.time() if now is None else now, only)
    except KeyError as error:
        raise click.UsageError(error.args[0])
    if as_statement:
        click.echo(json.dumps(attest.statement(result, team_dir), indent=1, ensure_ascii=False))
    elif as_json:
        click.echo(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        click.echo(text(result))
    raise SystemExit(0 if result["verdict"] == "PASS" else 1)


@gate.command("list", help="The gates in evaluation order, with what they look at.", epilog="\b\nExample: pack gate list")
@click.option("--team", help=here.TEAM_HELP)
@click.option("--dir", hidden=True, expose_value=False, help="as for `check`: a session command gives it to any verb")
def list_gates(team):
    for number, item in enumerate(here.load(team)["gates"], 1):
        looks = (
            item.get("evidence", [])
            + ["check " + c["check"] for c in item.get("checks", [])]
            + ["artifacts of " + r for r in item.get("artifacts_of", [])]
        )
        click.echo("%2d %-22s%s %s" % (number, item["id"], " HARD STOP" if item.get("hard_stop") else "", ", ".join(looks)))


def _replaced():
    """Inside the client without a voucher: that of the gate's call just now, whose command another plugin's hook has replaced (CLIENT 1.18)."""
    if not os.environ.get("CLAUDECODE"):
        return None
    project = paths.find_project(os.environ.get("CLAUDE_PROJECT_DIR") or os.getcwd())
    live = paths.active(project, paths.data_folder(os.environ))
    path = receipts.unclaimed(live["run"], "gate check", time.time() - 120) if live else None
    if path:
        click.echo("team: another plugin's hook had replaced the gate's command; its verdicts are recorded all the same.", err=True)
    return path


def main(argv):
    """The verb's entry."""
    return clicks.run(gate, argv)


def judge(path):
    """For the hook of a running team: evaluate with the run's own anchors and leave the sealed result. Answers the result."""
    with open(path, encoding="utf-8") as f:
        voucher = codec.loads(f.read())
    definition = unchanged(load(voucher["team"], folders(voucher["project"])), voucher["definition"])
    result = gates.evaluate(
        voucher["root"],
        definition,
        time.time(),
        resumed_at=voucher["resumed_at"],
        anchors=voucher["anchors"],
        approved=voucher["approved"],
        unheard=voucher["unheard"],
        run=voucher.get("run"),
    )
    head = {"seq": result["ledger"]["records"], "hash": result["ledger"]["head"]} if result["ledger"]["records"] else None
    note = {
        "verdicts": {g["id"]: g["verdict"] for g in result["gates"]},
        "reasons": {g["id"]: [str(r)[:300] for r in g["reasons"][:3]] for g in result["gates"]},
        "evidence": {g["id"]: sorted(gates.failed(r) for r in g["evidence"] if r["verdict"] == "FAIL") for g in result["gates"]},
        "anchor": head,
        "approved": result["rt"]["content"],
    }
    text = codec.dumps(note)
    sealed = {"note": text, "mac": codec.digest(voucher["key"], text)}
    receipts.leave(path, ".gates", sealed)
    return result


def text(result):
    """The result for people: one line a gate, reasons below it, what to do next."""
    lines = []
    for gate in result["gates"]:
        lines.append(
            "%-7s %s%s%s"
            % (
                gate["verdict"],
                gate["title"],
                "  HARD STOP" if gate["hard_stop"] else "",
                "  (waived: %s)" % ", ".join(gate["waivers"]) if gate["waivers"] else "",
            )
        )
        lines += ["          %s" % r for r in gate["reasons"][:8]]
        if len(gate["reasons"]) > 8:
            lines.append("          and %d more (--json shows all)" % (len(gate["reasons"]) - 8))
        lines += ["          %s" % r["note"] for r in gate["evidence"] if r.get("note")]
        if gate["roles_to_respawn"]:
            lines.append("        spawn again: %s%s" % (", ".join(gate["roles_to_respawn"]), "; " + gate["say"] if gate["say"] else ""))
        if gate["escalate"]:
            lines.append("        ESCALATE: failed %d times or more; a person must decide" % gate["retries"])
        if gate["next"] and gate["verdict"] not in ("PASS", "FAIL"):
            lines.append("        next: %s" % gate["next"])
    lines += ["error table: " + row for row in result["errors"]]
    lines += ["universal check: " + row for row in result["universal_checks"]] if any(g["evidence"] for g in result["gates"]) else []
    lines += ["EDITED  %s" % text for text in result["reports"]]
    passed = sum(g["verdict"] == "PASS" for g in result["gates"])
    lines.append(
        "%d of %d gates pass at %s, commit %s%s"
        % (
            passed,
            len(result["gates"]),
            result["at"],
            (result["commit"] or "none")[:12],
            " (dirty)" if result["dirty"] else "",
        )
    )
    ledger = result["ledger"]
    if ledger["records"] and ledger["anchored"]:
        places = ", ".join("%s (record %d)" % pair for pair in sorted(ledger["anchored"].items()))
        lines.append("evidence ledger of %d records; its length is noted in %s" % (ledger["records"], places))
    elif ledger["records"]:
        lines.append(
            "evidence ledger of %d records; its length is noted nowhere: records cut off its end would not be missed" % ledger["records"]
        )
    if result["halt"]:
        lines.append(
            "HALT: %s failed; nothing goes on before %s repaired it"
            % (
                result["halt"]["gate"],
                " and ".join(result["halt"]["roles_to_respawn"]) + (" have" if len(result["halt"]["roles_to_respawn"]) > 1 else " has"),
            )
        )
    return "\n".join(lines)
