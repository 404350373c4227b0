"""The rules. One rule is one module; `hook-if` lives in hook_if.py. Its FILES name the kinds of files that it looks at (`"*"`: every file that the
client reads, "plugin": a plugin as a whole, "suppressions": what is left when all others have run); `make generate` makes the table of them."""

import sys

from .. import bundle
from ..rule_table import AFTER, BY_KIND, EVERY_FILE, NAMES, ONLY, OPTIONAL, PLUGIN_RULES

__all__ = ["AFTER", "BY_KIND", "EVERY_FILE", "LOADED", "NAMES", "ONLY", "OPTIONAL", "PLUGIN_RULES", "rule_module"]

LOADED: "dict[str, object]" = {}  # name -> module, of the rules that were needed so far


def rule_module(name):
    """The module of a rule (`hook-if` lives in rules/hook_if.py)."""
    module = LOADED.get(name)
    if module is None:
        name_of_module = "pack.lint.rules." + name.replace("-", "_")
        module = sys.modules.get(name_of_module) or bundle.module(name_of_module)
        if module is None:
            __import__(name_of_module)  # importlib's own package would be one more import
            module = sys.modules[name_of_module]
        LOADED[name] = module
    return module
