"""A baseline: the findings of today, so that only new ones fail. Known by path, rule and message, not by line."""

import json

from .config import ConfigError


def _key(finding):
    return finding["path"], finding["rule"], finding["message"]


def write(path, findings, root):
    """Write the file; the number of findings in it."""
    counts = {}
    for finding in findings:
        counts[_key(finding)] = counts.get(_key(finding), 0) + 1
    known = [{"path": p, "rule": r, "message": m, "count": n} for (p, r, m), n in sorted(counts.items())]
    try:
        with open(path, "w", encoding="utf-8") as handle:
            json.dump({"version": 1, "known": known}, handle, indent=1)
            handle.write("\n")
    except OSError as error:
        raise ConfigError("baseline %s: %s" % (path, error.strerror or error))
    return len(findings)


def filter_known(path, findings, root):
    """(findings that are new, number of known ones)."""
    try:
        with open(path, encoding="utf-8") as handle:
            data = json.load(handle)
        counts = {(item["path"], item["rule"], item["message"]): item["count"] for item in data["known"]}
    except FileNotFoundError:
        raise ConfigError("baseline %s: no such file (--write-baseline makes it)" % path)
    except OSError as error:
        raise ConfigError("baseline %s: %s" % (path, error.strerror or error))
    except (ValueError, KeyError, TypeError):
        raise ConfigError("baseline %s: not a file that --write-baseline wrote" % path)
    fresh = []
    for finding in findings:
        left = counts.get(_key(finding), 0)
        if left > 0:
            counts[_key(finding)] = left - 1
        else:
            fresh.append(finding)
    return fresh, len(findings) - len(fresh)
