"""A gate result as an in-toto Statement (unsigned), with the predicate type for test results.

Subjects: the commit, and every evidence file with its digest. Whoever signs it binds the verdicts to exactly these.
"""

import os

from pack.realtime import evidence

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


def statement(result, team_dir):
    """The Statement for what `gates.evaluate` gave."""
    folder, subject = os.path.join(os.path.abspath(team_dir), "evidence"), []
    if result["commit"]:
        kind = "gitCommit"
        subject.append({"name": "git:HEAD", "digest": {kind: result["commit"]}})
    for base, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(base, name)
            if name not in (".lock", evidence.MEASURING) and os.path.isfile(path):
                relative = os.path.relpath(path, os.path.dirname(folder)).replace(os.sep, "/")
                subject.append({"name": relative, "digest": {"sha256": evidence.file_digest(path)}})
    passed = [g["id"] for g in result["gates"] if g["verdict"] == "PASS"]
    failed = [g["id"] for g in result["gates"] if g["verdict"] != "PASS"]
    return {
        "_type": STATEMENT,
        "subject": subject,
        "predicateType": PREDICATE,
        "predicate": {
            "result": "FAILED" if failed else ("WARNED" if result["waivers"] else "PASSED"),
            "configuration": [{"name": "rt.yaml", "digest": {"sha256": result["rt"]["digest"]}}] if result["rt"]["digest"] else [],
            "passedTests": passed,
            "warnedTests": ["waived: %s" % name for name in sorted(result["waivers"])],
            "failedTests": failed,
            "annotations": {
                "team": result["team"],
                "at": result["at"],
                "dirty": result["dirty"],
                "ledger": result["ledger"],
                "verdicts": {g["id"]: {"verdict": g["verdict"], "reasons": g["reasons"]} for g in result["gates"]},
                "missing": result["missing"],
            },
        },
    }
