"""A key that plugin agents may not have

The client reads hooks, mcpServers and permissionMode only from a project's or user's own agents. In a plugin they are
ignored: a guard that is declared here does not exist.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    permissionMode: plan
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    ---
    Review.

Source: client, measured
"""

SEVERITY = "warning"
FILES = ("agent",)
INSTEAD = {
    "hooks": "declare them in hooks/hooks.json",
    "mcpServers": "declare them in .mcp.json",
    "permissionMode": "a plugin cannot set it",
}


def check(file, context):
    """Report each such key of a plugin's agent."""
    front = file.front
    if front is None or not file.plugin.is_plugin or file.plugin.is_collection:
        return  # copied to .claude/agents the keys hold
    for key in context.facts.agent["ignored_in_plugins"]:
        if key in front:
            hint = INSTEAD.get(key, "it works only in .claude/agents")
            yield file.hit(file.at((key,), key=True), "%r is ignored in a plugin's agent; %s" % (key, hint))
