"""Tool lists as the client reads them: commas or blanks between names, `Name(rule)` for a specifier."""


class Tool:
    """One entry of a list: `Bash(git diff:*)` has name Bash and rule `git diff:*`."""

    __slots__ = ("name", "rule", "text", "span", "balanced")

    def __init__(self, text, start):
        self.text, self.span = text, (start, start + len(text))
        at = text.find("(")
        self.name = text if at < 0 else text[:at]
        self.balanced = at < 0 or text.endswith(")") and text.count("(") == text.count(")")
        self.rule = None if at < 0 else text[at + 1 : -1 if self.balanced else None]


def split(text, start=0):
    """[Tool] of a comma or space separated list; parentheses hold together. A tab or a line break separates nothing."""
    if "(" not in text:
        tools, at = [], 0
        for piece in text.replace(",", " ").split(" "):
            word = piece.strip()
            if word:
                at = text.index(word, at)
                tools.append(Tool(word, start + at))
                at += len(word)
        return tools
    tools, depth, begin = [], 0, None
    for index, char in enumerate(text + ","):
        if char == "(":
            depth += 1
        elif char == ")":
            depth = max(0, depth - 1)
        if index == len(text) or depth == 0 and char in ", ":
            if begin is not None:
                piece = text[begin:index]
                word = piece.strip()
                if word:
                    tools.append(Tool(word, start + begin + piece.index(word)))
                begin = None
        elif begin is None:
            begin = index
    return tools


def listed(file, key):
    """[Tool] of a frontmatter key, or None when the key is absent or not a list of names at all."""
    front = file.front
    if front is None or key not in front:
        return None
    return file.once(_READERS[key], _READERS[key])  # six rules ask for the same list


def _reader(key):
    return lambda file: _tools(file.text, file.front, key)


_READERS = {key: _reader(key) for key in ("tools", "disallowedTools", "allowed-tools", "disallowed-tools", "skills")}


def _tools(text, front, key):
    value = front.get(key)
    if isinstance(value, str):
        return _placed(text, front.spans[(key,)], value)
    if isinstance(value, list):
        tools = []
        for index, item in enumerate(value):
            if isinstance(item, str):
                tools.extend(_placed(text, front.spans.get((key, index), front.spans[(key,)]), item))
        return tools
    return None


def _placed(text, span, value):
    """[Tool] of a value, each with its place in the file, where YAML wrote the value in another way (quotes, folds, escapes) as well."""
    start, end = span
    raw = text[start:end]
    if raw == value:
        return split(value, start)
    if raw[:1] in "\"'" and raw[-1:] == raw[:1] and len(raw) > 1:
        raw, start = raw[1:-1], start + 1
    elif raw[:1] in "|>" and "\n" in raw:
        skip = raw.find("\n") + 1
        raw, start = raw[skip:], start + skip
    elif raw[:1] in "&!" and value in raw:  # an anchor or a tag before the value
        start += raw.find(value)
        raw = value
    tools, at = split(value), 0
    for tool in tools:
        first = tool.text.split("\n")[0].strip()
        found = raw.find(first, at)
        if found >= 0:
            at = found + len(first)
            tool.span = (start + found, start + at)
        else:
            tool.span = span
    return tools


def is_no_list(file, key):
    """Whether a value looks like a list but YAML cannot read it, as in `[Bash(${X} *)]`: the client then takes all of it as one text."""
    return isinstance(file.front.get(key), str) and file.text.startswith("[", file.front.spans[(key,)][0])


def is_known(name, facts):
    """Whether a name is a built-in tool's, an old name of one, a wildcard or an MCP tool's."""
    return name in facts.known_tools or name in facts.tool_aliases or name.startswith("mcp__") or "*" in name


def gone(since, instead):
    """How a message says it: `gone since 2.0.0: use Edit`."""
    return "gone since %s: %s%s" % (since, "" if instead.startswith("the team") else "use ", instead)


def canonical(name, facts):
    """The present name of a tool."""
    return facts.tool_aliases.get(name, name)


def granted(file, facts):
    """The set of tools that an agent really gets, or None for all of them."""
    tools = listed(file, "tools")
    front = file.front
    if tools is None:
        given = None if front is None or "tools" not in front else set()
    elif any(tool.name == "*" for tool in tools):
        given = None
    else:
        given = {canonical(tool.name, facts) for tool in tools if is_known(tool.name, facts)}
        given -= {tool.name for tool in tools if not tool.balanced}
    denied = {canonical(tool.name, facts) for tool in listed(file, "disallowedTools") or () if tool.rule is None}
    if given is None:
        return None if not denied else set(facts.tools) - denied - set(facts.agent["never_in_subagents"])
    given -= denied | set(facts.agent["never_in_subagents"])
    if "Bash" in given:
        given -= set(facts.agent["folded_into_bash"])
    return given


def of_another_program(plugin, facts):
    """Were the agents of a collection written for another program? Three or more of them list tools, and none of those is the client's."""
    if "another program" not in plugin.memo:
        lists = [listed(file, "tools") for file in plugin.of("agent")] if plugin.is_collection else ()
        lists = [names for names in lists if names]
        known = any(is_known(tool.name, facts) for names in lists for tool in names)
        plugin.memo["another program"] = len(lists) > 2 and not known
    return plugin.memo["another program"]
