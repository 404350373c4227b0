"""GitHub as the board wants it: argument lists for the real `gh`. Nothing here talks to anybody.

Labels, issues and milestones go through `gh label`, `gh issue` and `gh api`. The Project (v2) goes through `gh api graphql`: Debian's gh knows no
`gh project`, and an item's column needs ids that only GraphQL answers. What a step answers is kept under a name; later steps say `$name`.
"""

import json
import re
import shlex

FIELD = "Column"
NAME = re.compile(r"\$([a-z]+[0-9]*)$")

_OWNER = "query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { id owner { id } issue(number: %d) { id } } }"
_CREATE = (
    "mutation($owner: ID!, $repository: ID!, $title: String!) "
    "{ createProjectV2(input: {ownerId: $owner, repositoryId: $repository, title: $title}) { projectV2 { id url } } }"
)
_FIELD = (
    "mutation($project: ID!, $field: String!) { createProjectV2Field(input: {projectId: $project, dataType: SINGLE_SELECT, name: $field, "
    "singleSelectOptions: [%s]}) { projectV2Field { ... on ProjectV2SingleSelectField { id } } } }"
)
_OPTION = "query($field: ID!) { node(id: $field) { ... on ProjectV2SingleSelectField { options { id name } } } }"
_ADD = "mutation($project: ID!, $content: ID!) { addProjectV2ItemById(input: {projectId: $project, contentId: $content}) { item { id } } }"
_MOVE = (
    "mutation($project: ID!, $item: ID!, $field: ID!, $option: String!) { updateProjectV2ItemFieldValue(input: {projectId: $project, "
    "itemId: $item, fieldId: $field, value: {singleSelectOptionId: $option}}) { projectV2Item { id } } }"
)
COLOURS = ("GRAY", "BLUE", "YELLOW", "ORANGE", "PURPLE", "GREEN")


def repository(repo):
    """The fields that say which repository: OWNER/NAME, or gh's own braces."""
    owner, _, name = repo.partition("/")
    return ["-F", "owner=%s" % owner, "-F", "name=%s" % name]


def _graphql(query, jq, *fields):
    return ["gh", "api", "graphql", "-f", "query=" + query, *fields, "--jq", jq]


def project(title, columns, ids, repo):
    """[(name of the answer, argument list)]: make the project with a field of the board's columns. ids: {name: id} of what is there already."""
    steps = []
    if "project" not in ids:
        where = _OWNER.replace(" issue(number: %d) { id }", "")
        steps += [
            (n, _graphql(where, q, *repository(repo)))
            for n, q in (("owner", ".data.repository.owner.id"), ("repository", ".data.repository.id"))
        ]
        made = ["-f", "owner=$owner", "-f", "repository=$repository", "-f", "title=" + title]
        steps.append(("project", _graphql(_CREATE, ".data.createProjectV2.projectV2.id", *made)))
    if "field" not in ids:
        options = ", ".join(
            "{name: %s, color: %s, description: %s}"
            % (json.dumps(c["name"]), COLOURS[n % len(COLOURS)], json.dumps("Entry: %s. Exit: %s." % (c["entry"], c["exit"])))
            for n, c in enumerate(columns)
        )
        jq = ".data.createProjectV2Field.projectV2Field.id"
        steps.append(("field", _graphql(_FIELD % options, jq, "-f", "project=$project", "-f", "field=" + FIELD)))
    for n, column in enumerate(columns):
        if "option%d" % n not in ids:
            jq = ".data.node.options[] | select(.name == %s) | .id" % json.dumps(column["name"])
            steps.append(("option%d" % n, _graphql(_OPTION, jq, "-f", "field=$field")))
    return steps


def place(number, column, item, repo):
    """[(name of the answer, argument list)]: put an issue into a column (by its place on the board). item: its id in the project, None for a new one."""
    steps, at = [], "item=%s" % (item or "$item")
    if not item:
        where = _OWNER.replace("id owner { id } ", "") % number
        steps.append(("content", _graphql(where, ".data.repository.issue.id", *repository(repo))))
        added = ["-f", "project=$project", "-f", "content=$content"]
        steps.append(("item", _graphql(_ADD, ".data.addProjectV2ItemById.item.id", *added)))
    fields = ["-f", "project=$project", "-f", at, "-f", "field=$field", "-f", "option=$option%d" % column]
    return steps + [(None, _graphql(_MOVE, ".data.updateProjectV2ItemFieldValue.projectV2Item.id", *fields))]


def filled(argv, ids):
    """An argument list with the ids that earlier steps answered."""
    return [NAME.sub(lambda m: ids[m.group(1)], a) if "=$" in a else a for a in argv]


def line(name, argv):
    """A step as a line of sh: `name=$(gh ...)`, with earlier answers as variables."""
    words = [re.sub(r"^(\w+)=\$([a-z]+[0-9]*)$", r'\1="$\2"', a) if NAME.search(a) and "=$" in a else shlex.quote(a) for a in argv]
    return "%s=$(%s)" % (name, " ".join(words)) if name else " ".join(words)


def state(text):
    """What GITHUB_ISSUES.md says of the last sync: (run for real?, {ids of the project})."""
    found = re.search(r"^<!-- project (\{.*\}) -->$", text, re.M)
    try:
        ids = json.loads(found.group(1)) if found else {}
    except ValueError:
        ids = {}
    return bool(re.search(r"^Run by `pack kanban sync`", text, re.M)), ids if isinstance(ids, dict) else {}


def document(running, ids, lines, closed):
    """GITHUB_ISSUES.md: whether it was run or only printed, which milestones are closed, the commands."""
    return "\n".join(
        ["# GitHub", "", "%s by `pack kanban sync`:" % ("Run" if running else "Printed, not run,"), ""]
        + ["Milestones closed: %s" % (", ".join(closed) or "none"), ""]
        + (["<!-- project %s -->" % json.dumps(ids, sort_keys=True), ""] if ids else [])
        + ["```sh"]
        + lines
        + ["```", ""]
    )
