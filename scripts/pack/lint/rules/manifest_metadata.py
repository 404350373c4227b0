"""A manifest without version, description or author

Without a version every commit is an update, or none is; without a description nobody can tell what the plugin does.

Bad `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "description": "Demo", "author": {"name": "Example"}}

Good `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}}

Source: client (`plugin validate --strict` fails)
"""

SEVERITY = "warning"
FILES = ("manifest",)


def check(file, context):
    """What `plugin validate` warns of."""
    if file.json is None or not isinstance(file.json.value, dict):
        return
    for key in ("version", "description", "author"):
        if not file.data.get(key) and not (key in file.data and not isinstance(file.data[key], (str, dict, type(None)))):
            yield file.hit(file.at(("name",), key=True) if "name" in file.data else (0, 1), "no %s" % key)
