"""Who may write and commit what in a run of waves."""

from __future__ import annotations

from . import guards_waves, tables
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable
    from .state_types import Actor, State


def may_write(state: State, actor: Actor, path: str) -> Refusal | None:
    """The Refusal for a wave team's agent writing a path of the project, or None. Evidence is measured, never written."""
    definition = state["team"]["definition"]
    root = definition["root"].rstrip("/") + "/"
    inside = path[len(root) :] if (path + "/").startswith(root) else None
    for folder in definition.get("guarded", []):
        if inside is not None and (inside + "/").startswith(folder.rstrip("/") + "/"):
            return Refusal(
                "EVIDENCE_IS_MEASURED",
                "nobody writes %s by hand" % path,
                "evidence is written by `pack rt` only",
                "measure: `pack rt --help`",
                "WRITE",
            )
    if path.startswith(".claude/team-definitions"):
        return Refusal(
            "DEFINITION",
            "no agent writes a team's definition: %s" % path,
            "it decides what is measured and who may do what",
            "the user changes it between two runs",
            "WRITE",
        )
    if path == state["team"]["strategy"]:
        return Refusal(
            "STRATEGY",
            "no agent writes the strategy: %s" % path,
            "it is the user's, and binds everybody",
            "tell the user what should change in it",
            "WRITE",
        )
    if path in definition.get("sealed", {}):
        return Refusal(
            "SEALED", "no agent writes %s" % path, "a gate's command judges with it", "the user changes it between two runs", "WRITE"
        )
    role_id = (state["waves"]["lead"] if actor["role"] == tables.LEAD else actor["role"]) or ""
    role = next((r for r in definition["roles"] if r["id"] == role_id), None)
    if role is None and actor["role"] == tables.LEAD:
        return Refusal(
            "ROLE_EDITS_NOTHING",
            "the lead of this team writes no file: %s" % path,
            "no role of the definition is the `lead`",
            "leave it to a role",
            "WRITE",
        )
    if role is None:
        return Refusal("UNKNOWN_AGENT", "%s may not edit %s" % (actor["name"], path), "not in the roster", "leave it to the team", "WRITE")
    if inside is not None:
        mine = role.get("writes", []) + [a for a in role.get("artifacts", []) if not _covers(role.get("writes", []), a)]
        if _covers(mine, inside):
            return None
        return Refusal(
            "NOT_YOUR_FILE",
            "%s does not write %s" % (role["title"], path),
            "it writes %s below %s" % (", ".join(mine) or "nothing", root),
            "leave it to the role that owns it",
            "WRITE",
        )
    engineering = {r for w in definition["waves"] if w["mode"] in ("parallel", "loop") for r in w["roles"]}
    if "edits" in role and (role["edits"] == ["./"] or _covers(role["edits"], path)) or "edits" not in role and role_id in engineering:
        refusal = guards_waves.halting(state, role_id)  # also whoever was at work when the gate failed: only the mending is measured next
        if refusal is not None:
            refusal.event = "WRITE"
            refusal.next = "leave the project's files as they are until that gate passes"
        return refusal
    if role.get("edits"):
        return Refusal(
            "NOT_YOUR_FILE",
            "%s does not change %s" % (role["title"], path),
            "of the project it changes " + ", ".join(role["edits"]),
            "leave it to the role that does",
            "WRITE",
        )
    return Refusal(
        "ROLE_EDITS_NOTHING",
        "%s edits no project file: %s" % (role["title"], path),
        "it writes below " + root,
        "leave it to an engineer",
        "WRITE",
    )


def _covers(names: Iterable[str], path: str) -> bool:
    """Whether a path is one of these files or lies in one of these folders (with / at the end)."""
    return any(path == n or n.endswith("/") and path.startswith(n) for n in names)


def may_commit(state: State, actor: Actor, files: Iterable[str]) -> Refusal | None:
    """The Refusal for a wave team's agent committing these files, or None. Who may write a file may commit it; evidence may be
    committed by anybody, for a commit does not change it."""
    definition = state["team"]["definition"]
    guarded = [definition["root"].rstrip("/") + "/" + g.rstrip("/") + "/" for g in definition.get("guarded", [])]
    for path in files:
        refusal = None if any(path.startswith(g) for g in guarded) else may_write(state, actor, path)
        if refusal is not None:
            return Refusal(
                refusal.code,
                "%s may not commit %s" % (actor["name"] or "an unknown agent", path),
                refusal.seen,
                "commit what you may write: git add FILES && git commit -m TEXT -- FILES",
                "COMMIT",
            )
    return None
