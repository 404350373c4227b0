"""A prompt with nothing in it

An agent without a body works from the client's general words alone, a command or skill says nothing.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    ---

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    ---
    Review.

Source: this project
"""

SEVERITY = "warning"
FILES = ("agent", "command", "skill", "output-style")


def check(file, context):
    """Only where the frontmatter was read; a missing one has its own rule."""
    if file.front is not None and not file.text[file.body_start :].strip() and file.plugin is not None:
        if file.plugin.scope in ("plugin", "bare", "project"):
            yield file.hit((file.front.close, file.front.close + 3), "nothing follows the frontmatter: the prompt is empty")
