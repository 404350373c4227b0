"""What a role of a team of waves is handed: what it reads, the budgets, what was decided, and what the error table says when something happened.

The definition is data; here is who is shown which of it, and when. Pure but for the files of the team's folder that it looks at.
"""

import os

DECIDED, BUDGETS = 8, 12  # lines of each in a briefing


def checks(definition):
    """The universal checks as mappings."""
    return [c if isinstance(c, dict) else {"check": c} for c in definition.get("universal_checks", [])]


def rows(definition, verdicts, reasons, role=None, seen=()):
    """Rows of the error table that apply now: for an event in `seen`, or for a gate that FAILs (with one of the row's words in its reasons, where
    it has words). verdicts: {gate: verdict}; reasons: {gate: [texts]}; role: only its rows."""
    out = []
    for row in definition.get("errors", []):
        if role is not None and role not in row.get("roles", []):
            continue
        failed = [gate for gate in row.get("gates", []) if verdicts.get(gate) in ("FAIL", "FORGED")]
        if row.get("words"):
            said = {gate: "\n".join(str(reason).casefold() for reason in reasons.get(gate, [])) for gate in failed}
            failed = [gate for gate in failed if any(word in said[gate] for word in row["words"])]
        if failed or set(row.get("seen", [])).intersection(seen):
            out.append(row)
    return out


def text(row):
    """One row for an agent."""
    return "%s%s: %s" % (row["when"], " (IMMEDIATE HALT)" if row.get("halt") else "", row["then"])


def reading(folder, role):
    """["PROJECT_CHARTER.md", "rt-architecture/ (3 files)", ...]: what of `reads` is there; what is not is said too."""
    out = []
    for path in role.get("reads", []):
        full = os.path.join(folder, path)
        if path.endswith("/"):
            files = [n for n in os.listdir(full) if not n.startswith(".")] if os.path.isdir(full) else []
            out.append("%s (%s)" % (path, "%d files" % len(files) if files else "nothing yet"))
        else:
            out.append(path if os.path.isfile(full) else path + " (not there yet)")
    return out


def budgets(folder):
    """A line for each message path of rt.yaml: what is promised; [] where the file is not there or cannot be read."""
    from ..base import yamltext

    try:
        with open(os.path.join(folder, "rt.yaml"), encoding="utf-8") as f:
            paths = (yamltext.read(f.read()).value or {}).get("paths") or []
        out = []
        for path in paths[:BUDGETS]:
            promised = ", ".join("%s %s ms" % (claim, ms) for claim, ms in sorted((path.get("budget_ms") or {}).items()))
            more = "; ".join(str(path[key]) for key in ("guarantee", "ordering") if path.get(key))
            out.append("%s (%s): %s%s" % (path.get("id"), path.get("adapter"), promised or "no budget", "; " + more if more else ""))
    except (OSError, ValueError, AttributeError, TypeError, yamltext.YamlError):
        return []
    return out + (["and %d more in rt.yaml" % (len(paths) - BUDGETS)] if len(paths) > BUDGETS else [])


def decided(folder):
    """The last lines of DECISION_LOG.md that say something."""
    try:
        with open(os.path.join(folder, "DECISION_LOG.md"), encoding="utf-8", errors="replace") as f:
            lines = [line.strip() for line in f.read(1 << 16).splitlines()]
    except OSError:
        return []
    return [line[:200] for line in lines if line and line != "# Decisions" and not line.startswith("# Decision Log")][-DECIDED:]


def partial(folder, role):
    """(artifacts that are there with content, artifacts that are not) of a role."""
    have, left = [], []
    for name in role.get("artifacts", []):
        path = os.path.join(folder, name)
        (have if os.path.isfile(path) and os.path.getsize(path) > 0 else left).append(name)
    return have, left


def lines(folder, definition, role, again, why=""):
    """The part of a briefing that hands over. again: an earlier agent of the role was there; why: how it ended."""
    out = []
    found = reading(folder, role)
    if found:
        out.append("Read first, below %s/: %s" % (definition["root"], ", ".join(found)))
        promised, known = budgets(folder), decided(folder)
        if promised:
            out += ["Budgets (rt.yaml):"] + ["- " + x for x in promised]
        if known:
            out += ["Decided so far (DECISION_LOG.md):"] + ["- " + x.lstrip("- ") for x in known]
    have, left = partial(folder, role)
    if again:
        seen = (["partial"] if have and left else []) + (["context"] if _ran_out_of_context(why) else [])
        if have and left:
            out.append("PARTIAL COMPLETION: there are %s; missing %s. Go on from there." % (", ".join(have), ", ".join(left)))
        out += [text(r) for r in definition.get("errors", []) if set(r.get("seen", [])).intersection(seen)]
    return out


def _ran_out_of_context(why):
    """Whether the client's words for an agent's end say that its context was full."""
    return any(w in why.casefold() for w in ("context", "too long", "max_tokens", "token limit"))


def happened(definition, judged):
    """Lines for `pack gate check`: the rows of the error table that the judged gates show, with the roles that they name."""
    found = rows(definition, {g["id"]: g["verdict"] for g in judged}, {g["id"]: g["reasons"] for g in judged})
    return ["%s -> %s" % (text(r), ", ".join(r.get("roles", [])) or "the lead") for r in found]


def checked(definition, judged):
    """Lines for `pack gate check`: each universal check, and what proves it. judged: the gates as gates.evaluate judged them."""
    out = []
    shown = {}  # kind of evidence -> the verdicts on it
    for gate in judged:
        for row in gate["evidence"]:
            shown.setdefault(row.get("kind"), []).append(row["verdict"])
    verdicts = {gate["id"]: gate["verdict"] for gate in judged}
    for check in checks(definition):
        proofs = [kind for kind in check.get("proved_by", []) if set(shown.get(kind, [])) == {"PASS"}]
        if check.get("gate") and verdicts.get(check["gate"]) == "PASS":
            proofs.append("gate " + check["gate"])
        broken = [kind for kind in check.get("proved_by", []) if "FAIL" in shown.get(kind, [])]
        mark = (
            "broken: %s is FAIL" % ", ".join(broken)
            if broken
            else "proved: %s" % ", ".join(proofs)
            if proofs
            else "asked of whoever measures"
        )
        out.append("%s (%s)" % (check["check"], mark))
    return out
