"""A permission rule that the client skips, or that never matches, or a list for which it drops the whole file

A rule that is not written as the client reads it is left out with a line at the start that nobody looks at: what it denies is
then allowed, what it allows asks. Others are kept and match nothing: `Write(src/**)` is no rule for files, `Edit(src/**)` is.

Bad: `"deny": ["Bash(npm publish)*", "Read(src/:*)", "WebFetch(https://example.com)"]`
Good: `"deny": ["Bash(npm publish*)", "Read(src/**)", "WebFetch(domain:example.com)"]`

Source: client 2.1.329, read and measured with `claude doctor` on 2026-11-30
"""

from ..near import closest, nearest

SEVERITY = "error"
FILES = ("settings-hooks",)
LISTS = ("allow", "deny", "ask")
MODES = ("default", "acceptEdits", "auto", "bypassPermissions", "dontAsk", "plan")
DROPPED = "the client drops the whole file for it, what it denies and its hooks too"
_KEYS = LISTS + ("defaultMode", "additionalDirectories", "disableBypassPermissionsMode", "disableAutoMode")
_OF_FILES = ("Read", "Write", "Edit", "Glob", "NotebookRead", "NotebookEdit", "Cd")
_DISK = ("Users", "home", "etc", "root", "mnt", "Volumes", "private")
_READ_AS = {"Write": "Edit", "NotebookEdit": "Edit", "MultiEdit": "Edit", "Glob": "Read"}


def check(file, context):
    """The lists of rules and the other keys of `permissions`."""
    permissions = file.data.get("permissions")
    if not isinstance(permissions, dict):
        return
    for key, value in permissions.items():
        if key in _KEYS or key in context.facts.settings()["permissions"].get("properties", ()):
            continue
        near = closest(key, _KEYS)
        if isinstance(value, dict) and not near:
            text = "permissions.%s is not read: rules stand in allow, deny and ask, each as a text such as 'Read(**/.env)'"
            yield file.hit(file.at(("permissions", key), True), text % key, severity="warning")
        if near:
            yield file.hit(
                file.at(("permissions", key), True), "permissions.%s is not read; did you mean %r?" % (key, near), severity="warning"
            )
    mode = permissions.get("defaultMode")
    if "defaultMode" in permissions and (not isinstance(mode, str) or mode not in MODES):
        text = "defaultMode %r is none of %s: %s%s"
        yield file.hit(
            file.at(("permissions", "defaultMode")),
            text % (mode, ", ".join(MODES), DROPPED, nearest(mode, MODES) if isinstance(mode, str) else ""),
        )
    for key in LISTS + ("additionalDirectories",):
        rules = permissions.get(key, [])
        if isinstance(rules, list) and key in LISTS:
            for index, rule in enumerate(rules):
                yield from _look(file, context.facts, key, index, rule)
        elif not isinstance(rules, list):
            yield file.hit(file.at(("permissions", key)), "permissions.%s must be an array: %s" % (key, DROPPED))


def _look(file, facts, key, index, rule):
    span = file.at(("permissions", key, index))
    if not isinstance(rule, str):
        yield file.hit(span, "a rule is a text: the client leaves this one out")
        return
    wrong = _skipped(rule, key)
    if wrong:
        after = {"deny": "nothing is denied by it", "ask": "the client does not ask", "allow": "the client goes on asking"}[key]
        yield file.hit(span, "the client skips %r: %s; %s" % (rule, wrong, after))
        return
    idle = _idle(rule, facts) or _one_slash(file, rule)
    if idle:
        yield file.hit(span, idle, severity="warning")


def _parts(rule):
    """(tool, content or None), or None for what has its parentheses in the wrong place."""
    if "(" not in rule and ")" not in rule:
        return rule, None
    at = rule.find("(")
    tool = rule[:at]
    if at < 0 or rule[-1] != ")" or ")" in tool:
        return None
    return tool, rule[at + 1 : -1]


