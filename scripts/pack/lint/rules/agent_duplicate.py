"""Two agents with one name

The client keeps one and tells nobody; which one depends on the order of the files. Names that differ only in case are
two agents that every reader takes for one.

Bad `agents/coder.md`:

    ---
    name: reviewer
    description: Writes code. Use when a task is ready.
    tools: Read
    ---
    Write.

Good `agents/coder.md`:

    ---
    name: coder
    description: Writes code. Use when a task is ready.
    tools: Read
    ---
    Write.

Source: client, measured
"""

SEVERITY = "error"
FILES = ("plugin",)


def check(plugin, context):
    """Compare the names of a plugin's agents."""
    if plugin.scope not in ("plugin", "bare", "project"):
        return
    seen = {}
    for file in plugin.of("agent"):
        if plugin.scope == "project" and (file.front is None or "name" not in file.front):
            continue  # a document beside a project's agents, not one of them
        name = plugin.agent_name(file)
        other = seen.get(name.lower())
        if other is None:
            seen[name.lower()] = (name, file)
            continue
        span = file.at(("name",)) if file.front and "name" in file.front else file.first_line()
        where = plugin.sub(other[1].rel)
        for one in (file, other[1]):
            if plugin.project.listing.get(one.rel) == "l":
                yield one.hit(one.first_line(), "a link to another agent's file: both are named %r and only one loads" % name)
                break
        else:
            if other[0] == name:
                yield file.hit(span, "agent %r is already in %s: only one of them loads" % (name, where))
            else:
                yield file.hit(span, "agent %r and %r in %s differ only in case" % (name, other[0], where), severity="warning")
