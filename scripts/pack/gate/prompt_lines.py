"""Prompts that are for the team and not for the model: how they begin."""

# How a prompt begins that is for the team and not for the model (user_commands.py, wave_runs.typed; the first two words).
TYPED = {"team " + verb for verb in ("status", "resume", "abort", "accept", "approve", "reject", "gate")} | {"resume team", "pause team"}

LINES = ("team gate check", "team report", "team latency review", "team delivery audit")  # whole lines of a team of waves


def for_the_team(prompt):
    """Whether a prompt is, or begins like, one that the hook answers without a model call."""
    return as_typed(prompt.split()[:2]) in TYPED or as_typed(prompt.split()) in LINES or opens_team(prompt)


def as_typed(words):
    """Words of a prompt as TYPED and LINES have them."""
    return " ".join(words).rstrip(".!?").casefold()


def opens_team(prompt):
    """Whether a prompt is `--team NAME ...`; `--teamwork` is none. An editor may have made one long dash of two: then it is told so."""
    first = prompt.partition("=")[0].split()[:1]
    return bool(first) and first[0].casefold() in ("--team", "\u2014team", "\u2013team")
