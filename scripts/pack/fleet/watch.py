"""`pack watch --fleet`: every squad on every machine, as it changes. It waits for the project's bell; where a pooler swallows that, it looks now and then."""

import time

from ..base.streams import driven
from . import status
from .engine import Engine, Unreachable

LOOK = 15.0  # seconds after which it looks anyway: silence rings no bell, and a run that is silent is what matters most
DEAF = 2.0  # the same where no bell is heard
CLEAR = "\x1b[H\x1b[2J"


def follow(settings, out, screen, rounds=None):
    """Print what `pack fleet status` prints whenever it changed (screen: over what stood there), until interrupted, or `rounds` times."""
    engine, shown = Engine(settings["where"]), None
    engine.listens = settings["project"]
    try:
        while rounds != 0:
            try:
                hears = engine.listen(settings["project"])
                found = status.collect(engine, settings["project"])
                text = status.text(found)
            except Unreachable as error:
                hears, found, text = False, None, "⚠ %s" % error
            state = found and [found["sprint"]] + [
                (r["run"], r["state"], r["phase"], r["done"], r["tasks"], r["leases"], r["machine"], r["unleased"]) for r in found["runs"]
            ]
            if (state or text) != shown:
                shown = state or text
                if screen:
                    driven(out).write(CLEAR)
                out.write(text + "\n" + ("" if screen else "\n"))
                out.flush()
                rounds = rounds and rounds - 1
            if rounds == 0:
                return
            if not engine.heard():
                engine.wait([], LOOK if hears else DEAF)
            engine.heard()
            time.sleep(0.05)  # what rings together is shown together
    finally:
        engine.close()
