"""Prompts that are for the team and not for the model: how they begin."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Sequence

# How a prompt begins that is for the team and not for the model (user_commands.py, wave_words.typed; the first two words).
TYPED = {"team " + verb for verb in ("status", "resume", "abort", "accept", "approve", "reject", "gate")} | {"resume team", "pause team"}

LINES = ("team gate check", "team report", "team latency review", "team delivery audit")  # whole lines of a team of waves


def for_the_team(prompt: str) -> bool:
    """Whether a prompt is, or begins like, one that the hook answers without a model call."""
    return as_typed(prompt.split()[:2]) in TYPED or as_typed(prompt.split()) in LINES or opens_team(prompt)


def as_typed(words: Iterable[str]) -> str:
    """Words of a prompt as TYPED and LINES have them."""
    return " ".join(words).rstrip(".!?").casefold()


LIKE = {"stop": "abort", "cancel": "abort", "end": "abort", "quit": "abort", "kill": "abort", "continue": "resume", "state": "status"}
LOOKING = ("log", "watch", "explain", "runs", "stats", "doctor", "report")  # verbs of `pack` that somebody may take for words to the team


def misspelt(prompt: str) -> str:
    """What a line was probably to be that begins like a word to a run of /build and is none: `team statsu`, `team abrot it is wrong`, `team stop`.
    Answers a sentence for the user; "" for ordinary talk (`team accepts the plan`, `team play`)."""
    import difflib

    words = prompt.strip().rstrip(".!?").casefold().split()
    known = [line.split()[1] for line in sorted(TYPED) if line.startswith("team ")]
    if len(words) < 2 or words[0] != "team" or any(words[1].startswith(word) for word in known):
        return ""
    word = words[1]
    if len(words) == 2 and word in LOOKING:
        return "team: `pack %s` shows that, in a terminal of your own." % word
    near = difflib.get_close_matches(word, ("status", "resume", "abort", "accept", "help"), 1, 0.75)
    meant = near[0] if near else LIKE.get(word, "") if len(words) == 2 else ""
    takes = {"abort": " WHY", "accept": " PATH"}.get(meant, "")
    if not meant or len(words) > 2 and not takes:
        return ""
    return (
        "team: no word `team %s`; did you mean `/team:%s%s`? /team:help lists them. To talk to the lead about it, say it in other words."
        % (word, meant, takes)
    )


def opens_team(prompt: str) -> bool:
    """Whether a prompt is `--team NAME ...`; `--teamwork` is none. An editor may have made one long dash of two: then it is told so."""
    first = prompt.partition("=")[0].split()[:1]
    return bool(first) and first[0].casefold() in ("--team", "\u2014team", "\u2013team")


ALIASES = {"--agents": "--coders", "--workers": "--coders", "--parallel": "--coders", "--research": "--no-research", "--plan": "--strategy"}


def meant(word: str, flags: Sequence[str]) -> str:
    """What an unknown flag was probably to be, in brackets: " (did you mean --coders=3?)", or ""."""
    import difflib

    name, eq, value = word.partition("=")
    name = name.lower().replace("_", "-")
    near = [f for f in flags if len(name) > 4 and f.startswith(name)] or difflib.get_close_matches(name, flags, 1, 0.7)
    near = near or [f for f in flags if f == ALIASES.get(name)]
    return " (did you mean %s?)" % (near[0] + (eq + value if near[0] != "--no-research" else "")) if near else ""
