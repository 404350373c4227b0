"""`pack lint [PATH...]`: check any Claude Code plugin, marketplace, or folder of agents, commands, skills and hooks.

Exit codes: 0 no error (with --strict: no warning either), 1 findings, 2 usage or configuration, 3 a bug in the linter.
"""

import errno
import os
import sys

from .config import UsageError

USAGE = """usage: pack lint [PATH...] [options]

  PATH                      a plugin, a marketplace, a folder, or single files (default: the current folder)
  --format FORMAT           text (default), json, sarif, github, junit
  --output FILE             write the report to a file
  --select RULES            only these rules (comma separated; ALL also turns the optional ones on); may be repeated
  --ignore RULES            all rules but these; may be repeated
  --strict                  warnings fail too
  --fix                     mend what has one right answer; --diff shows it without writing
  --explain RULE            why a rule exists, with a bad and a good example
  --rules                   list the rules
  --client VERSION          judge for an older client, such as 2.1.240
  --config FILE             a configuration file instead of the nearest .pack-lint.yaml or pyproject.toml
  --baseline FILE           leave out the findings that FILE knows; --write-baseline writes it
  --stdin-filename PATH     check standard input as if it were PATH
  --lsp                     a language server over stdio, for editors (needs pip install '.[lsp]' in the pack's checkout)
  --effective               print what the client makes of each agent: id, description, tools, model
  --prove-hooks             run each blocking hook offline on an event it must stop and one it must pass (asks first; --yes)
  --no-cache                neither read nor write the cache
  --rules-markdown          print references/rules.md; --check-rules FILE fails when FILE differs
  --schema NAME             print a JSON Schema for editors: plugin, marketplace, hooks, mcp, agent, command, skill

example: pack lint . --strict --format github
"""
VALUES = (
    "--format",
    "--output",
    "--select",
    "--ignore",
    "--explain",
    "--client",
    "--config",
    "--baseline",
    "--stdin-filename",
    "--check-rules",
    "--schema",
    "--color",
)
SWITCHES = (
    "--strict",
    "--fix",
    "--diff",
    "--rules",
    "--write-baseline",
    "--lsp",
    "--effective",
    "--prove-hooks",
    "--yes",
    "--no-cache",
    "--rules-markdown",
    "--help",
    "-h",
)


class Options:
    """The parsed command line."""

    def __init__(self, argv):
        self.paths, self.values, self.switches = [], {}, set()
        items = list(argv)
        while items:
            item = items.pop(0)
            name, equals, value = item.partition("=")
            if item == "--":
                self.paths += items
                break
            if name in VALUES:
                if not equals:
                    if not items:
                        raise UsageError("%s needs a value" % name)
                    value = items.pop(0)
                self.values.setdefault(name, []).append(value)
            elif item in SWITCHES:
                self.switches.add(item)
            elif item.startswith("-") and item != "-":
                from .near import nearest

                raise UsageError("no option %s%s" % (item, nearest(item, VALUES + SWITCHES)))
            else:
                self.paths.append(item)

    def value(self, name, default=None):
        """The last value of an option."""
        return self.values.get(name, [default])[-1]

    def rules(self, name):
        """Rule names of a repeatable, comma separated option."""
        return [rule.strip() for text in self.values.get(name, ()) for rule in text.split(",") if rule.strip()]

    def has(self, name):
        """Was the switch given?"""
        return name in self.switches


