"""The commit protocol of a team, checked: `{type}(rt-{scope}): {description}`, a body, Evidence and Latency-impact."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping

_HEAD = re.compile(r"^(?P<type>[a-z]+)(?:\((?P<scope>[^)]*)\))?(?P<bang>!)?: (?P<what>.*)$")


def check(definition: Mapping[str, Any], message: str, exists: Callable[[str], bool] | None = None) -> list[str]:
    """Problems of a commit message; empty if it follows the protocol.

    `exists(path)` tells whether an evidence file is there; without it only the form is checked.
    """
    rules = definition.get("commits")
    if not rules:
        return []
    lines = [x.rstrip() for x in message.splitlines() if not x.startswith("#")]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        return ["the message is empty; write `%s`" % form(definition)]
    head = _HEAD.match(lines[0])
    if not head:
        return ["first line %r is not `%s`" % (lines[0], form(definition))]
    trailers = {}
    for line in lines[2:]:
        for name in rules.get("trailers", []):
            if line.startswith(name + ":"):
                trailers[name] = line[len(name) + 1 :].strip()
    found = _first_line(rules, head)
    if len(lines) > 1 and lines[1]:
        found.append("the second line must be blank")
    if not any(x.startswith("- ") for x in lines[2:]):
        found.append("the body names no key change; write `- {key change}` lines")
    if "Latency-impact" in rules.get("trailers", []):
        found += _impact(trailers, head["type"])
    evidence = trailers.get("Evidence", "")
    if evidence and evidence.lower() != "none" and exists is not None:
        found += ["Evidence %r does not exist" % path for path in re.split(r"[,\s]+", evidence) if path and not exists(path)]
    return found


def _first_line(rules: Mapping[str, Any], head: re.Match[str]) -> list[str]:
    found = []
    if head["type"] not in rules["types"]:
        found.append("unknown type %r; known: %s" % (head["type"], ", ".join(rules["types"])))
    prefix, scope = rules.get("prefix", ""), head["scope"] or ""
    if not scope.startswith(prefix) or scope[len(prefix) :] not in rules["scopes"]:
        found.append("unknown scope %r; known: %s" % (scope, ", ".join(prefix + s for s in rules["scopes"])))
    if not head["what"].strip():
        found.append("the first line has no description")
    if len(head.string) > 100:
        found.append("the first line has %d characters; at most 100" % len(head.string))
    return found


def _impact(trailers: Mapping[str, str], kind: str) -> list[str]:
    """The line on latency; a `perf` commit needs evidence besides."""
    impact = trailers.get("Latency-impact")
    if impact is None:
        return ["no `Latency-impact: {P99 before -> after, or none}` line"]
    if impact.strip('"').lower() != "none" and not re.search(r"P99 [\d.]+ ?ms ?-> ?[\d.]+ ?ms", impact):
        return ["Latency-impact %r is neither `none` nor `P99 12.3ms -> 6.8ms`" % impact]
    return ["a perf commit needs an `Evidence:` line"] if kind == "perf" and "Evidence" not in trailers else []


def template(definition: Mapping[str, Any]) -> str:
    """The whole message to fill in, for agents."""
    lines = [form(definition), "", "- {key change}", ""]
    meant = {"Evidence": "{evidence file, where there is one}", "Latency-impact": "{P99 12.3ms -> 6.8ms, or none}"}
    return "\n".join(lines + ["%s: %s" % (name, meant.get(name, "...")) for name in definition["commits"].get("trailers", [])])


def form(definition: Mapping[str, Any]) -> str:
    """The form of the first line, for messages."""
    return "{type}(%s{scope}): {concise description}" % definition["commits"].get("prefix", "")
