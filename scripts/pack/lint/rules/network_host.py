"""A host that the client does not read

`network.hosts` takes names as the sandbox does, in plain ASCII and their usual spelling: no scheme, no path, no bare top
level. An entry of another form is dropped, and what the plugin does there needs the user's leave each time.

Bad `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "d", "author": {"name": "x"}, "network": {"hosts": ["https://api.example.com"]}}

Good `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "d", "author": {"name": "x"}, "network": {"hosts": ["api.example.com", "*.example.com:443"]}}

Source: client, measured
"""

from ..lazy import lazy

SEVERITY = "warning"
FILES = ("manifest", "mcp")
_PLAIN = lazy(r"[\w-]+(?:\.[\w-]+)*\Z")
_PORT = lazy(r"[1-9][0-9]{0,4}\Z")
_NUMERIC = lazy(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
LONGEST, MOST = 261, 256


def check(file, context):
    """The manifest's list, and those of inline servers."""
    from .mcp_command import servers

    holders = [((), file.data)] if file.kind == "manifest" else []
    holders += [(path, server) for path, server in servers(file)]
    for base, holder in holders:
        network = holder.get("network")
        hosts = network.get("hosts") if isinstance(network, dict) else None
        for index, host in enumerate(hosts[:MOST] if isinstance(hosts, list) else ()):
            if not is_host(host):
                text = "%r is no host as the client takes them (api.example.com, *.example.com, 10.0.0.1, [::1], :port)"
                yield file.hit(file.at(base + ("network", "hosts", index)), text % (host,))
        if isinstance(hosts, list) and len(hosts) > MOST:
            yield file.hit(file.at(base + ("network", "hosts"), key=True), "only the first %d hosts are read" % MOST)


def is_host(text):
    """Does the client take it?"""
    if not isinstance(text, str) or len(text) > LONGEST or not text.isascii():
        return False
    if text.startswith("["):
        inside, _, port = text[1:].partition("]")
        return _is_port(port[1:] if port else "1") and (not port or port[0] == ":") and _is_ipv6(inside)
    host, colon, port = text.partition(":")
    if colon and not _is_port(port):
        return False
    if host == "localhost":
        return True
    name = host[2:] if host.startswith("*.") else host
    if "." not in name or not _PLAIN.match(name):
        return False
    labels = name.lower().split(".")
    if not _NUMERIC.match(labels[-1]):
        return True
    # A name that ends in a number is an address, in its usual spelling: four decimal parts.
    return len(labels) == 4 and all(part.isdigit() and str(int(part)) == part and int(part) < 256 for part in labels)


def _is_port(text):
    return bool(_PORT.match(text)) and int(text) < 65536


def _is_ipv6(text):
    import ipaddress

    try:
        return ipaddress.IPv6Address(text).compressed == text.lower()
    except ValueError:
        return False