def main(argv=None, stdout=None, stdin=None):
    """Run; see the module's text for the exit codes."""
    out = stdout or sys.stdout
    argv = sys.argv[1:] if argv is None else argv
    try:
        import gc

        gc.disable()  # one short run: the collector would only walk the documents again and again
        return _main(Options(argv), out, stdin or sys.stdin)
    except UsageError as error:
        print("pack lint: %s (see pack lint --help)" % error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stdout = open(os.devnull, "w")
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # the last line of defence: a bug must look like one, not like a finding
        from .config import ConfigError
        from .facts import UnknownClient

        if isinstance(error, (ConfigError, UnknownClient)):
            print("pack lint: %s" % error, file=sys.stderr)
            return 2
        if isinstance(error, OSError) and error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            sys.stdout = open(os.devnull, "w")  # what is still held back would fail once more
            print("pack lint: the output cannot be written: %s" % error.strerror, file=sys.stderr)
            return 2
        if isinstance(error, ImportError) and error.name and error.name.split(".")[0] in ("pygls", "lsprotocol"):
            from pack.base import extras

            print("pack lint: --lsp needs pygls: " + extras.install("lsp"), file=sys.stderr)
            return 2
        if isinstance(error, ImportError) and error.name in ("yaml", "jsonschema"):
            print("pack lint: needs PyYAML to read this (python3 -m pip install pyyaml)", file=sys.stderr)
            return 2
        import traceback

        traceback.print_exc()
        print(
            "pack lint: a bug in the linter. Please report the lines above, the command line and, if you can, the file.",
            file=sys.stderr,
        )
        return 3


def _main(options, out, stdin):
    if options.has("--help") or options.has("-h"):
        out.write(USAGE)
        return 0
    if options.has("--lsp"):
        from .lsp import serve

        return serve(options.value("--client"), options.value("--config"))
    done = _information(options, out)
    if done is not None:
        return done
    from . import report

    if options.value("--format", "text") not in report.FORMATS:
        raise UsageError("--format is one of %s, not %r" % (", ".join(report.FORMATS), options.value("--format")))
    overlay_path = options.value("--stdin-filename")
    if overlay_path is not None and options.paths:
        raise UsageError("--stdin-filename takes no PATH")
    if overlay_path is not None and (options.has("--fix") or options.has("--diff")):
        raise UsageError("--fix and --diff work on files, not on standard input")
    from .run import Run

    paths = options.paths or ([overlay_path] if overlay_path is not None else ["."])
    for path in paths:
        if overlay_path is None and not os.path.lexists(path):
            raise UsageError("no file or folder %s" % path)
    run = Run(options, paths, overlay_path, stdin)
    if (options.has("--effective") or options.has("--prove-hooks")) and options.value("--format", "text") != "text":
        raise UsageError("--effective and --prove-hooks print text only")
    if options.has("--effective"):
        from .effective import render

        out.write(render(run.projects(), run.facts()))
        return 0
    if options.has("--prove-hooks"):
        from .prove import prove

        return prove(run.projects(), run.facts(), options.has("--yes"), out, stdin)
    return run.report(out)


def _information(options, out):
    """The options that print something and end."""
    rule = options.value("--explain")
    if rule is not None:
        from .rules import NAMES

        if rule not in NAMES:
            from .near import nearest

            some = [name for name in NAMES if name.startswith(rule)] or [name for name in NAMES if rule in name]
            hint = nearest(rule, NAMES) or ("; there is " + ", ".join(some) if some else "; --rules lists them")
            raise UsageError("no rule %r%s" % (rule, hint))
        from .catalogue import explain

        out.write(explain(rule))
        return 0
    if options.has("--rules"):
        from . import catalogue
        from .rules import NAMES

        for name in NAMES:
            entry = catalogue.entry(name)
            out.write("%-26s %-8s %s%s\n" % (name, entry.severity, entry.title, " (off)" if entry.optional else ""))
        return 0
    if options.has("--rules-markdown"):
        from .catalogue import markdown

        out.write(markdown())
        return 0
    path = options.value("--check-rules")
    if path is not None:
        from .catalogue import markdown

        try:
            with open(path, encoding="utf-8") as handle:
                same = handle.read() == markdown()
        except OSError as error:
            raise UsageError("%s: %s" % (path, error.strerror))
        if not same:
            print("%s is not up to date: run `pack lint --rules-markdown > %s`" % (path, path), file=sys.stderr)
        return 0 if same else 1
    if options.value("--schema") is not None:
        from .editor import SCHEMAS, schema

        if options.value("--schema") not in SCHEMAS:
            raise UsageError("--schema is one of %s" % ", ".join(SCHEMAS))
        out.write(schema(options.value("--schema"), options.value("--client")))
        return 0
    return None
