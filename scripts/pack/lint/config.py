"""Configuration: `[tool.pack-lint]` in pyproject.toml or `.pack-lint.yaml`, the nearest one above the linted folder.

select = ["hook-if"]            only these rules (ALL turns the optional ones on too)
ignore = ["ref-orphan"]
severity = {"ref-orphan" = "info"}
per-file = {"docs/**" = ["ref-file-missing"]}
exclude = ["vendor/**"]
client = "2.1.300"
baseline = ".pack-lint-baseline.json"
strict = true
"""

import os

from .rules import OPTIONAL

KEYS = ("select", "ignore", "severity", "per-file", "exclude", "client", "baseline", "strict")
SEVERITIES = ("error", "warning", "info", "off")


class ConfigError(Exception):
    """A configuration that cannot be used: exit code 2."""


class UsageError(Exception):
    """A command line that makes no sense: exit code 2."""


class Config:
    """What to run and how to report it."""

    def __init__(self, select=(), ignore=(), severity=None, per_file=None, exclude=(), client=None, baseline=None, strict=False):
        self.select, self.ignore = tuple(select), tuple(ignore)
        self.severities, self.per_file = dict(severity or {}), dict(per_file or {})
        self.exclude, self.client, self.baseline, self.strict = tuple(exclude), client, baseline, strict
        self._globs = None
        self.path = None

    def wants(self, rule):
        """Is the rule on at all?"""
        if rule in self.ignore or self.severities.get(rule) == "off":
            return False
        if rule in OPTIONAL and not (rule in self.select or "ALL" in self.select or rule in self.severities):
            return False
        return not self.select or rule in self.select or "ALL" in self.select

    def severity(self, rule, path, default):
        """The severity to report with, None when the rule is off here."""
        if not self.wants(rule):
            return None
        if self.per_file:
            if self._globs is None:
                import re

                from .walk import translate

                self._globs = [(re.compile(translate(glob)), rules) for glob, rules in self.per_file.items()]
            for pattern, rules in self._globs:
                if pattern.match(path) and (rule in rules or "ALL" in rules):
                    return None
        return self.severities.get(rule, default)

    def fingerprint(self):
        """Everything that changes findings, for the cache key."""
        return repr(
            (
                self.select,
                self.ignore,
                sorted(self.severities.items()),
                sorted(self.per_file.items()),
                self.exclude,
                self.client,
            )
        )


def load(start, explicit=None):
    """The Config for a folder: the explicit file, or the nearest .pack-lint.yaml or pyproject.toml above it."""
    if explicit:
        if not os.path.isfile(explicit):
            raise ConfigError("no configuration file %s" % explicit)
        return _read(explicit) or Config()
    folder = os.path.abspath(start)
    while True:
        for name in (".pack-lint.yaml", ".pack-lint.yml", "pyproject.toml"):
            path = os.path.join(folder, name)
            if name[0] == "." and os.path.lexists(path) and not os.path.isfile(path):
                raise ConfigError("%s: cannot be read: not a regular file" % path)
            if os.path.isfile(path):
                config = _read(path)
                if config is not None:
                    return config
        if os.path.isdir(os.path.join(folder, ".git")) or os.path.dirname(folder) == folder:
            return Config()
        folder = os.path.dirname(folder)


def _read(path):
    try:
        with open(path, "rb") as handle:
            data = handle.read(1 << 20)
    except OSError as error:
        raise ConfigError("%s: %s" % (path, error.strerror))
    table = _toml(path, data) if path.endswith(".toml") else _yaml(path, data)
    if table is None:
        return None
    config = build(table, path)
    config.path = path
    return config


def _toml(path, data):
    if b"pack-lint" not in data:
        return None
    try:
        import tomllib
    except ImportError:
        try:
            import tomli as tomllib
        except ImportError:
            raise ConfigError("%s: reading [tool.pack-lint] needs Python 3.11 or tomli; .pack-lint.yaml needs neither" % path)
    try:
        return tomllib.loads(data.decode("utf-8")).get("tool", {}).get("pack-lint")
    except (ValueError, UnicodeDecodeError) as error:
        raise ConfigError("%s: %s" % (path, error))


def _yaml(path, data):
    import yaml

    try:
        table = yaml.load(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError("%s: %s" % (path, " ".join(str(error).split())))
    return {} if table is None else table


def build(table, path):
    """A Config from a mapping; every mistake in it is named."""
    if not isinstance(table, dict):
        raise ConfigError("%s: must be a mapping" % path)
    for key in table:
        if key not in KEYS:
            from .near import nearest

            raise ConfigError("%s: unknown key %r%s; known: %s" % (path, key, nearest(str(key), KEYS), ", ".join(KEYS)))
    for key in ("select", "ignore", "exclude"):
        _strings(table, key, path)
    for key in ("severity", "per-file"):
        if not isinstance(table.get(key, {}), dict):
            raise ConfigError("%s: %s must be a mapping" % (path, key))
    for rule, level in table.get("severity", {}).items():
        if level is False:  # YAML 1.1 reads a bare `off` as false
            table["severity"][rule] = level = "off"
        if level not in SEVERITIES:
            raise ConfigError("%s: severity of %s must be one of %s" % (path, rule, ", ".join(SEVERITIES)))
    for glob in table.get("per-file", {}):
        _strings(table["per-file"], glob, path)
    known_rules(list(table.get("select", ())) + list(table.get("ignore", ())) + list(table.get("severity", ())), path)
    for key in ("client", "baseline"):
        if not isinstance(table.get(key, ""), str):
            raise ConfigError("%s: %s must be a string" % (path, key))
    if not isinstance(table.get("strict", False), bool):
        raise ConfigError("%s: strict must be true or false" % path)
    return Config(
        table.get("select", ()),
        table.get("ignore", ()),
        table.get("severity"),
        table.get("per-file"),
        table.get("exclude", ()),
        table.get("client"),
        table.get("baseline"),
        table.get("strict", False),
    )


def _strings(table, key, path):
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError("%s: %s must be a list of strings" % (path, key))


def known_rules(names, where):
    """ConfigError for a rule that does not exist."""
    from .rules import NAMES

    for name in names:
        if name not in NAMES and name != "ALL":
            from .near import nearest

            raise ConfigError("%s: no rule %r%s" % (where, name, nearest(name, NAMES)))