def _skipped(rule, key):
    """Why the client leaves the rule out, and what to write; None when it keeps it."""
    if not rule.strip():
        return "it is empty"
    parts = _parts(rule)
    if parts is None:
        return 'a rule is Tool or Tool(content) and ends at the closing ")"' + _moved(rule)
    tool, content = parts
    if content == "":
        return "write %r for all of its uses, or say which in the parentheses" % tool if tool else "no tool stands before the parentheses"
    if tool.startswith("mcp__") and len(tool) > 5:
        return _of_server(tool, content, key)
    if "*" in tool and key == "allow":
        return "an allow rule needs the name of a tool; only deny and ask take a wildcard there"
    if "_" not in tool and tool[:1] != tool[:1].upper():
        return "tools begin with a capital letter; write %r" % (tool[:1].upper() + rule[1:])
    return _content(tool, content) if content not in (None, "*") else None


def _moved(rule):
    """`Bash(npm publish)*` is `Bash(npm publish*)`."""
    if rule.endswith(")*") and rule.count("(") == 1 and rule.count(")") == 1:
        return "; write %r" % (rule[:-2].rstrip("*") + "*)")
    return "; write %r" % (rule + ")") if rule.count("(") == 1 and ")" not in rule else ""


def _of_server(tool, content, key):
    server = tool[5:].split("__")[0]
    if content is not None:
        return "rules for MCP take nothing in parentheses; write %r" % tool
    if key == "allow" and "*" in server:
        return "an allow rule needs the server's name before the wildcard, as in 'mcp__github__*'"
    return None


def _content(tool, content):
    if tool in _OF_FILES and ":*" in content:
        plain = content.split(":", 1)[1] if content.startswith("file_path:") else content.replace(":*", "**")
        return "`:*` is for Bash alone; write %r" % ("%s(%s)" % (_READ_AS.get(tool, tool), plain))
    if tool == "Bash" and content == ":*":
        return "no command stands before `:*`; write 'Bash' for all, or name one"
    if tool == "WebFetch" and ("://" in content or content.startswith("http")):
        host = content.split("://")[-1].split("/")[0]
        return "it takes a domain and no address; write %r" % ("WebFetch(domain:%s)" % host)
    if tool == "WebFetch" and not content.startswith("domain:"):
        return "it takes domain:NAME; write %r" % ("WebFetch(domain:%s)" % content.split("/")[0])
    if tool == "WebSearch" and ("*" in content or "?" in content):
        return "it takes no wildcards"
    return None


def _one_slash(file, rule):
    """`Read(/Users/me/**)` begins at the project of the settings, which has no such folder; what is meant begins with two."""
    tool, content = _parts(rule)
    if tool not in ("Read", "Edit") or not content or content[:1] != "/" or content[:2] == "//":
        return None
    first = content.split("/")[1]
    known = first in _DISK or first.startswith("hdd")
    if not known or content.count("/") < 2 or file.project.exists(file.rel.rpartition(".claude/")[0] + first):
        return None
    text = "%r matches nothing: a path with one / begins at the project of these settings; write %r"
    return text % (rule, "%s(/%s)" % (tool, content))


def _idle(rule, facts):
    """What is wrong with a rule that the client keeps, or None."""
    tool, content = _parts(rule)
    if content is None and ("," in tool or " " in tool.strip()):
        return "%r is taken for the name of one tool: each rule is a text of its own" % rule
    if content not in (None, "*") and tool in _READ_AS and ":*" not in content:
        return "%s rules with a path match no file; write %r, which covers all tools of that kind" % (
            tool,
            "%s(%s)" % (_READ_AS[tool], content),
        )
    known = tool in facts.known_tools or tool in facts.tool_aliases or tool in facts.removed_tools or tool.startswith("mcp__")
    near = None if known or "*" in tool else closest(tool, sorted(facts.known_tools))
    if near:
        return "no tool %r: the rule never matches; did you mean %r?" % (tool, near)
    if tool == "Bash" and content and content.endswith(":*") and "*" in content[:-2].replace("\\*", ""):
        return "with `:*` at its end the other * of %r is read as it stands; write %r" % (rule, "Bash(%s *)" % content[:-2].rstrip())
    return None
