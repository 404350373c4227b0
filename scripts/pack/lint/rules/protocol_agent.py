"""A table gives an agent another model or other tools than its own frontmatter

The client reads the frontmatter; whoever plans by the table plans with an agent that does not exist.

Bad `references/roster.md`, `agents/reviewer.md`, `commands/build.md`:

    | Role | Agent | Tools |
    |---|---|---|
    | Reviewer | `demo-pack:reviewer` | Read, Write |
    ---8<---
    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read, Grep
    ---
    Review.
    ---8<---
    ---
    description: Builds the plan
    ---
    See [the roster](../references/roster.md).

Good `references/roster.md`, `agents/reviewer.md`, `commands/build.md`:

    | Role | Agent | Tools |
    |---|---|---|
    | Reviewer | `demo-pack:reviewer` | Read, Grep |
    ---8<---
    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read, Grep
    ---
    Review.
    ---8<---
    ---
    description: Builds the plan
    ---
    See [the roster](../references/roster.md).

Source: this project
"""

from .. import tools, vocabulary
from ..markdown import clean

SEVERITY = "warning"
FILES = ("plugin",)


def check(plugin, context):
    """Rows that name an agent of the plugin (by id, or bare) beside a Model or Tools column."""
    if not plugin.is_plugin or not plugin.agents():
        return
    facts = context.facts
    for file in vocabulary.tabled(plugin) + plugin.of("readme"):
        for table in vocabulary.tables(file) if not file.read_error else ():
            who = table.column("agent", "agents", "subagent_type", "agent id", "agent type")
            who = table.column("role", "name") if who is None else who
            model, wanted = (
                table.column("model", "models"),
                table.column("tools", "tool", "allowed tools", "granted tools", "tools granted"),
            )
            if who is None or (model, wanted) == (None, None):
                continue
            named = [clean(row[who][0]) for row in table.rows if who < len(row)]
            for row in table.rows:
                if who < len(row) and named.count(clean(row[who][0])) > 1:
                    continue  # one agent in several rows: which model is for what
                agent = plugin.agents().get(clean(row[who][0]).rsplit(":", 1)[-1]) if who < len(row) else None
                if agent is None or agent.front is None or agent.front.error:
                    continue
                if model is not None and model < len(row):
                    yield from _model(file, row[model], agent, facts)
                if wanted is not None and wanted < len(row):
                    yield from _tools(file, row[wanted], agent, facts)


def _model(file, cell, agent, facts):
    said, real = clean(cell[0]).lower(), agent.front.get("model")
    real = real.lower() if isinstance(real, str) else "inherit"
    if said in facts.model_aliases and real in facts.model_aliases and said != real:
        yield file.hit(cell[1:], "%s says model: %s, not %s" % (agent.plugin.sub(agent.rel), real, said))


def _tools(file, cell, agent, facts):
    said = {tools.canonical(tool.name, facts) for tool in tools.split(clean(cell[0]).replace("`", ""))}
    listed = tools.listed(agent, "tools")
    if not said or not listed or not all(tools.is_known(name, facts) for name in said):
        return
    real = {tools.canonical(tool.name, facts) for tool in listed}
    if said != real and "*" not in real:
        more, less = sorted(said - real), sorted(real - said)
        what = " and ".join(["not %s" % ", ".join(more)] * bool(more) + ["also %s" % ", ".join(less)] * bool(less))
        yield file.hit(cell[1:], "the tools of %s are %s" % (agent.plugin.sub(agent.rel), what))
