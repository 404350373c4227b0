"""A hook's script that is looked for in the wrong place

A relative path starts in the session's folder, which is the user's project. An absolute or home path exists on the
author's machine only. What is outside the plugin is not there after the installation.

Bad `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "./scripts/guard.py"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "\\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]}]}}

Source: client, measured
"""

from .. import hookfile, shell
from ..scripts import of_handler

SEVERITY = "error"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")
# `[ -f scripts/x ] && scripts/x` is meant for the projects that have one; a guard that is written so is off everywhere else.
_GUARDS = ("PreToolUse", "PermissionRequest", "UserPromptSubmit", "Stop", "SubagentStop")
_WRAPPERS = (
    "./gradlew",
    "./mvnw",
    "./sbtw",
    "./bazelw",
    "./artisan",
    "./manage.py",
    "./bin/rails",
    "./bin/rake",
    "./bin/rspec",
    "./bin/console",
)
_INSTALLED = ("vendor/bin/", "./vendor/bin/", "node_modules/.bin/", "./node_modules/.bin/", ".venv/bin/", "./.venv/bin/", "venv/bin/")


def check(file, context):
    """Only in plugins: a project's own settings may well use paths of the project."""
    for handler in hookfile.handlers(file):
        plugin = handler.plugin
        if plugin is None or file.kind == "settings-hooks":
            continue
        for script in of_handler(handler):
            if (
                script.text.startswith(_INSTALLED)
                or script.text in _WRAPPERS
                or script.text.startswith("@")
                and script.text.count("/") == 1
            ):
                continue  # the wrapper of a project's build; what its package manager put there, or a package's name: `bunx @scope/name`
            project_sub = shell.under_project(script.text)
            if script.escapes:
                yield file.hit(script.span, "%s leads out of the plugin: an installed plugin has nothing there" % script.text)
            elif project_sub and context.project.listing.get(plugin.path(project_sub)):
                text = "%s is looked for in the user's project; write ${CLAUDE_PLUGIN_ROOT}/%s"
                yield file.hit(script.span, text % (script.text, project_sub))
            elif project_sub and project_sub.startswith(".claude/") and not script.tested:
                text = "%s is in the author's project, not in the plugin"
                yield file.hit(script.span, text % script.text, severity="warning")
            elif script.machine:
                text = "%s is on the author's machine, not in the plugin; use ${CLAUDE_PLUGIN_ROOT}"
                yield file.hit(script.span, text % script.text, severity=None if script.text[:1] == "/" else "warning")
            elif script.home and ".claude/plugins/marketplaces/" in script.text:
                text = "%s is the client's copy of the marketplace, not the plugin that runs; use ${CLAUDE_PLUGIN_ROOT}"
                yield file.hit(script.span, text % script.text, severity="warning")
            elif script.home and plugin.is_collection and _of_this_home(plugin, script.text):
                continue  # the tree is somebody's ~/.claude, and no plugin
            elif script.home:
                yield file.hit(script.span, "%s exists on one machine only; use ${CLAUDE_PLUGIN_ROOT}" % script.text)
            elif script.relative and not (script.tested and handler.event not in _GUARDS):
                inside = plugin.path(script.text)
                if context.project.listing.get(inside):
                    yield file.hit(
                        script.span,
                        "%s is looked for in the user's folder; write ${CLAUDE_PLUGIN_ROOT}/%s" % (script.text, plugin.sub(inside)),
                    )
                else:
                    yield file.hit(
                        script.span,
                        "%s is looked for in the user's folder, not in the plugin" % script.text,
                        severity="warning",
                    )


def _of_this_home(plugin, text):
    """Does `~/.claude/NAME` lead into the tree itself, which is kept as (or linked to) that folder?"""
    _, found, sub = text.partition("/.claude/")
    project = plugin.project
    return bool(found) and (plugin.path("settings.json") in project.listing or project.exists(plugin.path(sub)))
