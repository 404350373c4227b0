"""A `.claude/team.yaml` that no run can be opened with, or that allows something to nobody

A project may say in `.claude/team.yaml` which tools that the team's gate does not know (MCP servers' tools, tools of a later
client) who of the team may use. It is read when a run is opened, by name and by role; a mistake in it opens no run, and a role
that there is not gets nothing.

Bad `.claude/team.yaml`:

    tools:
      mcp__linear__*: everyone
      mcp__db__query: [lead, logic-reviewr]

Good `.claude/team.yaml`:

    tools:
      mcp__linear__get_issue: everyone
      mcp__db__query: [lead, logic-reviewer]

Source: this project (pack.base.run_config reads the same file with the same checks)
"""

SEVERITY = "error"
FILES = ("team-config",)


def check(file, context):
    """Everything that the gate says when it opens a run, at the place that it means, and roles that no team has."""
    from ...base import run_config, yamltext
    from ...protocol import tables
    from ...teams import load

    try:
        document = yamltext.read(file.text)
    except yamltext.YamlError as error:
        yield file.hit((error.offset, error.offset + 1), "not YAML: %s" % error)
        return
    for path, span in document.duplicates:
        yield file.hit(span, "%r is there twice" % (path[-1],))
    wrong = run_config.findings(document.value)
    for path, message, key in wrong:
        yield file.hit(document.at(path, key), message)
    known = ("lead",) + tables.ROLES + tuple(role["id"] for role in load("realtimeSystems")["roles"])
    for path, message, key in run_config.findings(document.value, known):
        if "is no role" in message and path not in [one[0] for one in wrong]:
            yield file.hit(document.at(path, key), message + "; a team definition of your own may have one", severity="warning")
