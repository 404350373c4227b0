"""A prompt that does not survive a compaction

After a compaction the client gives back only the first 5,000 tokens of a skill or command that was in use.

Source: client
"""

SEVERITY = "info"
FILES = ("command", "skill")
OPTIONAL = True
CHARACTERS_PER_TOKEN = 4


def check(file, context):
    """An estimate: four characters a token."""
    size = len(file.text) - file.body_start
    limit = context.facts.compaction_keeps_tokens
    if size > limit * CHARACTERS_PER_TOKEN:
        at = file.body_start + limit * CHARACTERS_PER_TOKEN
        yield file.hit(
            (at, at + 1),
            "about %d tokens; what follows here is gone after a compaction" % (size // CHARACTERS_PER_TOKEN),
        )
