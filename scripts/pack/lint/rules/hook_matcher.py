"""A matcher that never matches

Names are compared exactly, letter case included; old and misspelled tools match nothing. The hook is loaded and never
runs, and what it should stop goes through.

Bad `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"matcher": "write|edit", "hooks": [{"type": "command", "command": "true"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"matcher": "Write|Edit", "hooks": [{"type": "command", "command": "true"}]}]}}

Source: client, measured
"""

from .. import hookfile, jsregex
from ..lazy import lazy
from ..matchers import names
from ..near import closest
from ..tools import gone as gone_since

SEVERITY = "error"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")
_MCP_WRONG = lazy(r"\^?(?:MCP|Mcp)__|\^?[mM][cC][pP](?:[./:-]|\\.|_(?!_))[A-Za-z]")
_DOTTED = lazy(r"mcp__[A-Za-z0-9_-]+(?:\\\.[A-Za-z0-9_-]+)+")  # `mcp__server__pages\.list`
_NO_ANCHOR = lazy(r"\\([AZz])")
_SET = lazy(r"\^?\[[^\[\]^][^\[\]]{3,}\]\$?\Z")
_ID = lazy(r"\^?([A-Za-z0-9_.-]+):([A-Za-z0-9_.:-]+)\$?$")


def check(file, context):
    """Tool names, fixed values and agent ids, by event."""
    for event, group, path, plugin in hookfile.groups(file):
        matcher = group.get("matcher")
        facts = context.facts.events.get(event)
        if not isinstance(matcher, str) or not facts or matcher in ("", "*"):
            continue
        where = path + ("matcher",)
        if not facts["matcher"]:
            yield file.hit(
                file.at(where),
                "%s has nothing to match: the matcher is ignored and the hook always runs" % event,
                severity="warning",
            )
        elif facts["matcher"] == "tool_name":
            yield from _dotted(file, where, matcher)
            yield from _tools(file, where, matcher, event, context.facts)
            yield from _servers(file, where, matcher, plugin)
        elif "values" in facts:
            yield from _values(file, where, matcher, event, facts["values"])
        elif facts["matcher"] == "agent_type":
            yield from _agents(file, where, matcher, event, context, plugin)
        elif facts["matcher"] == "command_name":
            yield from _commands(file, where, matcher, event, plugin)
        elif "known_values" in facts:
            yield from _kinds(file, where, matcher, event, facts["known_values"])
        elif event == "FileChanged" and "/" in matcher.replace("\\/", "/") and jsregex.problem(matcher) is None:
            yield file.hit(file.at(where), "FileChanged compares the file's name without its folder: %r never matches" % matcher)


def _dotted(file, where, matcher):
    """A server's tool `a.b` is called `a_b`: what is no letter, digit, _ or - becomes _ (findings/client-mcp-names-collide.sh)."""
    parts = matcher.split("|") if "mcp__" in matcher and "\\." in matcher else ()
    dotted = [part for part in parts if _DOTTED.search(part)]
    if dotted:
        text = "no tool's name has a dot, the client makes it _: %s never matches; write %s"
        first = dotted[0].strip("^$()")
        yield file.hit(file.at(where), text % (first, first.replace("\\.", "_")), None, None if len(dotted) == len(parts) else "warning")


def _commands(file, where, matcher, event, plugin):
    """The client sends `plugin:command`, even when the user typed the bare name."""
    if matcher.startswith("/"):
        yield file.hit(file.at(where), "command names have no slash (the client sends plugin:command): the hook never runs")
        return
    own = plugin.commands() if plugin is not None and plugin.names else {}
    found = _ID.match(matcher)
    if found and own and found.group(1) in plugin.names and found.group(2) not in own:
        meant = closest(found.group(2), own)
        hint = "; did you mean '%s:%s'?" % (found.group(1), meant) if meant else ""
        yield file.hit(file.at(where), "no command %r: the hook never runs%s" % (matcher, hint))
        return
    for name in names(matcher, event) or ():
        if name in own:
            text = "matcher %r never matches: the client sends %r"
            yield file.hit(file.at(where), text % (name, "%s:%s" % (plugin.names[0], name)))


