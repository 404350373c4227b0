"""An `if` that keeps the hook from ever running

`if` is one permission rule, such as `Bash(git *)`. On an event without a tool, or when it is no rule, the hook never
runs.

Bad `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "true", "if": "tool == 'Bash'"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "true", "if": "Bash(git *)"}]}]}}

Source: client, measured
"""

from .. import hookfile
from ..lazy import lazy
from ..matchers import names
from ..near import nearest
from ..scripts import of_handler

SEVERITY = "error"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")
_TWO = lazy(r"\)\s*(?:[,;|&]+\s*|\s)[^()]*\(")
_RULE = lazy(r"([A-Za-z_][\w-]*\*?)(\(([^\n]*)\))?$")


_BLOCKS = lazy(r"\bexit[ (]*2\b|[\"']permissionDecision[\"']?\\?[\"']?\s*:\s*\\?[\"']deny|[\"']decision\\?[\"']\s*:\s*\\?[\"']block")


def _guards(handler, rule, context):
    """Does a hook that runs for some commands of the shell only refuse them?"""
    if handler.event not in ("PreToolUse", "PermissionRequest") or rule.group(1) not in ("Bash", "PowerShell"):
        return False
    said = (rule.group(3) or "").strip()
    if said in ("", "*", ":*") or said.startswith("*") or handler.command is None:
        return False
    texts = [handler.command]
    for script in of_handler(handler):
        if handler.plugin is not None and script.sub is not None and not script.escapes:
            texts.append(script.read(context.project, handler.plugin.path(script.sub)) or "")
    return any(_BLOCKS.search(text) for text in texts)


def _rules_beside(handler):
    """The tools that the other hooks of the group name in their `if`: together they stand for the matcher."""
    found = set()
    for other in handler.group.get("hooks") or ():
        rule = other.get("if") if isinstance(other, dict) and other is not handler.value else None
        match = _RULE.match(rule.strip()) if isinstance(rule, str) else None
        if match:
            found.add(match.group(1))
    return found


def check(file, context):
    """Event, form, tool, and whether the matcher lets that tool through."""
    facts = context.facts
    for handler in hookfile.handlers(file):
        rule = handler.value.get("if")
        event = facts.events.get(handler.event)
        if not isinstance(rule, str) or not rule or event is None:
            continue  # an empty text counts as no `if` (measured)
        span = handler.at("if")
        if not event["if"]:
            yield file.hit(span, "`if` works only on tool events: on %s the hook never runs" % handler.event)
            continue
        match = _RULE.match(rule.strip())
        if not match or match.group(3) is not None and match.group(3).count("(") != match.group(3).count(")") or _TWO.search(rule):
            yield file.hit(span, "%r is not one permission rule such as Bash(git *): the hook never runs" % rule)
            continue
        tool = match.group(1)
        if _guards(handler, match, context):
            text = "`if` saves time and is no guard: the hook is not run for a command that names another program first; let the hook itself look"
            yield file.hit(span, text, severity="warning")
        if tool in facts.known_tools or tool in facts.tool_aliases or tool.startswith("mcp__"):
            matcher = handler.group.get("matcher")
            listed = names(matcher, handler.event) if isinstance(matcher, str) and matcher not in ("", "*") else None
            if (
                listed
                and tool not in listed
                and facts.tool_aliases.get(tool) not in listed
                and tool not in [facts.tool_aliases.get(n) for n in listed]
            ):
                yield file.hit(
                    span,
                    "the matcher %r never lets %s through: the hook never runs" % (matcher, tool),
                    severity="warning",
                )
            elif listed and len(listed) > 1 and not tool.startswith("mcp__"):
                beside = _rules_beside(handler)
                others = [name for name in listed if name != tool and facts.tool_aliases.get(name) != tool and name not in beside]
                if others:
                    yield file.hit(
                        span,
                        "`if` lets only %s through: for %s the hook never runs" % (tool, ", ".join(others)),
                        severity="warning",
                    )
            continue
        right = facts.tool_by_lower.get(tool.lower())
        hint = "; did you mean %r?" % right if right else nearest(tool, facts.tools)
        yield file.hit(span, "no tool %r: the hook never runs%s" % (tool, hint))
