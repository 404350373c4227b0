"""The README shows an option that the command does not know

Bad `README.md`, `commands/build.md`:

    # Demo
    Run `/demo-pack:build plan.md --workers=3`.
    ---8<---
    ---
    description: Builds the plan
    argument-hint: <plan.md> [--coders=N]
    ---
    Build $ARGUMENTS.

Good `README.md`, `commands/build.md`:

    # Demo
    Run `/demo-pack:build plan.md --coders=3`.
    ---8<---
    ---
    description: Builds the plan
    argument-hint: <plan.md> [--coders=N]
    ---
    Build $ARGUMENTS.

Source: this project
"""

from ..lazy import MULTILINE, lazy
from ..marks import lines_with
from ..near import nearest

SEVERITY = "warning"
FILES = ("readme",)
_CALL = lazy(r"(?:^|[`\s])/(?:([a-z0-9][a-z0-9-]*):)?([a-z][a-z0-9-]*) ([^`\n]*--[^`\n]*)", MULTILINE)
_OPTION = lazy(r"(?<!\S)--([a-z][a-z0-9-]{1,40})")
_OTHER = lazy(r"(?<!\S)/[a-z][a-z0-9-]*(?::[a-z0-9-]+)?(?!\S)")  # another command in the same line
_HINTED = lazy(r"--([a-z][a-z0-9-]{1,40})")


def check(file, context):
    """Commands of this plugin whose argument-hint names options; one that its text names anywhere is known, too."""
    plugin = file.plugin
    if plugin is None or not plugin.is_plugin or "--" not in file.text:
        return
    lines = [(max(0, start - 1), end) for start, end in lines_with(file.text, 0, ("--",)) if file.text.find("/", start, end) >= 0]
    for match in (match for start, end in lines for match in _CALL.finditer(file.text, start, end)):
        command = plugin.commands().get(match.group(2)) if match.group(1) in (None, *plugin.names) else None
        hint = command.front.get("argument-hint") if command is not None and command.front is not None else None
        if not isinstance(hint, str) or "--" not in hint or file.prose.hidden(match.start()) and not file.prose.in_fence(match.start()):
            continue
        begin, end = match.span(3)
        other = _OTHER.search(file.text, begin, end)
        for option in _OPTION.finditer(file.text, begin, other.start() if other else end):
            known = _HINTED.findall(hint)
            if option.group(1) != "help" and option.group(1) not in known and "--" + option.group(1) not in command.text:
                text = "/%s has no option --%s (%s)%s"
                hinted = ", ".join("--" + name for name in known)
                yield file.hit(option.span(), text % (match.group(2), option.group(1), hinted, nearest(option.group(1), known)))
