"""The README counts or lists other agents, commands or skills than there are

Of a list below a heading such as "Agents" only names are reported of which the list has others that exist.

Bad `README.md`:

    This plugin has 3 agents.

Good `README.md`:

    This plugin has one agent.

Source: this project
"""

from ..lazy import IGNORECASE, MULTILINE, lazy
from ..near import nearest

SEVERITY = "warning"
FILES = ("prose", "readme")
_COUNT = lazy(
    r"(?<![\w.,+~-])(\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)[ -](?:(?:specialized|specialised|specialist|expert|custom|AI|ready-made|built-in) )?(agents?|commands?|slash commands?|skills?)(?![\w/-])"
    r"|^#{1,6} +(agents|commands|slash commands|skills) +\((\d{1,4})\)[ \t]*\r?$",
    IGNORECASE | MULTILINE,
)
_HEADING = lazy(r"^#{1,6}[ \t]+(?:\W{0,4} ?)?(agents|subagents|commands|slash commands|skills)\b[^\n]{0,20}$", IGNORECASE | MULTILINE)
_ITEM = lazy(r"^[ \t]*(?:[-*+]|\|)[ \t]+(?:\*\*|\[)?`/?([A-Za-z0-9][\w:.-]{1,80})`", MULTILINE)
_PLUGINS = lazy(
    r"\b(?:has|have|holds|contains?|containing|includes?|ships|offers|hosts|lists|provides|with|of)"
    r" (\d{1,4}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve) plugins(?![\w/-])",
    IGNORECASE,
)
_PLUGIN_HEADING = lazy(r"^#{1,6}[ \t]+(?:available |included )?plugins[ \t]*\r?$", IGNORECASE | MULTILINE)
_BARE = lazy(r"[a-z][a-z0-9-]{1,60}\Z")
# `Two skills bracket the session`: two of them do so. What goes on with one of these words may still count all.
_SOME = lazy(r" (?:that|which) ")
_OF_THEM = lazy(r"(?i)\b(?:first|last|next|other|these|those|remaining|both|following) \Z")
_GOES_ON = lazy(r" (?!(?:and|for|with|in|to|across|covering|plus|or|from|at|on|per|by|are|ship|included|available)\b)[a-z]+ ")
_DO = lazy(
    r" (?:enforce|require|use|need|share|support|run|call|spawn|read|write|have|include|follow|depend) "
)  # `12 skills enforce gates`
_TAKES = lazy(
    r"(?i)\b(?:uses|using|runs|starts|spawns|launches|dispatches|needs|takes|composes|combines|orchestrates|chains) (?:up to |about |at most )?\Z"
)  # `a full review uses six agents`
_NAMES = lazy(r"[^`.|]{0,60}(?:[:—–-]|\() ?(?:`[\w:/.-]+`(?:,? (?:and |or )?)?){2,12}")
_OF_A_VERSION = lazy(r"[\s|*+-]*\[?v?\d+\.\d+")  # a row or line of what each version brought
_OF_A_PART = lazy(r"(?i)\b(?:track|phase|stage|tier|level|mode)\b")  # `## Dev Track`: how many that one has
_INSTALLED = lazy(r"plugin install ([\w.-]+)")
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()


def check(file, context):
    """Sentences such as "has 3 agents"; only where the number is said once for the noun."""
    plugin = file.plugin
    yield from _plugins(file, context.project)
    if file.kind != "readme" or plugin is None or not plugin.is_plugin or len(context.project.plugins) > 1:
        return
    said = {}
    for match in _COUNT.finditer(file.text):
        if file.prose.in_code(match.start()):
            continue
        number = (match.group(1) or match.group(4)).lower()
        begin = match.start()
        if (
            _SOME.match(file.text, match.end())
            or _OF_THEM.search(file.text, max(0, begin - 12), begin)
            or _TAKES.search(file.text, max(0, begin - 24), begin)
            or (not number.isdigit() or _DO.match(file.text, match.end()))
            and _GOES_ON.match(file.text, match.end())
            or _of_another(file, match.start())
            or _named_one_by_one(file.text, match.end(), number)
            or _OF_A_VERSION.match(file.text, file.text.rfind("\n", 0, begin) + 1)
            or _OF_A_PART.search(_heading_above(file.text, begin))
        ):
            continue
        number = int(number) if number.isdigit() else _WORDS.index(number)
        noun = (match.group(2) or match.group(3)).lower().split()[-1].rstrip("s")
        said.setdefault(noun, []).append((number, match.span()))
    folder = plugin.path("agents")
    if any(rel.endswith((".yaml", ".yml")) for rel in context.project.below(folder)) if "agent" in said else False:
        del said["agent"]  # a build writes them
    if any(rel.endswith((".yaml", ".yml")) for rel in context.project.below(plugin.path("commands"))) if "command" in said else False:
        del said["command"]
    kinds = {"agent": ("agent",), "command": ("command",), "skill": ("skill",)}
    for noun, places in said.items():
        real = len(plugin.of(*kinds[noun]))
        if len({number for number, _ in places}) == 1 and real and places[0][0] != real and places[0][0] > 1:
            yield file.hit(places[0][1], "the plugin has %d %s%s" % (real, noun, "" if real == 1 else "s"))
    yield from _lists(file, plugin, context)


