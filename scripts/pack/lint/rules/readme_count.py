"""The README counts other agents, commands or skills than there are

Bad `README.md`:

    This plugin has 3 agents.

Good `README.md`:

    This plugin has one agent.

Source: this project
"""

from ..lazy import IGNORECASE, lazy

SEVERITY = "warning"
_COUNT = lazy(
    r"(?<![\w.,+~-])(\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve) (agents?|commands?|slash commands?|skills?)(?![\w/-])",
    IGNORECASE,
)
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()


def check(file, context):
    """Sentences such as "has 3 agents"; only where the number is said once for the noun."""
    plugin = file.plugin
    if plugin is None or plugin.scope not in ("plugin", "bare") or len(context.project.plugins) > 1:
        return
    said = {}
    for match in _COUNT.finditer(file.text):
        if file.prose.in_code(match.start()):
            continue
        number = match.group(1).lower()
        number = int(number) if number.isdigit() else _WORDS.index(number)
        noun = match.group(2).lower().split()[-1].rstrip("s")
        said.setdefault(noun, []).append((number, match.span()))
    kinds = {"agent": ("agent",), "command": ("command",), "skill": ("skill",)}
    for noun, places in said.items():
        real = len(plugin.of(*kinds[noun]))
        if len({number for number, _ in places}) == 1 and real and places[0][0] != real and places[0][0] > 1:
            yield file.hit(places[0][1], "the plugin has %d %s%s" % (real, noun, "" if real == 1 else "s"))
