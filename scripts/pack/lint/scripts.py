"""The script that a hook runs: which file it is, and what is wrong with it."""

import os
import posixpath
import sys
import time
from bisect import bisect_right

from . import shell
from .lazy import MULTILINE, lazy
from .markdown import lines_with
from .model import TooLarge

_HOME = lazy(r"(?:/home/|/Users/|/root/|~/|\$HOME/|\$\{HOME\}/|%USERPROFILE%|[A-Za-z]:[\\/]Users[\\/])")
_CD_ROOT = lazy(r"""\bcd\s+["']?\$\{?CLAUDE_PLUGIN_ROOT\}?["']?((?:/[\w.-]+)*)/?["']?\s*(?:&&|;)""")
_TESTED = lazy(r"(?:\[{1,2}|\btest)\s+-[efrsx]\s+(\"[^\"]*\"|'[^']*'|[^\s\]]+)")
_SHEBANG = lazy(r"#!\s*(\S+)(?:[ \t]+(?:-S[ \t]+)?(?:-\S+[ \t]+)*([\w.+-]+))?")
_TWO_WORDS = lazy(r"#!\s*\S*/env[ \t]+(?!-)[^\s=]+[ \t]+\S")
_JS_TEXT = lazy(r"//[^\n]*|/\*[\s\S]*?\*/|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\[\s\S])*`")
_JS_SAID = lazy(r":([0-9]+)\n[\s\S]*?SyntaxError: ([^\n]{1,100})")
_SAID = lazy(r"line ([0-9]+): ([^\n]{1,100})")
_RELATIVE = lazy(r"\bfrom[ \t]*\.")
_CODING = lazy(r"coding[:=]\s*[-\w.]+")
# What a script cannot do without: `source` of a path below the plugin's root or its own folder, a relative require or import.
_SOURCED = lazy(
    r"^[ \t]*(?:source|\.)[ \t]+\"?(?:\$\{?CLAUDE_PLUGIN_ROOT\}?\"?(?P<root>/[\w./-]+)"
    r"|\$\(dirname (?:-- )?\"?\$(?:0|\{?BASH_SOURCE(?:\[0\])?\}?)\"?\)\"?(?P<beside>/[\w./-]+))\"?[ \t]*$",
    MULTILINE,
)
_REQUIRED = lazy(
    r"^(?:(?:const|let|var)\s[^=\n]{1,120}=\s*|)(?:require\(|import\s(?:[^\n\"'();]{1,160}\sfrom\s*)?)[\"'](?P<js>\.{1,2}/[\w./-]+)[\"']",
    MULTILINE,
)
_RELATIVE_PATHS = ('"./', "'./", '"../', "'../")
_FAMILIES = {"python": ("python",), "node": ("node", "bun", "deno", "tsx"), "shell": ("bash", "sh", "zsh", "dash", "ksh")}
_ABSOLUTE = lazy(r"(?:/|[A-Za-z]:[\\/])")
# Where nothing is that comes with a system or a package: what stands there is the author's.
_MACHINE = lazy(r"(?:/(?:tmp|var/tmp|private/tmp|workspaces?|mnt|data|srv|app|repo|code|projects?)/|[A-Za-z]:[\\/]?(?!/))[^\n]*\.\w+\Z")
_SCRIPT_NAME = lazy(r"[\w-]+\.(?:py|js|mjs|cjs|ts|sh|bash|rb|pl|ps1)$")
_PATHLIKE = lazy(r"\.{0,2}/|[\w.@-]+/|[\w-]+\.(?:py|js|mjs|cjs|ts|sh|bash|rb|pl|ps1)$")


class Script:
    """A script word: its text, the path inside the plugin (`sub`) if it has one, and its place in the file."""

    def __init__(self, text, program, span):
        self.text, self.program, self.span = text, program, span
        self.sub = shell.under_root(text)
        self.escapes = self.home = self.relative = self.machine = False
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
        elif _MACHINE.match(text):
            self.machine = True
        elif "$" not in text and not _ABSOLUTE.match(text) and _PATHLIKE.match(text) and "://" not in text:
            self.relative = "=" not in text

    def read(self, project, rel):
        """The script's text when it is a small file of the tree, else None."""
        if project.listing.get(rel) not in ("f", "l"):
            return None
        return project.script(rel)

    def written(self, project, rel):
        """The same where somebody wrote it; None for what a bundler made: half a MB of libraries, in which no word means the hook."""
        text = self.read(project, rel)
        return None if text is None or is_built(text) else text

    def problem(self, project, rel, direct):
        """What keeps a present file from running, or None."""
        text = self.read(project, rel)
        if text is None:
            return None
        first = text[: text.find("\n")] if "\n" in text else text
        if direct and first.startswith("\ufeff#!"):
            return "a byte-order mark stands before #!, so the system does not find the interpreter"
        if direct and not first.strip() and _below_a_blank(text):
            return "an empty line stands before #!, so the system does not see it and a shell reads the file"
        wrong = _shebang_problem(first, self.program, direct)
        if wrong:
            return wrong
        if not text.strip():
            return "it is empty"
        if "\r\n" in text and not direct and self.program in _FAMILIES["shell"]:
            return "its lines end with a carriage return, which %s reads as part of the last word" % self.program
        if direct and first.startswith("#!") and first.endswith("\r"):
            return "its first line ends with a carriage return, so %r is not found" % first[2:].strip().split("/")[-1].split(" ")[-1]
        python = rel.endswith(".py") and (self.program or "python").startswith("python")
        if python or direct and first.startswith("#!") and "python" in first:
            if "\ufffd" in text and not _CODING.search("\n".join(text.split("\n", 2)[:2])) and not project.is_utf8(rel):
                return "it is not UTF-8, and Python stops at such a byte (SyntaxError)"
            return _python_problem(text)
        if rel.endswith((".js", ".mjs", ".cjs")) and self.program in (None, "node"):
            return _node_problem(text, rel)
        shell_script = rel.endswith((".sh", ".bash")) or direct and first.startswith("#!") and first.rstrip().endswith("sh")
        if shell_script and (self.program in (None, "sh", "bash", "dash")) and "zsh" not in first and "fish" not in first:
            return None if _is_sound(project, rel, text) else _shell_problem(text)
        return None


