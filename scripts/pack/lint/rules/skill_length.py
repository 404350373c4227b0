"""A skill's description that is cut

Of description and when_to_use together the model sees 1,536 characters.

Source: client
"""

SEVERITY = "warning"
FILES = ("skill",)


def check(file, context):
    """Count both."""
    front = file.front
    if front is None:
        return
    size = sum(len(front.get(key)) for key in ("description", "when_to_use") if isinstance(front.get(key), str))
    limit = context.facts.skill_listing_limit
    if size > limit:
        yield file.hit(file.at(("description",), key=True), "%d characters; the model sees the first %d" % (size, limit))
