"""By what a sprint's items are accepted: each criterion of an item that is done names a file that shows it, and what shipped is in the documents."""

import os

from pack.base import project_facts
from pack.realtime import grid


def say(item, given, root="."):
    """Put `N=FILE` into an item: criterion N is met, and the file shows it. ValueError where there is no such criterion or no such file."""
    for text in given:
        number, eq, name = text.partition("=")
        if not eq or not number.strip().isdigit() or not 1 <= int(number) <= len(item.get("criteria") or []):
            raise ValueError("%s: --met says N=FILE, N one of its criteria: %s" % (item["id"], listed(item) or "it has none"))
        rel, full = project_facts.relative(os.path.abspath(root), name.strip(), os.path.abspath(root))
        if rel is None or not os.path.isfile(full) or not os.path.getsize(full):
            raise ValueError("%s: %s is no file of this project that shows anything" % (item["id"], name.strip()))
        criterion = item["criteria"][int(number) - 1]
        item.setdefault("met", {})[criterion] = [grid.plain(rel), project_facts.file_digest(full)]


def unmet(item):
    """The criteria of an item that nothing shows yet."""
    return [c for c in item.get("criteria") or [] if c not in (item.get("met") or {})]


def listed(item):
    """An item's criteria with their numbers."""
    return "; ".join("%d %s" % pair for pair in enumerate(item.get("criteria") or [], 1))


def problem(item):
    """Whether an item's `met` cannot be read."""
    met = item.get("met") or {}
    return not isinstance(met, dict) or not all(
        isinstance(v, list) and len(v) == 2 and all(isinstance(x, str) for x in v) for v in met.values()
    )


def accepted(data, backlog, root="."):
    """Why the sprints do not meet their acceptance criteria, or None: every squad has something done, and what is done has criteria, each with a
    file that is still what it was."""
    done = [i for i in backlog.items if i["state"] == "done"]
    for item in done:
        if not item.get("criteria"):
            return "%s is done and says not by what it is accepted: `pack sprint set %s done --accept TEXT --met 1=FILE`" % (
                item["id"],
                item["id"],
            )
        if unmet(item):
            return "%s: nothing shows that %s" % (item["id"], unmet(item)[0])
        for criterion, (name, digest) in sorted((item.get("met") or {}).items()):
            if backlog.here(item) and project_facts.file_digest(os.path.join(root, name)) != digest:
                return "%s: %s is not what showed %r: say it again (--met)" % (item["id"], name, criterion)
    idle = [s["title"] for s in data["squads"] if not any(i["squad"] == s["id"] for i in done)]
    return "nothing of %s is done" % ", ".join(idle) if idle else None


def documented(backlog, names, root="."):
    """Why the documents do not reflect what shipped, or None: they are there, and every item that is done stands in one of them, by number or title.
    A name that ends in `/` is a folder: its Markdown counts."""
    texts = []
    for name in names:
        found = _texts(os.path.join(root, name))
        if not found:
            return "missing: %s" % name
        texts += found
    for item in backlog.items:
        if item["state"] == "done" and not any(_names(text, item) for text in texts):
            return "%s %s is done and stands in none of %s" % (item["id"], item["title"], ", ".join(names))
    return None


def _names(text, item):
    """Whether a text names an item."""
    words = "".join(c if c.isalnum() else " " for c in text).split()
    return item["id"] in words or item["title"].casefold() in text.casefold()


def _texts(path):
    paths = [path] if os.path.isfile(path) else []
    if os.path.isdir(path):
        paths = [os.path.join(base, n) for base, _folders, names in os.walk(path) for n in names if n.endswith(".md")]
    out = []
    for each in paths:
        with open(each, encoding="utf-8", errors="replace") as handle:
            out.append(handle.read(1 << 20))
    return out
