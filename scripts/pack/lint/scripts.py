"""The script that a hook runs: which file it is, and what is wrong with it."""

from . import shell
from .lazy import lazy

_HOME = lazy(r"(?:/home/|/Users/|/root/|~/|\$HOME/|\$\{HOME\}/|%USERPROFILE%|[A-Za-z]:[\\/]Users[\\/])")
_CD_ROOT = lazy(r"""\bcd\s+["']?\$\{?CLAUDE_PLUGIN_ROOT\}?["']?((?:/[\w.-]+)*)/?["']?\s*(?:&&|;)""")
_TESTED = lazy(r"(?:\[{1,2}|\btest)\s+-[efrsx]\s+(\"[^\"]*\"|'[^']*'|[^\s\]]+)")
_SHEBANG = lazy(r"#!\s*(\S+)(?:[ \t]+(?:-S[ \t]+)?(?:-\S+[ \t]+)*([\w.+-]+))?")
_FAMILIES = {"python": ("python",), "node": ("node", "bun", "deno", "tsx"), "shell": ("bash", "sh", "zsh", "dash", "ksh")}
_ABSOLUTE = lazy(r"(?:/|[A-Za-z]:[\\/])")
_SCRIPT_NAME = lazy(r"[\w-]+\.(?:py|js|mjs|cjs|ts|sh|bash|rb|pl|ps1)$")
_PATHLIKE = lazy(r"\.{0,2}/|[\w.@-]+/|[\w-]+\.(?:py|js|mjs|cjs|ts|sh|bash|rb|pl|ps1)$")


class Script:
    """A script word: its text, the path inside the plugin (`sub`) if it has one, and its place in the file."""

    def __init__(self, text, program, span):
        self.text, self.program, self.span = text, program, span
        self.sub = shell.under_root(text)
        self.escapes = self.home = self.relative = False
        self.tested = self.literal = False  # the command asks first whether it is there; the `$` stands in single quotes
        if self.sub is not None:
            depth = 0
            for part in self.sub.split("/"):
                depth += -1 if part == ".." else 0 if part in ("", ".") else 1
                self.escapes = self.escapes or depth < 0
            if "$" in self.sub or "*" in self.sub or "{" in self.sub:
                self.sub = None
        elif _HOME.match(text):
            self.home = True
        elif "$" not in text and not _ABSOLUTE.match(text) and _PATHLIKE.match(text) and "://" not in text:
            self.relative = "=" not in text

    def read(self, project, rel):
        """The script's text when it is a small file of the tree, else None."""
        if project.listing.get(rel) not in ("f", "l"):
            return None
        return project.script(rel)

    def problem(self, project, rel, direct):
        """What keeps a present file from running, or None."""
        text = self.read(project, rel)
        if text is None:
            return None
        first = text.split("\n", 1)[0]
        if direct and first.startswith("\ufeff#!"):
            return "a byte-order mark stands before #!, so the system does not find the interpreter"
        wrong = _shebang_problem(first, self.program, direct)
        if wrong:
            return wrong
        if "\r\n" in text and not direct and self.program in _FAMILIES["shell"]:
            return "its lines end with a carriage return, which %s reads as part of the last word" % self.program
        if direct and first.startswith("#!") and first.endswith("\r"):
            return "its first line ends with a carriage return, so %r is not found" % first[2:].strip().split("/")[-1].split(" ")[-1]
        python = rel.endswith(".py") and (self.program or "python").startswith("python")
        if python or direct and first.startswith("#!") and "python" in first:
            return _python_problem(text)
        if rel.endswith(".json"):
            return None
        return None


def _shebang_problem(first, program, direct):
    """An interpreter that only the author has, a misspelled one, or another language than the program that reads it."""
    match = _SHEBANG.match(first)
    if not match:
        return None
    path, name = match.groups()
    base = name if path.endswith("/env") else path.rsplit("/", 1)[-1]
    if direct:
        if _HOME.match(path):
            return "its first line names %s, which exists on one machine only" % path
        if path.endswith("/env") and base and not _is_program(base):
            from .near import closest

            meant = closest(base, shell.INTERPRETERS)
            return "its first line names %r; did you mean %r?" % (base, meant) if meant else None
        return None
    mine = _family(program or "")
    other = _family(base or "")
    if mine and other and mine != other:
        return "it is a %s script (%s), but %s runs it" % (other, first.strip()[:40], program)
    return None


def _is_program(name):
    return name in shell.COMMON or name.rstrip("0123456789.") in shell.COMMON


def _family(name):
    plain = name.rstrip("0123456789.")
    return next((family for family, names in _FAMILIES.items() if plain in names), None)


def _python_problem(text):
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        # A newer Python's grammar may be fine where the plugin runs: only report what no version takes.
        if "match" in text and error.msg == "invalid syntax" and (error.text or "").strip().startswith(("match ", "case ")):
            return None
        return "syntax error in line %s (%s)" % (error.lineno, error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return "cannot be parsed (%s)" % type(error).__name__
    return None


def of_handler(handler):
    """The Scripts that a command handler runs."""
    command = handler.command
    if command is None:
        return []
    args = handler.value.get("args")
    if isinstance(args, list):
        text, index, program = shell.from_args(command, args)
        if text is None:
            return []
        span = handler.at("command") if index is None else handler.at("args", index)
        return [Script(text, program, span)]
    span = handler.at("command")
    moved = _CD_ROOT.search(command)  # `cd "${CLAUDE_PLUGIN_ROOT}" && python3 scripts/x.py`
    tested = {match.group(1).strip("\"'") for match in _TESTED.finditer(command)} if " -" in command else ()
    raw = handler.file.text[span[0] : span[1]]
    found = []
    for run in shell.runs(command):
        text = run.word.text
        at = raw.find(text)
        place = (span[0] + at, span[0] + at + len(text)) if at >= 0 and text else span
        script = Script(text, run.program, place)
        if moved and script.relative or moved and text == run.word.text and _SCRIPT_NAME.match(text):
            script.sub, script.relative = (moved.group(1) + "/" + text).lstrip("/"), False
        script.tested = text in tested
        script.literal = run.word.literal
        found.append(script)
    return found
