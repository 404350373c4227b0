"""Which rule looks at which kind of file. One rule is one module; `hook-if` lives in hook_if.py."""

import sys

_MARKDOWN: "tuple[str, ...]" = (
    "frontmatter-syntax",
    "frontmatter-ends-early",
    "frontmatter-missing",
    "frontmatter-type",
    "frontmatter-duplicate-key",
)
_MARKDOWN += (
    "frontmatter-cut",
    "body-empty",
    "description-missing",
    "model-unknown",
    "tool-unknown",
    "tool-removed",
    "tool-unbalanced",
    "tool-mcp",
)
_REFERENCES = ("option-undeclared", "root-variable", "ref-agent", "ref-name", "ref-skill", "ref-file", "ref-anchor")
_COMMAND = (
    "command-key",
    "command-value",
    "command-approval",
    "wide-grant",
    "ref-project-path",
    "command-injection",
    "command-live-example",
    "command-shell",
    "command-spelling",
    "command-argument",
    "context-budget",
    "protocol-spawn",
    "tool-ungranted",
    "ref-script",
)
_HOOKS: "tuple[str, ...]" = (
    "hook-schema",
    "hook-event",
    "hook-key",
    "hook-matcher-regex",
    "hook-matcher",
    "hook-if",
    "hook-type",
    "hook-async",
)
_HOOKS += (
    "hook-timeout",
    "hook-switch",
    "hook-unquoted",
    "hook-script",
    "hook-path",
    "hook-interpreter",
    "hook-fails-open",
    "hook-quoting",
)
_HOOKS += (
    "hook-payload",
    "hook-user-config",
    "hook-command",
    "hook-variable",
    "hook-endless",
    "hook-answer",
    "hook-watch",
    "root-variable",
)
# What also holds for the hooks in a skill's or command's frontmatter.
_FRONT_HOOKS: "tuple[str, ...]" = (
    "hook-event",
    "hook-matcher-regex",
    "hook-matcher",
    "hook-if",
    "hook-timeout",
    "hook-script",
    "hook-path",
)
_FRONT_HOOKS += ("hook-interpreter", "hook-fails-open", "hook-variable", "hook-endless", "hook-answer")
_JSON = ("json-syntax", "json-duplicate-key")

EVERY_FILE = (
    "unreadable",
    "text-encoding",
    "text-nul",
    "text-mojibake",
    "hidden-character",
    "merge-marks",
    "secret",
    "piped-to-shell",
)
# A program is none of the client's documents: what it loads, hides and gives away.
ONLY = {"script": ("hidden-character", "secret", "piped-to-shell")}
BY_KIND = {
    "agent": _MARKDOWN
    + (
        "agent-key",
        "agent-ignored-key",
        "agent-value",
        "agent-name",
        "agent-skill-missing",
        "tools-shape",
        "tool-specifier",
        "tool-conflict",
    )
    + ("tool-unavailable", "tool-ungranted", "protocol-spawn")
    + _REFERENCES,
    "command": _MARKDOWN + _COMMAND + _REFERENCES + _FRONT_HOOKS,
    "skill": _MARKDOWN + _COMMAND + _REFERENCES + ("skill-length",) + _FRONT_HOOKS,
    "output-style": _MARKDOWN[:2] + ("frontmatter-duplicate-key", "frontmatter-cut", "body-empty", "output-style"),
    "theme": _JSON + ("theme",),
    "team": ("team-definition",),
    "team-config": ("team-config",),
    "eval": ("eval-case",),
    "stray-skill": ("skill-file",),
    "prose": _REFERENCES + ("readme-count",),
    "readme": ("ref-name", "ref-file", "ref-anchor", "readme-count", "readme-option"),
    "rootdoc": ("root-document",),
    "manifest": _JSON
    + ("manifest-schema", "manifest-field", "manifest-metadata", "manifest-path", "manifest-shadow", "manifest-engines")
    + ("plugin-name", "dependency", "plugin-settings", "mcp-schema", "mcp-command", "monitor", "option-values", "network-host")
    + _HOOKS,
    "marketplace": _JSON
    + (
        "marketplace-schema",
        "marketplace-field",
        "marketplace-name",
        "marketplace-source",
        "marketplace-entry",
        "manifest-engines",
    )
    + _HOOKS,
    "hooks": _JSON + _HOOKS,
    "settings-hooks": _JSON + _HOOKS,
    "mcp": _JSON + ("mcp-schema", "mcp-command", "network-host", "root-variable"),
    "lsp": _JSON + ("component-schema", "mcp-command"),
    "monitors": _JSON + ("component-schema", "monitor", "option-undeclared"),
    "settings": _JSON + ("plugin-settings",),
}
PLUGIN_RULES: "tuple[str, ...]" = ("agent-duplicate", "name-clash", "manifest-location", "ref-orphan", "orphan-agent", "publishing")
PLUGIN_RULES += (
    "protocol-role",
    "protocol-agent",
    "protocol-tables",
    "protocol-name",
    "protocol-state",
    "protocol-approver",
    "protocol-unknown",
    "protocol-unreachable",
    "protocol-dead-end",
    "protocol-ack",
    "ref-cycle",
    "component-location",
    "link-outside",
    "bin-file",
    "generated-drift",
)
# Off unless selected; the modules say so too (OPTIONAL), this table spares their import.
OPTIONAL = ("context-budget", "orphan-agent", "publishing")
AFTER = ("suppression-unused", "suppression-reason")
NAMES = tuple(sorted(set(EVERY_FILE + PLUGIN_RULES + AFTER).union(*BY_KIND.values())))

LOADED: "dict[str, object]" = {}  # name -> module, of the rules that were needed so far


def rule_module(name):
    """The module of a rule (`hook-if` lives in rules/hook_if.py)."""
    module = LOADED.get(name)
    if module is None:
        name_of_module = "pack.lint.rules." + name.replace("-", "_")
        __import__(name_of_module)  # importlib's own package would be one more import
        module = LOADED[name] = sys.modules[name_of_module]
    return module
