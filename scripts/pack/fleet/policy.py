"""`.claude/fleet.yaml`: which fleet a project's clones are in. Committed; it holds no secret.

project: shop                # the fleet's name for this project
service: fleet               # libpq's service; or host, port, dbname, and sslmode. User and password: libpq's own places
branches:
  trunk: main                # one lineage: leases of its branches exclude each other
  own: ["release/*"]         # each of these, and what branched off it, is a lineage of its own
offline: refuse              # or allow: work on new files while the engine cannot be reached
lease_minutes: 10            # how long a silent run keeps its files
"""

import os

from ..base import run_config

NAME = os.path.join(".claude", "fleet.yaml")
WHERE = ("service", "host", "port", "dbname", "sslmode")  # handed to libpq as they are
SSL = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
KEYS = ("project",) + WHERE + ("branches", "offline", "lease_minutes")
SECRETS = ("password", "passwd", "pass", "user", "username", "dsn", "url", "uri", "sslkey", "sslpassword", "passfile")
YAML_WORDS = ("on", "off", "yes", "no", "y", "n", "true", "false", "null")
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def findings(data):
    """[(path in the data, message, whether the key is meant)] of everything wrong with the document."""
    if not isinstance(data, dict):
        return [((), "a mapping is wanted, with `project:`", False)]
    out = []
    for key, value in data.items():
        if key in SECRETS:
            out.append(
                (
                    (key,),
                    "%s does not belong into a committed file: use PGUSER, a service file (~/.pg_service.conf) and ~/.pgpass" % key,
                    True,
                )
            )
        elif key not in KEYS:
            out.append(((key,), "no setting is called %r; there are: %s" % (key, ", ".join(KEYS)), True))
        elif key in WHERE and (not isinstance(value, (str, int)) or isinstance(value, bool) or any(c in str(value) for c in "@\0'\\ ")):
            out.append(((key,), "%s is a plain word or number, without user and password" % key, False))
    name = data.get("project")
    if not isinstance(name, str) or not name or len(name) > 63 or name[0] not in LETTERS or name.strip(LETTERS + "._-"):
        out.append(((), "project: 1 to 63 of a-z, 0-9, dot, dash and underline, beginning with a letter or digit", False))
    if "sslmode" in data and data["sslmode"] not in SSL:
        out.append((("sslmode",), "sslmode is one of " + ", ".join(SSL), False))
    if data.get("offline", "refuse") not in ("refuse", "allow"):
        out.append((("offline",), "offline is `refuse` or `allow`", False))
    minutes = data.get("lease_minutes", 10)
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float)) or not 0.02 <= minutes <= 1440:
        out.append((("lease_minutes",), "lease_minutes is a number up to 1440", False))
    branches = data.get("branches") or {}
    if not isinstance(branches, dict) or set(branches) - {"trunk", "own"}:
        out.append((("branches",), "branches has `trunk`, a name, and `own`, a list of patterns", False))
    else:
        if not isinstance(branches.get("trunk", "main"), str) or not branches.get("trunk", "main"):
            out.append((("branches", "trunk"), "trunk is the name of a branch", False))
        own = branches.get("own") or []
        if not isinstance(own, list) or not all(isinstance(p, str) and p for p in own):
            out.append((("branches", "own"), "own is a list of patterns, as \"release/*\"", False))
    return out


def read(project):
    """The file's settings with their defaults: {"project", "where": {libpq's}, "trunk", "own", "offline", "lease_minutes"}; None without
    the file; ValueError with file, line and way out."""
    value = run_config.load(project, NAME, findings)
    return None if value is None else settled(value)


def settled(data):
    """Checked settings with their defaults."""
    branches = data.get("branches") or {}
    return {
        "project": data["project"],
        "where": {k: str(data[k]) for k in WHERE if k in data},
        "trunk": branches.get("trunk") or "main",
        "own": branches.get("own") or [],
        "offline": data.get("offline", "refuse"),
        "lease_minutes": data.get("lease_minutes", 10),
    }


def text(settings):
    """The file for settings as `read` answers them."""
    out = ["# Squads on several machines work on this project: docs/fleet.md of the plugin `team`. Commit this file; it holds no secret:"]
    out += ["# user and password are libpq's own business (PGUSER, a service file, ~/.pgpass)."]
    out += ["project: " + settings["project"]]
    out += ["%s: %s" % (k, settings["where"][k] if k == "port" else _spelt(settings["where"][k])) for k in WHERE if k in settings["where"]]
    out += ["branches:", "  trunk: " + _spelt(settings["trunk"])]
    out += ["  own: [%s]" % ", ".join(map(_quoted, settings["own"]))] if settings["own"] else []
    out += ["offline: " + settings["offline"], "lease_minutes: %g" % settings["lease_minutes"]]
    return "\n".join(out) + "\n"


def _spelt(word):
    """A text as YAML reads it back: a branch called `on` is no yes."""
    plain = (word[:1].isalpha() or word[:1] == "/") and not word.strip(LETTERS + LETTERS.upper() + "._-/")
    return word if plain and word.lower() not in YAML_WORDS else _quoted(word)


def _quoted(word):
    import json

    return json.dumps(word, ensure_ascii=False)
