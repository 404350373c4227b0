"""What the client does, as data: `client/<version>.json` for the newest one known, `client/deltas.json` back in time.

A delta says what was different *before* its version. `--client 2.1.240` starts from the newest facts and applies every
delta of a later version, newest first.
"""

import os
import sys

from .jsondoc import loads

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "client")


def versions():
    """{"pinned", "newest", "measured"}: the one place where the versions of the client stand (client/versions.json)."""
    with open(os.path.join(HERE, "versions.json"), encoding="utf-8") as handle:
        return loads(handle.read())


NEWEST = versions()["newest"]


class UnknownClient(ValueError):
    """Not a version that the facts can speak for."""


class Facts:
    """The facts of one client version; every top-level key of the file is an attribute."""

    def __init__(self, data):
        self.__dict__.update(data)
        self.known_tools = frozenset(data["tools"])
        self.tool_by_lower = {name.lower(): name for name in data["tools"]}
        self.tool_by_lower.update((name.lower(), name) for name in data["tool_aliases"])
        self._settings = None

    def settings(self):
        """{key of a settings.json: JSON Schema of its value}, as scripts/dev/client-facts has read it of the client: read where a file asks."""
        if self._settings is None:
            path = os.path.join(HERE, "read", "%s.json" % self.client)
            with open(path if os.path.exists(path) else os.path.join(HERE, "read", NEWEST + ".json"), encoding="utf-8") as handle:
                self._settings = loads(handle.read())["settings"]
        return self._settings


def parse_version(text):
    """(2, 1, 329) of "2.1.329"; UnknownClient for anything else."""
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isdigit() and len(part) < 7 for part in parts):
        raise UnknownClient("%r is not a client version such as %s" % (text, NEWEST))
    return tuple(int(part) for part in parts)


def newer(version):
    """What it means that a client is newer than what is known of it: one sentence."""
    return (
        "nothing is known of client %s; it is judged as %s: what it added is called unknown, what it dropped passes unseen "
        "(scripts/dev/client-facts %s --diff shows which)" % (version, NEWEST, version)
    )


def told_of_a_newer_client(env):
    """Say on standard error that the client at hand is newer than the facts: the one that runs this, or `claude` on PATH by the version
    in its path or package.json (it is not started)."""
    from ..base.enforcement import client_version

    found = client_version(env) or _on_path(env)
    if found and found > parse_version(NEWEST):
        print("pack lint: " + newer(".".join(map(str, found))), file=sys.stderr)


def _on_path(env):
    for folder in (env.get("PATH") or "").split(os.pathsep):
        place = os.path.join(folder, "claude")
        if folder and os.path.isfile(place):
            place = os.path.realpath(place)
            for part in reversed(place.split(os.sep)):
                try:
                    return parse_version(part.partition("client-")[2] or part)
                except UnknownClient:
                    pass
            for above in (os.path.dirname(place), os.path.dirname(os.path.dirname(place))):
                try:
                    with open(os.path.join(above, "package.json"), encoding="utf-8") as handle:
                        return parse_version(str(loads(handle.read()).get("version")))
                except (OSError, ValueError, AttributeError):
                    pass
            return None
    return None


def load(version=None):
    """The Facts of a client version (the newest known one when none is asked for)."""
    wanted = parse_version(version or NEWEST)
    if wanted > parse_version(NEWEST):
        print("pack lint: " + newer(version), file=sys.stderr)
    with open(os.path.join(HERE, NEWEST + ".json"), encoding="utf-8") as handle:
        data = loads(handle.read())
    if wanted < parse_version(NEWEST):
        with open(os.path.join(HERE, "deltas.json"), encoding="utf-8") as handle:
            deltas = loads(handle.read())
        for delta in deltas:
            if wanted < parse_version(delta["version"]):
                for step in delta["before"]:
                    _apply(data, step)
        data["client"] = version
    return Facts(data)


def _apply(data, step):
    path = step.get("remove") or step["append"]
    target = data
    for key in path[:-1]:
        target = target[key]
    if "remove" in step:
        target.pop(path[-1], None)
    else:
        target[path[-1]] = target[path[-1]] + step["value"]
