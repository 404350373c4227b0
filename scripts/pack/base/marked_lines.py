"""Output of several programs in one, each line marked with whose it is, as pnpm, turbo, lerna, concurrently and docker compose print it."""

from __future__ import annotations

import re

MARK = re.compile(
    r"(\[[^\]\n]{1,60}\] ?"  # concurrently, nx: `[0] `, `[web] `
    r"|[\w@./-]{1,60} [\w:.-]{1,40}: "  # pnpm -r: `packages/a test: `
    r"|[\w@./-]{1,60}:[\w@./:-]{1,60}: "  # turbo: `web:test: `
    r"|[\w@./-]{1,60}: "  # lerna: `@scope/a: `
    r"|[\w.-]{1,60} +\| )"  # docker compose: `web-1  | `
)


def texts(output: str) -> list[str]:
    """What each program printed, without the marks, in the order of their first lines; [] where no two lines have the same mark."""
    found: dict[str, list[str]] = {}
    for line in output.split("\n"):
        mark = MARK.match(line)
        if mark:
            found.setdefault(mark.group(1).rstrip(), []).append(line[mark.end() :])
    return ["\n".join(lines) for lines in found.values() if len(lines) > 1]
