"""A team definition that cannot be run, or says something that nothing looks at

Roles, waves, gates, evidence and thresholds are data that the run engine, the hooks and the gates read. Names that nobody
declares, waves or gates that wait for each other, a gate without evidence: the team could not begin, or never end. A
threshold that no evidence and no test names is a promise that nobody measures.

Bad `.claude/team-definitions/small.yaml`:

    team: small
    version: 1
    title: Small team
    root: .small
    roles:
      - {id: writer, code: WR, agent: reviewer, title: Writer, summary: writes, persona: "Writes the plan that all the others read, and nothing else.", spawning: foreground, artifacts: [PLAN.md], tasks: [{do: write the plan, artifact: PLAN.md}]}
    waves:
      - {id: "1", title: Writing, mode: sequential, roles: [writter], gates: [done]}
    gates:
      - {id: done, title: Plan is there, after_role: writer, check: it has content, artifacts: [PLAN.md], on_fail: {respawn: [writer]}}

Good `.claude/team-definitions/small.yaml`:

    team: small
    version: 1
    title: Small team
    root: .small
    roles:
      - {id: writer, code: WR, agent: reviewer, title: Writer, summary: writes, persona: "Writes the plan that all the others read, and nothing else.", spawning: foreground, artifacts: [PLAN.md], tasks: [{do: write the plan, artifact: PLAN.md}]}
    waves:
      - {id: "1", title: Writing, mode: sequential, roles: [writer], gates: [done]}
    gates:
      - {id: done, title: Plan is there, after_role: writer, check: it has content, artifacts: [PLAN.md], on_fail: {respawn: [writer]}}

Source: this project (pack.teams reads the same file with the same checks)
"""

from ..near import nearest

SEVERITY = "error"
FILES = ("team",)


def check(file, context):
    """Everything that the loader says, at the place that it means, and what it does not ask."""
    from ...base import yamltext
    from ...teams import checker, files

    text = file.text
    named = ("roles:" in text and "waves:" in text) or ('"roles"' in text and '"waves"' in text)
    if not named and file.rel.split("/")[-2:-1] != ["team-definitions"]:
        return  # another YAML file of the folder
    try:
        document = yamltext.read(text)
    except yamltext.YamlError as error:
        yield file.hit((error.offset, error.offset + 1), "not YAML: %s" % error)
        return
    data = document.value
    if not named and isinstance(data, (dict, list)) and not (isinstance(data, dict) and "team" in data):
        return
    if len(file.source.data) > yamltext.MAX_BYTES:
        yield file.hit((0, 1), "larger than %d bytes, which no team definition is" % yamltext.MAX_BYTES)
        return
    folder, _, name = file.rel.rpartition("/")
    beside = [p.rpartition("/")[2] for p in file.project.listing if p.rpartition("/")[0] == folder]
    twice = files.rivals(beside, files.named(name)) if folder.rpartition("/")[2] == "team-definitions" else None
    if twice:
        yield file.hit(document.at(("team",)), twice)
    problems = checker.findings(data, document)
    for path, message, key in problems:
        yield file.hit(document.at(path, key), message)
    if not problems:
        for path, message, key in checker.advice(data):
            yield file.hit(document.at(path, key), message, severity="warning")
        yield from _name(file, data, document)
        yield from _agents(file, data, document)


def _name(file, data, document):
    """A definition is found by its file's name."""
    stem = file.rel.rpartition("/")[2].rpartition(".")[0]
    if stem != data["team"] and file.rel.split("/")[-2:-1] == ["team-definitions"]:
        text = "the team is called %r, but the file %r: it is found as --team %s; give both one name" % (data["team"], stem, stem)
        yield file.hit(document.at(("team",)), text, severity="warning")


def _agents(file, data, document):
    """Agents that the plugin around the definition does not have."""
    plugin = file.plugin
    if plugin is None or plugin.scope != "project" and not (plugin.is_plugin and plugin.agents()):
        return
    own, here = list(plugin.agents()), plugin.scope == "project"
    for index, role in enumerate(data["roles"]):
        prefix, _, name = role["agent"].rpartition(":")
        if role["id"] != data.get("lead") and (not prefix or prefix in plugin.names) and name not in own:
            text = "the %s has no agent %r%s" % ("project" if here else "plugin", name, nearest(name, own))
            text += "; `pack team agents %s` writes it" % data["team"] if here else ""
            yield file.hit(document.at(("roles", index, "agent")), text, severity="warning" if here else None)
