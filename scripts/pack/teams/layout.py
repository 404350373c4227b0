"""What the run engine, the gates and the board ask of a definition: a team's folder, its artifacts, what a wave lacks."""

from __future__ import annotations

import hashlib
import os

from pack.base import project_facts
from pack.teams.files import TeamError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping


def by_id(definition: Mapping[str, Any], part: str, key: str = "id") -> dict[str, Any]:
    """`definition[part]` as a dict by id (or by `key`)."""
    return {item[key]: item for item in definition.get(part, [])}


def project_of(team_dir: str | os.PathLike[str], definition: Mapping[str, Any]) -> str:
    """The project that a team's folder lies in: as many levels up as the definition's `root` has."""
    folder = os.path.abspath(os.fspath(team_dir))
    parts = definition["root"].split("/")
    if folder.split(os.sep)[-len(parts) :] == parts:
        return os.sep.join(folder.split(os.sep)[: -len(parts)]) or os.sep
    return os.path.dirname(folder)


def writes(role: Mapping[str, Any]) -> list[str]:
    """What a role writes below the team's folder: what it may write, and its artifacts, which it must."""
    written: list[str] = role.get("writes", [])
    return written + [a for a in role.get("artifacts", []) if a not in written]


def artifact_problem(team_dir: str | os.PathLike[str], relative: str) -> str | None:
    """None if the artifact is there with content, else what is wrong with it."""
    path = os.path.join(os.fspath(team_dir), relative)
    if relative == "rt.yaml" and not os.path.isfile(path):  # rtfile.find takes these names too
        path = next((p for p in (path[:-4] + "yml", path[:-4] + "json") if os.path.isfile(p)), path)
    if not os.path.isfile(path):
        return "%s does not exist" % relative
    with open(path, "rb") as handle:
        head = handle.read(65536)
    if relative.endswith(".md"):
        lines = [x.strip() for x in head.decode("utf-8", "replace").splitlines() if x.strip()]
        if not [x for x in lines if not x.startswith(("#", "<!--"))]:
            return "%s has no content below its headings" % relative
    elif not head.strip():
        return "%s is empty" % relative
    return None


def content(team_dir: str | os.PathLike[str], definition: Mapping[str, Any], gate: Mapping[str, Any]) -> str:
    """Digest of the files that a gate looks at: what the user's word is about. A later change makes it no word about this."""
    names = list(gate.get("artifacts", [])) + [c["file"] for c in gate.get("checks", []) if "file" in c]
    for role in gate.get("artifacts_of", []):
        names += by_id(definition, "roles")[role].get("artifacts", [])
    digest = hashlib.sha256()
    for name in sorted(set(names)):
        seen = project_facts.file_digest(os.path.join(os.fspath(team_dir), name))
        digest.update(("%s\0%s\0" % (name, seen)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]


def has_line(team_dir: str | os.PathLike[str], relative: str, line: str) -> bool:
    """Does the file hold this line? List marks, emphasis, case and surrounding blanks do not matter."""
    path = os.path.join(os.fspath(team_dir), relative)
    if not os.path.isfile(path):
        return False
    with open(path, encoding="utf-8", errors="replace") as handle:
        return any(_plain(x) == _plain(line) for x in handle)


def _plain(text: str) -> str:
    return " ".join(text.replace("*", "").replace("`", "").strip().lstrip("-#> ").split()).lower()


def unmet(
    definition: Mapping[str, Any],
    team_dir: str | os.PathLike[str],
    wave_id: str,
    side: str,
    verdicts: Mapping[str, str],
    strategy: str | None = None,
) -> list[str]:
    """Why the wave cannot begin (`side='entry'`) or end (`'exit'`): a list of reasons, empty if it can.

    `verdicts` maps gate id to its last verdict; `strategy` is the path of the strategy file.
    """
    wave = by_id(definition, "waves").get(wave_id)
    if wave is None:
        raise TeamError(
            definition["team"],
            ["unknown wave %r; known: %s" % (wave_id, ", ".join(w["id"] for w in definition["waves"]))],
        )
    roles, reasons = by_id(definition, "roles"), []
    for condition in wave.get(side, []):
        if "gate" in condition and verdicts.get(condition["gate"]) != "PASS":
            reasons.append("gate %s is %s, not PASS" % (condition["gate"], verdicts.get(condition["gate"], "not evaluated")))
        if "artifacts_of" in condition:
            problems = [artifact_problem(team_dir, a) for a in roles[condition["artifacts_of"]].get("artifacts", [])]
            reasons += ["%s: %s" % (condition["artifacts_of"], p) for p in problems if p]
        if "artifact" in condition:
            problem = artifact_problem(team_dir, condition["artifact"])
            if problem:
                reasons.append(problem)
            elif "line" in condition and not has_line(team_dir, condition["artifact"], condition["line"]):
                reasons.append("%s has no line %r" % (condition["artifact"], condition["line"]))
        if "strategy" in condition and not (strategy and os.path.isfile(os.fspath(strategy))):
            reasons.append("no strategy file: --strategy PATH must name one")
    return reasons


def make_layout(definition: Mapping[str, Any], team_dir: str | os.PathLike[str]) -> list[str]:
    """Create the team's folder and those below it; returns what was made below."""
    made = []
    os.makedirs(os.fspath(team_dir), exist_ok=True)
    for folder in definition.get("folders", []):
        path = os.path.join(os.fspath(team_dir), folder)
        if not os.path.isdir(path):
            os.makedirs(path)
            made.append(folder)
    return made
