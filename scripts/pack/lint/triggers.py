"""What a file or plugin must hold for a rule to have anything to say.

On a small pack most rules have nothing to look at, and importing them costs more than everything else. A rule that is not
named here is always asked. tests/lint/test_triggers.py holds every sample against a run without this table.
"""

from .marks import has

# Words that stand in so many texts, or so often in one, that to ask for each is quicker than to find all (marks.py).
COMMON = frozenset(("--", "$", "@", "#", "-", "(", ")", " #", "\\u", "name", " agent", "\x00", "\ufffd"))
WORDS: "set[str]" = set()  # all others that this table asks for


def _front(*needs):
    """A question to the file: does its frontmatter hold one of the strings?"""

    def asked(file):
        front = file.front
        return front is not None and has(front.block, needs)

    return asked


_AT: "tuple[str, ...]" = ("@", "!`", "```!")
# rule: any of these strings in the text, or a question to the file
TEXT: "dict[str, object]" = {
    "text-nul": ("\x00",),
    "text-encoding": ("\ufffd",),
    "text-mojibake": ("â€", "Ã", "Â", "ï»¿", "ðŸ"),
    "hidden-character": lambda file: _may_hide(file) or file.is_json and "\\u20" in file.text,
    "merge-marks": lambda file: not file.is_json and file.holds(_MERGE),  # which is no JSON
    "secret": lambda file: file.holds(_KEYS) or file.kind in ADDRESSES and "://" in file.text,
    "piped-to-shell": ("curl", "wget", "base64", "Invoke-Web", "iex", "IEX", "b64decode", "urlopen", "fromhex", "xxd"),
    "option-undeclared": ("${user_config.",),
    "root-variable": ("PLUGIN_", "CLAUDE_", "laude_", "SKILL_DIR"),
    "ref-machine": ("/Users/", "/home/", "\\Users\\"),
    "ref-skill": ("` skill",),
    "readme-option": ("--",),
    "ref-anchor": ("](", "]:"),
    "ref-agent": lambda file: file.holds(_AGENT) or file.holds(_SUB),
    "protocol-spawn": ("subagent_type", "disallowed"),
    "tool-mcp": ("mcp__",),
    "tool-conflict": _front("disallowedTools"),
    "tool-specifier": _front("("),
    "tool-unbalanced": _front("(", ")"),
    "agent-skill-missing": _front("skills"),
    "model-unknown": _front("model"),
    "frontmatter-cut": _front(" #"),
    "command-injection": ("!`", "```!"),
    "command-live-example": _AT,
    "command-shell": ("!`", "```!"),
    "command-spelling": ("! `", "!  `", "!\t`", "!`"),
    "command-approval": ("!`", "```!"),
    "command-argument": ("$", "{{"),
    "ref-project-path": lambda file: file.holds(_AT) or file.kind in ("command", "skill") and file.holds(_FOLDERS),
    "ref-script": ("CLAUDE_PLUGIN_ROOT", "CLAUDE_SKILL_DIR"),
    "wide-grant": _front("allowed-tools"),
    "tool-ungranted": _front("tools", "Tools"),
    "unreadable": lambda file: file.read_error,
    "frontmatter-missing": lambda file: file.front is None,
    "frontmatter-syntax": lambda file: file.front is not None and not isinstance(file.front.value, dict),
    "frontmatter-duplicate-key": lambda file: file.front is not None and file.front.duplicates,
    "frontmatter-ends-early": lambda file: file.front is not None and _odd_close(file),
    "description-missing": lambda file: (
        not (file.front and isinstance(file.front.get("description"), str) and file.front.get("description").strip())
    ),
    "body-empty": lambda file: not file.text[file.body_start :].strip(),
    "json-duplicate-key": lambda file: file.is_json and file.json is not None and file.json.duplicates,
    "json-syntax": lambda file: file.is_json and (file.source.bom or not file.data),
}
# Characters that nobody sees; the last one is what all tags (U+E0001 to U+E007F) begin with in UTF-8.
_HIDDEN = tuple("\u00ad\u200b\u200c\u202a\u202b\u202c\u202d\u202e\ufeff") + tuple(map(chr, range(0x2060, 0x206A))) + ("\udcf3\udca0",)


def _may_hide(file):
    return not file.text.isascii() if file.marks is None else not file.marks.isdisjoint(_HIDDEN)


