"""A marketplace field that the client does not read

Bad `.claude-plugin/marketplace.json`:

    {"name": "demo-market", "descripton": "Demo", "description": "Demo", "owner": {"name": "Example"}, "plugins": [{"name": "demo-pack", "source": "./"}]}

Good `.claude-plugin/marketplace.json`:

    {"name": "demo-market", "description": "Demo", "owner": {"name": "Example"}, "plugins": [{"name": "demo-pack", "source": "./"}]}

Source: client, measured
"""

from ..near import nearest
from .manifest_field import objects

SEVERITY = "warning"
FILES = ("marketplace",)


def check(file, context):
    """Top level, metadata, entries."""
    if file.json is None or not isinstance(file.json.value, dict):
        return
    data = file.data
    schema = context.facts.schemas["marketplace"]["properties"]
    entry_schema = schema["plugins"]["items"]["properties"]
    places = [((), data, schema)]
    if isinstance(data.get("metadata"), dict):
        places.append((("metadata",), data["metadata"], schema["metadata"]["properties"]))
    for index, entry in file.entries():
        places.append((("plugins", index), entry, entry_schema))
        yield from objects(file, ("plugins", index), entry, context)
    for base, holder, known in places:
        for key in holder:
            if key not in known:
                yield file.hit(file.at(base + (key,), key=True), "unknown field %r is ignored%s" % (key, nearest(key, known)))
    if not data.get("description") and not (isinstance(data.get("metadata"), dict) and data["metadata"].get("description")):
        yield file.hit(file.at(("name",), key=True) if "name" in data else (0, 1), "the marketplace has no description")
    if data.get("plugins") == []:
        yield file.hit(file.at(("plugins",), key=True), "the marketplace has no plugins")
