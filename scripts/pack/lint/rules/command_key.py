"""A frontmatter key that the client does not know for a command or skill

Bad `commands/build.md`:

    ---
    description: Builds the plan
    allowed_tools: Read
    ---
    Build.

Good `commands/build.md`:

    ---
    description: Builds the plan
    allowed-tools: Read
    ---
    Build.

Source: client
"""

from ..near import closest

SEVERITY = "warning"
FILES = ("command", "skill")
MEANT = {
    "tools": "allowed-tools",
    "allowedtools": "allowed-tools",
    "allowed-tool": "allowed-tools",
    "disallowedtools": "disallowed-tools",
    "argumenthint": "argument-hint",
    "argument-hints": "argument-hint",
    "arg-hint": "argument-hint",
    "whentouse": "when_to_use",
    "when-to-use": "when_to_use",
}

# What an agent is held to, and a skill is not, with `context: fork` either (isolation and maxTurns measured in 2.1.329 and 2.1.332).
LIMITS = ("isolation", "maxTurns", "permissionMode")


def check(file, context):
    """Report keys that look like a known one, and those of agents that promise a limit."""
    front = file.front
    if front is None or not isinstance(front.value, dict):
        return
    known = context.facts.skill_keys if file.kind == "skill" else context.facts.command_keys
    for key in front.value:
        if key in known:
            continue
        if key in LIMITS:
            text = "%r is an agent's key: here it is ignored; give it to an agent, and name that with context: fork and agent"
            yield file.hit(file.at((key,), key=True), text % key)
            continue
        folded = key.lower().replace("_", "-")
        meant = MEANT.get(folded) or MEANT.get(folded.replace("-", ""))
        if meant is None:
            same = [name for name in known if name.lower().replace("_", "-") == folded]
            meant = same[0] if same else closest(key, known) if len(key) > 5 else None
        if meant is None:
            continue
        value = front.value[key]
        if folded == "argument" and isinstance(value, str) and len(value.split()) != 1:
            meant = "argument-hint"  # `argument: The bug to look for`: what the user is shown, no names of placeholders
        if folded == "tools":  # never mended: it would approve beforehand what the author may have meant as a limit
            if _of_the_client(value, context.facts):
                text = "unknown key %r is ignored; allowed-tools approves tools beforehand, disallowed-tools takes them away"
                yield file.hit(file.at((key,), key=True), text % key)
            continue
        if meant == "agent" and not isinstance(value, str):
            meant_for = front.get("context") == "fork"
            text = "unknown key %r is ignored" + (
                "; agent takes one name" if meant_for else "; agent takes one name, and that with context: fork"
            )
            yield file.hit(file.at((key,), key=True), text % key)
            continue
        sure = meant not in front.value and (meant != "argument-hint" or isinstance(value, str) and "\n" not in value.strip())
        fix = [file.at((key,), key=True) + (meant,)] if sure else None
        yield file.hit(file.at((key,), key=True), "unknown key %r is ignored; did you mean %r?" % (key, meant), fix)


def _of_the_client(value, facts):
    """Does the list name a tool? `tools: [claude, cursor]` says which programs a skill was written for."""
    words = value.replace(",", " ").split() if isinstance(value, str) else value if isinstance(value, list) else ()
    return any(isinstance(word, str) and word.split("(")[0].lower() in facts.tool_by_lower for word in words)