_MERGE: "tuple[str, ...]" = ("<<<<<<< ",)
_KEYS: "tuple[str, ...]" = ("ghp_", "gho_", "ghs_", "github_pat_", "AKIA", "glpat-", "AIza", "xox", "PRIVATE KEY", "eyJ", "sk-")
_KEYS += ("SECRET", "TOKEN", "_KEY", "PASSWORD", "hooks.slack.com", "discord", "_live_", "npm_", "hf_")
ADDRESSES: "tuple[str, ...]" = ("mcp", "manifest", "hooks", "script", "monitors", "private")
_TEAMS, _TOOL = ("TeamCreate", "TeamDelete"), (" tool",)
_FOLDERS: "tuple[str, ...]" = (" scripts/", "./scripts/", " hooks/", "./hooks/", " bin/", "./bin/", " lib/", " tools/")
_AGENT: "tuple[str, ...]" = ("ubagent", "** agent", '" agent', " agent", "@agent-", "` agent", "agent:", 'agent"', "agent'", "agent :")
_SUB: "tuple[str, ...]" = ("` sub",)
_HOOKS = ('"hooks"', "\\u")
# kind: the same for rules that look at several kinds
OF_KIND: "dict[str, dict[str, object]]" = {
    "hooks": {"hook-watch": ("FileChanged", "\\u")},
    "manifest": {
        "manifest-shadow": ("agents", "commands", "outputStyles", "\\u"),
        "network-host": ("network", "\\u"),
        "manifest-engines": ("engines", "\\u"),
        "dependency": ("dependencies", "\\u"),
        "plugin-settings": ("settings", "\\u"),
        "mcp-schema": ("mcpServers", "lspServers", "\\u"),
        "mcp-command": ("mcpServers", "lspServers", "\\u"),
        "monitor": ("monitors", "\\u"),
        "option-values": ("userConfig", "channels", "\\u"),
    },
    "settings-hooks": {"settings-permission": ("permissions", "\\u")},
    "marketplace": {"manifest-engines": ("engines", "\\u")},
    "mcp": {"network-host": ("network", "\\u")},
    "command": {"tool-ungranted": _front("disallowed")},
    "skill": {"tool-ungranted": _front("disallowed")},
    # what a page says is not run
    "prose": {"piped-to-shell": (), "readme-count": lambda file: file.plugin is None and "lugin" in file.text},
    "readme": {"piped-to-shell": ()},
    "rootdoc": {"piped-to-shell": ()},
}
for _kind in ("manifest", "marketplace"):
    for _rule in "schema event key matcher-regex matcher if type async timeout switch unquoted script path".split():
        OF_KIND[_kind]["hook-" + _rule] = _HOOKS
    for _rule in "interpreter fails-open quoting user-config command variable endless payload answer watch".split():
        OF_KIND[_kind]["hook-" + _rule] = _HOOKS
_FRONT_HOOKS = _front("hooks")
for _kind in ("command", "skill"):
    for _rule in "event matcher-regex matcher if timeout script path interpreter fails-open variable endless answer".split():
        OF_KIND[_kind]["hook-" + _rule] = _FRONT_HOOKS


def _odd_close(file):
    """Is there another `---`, or anything else in the line of the closing one?"""
    text, at = file.text, file.front.close
    return text.find("---", at + 3) >= 0 or text[at - 1] != "\n" or text[at + 3 : file.source.line_end(at)].strip()


def of_facts(facts):
    """The same for rules that look for names in the client's facts."""
    removed = _front(*facts.removed_tools)
    gone = tuple(
        name for name in facts.removed_tools if not name.startswith("Team") and not name.endswith("Tool")
    )  # AgentOutput does for both
    return {
        "agent-ignored-key": _front(*facts.agent["ignored_in_plugins"]),
        "tool-removed": lambda file: removed(file) or file.holds(_TEAMS) or file.holds(_TOOL) and file.holds(gone),
        "tool-unavailable": _front(
            *facts.agent["never_in_subagents"],
            *[old for old, new in facts.tool_aliases.items() if new in facts.agent["never_in_subagents"]],
        ),
    }


def question(needs, finder):
    """What `needs` of the tables above asks of a File, as a function; `finder` is the project's (marks.py) or None."""
    if callable(needs):
        return needs
    return (lambda file: has(file.text, needs)) if finder is None else finder.asks(needs)


