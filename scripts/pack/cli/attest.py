"""`pack attest`: the proof of a finished run that travels with its commits; `pack attest verify RANGE` checks it anywhere."""

import argparse
import json
import os
import sys

from ..base import arguments
from ..protocol.refusal import Refusal
from ..report import attest, attest_verify
from ..store.journal import Busy, Damaged
from ..store.open_for_reading import Run

MAKE = """\
examples:
  pack attest                            the newest run of this project, signed with git's SSH key where there is one
  pack attest --key ~/.ssh/id_ed25519    with this key
  pack attest --print | jq               look at the statement, store nothing
  git config team.attest true            every run that ends CLOSED is attested by itself
  git push origin refs/notes/team        notes do not travel with a push of branches

exit codes: 0 attested (the output says whether signed), 1 there is nothing to attest, 2 usage
"""
VERIFY = """\
examples:
  pack attest verify origin/main..HEAD --allowed-signers keys
  pack attest verify "$new --not --all" --notes "$notes" --require matrix.yaml --json

matrix.yaml:
  default: mode                # what the run's mode asks for; or a list of roles
  paths:
    "src/auth/**": [security-reviewer, tech-lead]
    "docs/**": []              # nothing is asked
  enforcement: partial         # at least: off, partial, full
  verified: true               # build and tests passed; checkout: true, in a fresh checkout
  waivers: false               # whether what the user accepted by a typed word counts

Take allowed_signers and matrix.yaml from the branch that is protected, never from the range that is checked.
exit codes: 0 every change is approved, 1 some are not (each is listed), 2 the question cannot be answered
"""


def main(argv):
    """Exit codes: 0, 1 and 2 as the help says."""
    try:
        return _verify(argv[1:]) if argv[:1] == ["verify"] else _make(argv)
    except (attest.CannotAttest, Damaged, Busy) as error:
        print("pack attest: %s" % error, file=sys.stderr)
        return 1
    except Refusal as refusal:
        print(refusal.text(), file=sys.stderr)
        return 1
    except attest_verify.CannotVerify as error:
        print("pack attest verify: %s" % error, file=sys.stderr)
        return 2


def _make(argv):
    p = arguments.Parser(
        prog="pack attest", description="state what a finished run delivered and who approved it", epilog=MAKE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    p.add_argument("--project", help="the project's folder (default: found from here upwards)")
    p.add_argument("--team", help="the team's name (default: the newest)")
    p.add_argument("--key", help="SSH key to sign with (default: git's user.signingkey)")
    p.add_argument("--unsigned", action="store_true", help="do not sign")
    p.add_argument("--print", action="store_true", help="print the statement and store nothing")
    args = p.parse_args(argv)
    run = Run(args.project, args.team)
    found = attest.statement(run)
    if args.print:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    text, how = (attest.envelope(found), "UNSIGNED: as asked") if args.unsigned else attest.sign(run.project, found, args.key)
    path, commit = attest.store(run, text, found)
    files = len({f["path"] for task in found["predicate"]["tasks"] for f in task["files"]})
    print("%s attested: %d files of %d tasks, %s" % (run.team, files, len(found["predicate"]["tasks"]), how))
    print(
        "kept in %s%s"
        % (os.path.relpath(path, os.getcwd()), " and as a note (refs/notes/team) on %s" % commit[:7] if commit else "; git took no note")
    )
    return 0


def _verify(argv):
    p = arguments.Parser(
        prog="pack attest verify", description="whether every blob that a range changes was approved", epilog=VERIFY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    p.add_argument("range", help='A..B, a revision (its whole history), or "B --not --all"')
    p.add_argument("--repository", default=".", help="the repository, bare or not (default: here)")
    p.add_argument("--require", metavar="MATRIX", help="which roles have to approve what (default: what the run's mode asks for)")
    p.add_argument("--allowed-signers", help="trusted keys, as ssh-keygen(1) reads them (default: git's gpg.ssh.allowedSignersFile)")
    p.add_argument("--revoked", help="revoked keys (default: git's gpg.ssh.revocationFile)")
    p.add_argument("--notes", action="append", help="ref or commit with the notes (default: refs/notes/team); may be repeated")
    p.add_argument("--attestation", action="append", default=[], help="a file with attestations, too; may be repeated")
    p.add_argument("--allow-unsigned", action="store_true", help="take unsigned attestations, too: anybody can write one")
    p.add_argument("--json", action="store_true", help="for programs")
    args = p.parse_args(argv)
    top = os.path.abspath(args.repository)
    if not attest.line(top, "rev-parse", "--git-dir"):
        raise attest_verify.CannotVerify("%s is no git repository: --repository DIR" % args.repository)
    setting = lambda name: os.path.expanduser(attest.line(top, "config", "--type=path", name)) or None
    found = attest_verify.verify(
        top,
        args.range.split(),
        attest_verify.matrix(args.require),
        args.allowed_signers or setting("gpg.ssh.allowedSignersFile"),
        args.revoked or setting("gpg.ssh.revocationFile"),
        args.notes or [attest.NOTES],
        args.attestation,
        args.allow_unsigned,
    )
    if args.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        _say(found)
    return 0 if found["ok"] else 1


def _say(found):
    for row in found["missing"]:
        name = row["path"].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        print(
            "%s %s (%s): %s%s"
            % (
                row["commit"][:7],
                name,
                "deleted" if row["blob"] is None else "%s %s" % (row["mode"], row["blob"][:7]),
                row["why"],
                "; missing: " + ", ".join(row["missing"]) if row["missing"] else "",
            )
        )
    counted = [a for a in found["attestations"] if a["counts"]]
    for a in found["attestations"]:
        if not a["counts"]:
            print("%s does not count: %s" % (a["where"], a["why"]))
    print(
        "%s: %d of %d changes in %d commits are approved, by %d attestations%s"
        % (
            "OK" if found["ok"] else "NOT APPROVED",
            found["approved"],
            found["changes"],
            found["commits"],
            len(counted),
            " (%s)" % ", ".join(sorted({a["by"] or "unsigned" for a in counted})) if counted else "",
        )
    )
