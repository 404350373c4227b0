"""`${user_config.NAME}` that userConfig does not declare

It stays in the prompt as it is.

Bad `commands/build.md`:

    ---
    description: Builds the plan
    ---
    The team is ${user_config.team}.

Good `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Ask for the team.

Source: client
"""

from ..lazy import lazy
from .hook_user_config import options

SEVERITY = "warning"
FILES = ("agent", "command", "skill", "prose", "monitors")
_EXAMPLES = ("X", "K", "KEY", "NAME", "OPTION", "FOO", "key", "name", "option", "foo")
_OPTION = lazy(r"\$\{user_config\.([A-Za-z_]\w{0,80})\}")


def check(file, context):
    """Agents, commands, skills and monitors of a plugin with a manifest."""
    if "${user_config." not in file.text or file.plugin is None or file.plugin.manifest is None or file.kind == "prose":
        return
    effect = "it stays as it is" if file.is_json else "the model reads the placeholder"
    known = options(file.plugin)
    for match in _OPTION.finditer(file.text, 0 if file.is_json else file.body_start):
        if match.group(1) in _EXAMPLES and not file.is_json and file.prose.in_code(match.start()):
            continue  # a page on how options are written
        if match.group(1) not in known and (file.is_json or not file.prose.in_fence(match.start())):
            yield file.hit(match.span(), "userConfig declares no %r: %s" % (match.group(1), effect))