def _documents(plugin):
    return plugin.of("prose", "agent", "command", "skill")


_RULERS = ("|-", "| -", "|:", "| :", "-|", "- |", ":|", ": |")  # those of markdown.py


def _ruled(plugin):
    if not plugin.is_plugin:
        return False
    known = plugin.memo.get("has_tables")
    if known is None:
        known = plugin.memo["has_tables"] = any(file.holds(_RULERS) for file in _documents(plugin))
    return known


def _tables(plugin):
    """Has it a table with a column that says something to these rules?"""
    known = plugin.memo.get("has_telling_tables")
    if known is None:
        known = _ruled(plugin)
        if known:
            from . import vocabulary

            pages = vocabulary.documents(plugin) + [file for file in plugin.of("readme") if not file.read_error]
            known = any(map(vocabulary.tables, pages))
        plugin.memo["has_telling_tables"] = known
    return known


_PAGE = (".md",)
# rule: has it anything to look at in this plugin?
PLUGIN = {
    "name-clash": lambda plugin: len(plugin.of("command", "skill", "agent", "prose")) > 1 or plugin.entries and plugin.of("command"),
    "agent-duplicate": lambda plugin: len(plugin.of("agent")) > 1,
    "manifest-location": lambda plugin: plugin.of("root-manifest") or plugin.manifest and plugin.project.has_links(),
    "ref-orphan": lambda plugin: plugin.of("prose"),
    "ref-cycle": lambda plugin: any(file.holds(_PAGE) for file in _documents(plugin)),
    "component-location": lambda plugin: (
        len(plugin.project.listing) > len(plugin.project.files) or any(not file.name.endswith(".md") for file in plugin.of("command"))
    ),
    "bin-file": lambda plugin: plugin.path("bin") in plugin.project.dirs,
    "link-outside": lambda plugin: plugin.project.has_links(),
}
for _rule in "role agent tables name state approver unknown unreachable dead-end ack".split():
    PLUGIN["protocol-" + _rule] = _tables
_LISTS = ("s: `", "tates\n", "tates:", "tatuses:", "vents:\n", "essages:\n", "hases:\n", "ignals:\n")
PLUGIN["protocol-name"] = lambda plugin: _ruled(plugin) or plugin.is_plugin and any(file.holds(_LISTS) for file in _documents(plugin))
PLUGIN["protocol-unknown"] = PLUGIN["protocol-name"]
_GENERATED = ("generated:", "generated :", "GENERATED", "Generated:", "generated ")
_COMMENT = ("<!--",)
PLUGIN["generated-drift"] = lambda plugin: (
    "scripts/dev/generate.py" in plugin.project.listing
    or any(file.holds(_COMMENT) and file.holds(_GENERATED) for file in _documents(plugin))
)
for _needs in list(TEXT.values()) + [needs for table in OF_KIND.values() for needs in table.values()]:
    WORDS.update(_needs if isinstance(_needs, tuple) else ())
for _needs in (_MERGE, _KEYS, _AT, _FOLDERS, _AGENT, _TEAMS, _TOOL, _HIDDEN, _RULERS, _PAGE, _LISTS, _GENERATED, _COMMENT):
    WORDS.update(_needs)
# What modules of the rules ask a file for (File.holds): a test compares.
WORDS.update("$ARG {{ $1 $2 ${ARGUMENTS} $arguments ${0} ${1} ${2} ${3} ${4} ${5} ${6} ${7} ${8} ${9} reference".split())
WORDS.update("references/ reference/ agents/ commands/ skills/ hooks/ scripts/ assets/ templates/ examples/ eference".split())
WORDS.update((" references/", " reference/", " agents/", " commands/", " skills/", "](", "]:", "<a ", "<img ", "pack-lint:"))
WORDS.update(
    "SendMessage TaskUpdate TaskCreate NotebookEdit WebFetch WebSearch TodoWrite AskUserQuestion `Write` `Edit` `Bash` `Agent`".split()
)
WORDS.update(("Write to", "Edit to", " Bash", "Agent to", "** sub", '" sub', "` sub"))
WORDS.update(("agents `", "agents: `", "agent `", "agent: `", "` agents", "  agents"))
WORDS -= COMMON
