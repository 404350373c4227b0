"""The process behind a task's checks (gate/task_checks.py): its tooling, in a checkout of HEAD with the task's files as they are under review."""

import time

from ..base import checkout, receipts
from . import verify

SHOWN = 300  # characters of the last line of a check that failed


def main(voucher, path):
    """Run the commands of a voucher up to the first that fails; leaves the sealed result beside `path`. Exit codes: 0 green, 1 red or not run."""
    rows, why, until = [], "", time.monotonic() + verify.WHOLE_SECONDS
    env = verify.environment()
    try:
        with checkout.Checkout(voucher["project"], voucher["tree"]) as place:
            env = verify.prepare(place, " ".join(c for _n, c in voucher["commands"]), env, until)
            for name, command in voucher["commands"]:
                code, out = verify.run(place.command(command), place.folder, env, until)
                lines = [x.strip() for x in out.decode("utf-8", "replace").splitlines() if x.strip()]
                rows.append([name, command, code, lines[-1][:SHOWN] if code and lines else ""])
                if code:
                    break
    except checkout.CannotCheckOut as error:
        why = str(error)
    result = {"rows": rows, "why": why}
    if rows and rows[-1][2]:
        result["lost"] = checkout.lost(voucher["project"], voucher.get("start"), voucher["tree"])
    result["mac"] = receipts.authenticated(voucher["key"], result)
    receipts.leave(path, ".verify", result)
    return 0 if rows and not rows[-1][2] else 1