def is_built(text):
    """Did a program write this script? It is longer than anybody's, or its lines are."""
    return len(text) > 100_000 or len(text) > 20_000 and len(text) > 500 * text.count("\n")


def _shebang_problem(first, program, direct):
    """An interpreter that only the author has, a misspelled one, or another language than the program that reads it."""
    match = _SHEBANG.match(first)
    if not match:
        return None
    path, name = match.groups()
    if direct and _TWO_WORDS.match(first):
        return "env looks for a program called %r; two words need `env -S`" % first.split("env", 1)[1].strip()
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


def _below_a_blank(text):
    """Does another language's #! come after empty lines? A script for a shell runs in one all the same."""
    match = _SHEBANG.match(text.lstrip())
    return match is not None and _family((match.group(2) or match.group(1)).rsplit("/", 1)[-1]) not in (None, "shell")


def _is_program(name):
    return name in shell.COMMON or name.rstrip("0123456789.") in shell.COMMON


def _family(name):
    plain = name.rstrip("0123456789.")
    return next((family for family, names in _FAMILIES.items() if plain in names), None)


def _node_problem(text, rel):
    """What `node --check` says of a script whose brackets do not meet. None where there is no node."""
    if is_built(text):
        return None  # what wrote it has parsed it
    bare = _JS_TEXT.sub("", text)
    if all(bare.count(left) == bare.count(right) for left, right in ("()", "[]", "{}")):
        return None  # node takes 40 ms a file: only where something looks wrong
    import subprocess  # 20 ms more
    import tempfile

    try:
        with tempfile.NamedTemporaryFile("w", suffix=rel[rel.rindex(".") :], encoding="utf-8", errors="replace") as copy:
            copy.write(text)
            copy.flush()
            done = subprocess.run(["node", "--check", copy.name], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    found = _JS_SAID.search(done.stderr.decode("utf-8", "replace")) if done.returncode else None
    if not found or "import statement" in found.group(2) or "'export'" in found.group(2):
        return None
    return "syntax error in line %s (%s)" % found.groups()


def _is_sound(project, rel, text):
    """Has bash no complaint, this script and others of the tree read together? Each stands in braces, so that what one leaves open
    is an error in all: then, and where this one is the first that is asked for, each is read for itself."""
    sound = project.sound_scripts
    if text in sound:
        return True
    project.shell_asked += 1
    if project.shell_asked == 1:
        return False
    texts, size, found = [text], len(text), project.below("")
    for other in found[bisect_right(found, rel) :]:
        if len(texts) >= min(1 << project.shell_asked, 128) or size > 1 << 20:
            break  # as many as have been asked for: they are likely to be asked for, too
        if other.endswith((".sh", ".bash")) and project.listing[other] == "f":
            try:
                data = project.read(other).decode("utf-8", "replace")
            except (OSError, TooLarge):
                continue
            if data not in sound:
                texts.append(data)
                size += len(data)
    if len(texts) == 1 or _bash("".join("{\n%s\n}\n" % one for one in texts)) != (0, ""):
        return False
    sound.update(texts)
    return True


def _bash(text):
    """(exit code, what is said) of `bash -n`, which reads a script and runs nothing. None where there is no bash.

    Started without `subprocess`, which with what it imports costs more than bash itself.
    """
    program = next((path for path in ("/usr/bin/bash", "/bin/bash") if os.access(path, os.X_OK)), None)
    if program is None or not hasattr(os, "posix_spawn"):
        return None
    ours, theirs = os.pipe()
    try:
        with _file(text.encode("utf-8", "surrogateescape")) as script:  # from a pipe bash reads byte by byte
            ends = [(os.POSIX_SPAWN_DUP2, script.fileno(), 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
            ends.append((os.POSIX_SPAWN_DUP2, theirs, 2))
            # An empty environment: BASH_ENV would name a file that bash runs first.
            words, environment = ["bash", "--norc", "--noprofile", "-n"], {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
            pid = os.posix_spawn(program, words, environment, file_actions=ends)
        os.close(theirs)
        theirs = -1
        said = _until(ours, 5)
        if said is None:
            import signal

            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    except OSError:
        return None
    finally:
        os.close(ours)
        if theirs >= 0:
            os.close(theirs)
    return None if said is None else (status, said.decode("utf-8", "replace").strip())


def _until(pipe, seconds):
    """The bytes that come through a pipe until it is closed; None when that takes longer."""
    import select

    data, end = b"", time.monotonic() + seconds
    while select.select([pipe], [], [], max(0, end - time.monotonic()))[0]:
        more = os.read(pipe, 65536)
        if not more:
            return data
        data += more
    return None


def _file(data):
    """An open file without a name that holds the bytes, at its beginning."""
    if hasattr(os, "memfd_create"):
        handle = open(os.memfd_create("script"), "w+b")
    else:
        import tempfile  # with what it needs itself as much as a small run

        handle = tempfile.TemporaryFile()
    handle.write(data)
    handle.seek(0)
    return handle


def _shell_problem(text):
    """What bash says of a script."""
    code, said = _bash(text) or (0, "")
    if code == 0 or "syntax error" not in said and "unexpected" not in said:
        return None
    where = _SAID.search(said)
    return "syntax error in line %s (%s)" % where.groups() if where else "syntax error (%s)" % said.split("\n")[0][:80]


def _parses(text):
    """Does Python take the text? It is asked without making a tree of it, which takes half as long again."""
    try:
        from _symtable import symtable

        symtable(text, "script", "exec")
    except (ImportError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _python_problem(text):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not _RELATIVE.search(text) and _parses(text):
            return None
        return _python_error(text)


def _python_error(text):
    import ast

    try:
        tree = ast.parse(text)
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.level:
                return "line %d imports from a package (`from .`), which a script that is run by its path is not in" % node.lineno
    except SyntaxError as error:
        # A newer Python's grammar may be fine where the plugin runs: only report what no version takes.
        if "match" in text and error.msg == "invalid syntax" and (error.text or "").strip().startswith(("match ", "case ")):
            return None
        if error.msg.startswith("f-string") and sys.version_info < (3, 12):
            return None  # PEP 701: there the grammar takes what this one refuses, and the two cannot be told apart
        return "syntax error in line %s (%s)" % (error.lineno, error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return "cannot be parsed (%s)" % type(error).__name__
    return None


def missing_part(project, plugin, rel, text):
    """(line, path) of the first file of the plugin that a script loads and that is not there, or None."""
    here = rel.rpartition("/")[0]
    if rel.endswith((".js", ".mjs", ".cjs")):
        found = _REQUIRED.finditer(text)
        if is_built(text):
            found = filter(None, (_REQUIRED.match(text, *line) for line in lines_with(text, 0, _RELATIVE_PATHS)))
        ends = ("", ".js", ".cjs", ".mjs", ".json", ".ts", ".node", "/index.js", "/index.mjs")
    elif rel.endswith((".sh", ".bash")):
        found, ends = _SOURCED.finditer(text), ("",)
    else:
        return None
    for match in found:
        base = plugin.root if match.lastgroup == "root" else here
        name = posixpath.normpath(posixpath.join(base, match[match.lastindex].lstrip("/") if match.lastgroup != "js" else match["js"]))
        built = any(part in ("dist", "build", "node_modules", "generated") for part in name.split("/"))
        if built or name.startswith("..") or any(project.exists(name + end) for end in ends) or name in project.dirs:
            continue
        return text.count("\n", 0, match.start(match.lastindex)) + 1, name[len(plugin.root) :].lstrip("/")
    return None


def texts_of(handler, project):
    """[(span, text, name)] of what can be read of a handler: its command, and the scripts of its plugin that the command runs."""
    found = [(handler.at("command"), handler.command, "the command")] if handler.command else []
    for script in of_handler(handler):
        if handler.plugin is not None and script.sub is not None and not script.escapes:
            found.append((script.span, script.written(project, handler.plugin.path(script.sub)) or "", script.sub))
    return found


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
    found = []
    for run in shell.runs(command):
        text = run.word.text
        place = handler.within(text, "command")
        script = Script(text, run.program, place)
        if moved and script.relative or moved and text == run.word.text and _SCRIPT_NAME.match(text):
            script.sub, script.relative = (moved.group(1) + "/" + text).lstrip("/"), False
        script.tested = text in tested
        script.literal = run.word.literal
        if handler.file.kind == "settings-hooks" and script.sub is None and not script.literal:
            _of_project(script, handler.plugin)
        found.append(script)
    return found


def _of_project(script, plugin):
    """A project's own script below .claude, which everybody has who has its settings: its `sub` is the path below that folder."""
    sub = shell.under_project(script.text) or (script.text if script.relative else "")
    sub = sub[2:] if sub.startswith("./") else sub
    if plugin is None or plugin.root.rpartition("/")[2] != ".claude" or not sub.startswith(".claude/"):
        return
    if "/../" not in sub and not any(char in sub for char in "$*{") and not sub.endswith("/"):
        script.sub, script.relative = sub[len(".claude/") :], False
