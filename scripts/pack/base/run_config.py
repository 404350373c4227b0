"""`.claude/team.yaml`: what a project's own runs may do besides. Read when a run is opened, sealed, and counted from then on.

tools:                        # tools that the gate does not know: name as the client says it -> who may use it
  mcp__linear__get_issue: everyone
  mcp__db__query: [lead, logic-reviewer]
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection

NAME = os.path.join(".claude", "team.yaml")
EVERYONE = "everyone"
MAX_BYTES = 64 << 10


def findings(data: Any, roles: Collection[str] | None = None) -> list[tuple[tuple[Any, ...], str, bool]]:
    """[(path in the data, message, whether the key is meant)] of everything wrong with the document. roles: the names that there are; None:
    any plain name may be one (a definition of waves names its own)."""
    out: list[tuple[tuple[Any, ...], str, bool]] = []
    if data is None:
        return out
    if not isinstance(data, dict):
        return [((), "a mapping is wanted: `tools:`", False)]
    for key in data:
        if key != "tools":
            out.append(((key,), "no setting is called %r; there is: tools" % (key,), True))
    tools = data.get("tools")
    if tools is None:
        return out
    if not isinstance(tools, dict):
        return out + [(("tools",), "map each tool's name to `everyone` or to a list of roles", False)]
    for tool, who in tools.items():
        at = ("tools", tool)
        if not isinstance(tool, str) or not tool or any(c in tool for c in "*? \t(),|"):
            out.append(
                (at, "%r is no tool's name: write each out, as `mcp__SERVER__TOOL` (a server may gain a tool that writes)" % (tool,), True)
            )
            continue
        if who == EVERYONE:
            continue
        listed = who if isinstance(who, list) else [who]
        if not listed:
            out.append((at, "nobody is named: `everyone` or a list of roles", False))
        for role in listed:
            if roles is not None and role not in roles or not isinstance(role, str) or not role.replace("-", "").isalnum():
                out.append((at, "%r is no role; there are: everyone, %s" % (role, ", ".join(roles or ("lead", "coder", "..."))), False))
    return out


def load(project: str, name: str, check: Callable[[Any], list[tuple[Any, str, bool]]]) -> Any:
    """What a configuration file of the project says, checked: None without the file; ValueError with file, line and way out. check: what is
    wrong with a value, as [(where, message, whether the key is meant)]."""
    try:
        with open(os.path.join(project, name), "rb") as f:
            raw = f.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ValueError("%s cannot be read (%s)" % (name, error.strerror)) from None
    if len(raw) > MAX_BYTES:
        raise ValueError("%s is larger than %d bytes" % (name, MAX_BYTES))
    from . import yamltext

    text = raw.decode("utf-8", "replace")
    try:
        document = yamltext.read(text)
    except yamltext.YamlError as error:
        line, column = yamltext.Document(text).place((error.offset, error.offset))
        raise ValueError("%s:%d:%d: not readable: %s" % (name, line, column, error)) from None
    wrong = check(document.value) + [(path, "%r is there twice" % (path[-1],), True) for path, _span in document.duplicates]
    if wrong:
        where, message, key = wrong[0]
        raise ValueError("%s:%d:%d: %s" % ((name,) + document.place(document.at(where, key)) + (message,)))
    return document.value


def read(project: str) -> dict[str, dict[str, list[str]]]:
    """{"tools": {name: [roles]}} of a project, {} without the file; ValueError with file, line and way out."""
    tools = (load(project, NAME, findings) or {}).get("tools") or {}
    return {"tools": {tool: who if isinstance(who, list) else [who] for tool, who in tools.items()}} if tools else {}
