"""When a report is due. The files themselves say when the last one was made, so there is nothing to keep and no daemon.

Standard library only: the session hooks ask too.
"""

from __future__ import annotations

import calendar
import os
import re
import time
import zipfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping


def next_number(folder: str, prefix: str, extension: str) -> int:
    """The number of the next report: status_001.pptx, status_002.pptx, ..."""
    taken = [int(m.group(1)) for m in (re.match(r"%s_(\d+)\.%s$" % (prefix, extension), n) for n in _names(folder)) if m]
    return max(taken, default=0) + 1


def last_report(folder: str, now: float) -> float | None:
    """When the newest status presentation says that it was made (seconds), or None. One from the future was made by a clock that was
    wrong: it would be the last one for ever."""
    newest = None
    for name in _names(folder):
        if re.match(r"status_\d+\.pptx$", name):
            made = made_at(os.path.join(folder, name))
            if made is not None and made <= now + 60 and (newest is None or made > newest):
                newest = made
    return newest


def made_at(path: str) -> float | None:
    """The creation time inside a .pptx, in seconds; None if it is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read("docProps/core.xml").decode("utf-8")
        found = re.search(r"<dcterms:created[^>]*>(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)", text)
        return float(calendar.timegm(time.strptime(found.group(1), "%Y-%m-%dT%H:%M:%S"))) if found else None
    except (OSError, KeyError, zipfile.BadZipFile, ValueError):
        return None


def due(folder: str, definition: Mapping[str, Any], now: float) -> tuple[bool, float]:
    """(is a report due?, seconds until the next one)."""
    last, every = last_report(folder, now), definition.get("report_every_hours", 6) * 3600.0
    left = 0.0 if last is None else last + every - now
    return left <= 0, max(0.0, left)


def _names(folder: str) -> list[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []
