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

Source: client 2.1.329, measured 2026-11-21
"""

from ..near import nearest

SEVERITY = "warning"


def check(file, context):
    """Agents, commands and skills alike."""
    front = file.front
    if front is None or front.get("model") is None:
        return
    model, facts = front.get("model"), context.facts
    if not isinstance(model, str):
        yield file.hit(file.at(("model",)), "model must be a name, not %r; it is ignored" % (model,))
        return
    name = model.strip().lower()
    if name in facts.model_aliases or name.startswith(tuple(facts.model_prefixes)) or not name or "$" in name or "{" in name:
        return
    aliases = [alias for alias in facts.model_aliases if "[" not in alias]
    yield file.hit(
        file.at(("model",)),
        "no model %r: use %s, or a full id such as claude-sonnet-5%s" % (model, ", ".join(aliases[:5]), nearest(name, aliases)),
    )