def _kinds(file, where, matcher, event, values):
    """Values that the client is known to send; a later one may know more, so only slips are reported."""
    for name in names(matcher, event) or ():
        meant = None if name in values else closest(name.replace("-", "_").lower(), values)
        plain = name.replace("-", "_").replace(" ", "_").lower()
        meant = plain if plain in values and name not in values else meant
        if not meant and name not in values:  # `idle` for idle_prompt: names are compared whole
            meant = next((value for value in values if value.startswith(plain + "_")), None)
        if meant:
            yield file.hit(file.at(where), "%s has no %r: the hook never runs; did you mean %r?" % (event, name, meant))


def _tools(file, where, matcher, event, facts):  # noqa: C901 - one check for each mistake, in the order in which it is told
    listed = names(matcher, event)
    span = file.at(where)
    if listed is None:
        if jsregex.problem(matcher) or not jsregex.simple(matcher) or "mcp" in matcher or "$" in matcher and "\\$" in matcher:
            return
        pattern = _NO_ANCHOR.sub(lambda letter: letter.group(1), matcher)  # to JavaScript these are plain letters
        if matches_any(pattern, list(facts.known_tools) + list(facts.tool_aliases)):
            if _SET.match(matcher) and any(name in matcher for name in facts.known_tools):
                text = "matcher %r is a set of letters: it meets every tool that has one of them"
                yield file.hit(span, text % matcher, severity="warning")
            return
        if pattern != matcher and matches_any(matcher, facts.known_tools):
            yield file.hit(
                span, "matcher %r matches no tool: JavaScript has no %s, only ^ and $" % (matcher, _NO_ANCHOR.search(matcher).group())
            )
            return
        loose = matches_any("(?i:%s)" % matcher, facts.known_tools)
        if loose is None:
            return
        samples = jsregex.samples(matcher)
        if samples and not loose and all(_of_a_server(sample, matcher) for sample in samples):
            meant = [name for name in (closest(sample, facts.tools) for sample in samples) if name]
            if meant:
                yield file.hit(span, "matcher %r matches no tool of the client; did you mean %r?" % (matcher, meant[0]), severity="warning")
            return  # a server's tools may have any name
        hint = "; letter case matters" if loose else ""
        if "(" in matcher and matcher.endswith(")") and not hint:
            hint = '; a rule such as Write(*.md) belongs into "if"'
        yield file.hit(span, "matcher %r matches no tool: the hook never runs%s" % (matcher, hint))
        return
    good = [name for name in listed if _known(name, facts)]
    for name in listed:
        if _known(name, facts):
            continue
        right = facts.tool_by_lower.get(name.lower())
        gone = facts.removed_tools.get(name)
        if gone and gone[1] in good and not (name == "MultiEdit" and event == "PreToolUse" and "Write" not in good):
            continue  # `Edit|MultiEdit`: kept for older clients, and the successor is there
        meant = right or (closest(name, facts.tools) if not gone else None)
        if gone and gone[1] in good:
            text = "%r is gone since %s, and Write, which does the same, is not listed" % (name, gone[0])
        elif gone:
            text = "%r is %s" % (name, gone_since(*gone))
        elif meant:
            text = "no tool %r; did you mean %r?" % (name, meant)
        else:
            text = "no tool %r" % name
        at = file.text.find(name, span[0])
        place = (at, at + len(name)) if 0 <= at < span[1] else span
        effect = ": the hook never runs" if not good else ": nothing of that name is stopped"
        fix = [place + (right,)] if right and place != span else None
        yield file.hit(place, "matcher: " + text + effect, fix, None if not good or right else "warning")
    if not listed:
        yield file.hit(span, "matcher %r names nothing: the hook never runs" % matcher)


