"""A suppression that suppresses nothing

The finding is gone (or never was): the comment hides the next one.

Source: this project
"""

SEVERITY = "warning"
FILES = ("suppressions",)


def check(file, context):
    """Judged after all rules have run, see suppress.py."""
    return ()


def judge(file, suppression, context):
    """One suppression: rules without a hit, and rules that do not exist."""
    from . import NAMES
    from ..near import nearest

    if not suppression.rules:
        yield file.hit(suppression.span, "not understood: write `pack-lint: ignore RULE -- reason`, or `ignore-file`")
    for rule in suppression.rules:
        if rule not in NAMES:
            yield file.hit(suppression.span, "no rule %r%s" % (rule, nearest(rule, NAMES)))
        elif rule not in suppression.used and context.config.wants(rule):
            yield file.hit(suppression.span, "no finding of %s to suppress" % rule)
