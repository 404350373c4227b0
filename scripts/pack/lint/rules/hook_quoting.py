"""A variable that nothing replaces: in single quotes, or in `args`

In a shell command it is the shell that replaces `$CLAUDE_PLUGIN_ROOT` and `${CLAUDE_PLUGIN_ROOT}`, and in single quotes it
does not. With `args` there is no shell: the client replaces `${CLAUDE_PLUGIN_ROOT}` (only with braces), quotes belong to the
word, and `|` or `&&` are words like any other.

Bad `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3 '${CLAUDE_PLUGIN_ROOT}/scripts/guard.py'"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]}]}}

Source: client, measured
"""

from .. import hookfile
from ..lazy import IGNORECASE, lazy
from ..scripts import of_handler

SEVERITY = "error"
FILES = ("manifest", "marketplace", "hooks", "settings-hooks")
_BARE = lazy(r"\$(CLAUDE_(?:PLUGIN_ROOT|PLUGIN_DATA|PROJECT_DIR))\b")
_NAME = r"CLAUDE_(?:PLUGIN_ROOT|PLUGIN_DATA|PROJECT_DIR)"
_FOREIGN = lazy(
    r"%%(?:N)%%|\{\{\s*\$?(?:N)\s*\}\}|\$\((?:N)\)|(?<!\\)\\\$\{?(?:N)\}?|<(?:N)>|\$\{\s+(?:N)\s*\}|\$\{(?:N)\s+\}".replace(
        "%%", "%"
    ).replace("N", _NAME)
)
_BACKSLASH = lazy(r"\$\{?(?:N)\}?[\"']?\\[\w.-]".replace("N", _NAME))
_WINDOWS = lazy(r"\s*(?:powershell|cmd|wscript|cscript)(?:\.exe)?\b|\s*pwsh\.exe\b", IGNORECASE)  # who starts these has Windows
_OPERATORS = ("|", "||", "&&", ";", ">", ">>", "<", "2>&1", "&")


def check(file, context):
    """Scripts in single quotes; every word of args."""
    for handler in hookfile.handlers(file):
        command, args = handler.command, handler.value.get("args")
        if command is None:
            continue
        if "CLAUDE_" in command or isinstance(args, list):
            yield from _foreign(file, handler, [("command",)] + [("args", at) for at in range(len(args) if isinstance(args, list) else 0)])
        if not isinstance(args, list):
            if "'" in command and "$" in command and handler.value.get("shell") != "powershell":
                for script in of_handler(handler):
                    if script.literal and "$" in script.text:
                        text = "in single quotes the shell does not replace the variable: no file is called %s"
                        yield file.hit(script.span, text % script.text)
            continue
        if " " in command.strip() and ("/" in command or "\\" in command) and command.split()[0].isalnum():
            yield file.hit(handler.at("command"), "with args there is no shell: no program is called %r" % command)
        for index, word in enumerate(args):
            if not isinstance(word, str):
                continue
            bare = _BARE.match(word)
            if bare:
                text = "with args there is no shell: write ${%s}" % bare.group(1)
                yield file.hit(handler.at("args", index), text)
            elif word[:1] in "\"'" and word[-1:] == word[:1] and "CLAUDE_" in word:
                yield file.hit(handler.at("args", index), "with args there is no shell: the quotes belong to the word")
            elif word in _OPERATORS:
                text = "with args there is no shell: %r is passed to the program" % word
                yield file.hit(handler.at("args", index), text, severity="warning")


def _foreign(file, handler, places):
    """The variable as another system writes it, and Windows' path separator."""
    for place in places:
        word = handler.value["command"] if len(place) == 1 else handler.value["args"][place[1]]
        if not isinstance(word, str) or "CLAUDE_" not in word:
            continue
        found = _FOREIGN.search(word)
        if found and not (found.group().startswith("%") and handler.value.get("shell") == "powershell"):
            yield file.hit(handler.within(found.group(), *place), "nothing replaces %s here: write ${CLAUDE_...}" % found.group())
        found = _BACKSLASH.search(word)
        if found and handler.value.get("shell") != "powershell" and not _WINDOWS.match(handler.value["command"]):
            text = "a backslash separates no folders on Linux and macOS: write %s"
            yield file.hit(handler.at(*place), text % found.group().replace("\\", "/") + "...")
