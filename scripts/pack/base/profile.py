"""`.project-profile.yml`: what a codebase researcher found of a project, kept for the next run, and what it was made from.

Written once, by the hook, from the researcher's report; a run whose profile is fresh needs no such researcher (the seed, Step 2). Fresh is
computed: the manifests and folders that it was made from are what they were. Schema, version 1:

    profile: 1
    made_from: {NAME: digest}      manifests, and `folders` for the names of the top-level ones
    stack, commands, structure, sensitive, patterns: ["..."]      lines of the report
"""

from __future__ import annotations

import os

from . import codec, project_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Disk

NAME = project_facts.PROFILE
HEAD = "# Written by the team plugin from a codebase researcher's report. Delete it to have the code base read again."
SECTIONS = ("STACK", "COMMANDS", "STRUCTURE", "SENSITIVE", "PATTERNS")  # of the report; the others are about one feature
OTHERS = ("LAYERS TOUCHED", "CHANGES EXISTING", "SHARED", "GAPS")
NEEDED = ("STACK", "STRUCTURE")
MANIFESTS = (
    "package.json package-lock.json pnpm-lock.yaml yarn.lock bun.lockb deno.json tsconfig.json pyproject.toml setup.py setup.cfg requirements.txt "
    "poetry.lock uv.lock Pipfile go.mod Cargo.toml Gemfile pom.xml build.gradle build.gradle.kts composer.json mix.exs Makefile CMakeLists.txt "
    "Dockerfile docker-compose.yml CLAUDE.md"
).split()
LEFT_OUT = ("node_modules", "__pycache__", "target", "build", "dist", "venv", "coverage")
LINES, CHARS = 40, 300  # of a section, of a line


def made_from(project: str) -> dict[str, str]:
    """{name: digest} of what a profile rests on."""
    try:
        entries = sorted(os.listdir(project))
    except OSError:
        return {}
    out = {n: project_facts.file_digest(os.path.join(project, n)) for n in entries if n in MANIFESTS or n.endswith((".csproj", ".sln"))}
    folders = [n for n in entries if n[0] != "." and n not in LEFT_OUT and os.path.isdir(os.path.join(project, n))]
    out["folders"] = codec.digest("\n".join(folders), size=8)
    return {name: str(digest)[:16] for name, digest in out.items()}


def sections(report: str) -> dict[str, list[str]]:
    """{SECTION: [lines]} of a researcher's report."""
    out: dict[str, list[str]] = {}
    current: str | None = None
    for line in report.splitlines():
        plain = line.strip(" `*#-:\t")
        head = next((s for s in SECTIONS + OTHERS if plain.startswith(s) and not plain[len(s) :][:1].isalnum()), None)
        if head:
            current, plain = head, plain[len(head) :].strip(" `*#-:\t")
        if current in SECTIONS and plain and line.strip() != "```" and len(out.setdefault(current, [])) < LINES:
            out[current].append(plain[:CHARS])
    return out


def write(project: str, report: str, disk: Disk) -> bool:
    """Write the profile; whether it was. Not over one that is fresh or somebody's own, nor from a report that lacks stack or structure."""
    path, found = os.path.join(project, NAME), sections(report)
    if any(not found.get(s) for s in NEEDED) or freshness(project)[0] in ("fresh", "own"):
        return False
    lines = [HEAD, "profile: 1", "made_from:"] + [
        "  %s: %s" % (codec.dumps(n), codec.dumps(d)) for n, d in sorted(made_from(project).items())
    ]
    for name in SECTIONS:
        if found.get(name):
            lines += ["%s:" % name.lower()] + ["  - %s" % codec.dumps(text) for text in found[name]]
    disk.replace(path, ("\n".join(lines) + "\n").encode("utf-8"))
    return True


def freshness(project: str) -> tuple[str, str]:
    """("none", ""), ("own", "") for one that somebody else wrote, ("fresh", ""), or ("stale", what changed)."""
    try:
        with open(os.path.join(project, NAME), encoding="utf-8") as f:
            lines = f.read(1 << 18).splitlines()
    except (OSError, ValueError):
        return "none", ""
    if lines[:2] != [HEAD, "profile: 1"] or "made_from:" not in lines:
        return "own", ""
    then: dict[str, str] = {}
    for line in lines[lines.index("made_from:") + 1 :]:
        if not line.startswith("  "):
            break
        try:
            then.update(codec.loads("{%s}" % line.strip()))
        except ValueError:
            return "stale", "it cannot be read"
    now = made_from(project)
    changed = sorted(n for n in set(then) | set(now) if then.get(n) != now.get(n))
    return ("stale", "changed since: " + ", ".join(changed[:5])) if changed else ("fresh", "")


def kept(project: str, section: str) -> list[str]:
    """The lines of a section of a profile that this plugin wrote, [] where there are none."""
    try:
        with open(os.path.join(project, NAME), encoding="utf-8") as f:
            lines = f.read(1 << 18).splitlines()
    except (OSError, ValueError):
        return []
    out, inside = [], False
    for line in lines:
        if not line.startswith(" "):
            inside = line == "%s:" % section.lower()
        elif inside and line.startswith("  - "):
            try:
                out.append(str(codec.loads(line[4:])))
            except ValueError:
                continue
    return out


def told(project: str) -> str:
    """What the lead is told of the profile at the opening of a run, "" where there is none."""
    how, why = freshness(project)
    return {
        "none": "",
        "own": "%s (not written by this plugin: read it)" % NAME,
        "fresh": "%s (fresh: context is known, no codebase-researcher)" % NAME,
        "stale": "%s (stale, %s: codebase-researcher)" % (NAME, why),
    }[how]
