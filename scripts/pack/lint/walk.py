"""The names of everything below a folder: all that a run needs which finds its findings in the cache."""

import os

# Never holds a plugin's own files. A node_modules *inside* agents/ or commands/ is different: the client loads it.
SKIP = frozenset((".git", ".hg", ".svn", ".venv", "venv", "__pycache__", ".mypy_cache", ".pytest_cache", ".tox", ".idea"))
MAX_DEPTH = 64
MAX_ENTRIES = 400000


class Tree:
    """`listing` {path: "f" file, "l" link to a file, "x" anything else}, `dirs` {path: is it a link}, `problems`."""

    def __init__(self, root):
        self.root, self.listing, self.dirs, self.problems = root, {}, {"": False}, []


def walk(root, exclude=()):
    """The Tree below a folder; links to folders are listed and never entered, so no loop can hold us."""
    tree, stack = Tree(root), [("", 0)]
    listing, dirs = tree.listing, tree.dirs
    globs = _Globs(exclude)
    while stack:
        rel, depth = stack.pop()
        try:
            with os.scandir(os.path.join(root, rel) if rel else root) as entries:
                prefix = rel + "/" if rel else ""
                in_component = _in_component(prefix)
                for entry in entries:
                    name = entry.name
                    if not name.isprintable():
                        try:
                            name.encode("utf-8")
                        except UnicodeEncodeError:
                            tree.problems.append((prefix + ascii(name)[1:-1], "its name is not UTF-8"))
                            continue
                    path = prefix + name
                    if globs and globs.match(path):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if (
                            name in SKIP
                            or name == "worktrees"
                            and prefix.endswith(".claude/")
                            or name == "node_modules"
                            and not in_component
                            or depth > MAX_DEPTH
                        ):
                            dirs[path] = True
                        else:
                            dirs[path] = False
                            stack.append((path, depth + 1))
                    elif entry.is_symlink():
                        try:
                            if entry.is_dir():
                                dirs[path] = True
                            else:
                                listing[path] = "l" if entry.is_file() else "x"
                        except OSError:  # a link loop
                            listing[path] = "x"
                    else:
                        listing[path] = "f" if entry.is_file(follow_symlinks=False) else "x"
        except OSError as error:
            tree.problems.append((rel or ".", "cannot be listed: %s" % (error.strerror or error)))
        if len(listing) > MAX_ENTRIES:
            tree.problems.append((rel, "more than %d files: the rest was not looked at" % MAX_ENTRIES))
            break
    return tree


def _in_component(prefix):
    parts = prefix.split("/")
    return "agents" in parts or "commands" in parts


class _Globs:
    """Exclusion globs: `*` does not cross a slash, `**` does."""

    def __init__(self, globs):
        from .lazy import lazy

        self.patterns = [lazy(translate(glob)) for glob in globs]

    def __bool__(self):
        return bool(self.patterns)

    def match(self, path):
        return any(pattern.match(path) for pattern in self.patterns)


def translate(glob):
    """A path glob as a regular expression without nested repeats."""
    out, at = [], 0
    glob = glob.rstrip("/")
    while at < len(glob):
        if glob.startswith("**/", at):
            out.append("(?:[^/]+/)*?" if "(?:[^/]+/)*?" not in out else "(?:.*/)?")
            at += 3
        elif glob.startswith("**", at):
            out.append(".*")
            at += 2
        elif glob[at] == "*":
            out.append("[^/]*")
            at += 1
        elif glob[at] == "?":
            out.append("[^/]")
            at += 1
        else:
            import re

            out.append(re.escape(glob[at]))
            at += 1
    return "".join(out) + r"(?:/.*)?\Z"


def ask(root, what, rel):
    """The file system's answer to a rule's question: `exists`, `executable`, `link` (to a folder), `outside`."""
    path = os.path.join(root, rel)
    if what == "link":
        return os.path.isdir(path) and os.path.islink(path)
    if what == "outside":
        return not (os.path.realpath(path) + os.sep).startswith(_top(os.path.realpath(root)) + os.sep)
    return os.access(path, os.X_OK) if what == "executable" else os.path.lexists(path)


def _top(root):
    """The marketplace that holds the tree, or the tree itself: the client copies links within it."""
    folder = root
    for _ in range(4):
        folder = os.path.dirname(folder)
        if os.path.isfile(os.path.join(folder, ".claude-plugin", "marketplace.json")):
            return folder
    return root
