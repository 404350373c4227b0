"""Ask this pack's own generator whether its generated blocks are up to date."""

from .lazy import lazy

_LINE = lazy(r"([^\s:][^:\n]*\.(?:md|json)):(?:([0-9]+):)?\s*(.*)")


def stale_blocks(root):
    """[(path, line, message)] of what the generator reports with --check."""
    import subprocess
    import sys

    code = "import sys; sys.path.insert(0, 'scripts'); from dev.generate import main; sys.exit(main(['--check']))"
    try:
        done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    if done.returncode == 0:
        return []
    found = []
    for line in (done.stdout + done.stderr).splitlines():
        match = _LINE.match(line.strip())
        if match:
            found.append((match.group(1), int(match.group(2) or 1), match.group(3) or "differs from its source"))
    return found
