"""Whether code that is handed to an interpreter only reads. Asked only of code that names a protected place: everything else passes anyway.

What is known to read is listed; what is not listed, and what cannot be read at all, does not "only read". Only the standard library, and `ast` alone
when it is asked for: that costs as much as half a hook call."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .shell_writes import Code

_MODULES = frozenset("json re sys os os.path pathlib glob collections itertools pprint textwrap datetime csv tomllib yaml".split())
_CALLS = frozenset(
    "print len sorted list dict set tuple str int float bool repr min max sum any all enumerate zip range reversed map filter isinstance next iter "
    "open Path Counter pprint defaultdict OrderedDict".split()
)
_METHODS = frozenset(
    "load loads dumps read readline readlines read_text read_bytes splitlines split rsplit partition rpartition strip lstrip rstrip get items keys "
    "values join startswith endswith format lower upper title count index find search match findall finditer fullmatch group groups compile "
    "glob rglob iglob iterdir exists is_file is_dir lexists isfile isdir getsize getmtime stat lstat listdir scandir walk basename dirname abspath "
    "realpath resolve expanduser relative_to with_suffix append add update extend most_common reader DictReader safe_load indent dedent "
    "Path Counter pprint pformat OrderedDict defaultdict fromtimestamp isoformat decode encode zfill ljust rjust home cwd getcwd".split()
)
_ATTRIBUTES = frozenset("stdin argv path name stem suffix parent parts st_size st_mtime st_mode environ stdout".split())
_WORDS = re.compile(r"[A-Za-z_$][\w$]*")
_STRINGS = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
_JS = frozenset(  # no name by which another function of `fs` could be found
    "const let var of for in if else return true false null undefined typeof new console log error JSON parse stringify require fs path "
    "readFileSync readdirSync existsSync statSync process argv exit Object keys Array isArray length map filter "
    "forEach join split slice sort includes startsWith endsWith trim toString size Set".split()
)


def only_reads(code: Code) -> bool:
    """Whether the interpreter, called so, changes nothing."""
    name, args = code.name.rstrip("0123456789."), code.args
    try:
        if name in ("awk", "gawk", "mawk"):
            return not any(mark in " ".join(args) for mark in (">", "|", "system", "inplace", "@", "getline"))
        if name == "python":
            return _python(code, args)
        if name in ("node", "bun", "deno"):
            return _javascript(code, args)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return False


def _program(code: Code, args: list[str], options: tuple[str, ...]) -> tuple[str | None, list[str]]:
    """(the program's text or None, what stands behind it); an empty text for a file that is run."""
    for n, word in enumerate(args):
        if word in options:
            return (args[n + 1] if n + 1 < len(args) else None), args[n + 2 :]
        if word == "-":
            break
        if not word.startswith("-"):
            return "", args[n:]
    return (code.bodies[0] if code.bodies and not code.data else None), []


def _is_data(code: Code) -> bool:
    """Whether the text is what a file that is run reads: from a pipe, or a here-document."""
    return code.data or str(code) in code.bodies


def _python(code: Code, args: list[str]) -> bool:
    if args[:2] == ["-m", "json.tool"]:
        return len([w for w in args[2:] if not w.startswith("-")]) < 2
    text, _rest = _program(code, args, ("-c",))
    if not text:
        return text == "" and _is_data(code)
    import ast

    nodes = list(ast.walk(ast.parse(text)))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    handed_on = any(
        isinstance(node, ast.Name) and node.id == "open" and id(node) not in called for node in nodes
    )  # `map(open, names, modes)`
    return not handed_on and all(_reads(ast, node) for node in nodes)


def _reads(ast, node) -> bool:  # type: ignore[no-untyped-def] # `ast` is a module that most calls do not load
    if isinstance(node, ast.Import):
        return all(one.name in _MODULES and one.asname is None for one in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module in _MODULES and all(one.name in _CALLS - {"open"} and one.asname is None for one in node.names)
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Name):
            return called.id in _CALLS and (called.id != "open" or _for_reading(ast, node))
        return isinstance(called, ast.Attribute) and called.attr in _METHODS
    if isinstance(node, ast.Attribute):
        return isinstance(node.ctx, ast.Load) and node.attr in _METHODS | _ATTRIBUTES
    if isinstance(node, ast.Name):  # a name that is listed stays what it is
        return isinstance(node.ctx, ast.Load) or node.id not in _CALLS | {one.partition(".")[0] for one in _MODULES}
    return not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Delete, ast.Global, ast.Nonlocal))


def _for_reading(ast, node) -> bool:  # type: ignore[no-untyped-def]
    if any(isinstance(one, ast.Starred) for one in node.args):
        return False  # `open(*words)`: the mode may be among them
    modes = node.args[1:2] + [one.value for one in node.keywords if one.arg == "mode"]
    return not any(one.arg in (None, "opener") for one in node.keywords) and all(
        isinstance(mode, ast.Constant) and mode.value in ("r", "rb", "rt") for mode in modes
    )


def _javascript(code: Code, args: list[str]) -> bool:
    text, _rest = _program(code, args, ("-e", "-p", "-pe", "--eval", "--print", "eval"))
    if not text:
        return text == "" and _is_data(code)
    plain = _STRINGS.sub("''", text)
    if any(mark in plain for mark in "`/[\\"):
        return False  # a template, a pattern, a comment or a computed name hides what is called
    asked = re.findall(r"require\s*\(\s*(?:'([^']*)'|\"([^\"]*)\")?", text)
    if any((a or b) not in ("fs", "node:fs", "path", "node:path") and not (a or b).endswith(".json") for a, b in asked):
        return False
    own = set(re.findall(r"(?:const|let|var)\s+([\w$]+)\s*(?:=|of\b|in\b)", plain)) | set(re.findall(r"([\w$]+)\s*=>", plain))
    for found in _WORDS.finditer(plain):
        called = plain[found.end() :].lstrip()[:1] == "("
        if found.group() not in _JS and (called or plain[: found.start()].rstrip()[-1:] == "." or found.group() not in own):
            return False
    return not own & _JS
