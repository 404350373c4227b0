"""A program in bin/ that cannot be started

The client puts the plugin's `bin/` on the PATH of the Bash tool. A file that is not executable is not found there, and a
carriage return behind `#!` names an interpreter that does not exist.

Source: client, measured
"""

from ..lazy import lazy

SEVERITY = "warning"
FILES = ("plugin",)
_A_TEST = lazy(r"[._-]test\.\w+\Z|\Atest[._-]")
_PROGRAMS = ("python", "node ", "bash ", "sh ", "ruby ", "bun ", "deno ")


def check(plugin, context):
    """Files of bin/ that begin with #!."""
    if not plugin.is_plugin:
        return
    project = context.project
    if plugin.is_collection:
        return  # nobody puts its bin/ on PATH
    if plugin.path("bin") not in project.dirs:
        return
    for name in project.names_in(plugin.path("bin")):
        rel = plugin.path("bin/" + name)
        text = project.script(rel) if project.listing[rel] in ("f", "l") else None
        if not text or not text.startswith("#!"):
            continue
        file = project.file(rel, "prose", plugin)
        if text.split("\n", 1)[0].endswith("\r"):
            yield file.hit(file.first_line(), "bin/%s: a carriage return ends its first line: it cannot be started" % name)
        elif not project.probe("executable", rel) and not _A_TEST.search(name) and not _started_by_name(plugin, name):
            yield file.hit(file.first_line(), "bin/%s is not executable: the shell does not find it" % name)


def _started_by_name(plugin, name):
    """Do hooks, servers or prompts hand the file to a program (`python3 ${CLAUDE_PLUGIN_ROOT}/bin/x.py`)? Then nobody types its name."""
    ending = name[name.rfind(".") :] if "." in name else ""
    names = [one for one in plugin.project.names_in(plugin.path("bin")) if one == name or ending and one.endswith(ending)]
    marks = tuple("bin/" + one for one in names)
    package = plugin.path("package.json")
    if package in plugin.project.listing and any(mark in (plugin.project.script(package) or "") for mark in marks):
        return True  # `npm run validate`: a tool of those who work on the plugin
    for file in plugin.of("hooks", "manifest", "mcp", "command", "skill", "agent"):
        if file.holds(marks) and any(word in file.text for word in _PROGRAMS):
            return True
    return False