def _named_one_by_one(text, at, number):
    """`3 skills loaded automatically: `a`, `b`, `c``: those that are named."""
    stop = text.find("\n", at)
    named = _NAMES.match(text, at, stop if stop >= 0 else len(text))
    return named is not None and str(named.group().count("`") // 2) == (number if number.isdigit() else str(_WORDS.index(number)))


def _heading_above(text, at):
    """The line of the section's heading; nothing for the page's title."""
    begin = text.rfind("\n##", 0, at) + 1
    return text[begin : text.find("\n", begin)] if begin else ""


def _of_another(file, at):
    """Does the section tell how to install another plugin, and count what that one has?"""
    begin = max(file.text.rfind("\n#", 0, at), 0)
    installed = _INSTALLED.search(file.text, begin, at)
    return installed is not None and installed.group(1) not in file.plugin.names


def _plugins(file, project):
    """The plugins that the README beside a marketplace counts, or lists under "Plugins", against its entries."""
    folder = file.rel.rpartition("/")[0]
    holder = next((one for one in project.marketplaces if one.rel.rpartition(".claude-plugin/")[0].rstrip("/") == folder), None)
    names = (
        {entry["name"] for _, entry in holder.entries() if isinstance(entry.get("name"), str)}
        if holder is not None and "lugin" in file.text
        else ()
    )
    if len(names) < 2:
        return
    counts = [match for match in _PLUGINS.finditer(file.text) if not file.prose.in_code(match.start())]
    numbers = {match.group(1).lower() for match in counts}
    for match in counts[:1] if len(numbers) == 1 else ():
        number = match.group(1).lower()
        number = int(number) if number.isdigit() else _WORDS.index(number)
        if number not in (0, 1, len(names)):
            yield file.hit((match.start(1), match.end()), "the marketplace has %d plugins" % len(names))
    for heading in _PLUGIN_HEADING.finditer(file.text):
        end = file.text.find("\n#", heading.end())
        items = [item for item in _ITEM.finditer(file.text, heading.end(), end if end >= 0 else len(file.text))]
        good = [item for item in items if item.group(1) in names]
        for item in items if 2 * len(good) >= len(items) and not file.prose.hidden(heading.start()) else ():
            if item.group(1) not in names and not file.prose.hidden(item.start()):
                yield file.hit(item.span(1), "no plugin %r in the marketplace%s" % (item.group(1), nearest(item.group(1), sorted(names))))


def _lists(file, plugin, context):
    text = file.text
    for heading in _HEADING.finditer(text):
        if file.prose.hidden(heading.start()):
            continue
        noun = heading.group(1).lower()
        table = plugin.agents() if "agent" in noun else plugin.commands()
        end = text.find("\n#", heading.end())
        found = _ITEM.finditer(text, heading.end(), end if end >= 0 else len(text))
        items = [(item.group(1), item.span(1)) for item in found]
        yield from _judge(file, items, noun, table, context)
    for table in file.prose.tables() if "|" in text else ():
        column = table.column("agent", "subagent")
        if column != 0:
            continue
        cells = [row[0] for row in table.rows if row]
        # Marked names stand under a heading as a list does; here it is the bare ones.
        items = [(cell[0].strip(), (cell[1], cell[2])) for cell in cells if _BARE.match(cell[0].strip())]
        yield from _judge(file, items, "agents", plugin.agents(), context)


def _judge(file, items, noun, table, context):
    """At least half of them exist: then it is a list of the plugin's own, and the others are not there."""
    short = {name.rsplit(":", 1)[-1].lower() for name in table}
    good = [item for item in items if item[0].rsplit(":", 1)[-1].lower() in short]
    for item in items if 2 * len(good) >= len(items) and good else ():
        name, span = item
        if item in good or file.prose.hidden(span[0]) or name in context.facts.agent["builtin"] or "." in name:
            continue
        what = "agent" if "agent" in noun else "command or skill"
        yield file.hit(span, "no %s %r in the plugin%s" % (what, name, nearest(name, table)))
