"""Which work a drifted contract keeps back. Standard library only: hooks ask it."""


def keeps_back(standing, paths=(), item=None):
    """Of what `standing` answers, the contracts that keep a task with these files (or a backlog's item) back."""
    out = []
    for one in standing:
        if not one["why"]:
            continue
        every = not one["paths"] and not one["items"]
        if every or item in one["items"] or any(_covers(mine, p) for mine in one["paths"] for p in paths):
            out.append(one)
    return out


def _covers(mine, path):
    mine, path = mine.casefold(), path.casefold()
    return (
        mine.rstrip("/") == path.rstrip("/") or mine.endswith("/") and path.startswith(mine) or path.endswith("/") and mine.startswith(path)
    )
