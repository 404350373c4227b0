"""A prompt spawns agents without the Agent tool

An agent whose `tools` do not list Agent cannot spawn.

Bad `agents/lead.md`:

    ---
    name: lead
    description: Leads the team. Use when a plan is ready.
    tools: Read
    ---
    Spawn `demo-pack:reviewer` with subagent_type: "demo-pack:reviewer".

Good `agents/lead.md`:

    ---
    name: lead
    description: Leads the team. Use when a plan is ready.
    tools: Read, Agent
    ---
    Spawn `demo-pack:reviewer` with subagent_type: "demo-pack:reviewer".

Source: client 2.1.329
"""

from .. import refs, tools

SEVERITY = "warning"


def check(file, context):
    """Agents with a list of tools and a subagent_type in the prompt."""
    if "subagent_type" not in file.text or file.front is None or "tools" not in file.front:
        return
    granted = tools.granted(file, context.facts)
    if granted is None or "Agent" in granted:
        return
    for ref in refs.agents(file):
        if ref.kind == "type" and not ref.fenced:
            yield file.hit(ref.span, "the prompt spawns an agent, but tools does not grant Agent")
            return
