"""docs/pack.1, the manual page: written from the same parsers that the verbs use (cli/completion.py)."""

import argparse
import re

import click

from pack.cli import completion
from pack.cli.main import VERBS

HEAD = """.\\" Generated: make generate
.TH PACK 1 "" "pack %s" "team"
.SH NAME
pack \\- linter for Claude Code plugins, and the eyes on a running team
.SH SYNOPSIS
.B pack
.I VERB
.RI [ ARGUMENTS ]
.SH DESCRIPTION
.B pack
belongs to the Claude Code plugin
.BR team :
it shows a run of a team of agents, records what its hooks decided, and checks plugins. Without a verb it says the next step for the folder that it is run in.
Inside the client a hook carries out the verbs that change a run; in a terminal of one's own only
.BR abort ,
.B resume
and
.B teardown retry
do.
.SH VERBS
"""
TAIL = """.SH EXIT STATUS
0 done; 1 refused, findings, or nothing to show; 2 wrong usage or a file that cannot be read; 3 a bug in the linter; 130 interrupted.
.SH ENVIRONMENT
.TP
.B PACK_PYTHON
the interpreter to use
.TP
.B PACK_SCREEN
COLUMNSxROWS: makes any output a screen of that size
.TP
.BR NO_COLOR ", " FORCE_COLOR
no colour, colour
.TP
.B TEAM_NOTIFY
.B off
for no notifications, or a command that gets them (read by the hooks)
.TP
.B CLAUDE_CONFIG_DIR
the client's folder, ~/.claude
.SH FILES
.TP
.I .claude/teams/NAME/
journal, state and summary of a run
.TP
.I .claude/team.yaml
tools and limits of a project's runs
.TP
.I ~/.claude/team\\-prices.json
prices of models
.SH SEE ALSO
.BR claude (1),
.BR git (1)
"""


def text(version):
    """The page as roff."""
    return HEAD % _roff(version) + "".join(_verb(verb) for verb in VERBS) + TAIL


def _verb(verb):
    found = completion.command(verb)
    out = [".SS pack %s" % _roff(verb), _roff(VERBS[verb][1])] + _options(found)
    if isinstance(found, click.Group):
        for name in found.list_commands(None):
            one = found.get_command(None, name)
            said = (one.short_help or one.help or "").split("\n\n")[0]
            out += [".TP", ".B pack %s %s%s" % (_roff(verb), _roff(name), _arguments(one)), _roff(said or name)]
            out += [line for o in one.params if isinstance(o, click.Option) and not o.hidden for line in (".br", _option(o))]
    return "\n".join(out) + "\n"


def _options(found):
    out = []
    words = _arguments(found)
    if words:
        out += [".br", "Arguments:%s" % words]
    for o in found.params:
        if isinstance(o, click.Option) and not o.hidden:
            out += [".TP", _option(o)] + ([_roff(o.help)] if o.help and o.help != argparse.SUPPRESS else [" "])
    return out


def _option(o):
    value = (
        "" if o.is_flag else " " + (o.metavar or ("|".join(o.type.choices) if isinstance(o.type, click.Choice) else (o.name or "").upper()))
    )
    return "\\fB%s\\fR%s" % (_roff(", ".join(o.opts)), " \\fI%s\\fR" % _roff(value) if value.strip() else "")


def _arguments(found):
    return "".join(
        " \\fI%s\\fR" % _roff((a.metavar or a.name.upper()) + ("..." if a.nargs == -1 else ""))
        for a in found.params
        if isinstance(a, click.Argument)
    )


def _roff(said):
    """A text that roff takes as it is."""
    said = re.sub(r"\s+", " ", said.replace("%%", "%")).strip().replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + said if said[:1] in (".", "'") else said