def _servers(file, where, matcher, plugin):
    """`mcp__plugin_<plugin>_<server>__tool` names a server of this plugin; exact names need a tool."""
    if "mcp" not in matcher.lower():
        return
    listed = names(matcher, "PreToolUse")
    for name in listed or (matcher,):
        wrong = _MCP_WRONG.match(name)
        if wrong:
            text = "%r matches no MCP tool; they are called mcp__server__tool: the hook never runs"
            yield file.hit(file.at(where), text % name)
        elif listed and name.startswith("mcp__") and "__" not in name[5:]:
            text = "%r is compared as a whole name and matches no tool; write %s.*"
            yield file.hit(file.at(where), text % (name, name if name.endswith("_") else name + "__"))
    if plugin is None or not plugin.is_plugin:
        return
    servers = plugin.mcp_servers()
    for name in listed or (matcher.lstrip("^"),):
        server = name[5:].split("__")[0] if name.startswith("mcp__") else None
        if server in servers:
            real = "mcp__plugin_%s_%s" % (plugin.names[0], server)
            text = "the tools of the plugin's own server %r are called %s__*: the hook never runs for them"
            yield file.hit(file.at(where), text % (server, real), severity="warning")
        elif server and server.startswith("plugin_") and listed:
            flat = server.replace("-", "_")
            for one in plugin.names:
                if flat.startswith("plugin_%s_" % one.replace("-", "_")) and not server.startswith("plugin_%s_" % one):
                    yield file.hit(file.at(where), "the plugin is called %r: write mcp__plugin_%s_..." % (one, one))
    for name in plugin.names:
        prefix = "mcp__plugin_%s_" % name
        at = matcher.find(prefix)
        if at >= 0:
            rest = matcher[at + len(prefix) :]
            if (
                not any(rest.startswith(server + "__") or rest == server for server in servers)
                and "__" in rest
                and ".*" not in rest.split("__")[0]
            ):
                yield file.hit(file.at(where), "the plugin has no MCP server %r: the hook never runs" % rest.split("__")[0])


def _of_a_server(sample, pattern):
    """Could a tool of an MCP server have the name that meets the pattern? Those of the client are words in CamelCase."""
    camel = sample[:1].isupper() and sample.isalpha() and not sample.isupper() and not any(part in pattern for part in (".*", ".+", "\\w"))
    fits = sample.replace("-", "_").replace("_", "a").isalnum() and sample.isascii()
    return fits and not camel and matches_any(pattern, ["mcp__x__" + sample, "mcp__" + sample]) is True


def _known(name, facts):
    return name in facts.known_tools or name in facts.tool_aliases or name.startswith("mcp__")


def matches_any(pattern, candidates):
    """Does the pattern match one of the names? None when Python's engine cannot tell."""
    import re
    import warnings

    if "(?<" in pattern and "(?<=" not in pattern and "(?<!" not in pattern:
        pattern = pattern.replace("(?<", "(?P<")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `[[` may get a meaning in a later Python; it is none of the user's business
            compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    return any(compiled.search(name) for name in candidates)


def _values(file, where, matcher, event, values):
    listed = names(matcher, event)
    span = file.at(where)
    if listed is None:
        if not jsregex.problem(matcher) and jsregex.simple(matcher) and matches_any(matcher, values) is False:
            yield file.hit(span, "matcher %r matches none of %s: the hook never runs" % (matcher, ", ".join(values)))
        return
    good = [name for name in listed if name in values]
    for name in listed:
        if name not in values:
            meant = closest(name, values)
            effect = "" if good else ": the hook never runs"
            hint = "; did you mean %r?" % meant if meant else ""
            text = "%s has no %s%s%s (%s)" % (event, name, effect, hint, ", ".join(values))
            yield file.hit(span, text, severity="warning" if good else None)


def _agents(file, where, matcher, event, context, plugin):
    project = context.project
    found = _ID.match(matcher)
    if found:
        prefix, name = found.groups()
        if prefix in project.plugin_names and "%s:%s" % (prefix, name) not in project.agent_ids:
            meant = closest("%s:%s" % (prefix, name), project.agent_ids)
            hint = "; did you mean %r?" % meant if meant else ""
            yield file.hit(file.at(where), "no agent %r: the hook never runs%s" % (matcher, hint))
        return
    listed = names(matcher, event)
    own = plugin.agents() if plugin and plugin.is_plugin else {}
    for name in listed or ():
        if name in own:
            full = "%s:%s" % (plugin.names[0], name)
            text = "matcher %r meets only a teammate that was spawned under this name; the agent's own type is %r"
            yield file.hit(file.at(where), text % (name, full), severity="warning")
        elif own and name not in context.facts.agent["builtin"] and closest(name, list(own) + context.facts.agent["builtin"]):
            near = closest(name, list(own) + context.facts.agent["builtin"])
            yield file.hit(file.at(where), "no agent %r; did you mean %r?" % (name, near), severity="warning")
        elif own and name not in context.facts.agent["builtin"]:
            yield file.hit(
                file.at(where),
                "no agent %r in this plugin or the client: only a teammate of that name would match" % name,
                severity="warning",
            )
