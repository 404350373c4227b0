"""A prompt names a file of the plugin by its place on the author's machine

`/Users/ann/demo-pack/scripts/guard.py` is there for the author alone; who installs the plugin has the file below
`${CLAUDE_PLUGIN_ROOT}`. Only paths whose end the plugin itself has are reported.

Bad `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Run `python3 /Users/ann/demo-pack/scripts/guard.py`.

Good `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Run `python3 ${CLAUDE_PLUGIN_ROOT}/scripts/guard.py`.

Source: this project, after public reports
"""

from ..lazy import lazy

SEVERITY = "warning"
FILES = ("agent", "command", "skill")
_HOMES = ("/Users/", "/home/", "\\Users\\")
_PATH = lazy(r"(?<![\w.~}/-])(?:/Users/|/home/|[A-Za-z]:\\Users\\)([\w.-]+)((?:[/\\][\w.-]+)+)")
_NOBODY = frozenset("user username you your-name me name runner ubuntu node vscode example someone".split())


def check(file, context):
    """The longest end of the path that is a file of the plugin; a name alone may be any file."""
    plugin = file.plugin
    if plugin is None or not plugin.is_plugin or not any(home in file.text for home in _HOMES):
        return
    for match in _PATH.finditer(file.text, file.body_start):
        if match.group(1).lower() in _NOBODY or file.prose.in_fence(match.start()) and file.kind != "command":
            continue
        parts = match.group(2).replace("\\", "/").rstrip(".").strip("/").split("/")
        for at in range(len(parts) - 1):
            sub = "/".join(parts[at:])
            if context.project.listing.get(plugin.path(sub)) == "f":
                if parts[0] == ".claude" and "plugins" not in parts:  # an installer puts it there for each user
                    yield file.hit(match.span(), "%s is on the author's machine; for others it is ~/%s" % (match.group(), "/".join(parts)))
                    break
                if plugin.is_collection:  # copied to .claude, where that variable is not set
                    yield file.hit(match.span(), "%s is on the author's machine" % match.group())
                    break
                text = "%s is on the author's machine; write ${CLAUDE_PLUGIN_ROOT}/%s"
                yield file.hit(match.span(), text % (match.group(), sub), [match.span() + ("${CLAUDE_PLUGIN_ROOT}/" + sub,)])
                break
