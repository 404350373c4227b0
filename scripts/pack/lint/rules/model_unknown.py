"""A model that the client does not know

Every alias and every name that begins with `claude-` is taken; anything else is sent to the API as it is, and the call
fails there.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    model: gpt-4
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    model: sonnet
    ---
    Review.

Source: client, measured
"""

from .. import tools
from ..near import distance, nearest

SEVERITY = "warning"
FILES = ("agent", "command", "skill")


def check(file, context):
    """Agents, commands and skills alike."""
    front = file.front
    if front is None or front.get("model") is None or file.kind == "agent" and tools.of_another_program(file.plugin, context.facts):
        return
    model, facts = front.get("model"), context.facts
    if not isinstance(model, str):
        yield file.hit(file.at(("model",)), "model must be a name, not %r; it is ignored" % (model,))
        return
    name = model.strip().lower()
    slip = _slip(name, facts) if name.startswith("claude-") else None
    if slip:
        yield file.hit(file.at(("model",)), "no model %r: there is no family %r; did you mean %r?" % (model, slip[0], slip[1]))
        return
    if name.startswith("claude-") and name[7:] in facts.model_aliases:
        yield file.hit(file.at(("model",)), "no model %r: write %r, or a full id with its version" % (model, name[7:]))
        return
    if name in facts.model_aliases or name.startswith(tuple(facts.model_prefixes)) or not name or "$" in name or "{" in name:
        return
    aliases = [alias for alias in facts.model_aliases if "[" not in alias]
    yield file.hit(
        file.at(("model",)),
        "no model %r: use %s, or a full id such as claude-sonnet-5%s" % (model, ", ".join(aliases[:5]), nearest(name, aliases)),
    )


def _slip(name, facts):
    """(word of a full id, the family that it is one letter off), or None."""
    families = [alias for alias in facts.model_aliases if alias.isalpha() and len(alias) > 3]
    for word in name.split("[")[0].split("-")[1:]:
        meant = next((family for family in families if word.isalpha() and distance(word, family, 1) == 1), None)
        if meant and word not in families:
            return word, meant
    return None
