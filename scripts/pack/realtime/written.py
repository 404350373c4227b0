"""Which reports pack wrote, with their digests: a report that somebody edits afterwards is noticed.

`reports/.written.jsonl` has a line for each report as it was written, chained like the evidence ledger (`evidence.ledger_line`); its length
is noted where the evidence ledger's is (`anchors`). A report that was removed is not told (old ones may go), nor one that
pack never wrote.
"""

import os

from pack.base import whole_file
from pack.realtime import anchors, evidence

FILE, WHAT = ".written.jsonl", "list of written reports"
AGAIN = "`pack report all` (`final` for the certificate) writes it anew from the evidence"


def _lines(folder):
    """(records, why the list cannot be trusted or None)."""
    try:
        with open(os.path.join(folder, FILE), "rb") as handle:
            raw = handle.read()
    except FileNotFoundError:
        return [], None
    except OSError as error:
        return [], "it cannot be read: %s" % error
    records, wrong = evidence.chained(raw)
    if wrong or raw and not raw.endswith(b"\n"):
        return records, "line %d was changed, or something before it removed" % (len(records) + 1)
    return records, None


def note(project, team_dir, names, now):
    """Note the reports of these names as they are in the folder `reports` now (seconds since 1970)."""
    folder = os.path.join(team_dir, "reports")
    records, wrong = _lines(folder)
    if wrong:  # kept for whoever asks; from here on the list begins anew, and the notes of the old one tell that it was longer
        os.replace(os.path.join(folder, FILE), os.path.join(folder, FILE + ".refused"))
        records = []
    lines, fresh = [evidence.ledger_line(r) for r in records], []
    for name in names:
        record = {"seq": len(lines) + 1, "prev": (fresh or records or [{"hash": evidence.ZERO}])[-1]["hash"], "ts": now}
        line = evidence.ledger_line(dict(record, file=name, digest=evidence.file_digest(os.path.join(folder, name))))
        lines.append(line)
        fresh.append(evidence.strict(line.decode("utf-8")))
    whole_file.put(os.path.join(folder, FILE), b"".join(lines).decode("utf-8"))
    for record in fresh:
        anchors.note(project, team_dir, record, WHAT)


def edited(project, team_dir):
    """[text] of each report that is not as pack wrote it, and of a list of them that was touched. Nothing where none was ever noted."""
    folder = os.path.join(team_dir, "reports")
    records, wrong = _lines(folder)
    found = ["reports/%s: %s" % (FILE, wrong)] if wrong else []
    hashes = {r["seq"]: r["hash"] for r in records}
    for anchor in anchors.noted(project, team_dir, WHAT):
        if hashes.get(anchor["seq"]) != anchor["hash"] and not found:
            found.append("reports/%s was cut back or written anew: %s noted line %d" % (FILE, anchor["where"], anchor["seq"]))
    newest = {r["file"]: r["digest"] for r in records}
    for name in sorted(newest):
        path = os.path.join(folder, name)
        if os.path.lexists(path) and (not os.path.isfile(path) or evidence.file_digest(path) != newest[name]):
            found.append("reports/%s was edited after pack wrote it: %s" % (name, AGAIN))
    return found


def refuse(result, definition, found):
    """A release is not approved over edited reports: put what was `found` before the reasons of each gate that measures again."""
    strict = {g["id"] for g in definition["gates"] if g.get("remeasure")}
    for gate in result if found else ():
        if gate["id"] in strict:
            gate.update(verdict="FORGED", reasons=found + gate["reasons"], roles_to_respawn=[], next="write the reports again: %s" % AGAIN)
