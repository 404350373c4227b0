"""What of the testing matrix is due: a test whose evidence does not say anything of what is there now.

The matrix says how often (`every commit`, `per broker change`, `per release`); what changed since, the evidence itself says: STALE. Tests per
release are due for a release, and until they were measured once.
"""

from pack.realtime import gates, rtfile

SETTLED = ("PASS", "FAIL")  # measured, and true of what is there


def due(look, definition, release=False):
    """[{"section", "test", "frequency", "kind", "path", "verdict", "why", "verb"}] of what is to be measured, in the matrix's order."""
    kinds = {e["kind"]: e for e in definition.get("evidence", [])}
    wanted, out = rtfile.required(look.rt, definition) if look.rt else [], []
    for part in definition.get("testing_matrix", []):
        for test in part["tests"]:
            seldom = "release" in test["frequency"]
            for kind, path in wanted:
                if kind not in test["evidence"]:
                    continue
                row = look.row(kinds[kind], path, release and seldom)
                if row["verdict"] in SETTLED or seldom and not release and row["verdict"] != "MISSING":
                    continue
                out.append(
                    {
                        "section": part["section"],
                        "test": test["test"],
                        "frequency": test["frequency"],
                        "kind": kind,
                        "path": path,
                        "verdict": row["verdict"],
                        "why": str((row.get("reasons") or [""])[0]),
                        "verb": gates.verb(kinds[kind]) + (" --release" if release and seldom else ""),
                    }
                )
    return out
