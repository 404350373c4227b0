"""A variable that the client does not set

`${CLAUDE_PLUGIN_ROOT}`, `${CLAUDE_PLUGIN_DATA}` and `${CLAUDE_PROJECT_DIR}` are replaced. Any other spelling is empty in a
hook: the path begins at `/`, nothing is found, and a guard lets the call through.

Bad `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_DIR}/scripts/guard.py\\""}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]}]}}

Source: client
"""

from ..lazy import lazy
from ..near import nearest
from ..source import line_start, line_stop

SEVERITY = "error"
FILES = ("agent", "command", "skill", "prose", "manifest", "marketplace", "hooks", "settings-hooks", "mcp")
_VARIABLE = lazy(
    r"\$(\{?)((?:CLAUDE_)?PLUGIN_[A-Z_]{2,40}|CLAUDE_(?:ROOT|SKILLS?_[A-Z]{2,20}|PROJECT_[A-Z]{2,20}|PLUGINS?_?[A-Z]{0,20})|(?i:CLAUDE_PLUGIN_ROOT))\b(\}?)(?:\\?\")?/"
)
_NO_SLASH = lazy(r"\$\{(CLAUDE_PLUGIN_ROOT|CLAUDE_SKILL_DIR)\}([A-Za-z0-9_-]+(?=[/.]))")
_SAID = lazy(r"\$\{CLAUDE_(?:PLUGIN_ROOT|SKILL_DIR)\}(?!/)")
_SKILL_DIR = lazy(r"(\$\{SKILL_DIR\}|\$SKILL_DIR)\"?/([\w./-]+)")
_BARE = lazy(r"(?<![\\\w])@?\$(CLAUDE_PLUGIN_ROOT|CLAUDE_SKILL_DIR)\b/")


def check(file, context):
    """Names that look like one of the client's, in front of a path."""
    text = file.text
    if file.kind == "skill" and "$SKILL_DIR/" in text.replace("${SKILL_DIR}/", "$SKILL_DIR/"):
        yield from _skill_folder(file)
    if "PLUGIN_" not in text and "CLAUDE_" not in text and "laude_" not in text:
        return
    known = context.facts.root_variables + (["CLAUDE_SKILL_DIR"] if file.kind in ("skill", "prose") else [])
    if file.kind in ("agent", "command", "skill"):
        yield from _bare(file)
    for match in _NO_SLASH.finditer(text, 0 if file.is_json else file.body_start):
        if file.is_json or not file.prose.in_fence(match.start()):
            yield file.hit(match.span(1), "no slash between ${%s} and %s" % match.groups(), [match.span(2) + ("/" + match.group(2),)])
    for match in _VARIABLE.finditer(text, 0 if file.is_json else file.body_start):
        name = match.group(2)
        if name.upper() in known and name != name.upper() and file.is_json:
            yield file.hit(match.span(2), "the client sets no %s; letter case matters: %s" % (name, name.upper()))
            continue
        if name.upper() in known or name.startswith("CLAUDE_PLUGIN_OPTION_") or bool(match.group(1)) != bool(match.group(3)):
            continue
        if not file.is_json and (file.prose.in_fence(match.start()) or not name.startswith("CLAUDE_")):
            continue
        if file.is_json and not name.startswith("CLAUDE_") and name + "=" in text:
            continue
        yield file.hit(
            match.span(2),
            "the client sets no %s%s" % (name, nearest(name, known) or _meant(name)),
            severity=None if file.is_json else "warning",
        )


def _meant(name):
    """Which of the client's variables a name like this stands for."""
    if "DATA" in name or "CACHE" in name or "STATE" in name:
        return "; what the plugin may write into is ${CLAUDE_PLUGIN_DATA}"
    if "PROJECT" in name:
        return "; the user's project is ${CLAUDE_PROJECT_DIR}"
    return "" if "SKILL" in name else "; the plugin's folder is ${CLAUDE_PLUGIN_ROOT}"


def _skill_folder(file):
    """`$SKILL_DIR/scripts/x.py`, where the skill has that file and its text never says what SKILL_DIR is."""
    places = list(_SKILL_DIR.finditer(file.text, file.body_start))
    if len(places) != file.text.count("SKILL_DIR") or not places:
        return
    match = places[0]
    if file.project.exists(file.rel.rpartition("/")[0] + "/" + match.group(2).rstrip(".")):
        text = "nothing sets %s; the client replaces ${CLAUDE_SKILL_DIR}"
        yield file.hit(match.span(1), text % match.group(1), [match.span(1) + ("${CLAUDE_SKILL_DIR}",)], "warning")


def _bare(file):
    """In a prompt only the form with braces is replaced."""
    if "$CLAUDE_" not in file.text:
        return
    for match in _BARE.finditer(file.text, file.body_start):
        line = file.text[line_start(file.text, match.start()) : line_stop(file.text, match.end())]
        if _SAID.search(line):
            continue  # the line itself says which form is replaced
        if not file.prose.in_fence(match.start()):
            name = match.group(1)
            at = match.start(1) - 1
            yield file.hit(
                (at, match.end(1)),
                "in a prompt only ${%s} is replaced; $%s stays as it is" % (name, name),
                [(at, match.end(1), "${%s}" % name)],
                "warning",
            )
            return
