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

from ..frontmatter import FrontmatterError, compose
from ..lazy import lazy
from ..near import nearest

SEVERITY = "error"
_STEP = lazy(r"\.([^.\[\]]+)|\[([0-9]+)\]")
_WHERE = lazy(r"(role|wave|gate|evidence|test|error|session command) '?(.+?)'?(?: (?:entry|exit))?: ")
_TWICE = lazy(r"(?:role|wave|gate|agent|role code|evidence kind|evidence file) '(.+)' is given twice\Z")
_CYCLE = lazy(r"cycle in (\w+): (\S+) -> ")
_QUOTED = lazy(r"'([^']+)'")
_LISTS = {
    "role": (("roles",), "id"),
    "wave": (("waves",), "id"),
    "gate": (("gates",), "id"),
    "evidence": (("evidence",), "kind"),
    "error": (("errors",), "when"),
    "session command": (("session_commands",), "say"),
}


def check(file, context):
    """Everything that the loader says, at the place that it means, and what it does not ask."""
    text = file.text
    if not ("roles:" in text and "waves:" in text):
        return  # another YAML file of the folder
    try:
        document = compose(text)
    except FrontmatterError as error:
        yield file.hit((error.offset, error.offset + 1), "not YAML: %s" % error)
        return
    if not isinstance(document.value, dict):
        return
    import yaml

    from ...teams import definition

    for _, span, _ in document.duplicates:
        yield file.hit(span, "%s stands here twice: the last one counts" % text[span[0] : span[1]])
    try:
        data = yaml.safe_load(text)
        problems = definition.check(data)
    except (yaml.YAMLError, ValueError, TypeError) as error:
        yield file.hit(file.first_line(), "not readable: %s" % " ".join(str(error).split()))
        return
    for line in problems:
        span, message = _place(line, document, text)
        yield file.hit(span, message)
    if not problems:
        yield from _unused(file, data, document)
        yield from _agents(file, data, document)


def _place(line, document, text):
    """(span, message) of a line of the loader: the nearest thing that it names."""
    path, message = (), line
    if line.startswith("$"):
        where, _, message = line.partition(": ")
        path = tuple(name or int(index) for name, index in _STEP.findall(where))
        named = _QUOTED.search(message)
        if named and message.startswith("unknown name") and path + (named.group(1),) in document.keys:
            return document.keys[path + (named.group(1),)], message
        return _nearest(document, path), "%s: %s" % (where[2:] or "the file", message)
    twice, cycle, match = _TWICE.match(line), _CYCLE.match(line), _WHERE.match(line)
    if twice:
        spots = _scalars(document, (), twice.group(1))
        return (spots[-1] if spots else (0, 0)), line
    if cycle:
        key, name = cycle.groups()
        for path in _items(document, name):
            if path + (key,) in document.keys:
                return document.keys[path + (key,)], line
    if match:
        path = next(iter(_items(document, match.group(2), match.group(1))), ())
        message = line[match.end() :]
    elif line.startswith("lead: "):
        path = ("lead",)
    names = _QUOTED.findall(message)
    for name in names[1:] if message.startswith("task ") else names:
        spots = _scalars(document, path, name)
        if spots:
            return spots[0], line
    return _nearest(document, path), line


def _items(document, name, kind=None):
    """Paths of the items with this id (of this kind)."""
    for what, (base, key) in _LISTS.items() if kind != "test" else ():
        items = document.value.get(base[0]) if kind in (None, what) else ()
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict) and str(item.get(key)) == name:
                yield base + (index,)
    if kind == "test":
        for part, section in enumerate(document.value.get("testing_matrix") or ()):
            for index, test in enumerate(section.get("tests") or ()):
                if str(test.get("test")) == name:
                    yield ("testing_matrix", part, "tests", index)


def _scalars(document, base, name):
    """Spans of the scalars below a path that read `name`, in order."""
    found = []
    for path, span in document.spans.items():
        if path[: len(base)] == base and len(path) > len(base):
            value = document.value
            for step in path:
                value = value[step] if isinstance(value, (dict, list)) else None
            if not isinstance(value, (dict, list)) and str(value) == name:
                found.append(span)
    return sorted(found)


def _nearest(document, path):
    """Span of the value at a path, or of the nearest one above it that is there; of its key or first part if it has parts."""
    while path and path not in document.spans:
        path = path[:-1]
    inside = sorted(span for below, span in document.spans.items() if below and below[:-1] == path)
    if inside:
        return document.keys.get(path) or inside[0]
    return document.spans.get(path, (0, 0))


def _unused(file, data, document):
    """Thresholds that no evidence and no test of the matrix names."""
    used = {name for item in data.get("evidence", []) for name in item.get("thresholds", {}).values()}
    used |= {name for part in data.get("testing_matrix", []) for test in part["tests"] for name in test.get("limits", [])}
    for name in data.get("thresholds", {}):
        if name not in used:
            span = document.keys.get(("thresholds", name), (0, 0))
            text = "threshold %r: no evidence and no test names it, so nobody measures it"
            yield file.hit(span, text % name, severity="warning")


def _agents(file, data, document):
    """Agents that the plugin around the definition does not have."""
    plugin = file.plugin
    if plugin is None or not plugin.is_plugin or not plugin.agents():
        return
    own = list(plugin.agents())
    for index, role in enumerate(data["roles"]):
        prefix, _, name = role["agent"].rpartition(":")
        if (not prefix or prefix in plugin.names) and name not in own:
            span = document.spans.get(("roles", index, "agent"), (0, 0))
            yield file.hit(span, "the plugin has no agent %r%s" % (name, nearest(name, own)))
