"""`@path` in a command, or a script that a prompt has run, is looked for in the user's project

Bad `references/notes.md`, `commands/build.md`:

    # Notes
    ---8<---
    ---
    description: Builds the plan
    ---
    Read @references/notes.md.

Good `references/notes.md`, `commands/build.md`:

    # Notes
    ---8<---
    ---
    description: Builds the plan
    ---
    Read @${CLAUDE_PLUGIN_ROOT}/references/notes.md.

Source: client, measured
"""

import posixpath

from .. import refs
from ..lazy import MULTILINE, lazy
from ..markdown import lines_with

SEVERITY = "warning"
FILES = ("command", "skill")
OWN = ("references", "reference", "agents", "commands", "skills", "templates")  # what a plugin has and a project seldom
_AT = lazy(r"(?<![^\s(`])@((?:\./|(?:\.\./)+)?[\w-]+(?:/[\w.-]+)+\.\w{1,5})")
_AT_ROOT = lazy(r"(?<![^\s(`])@([\w-]+\.(?:md|json|yaml|yml|txt|toml|py|sh|js|ts))(?![\w/.-]*\w)")
# What the user's project may well have itself.
_COMMON = frozenset(
    "readme.md claude.md agents.md changelog.md contributing.md license.md security.md todo.md plan.md spec.md prd.md notes.md architecture.md "
    "package.json package-lock.json tsconfig.json pyproject.toml requirements.txt setup.py index.js index.ts main.py settings.json plan.json".split()
)
_IN_ITS_REPOSITORY = lazy(r"(?i)\b(?:inside|in|from|root of|of) the ([\w.-]+) (?:plugin )?(?:repo|repository|checkout|source tree)\b")
_WORD = lazy(r"(?<![\w./\"'$}-])(?:\./)?((?:scripts|hooks|bin|lib|tools|references)/[\w./-]+\.\w{1,5})")

_CALLED = (" scripts/", "./scripts/", " hooks/", "./hooks/", " bin/", "./bin/", " lib/", " tools/")
_CALL = lazy(
    r"(?:`|^[ \t]*|\$ )((?:python3?|node|bash|sh|bun|uv run(?: python3?)?) )?(?:\./)?((?:scripts|hooks|bin|lib|tools)/[\w./-]*\w)",
    MULTILINE,
)


def check(file, context):
    """Only paths that the plugin itself has."""
    plugin = file.plugin
    if plugin is None or not plugin.is_plugin or not plugin.manifest and not plugin.entries:
        return  # without a manifest or an entry it may be a collection for .claude: ${CLAUDE_PLUGIN_ROOT} is not set there
    found = list(_paths(file, plugin, context))
    if found and not any(match.group(1).lower() in map(str.lower, plugin.names) for match in _IN_ITS_REPOSITORY.finditer(file.text)):
        yield from found  # else it is for those who work on the plugin


def _paths(file, plugin, context):  # noqa: C901 - each skip is a false alarm that was seen
    text = file.text
    for start, end in refs.embedded(file):
        match = _WORD.search(text, start, end)
        if match and context.project.listing.get(plugin.path(match.group(1))):
            message = "!`...` runs in the user's project, where no %s is; write ${CLAUDE_PLUGIN_ROOT}/%s"
            yield file.hit(match.span(1), message % (match.group(1), match.group(1)))
    seen = set()
    if file.kind == "command" or "cd ${CLAUDE_PLUGIN_ROOT}" not in text.replace('"', ""):
        home = posixpath.dirname(file.rel) if file.kind == "skill" else None
        for start, end in file.lines_with(_CALLED):
            for match in _CALL.finditer(text, start, end):
                program, sub = match.groups()
                if sub in seen or not program and text[match.start(2) - 2 : match.start(2)] != "./":
                    continue  # a file that is named, not run
                if any("> " + sub in readme.text for readme in plugin.of("readme")):
                    continue  # `cat > scripts/sync.sh`: the README has the user make one in the project
                if home and context.project.exists(posixpath.join(home, sub)):
                    continue  # the model is told the skill's folder
                if context.project.listing.get(plugin.path(sub)) and not refs.within(match.start(), file.prose.comments):
                    seen.add(sub)
                    message = "%s is looked for in the user's project%s; write ${CLAUDE_PLUGIN_ROOT}/%s"
                    yield file.hit(match.span(2), message % (sub, " or the skill's folder" if home else "", sub))
    for start, end in lines_with(text, file.body_start, "@"):
        for match in _AT_ROOT.finditer(text, start, end):
            name = match.group(1)
            if name.lower() in _COMMON or context.project.listing.get(plugin.path(name)) != "f" or file.prose.hidden(match.start()):
                continue
            message = "@%s starts in the user's project; write @${CLAUDE_PLUGIN_ROOT}/%s"
            yield file.hit(match.span(1), message % (name, name), [match.span(1) + ("${CLAUDE_PLUGIN_ROOT}/" + name,)])
    lines = lines_with(text, file.body_start, "@")
    for match in (match for start, end in lines for match in _AT.finditer(text, start, end)):
        rel = plugin.path(match.group(1))
        if match.group(1).startswith("../"):
            rel = posixpath.normpath(posixpath.join(posixpath.dirname(file.rel), match.group(1)))
        head = match.group(1).split("/")[0]
        if head in OWN and not context.project.exists(rel) and file.kind == "command" and not file.prose.hidden(match.start()):
            if plugin.is_plugin and not match.group(1).startswith("."):
                yield file.hit(match.span(1), "@%s starts in the user's project, and the plugin has no such file either" % match.group(1))
            continue
        if context.project.listing.get(rel) and not file.prose.hidden(match.start()):
            span = match.span(1)
            sub = plugin.sub(rel)
            yield file.hit(
                span,
                "@%s starts in the user's project; write @${CLAUDE_PLUGIN_ROOT}/%s" % (match.group(1), sub),
                [span + ("${CLAUDE_PLUGIN_ROOT}/" + sub,)],
            )
