"""A suppression without a reason

Write `ignore RULE -- why it is right here`: the next reader has to know.

Source: this project
"""

SEVERITY = "warning"
FILES = ("suppressions",)


def check(file, context):
    """Judged after all rules have run, see suppress.py."""
    return ()


def judge(file, suppression, context):
    """One suppression."""
    if not suppression.reason and suppression.rules:
        yield file.hit(suppression.span, "no reason: write `ignore %s -- reason`" % ", ".join(suppression.rules))
