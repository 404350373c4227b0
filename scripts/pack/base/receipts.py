"""Vouchers and receipts: how the hook and the `pack` process that an agent starts hand each other what was decided and measured."""

from __future__ import annotations

import os

from . import codec, whole_file
from .paths import PLUGIN_ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping
    from .protocols import Call


def receipt(call: Call, text: str, verb: str) -> str:
    """Keep the receipt where the process finds it; answers the command that prints it."""
    path = call.scratch(".receipt")
    call.store.disk.replace(path, codec.dumps({"text": text, "exit": 0, "verb": verb}).encode("ascii"))
    return vouched(path, verb)


def unclaimed(run: str, verb: str, since: float) -> str | None:
    """A receipt or voucher of this verb that was written after `since` and that no process has used: another plugin's hook has replaced the
    command that would have (CLIENT 1.18). Its path or None; whoever prints a receipt removes it, a voucher goes with its result."""
    folder = os.path.join(run, "calls")
    try:
        names = [n for n in os.listdir(folder) if n.endswith((".receipt", ".verify", ".gates"))]
    except OSError:
        return None
    found = []
    for name in names:
        path = os.path.join(folder, name)
        try:
            with open(path, encoding="utf-8") as f:
                if codec.loads(f.read()).get("verb") == verb and os.stat(path).st_mtime >= since:
                    found.append((os.stat(path).st_mtime, path))
        except (OSError, ValueError, AttributeError):
            continue
    return max(found)[1] if found else None


def vouched(path: str, verb: str) -> str:
    """The command that runs a verb of this very plugin with a voucher: another `pack` earlier on PATH must not get it."""
    return "PACK_VOUCHER=%s %s %s" % (quote(path), quote(os.path.join(PLUGIN_ROOT, "bin", "pack")), verb)


def quote(text: str) -> str:
    """A word for sh."""
    return "'" + text.replace("'", "'\\''") + "'"


RECEIPT = "pack-receipt: "


def result(call: Call, nonce: str, ending: str, response: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """What a vouched process left for the hook: (voucher, result) or None. It is in the run's folder, or, where the
    sandbox keeps processes from writing there, in what the process printed last."""
    base = os.path.join(call.store.data, "calls", nonce)
    found, voucher = call.store.disk.read(base + ".result"), call.store.disk.read(base + ending)
    text = found.decode("ascii", "replace") if found is not None else None
    printed = "%s\n%s" % (response.get("stdout") or "", call.payload.get("error") or "")
    if text is None and RECEIPT in printed:
        text = printed.rpartition(RECEIPT)[2].split("\n")[0]
    if text is None or voucher is None:
        return None
    call.store.disk.remove(base + ".result")
    call.store.disk.remove(base + ending)
    try:
        return codec.loads(voucher.decode("ascii")), codec.loads(text)
    except (ValueError, UnicodeDecodeError):
        return None


def leave(path: str, ending: str, value: object) -> None:
    """The process's side of `result`."""
    text = codec.dumps(value)
    target = path[: -len(ending)] + ".result"
    try:
        whole_file.swap(target, text.encode("ascii"))
    except OSError:
        print(RECEIPT + text, flush=True)


def authenticated(key: str, result: Mapping[str, Any]) -> str:
    """The keyed digest of a verification result: only the process that read the voucher can make it."""
    return codec.digest(key, codec.dumps({k: v for k, v in result.items() if k != "mac"}))


MEASURED = ("where", "where_why", "runner", "tests", "failed", "skipped", "unit", "why", "noticed", "noticed_why")


def collect(call: Call, response: Mapping[str, Any]) -> Any:
    """Take the result of a finished `pack verify`, if one waits for its nonce. Answers the voucher it was run with, None when there is none."""
    verify = call.state["verify"]
    nonce = verify["nonce"] if verify else None
    pair = result(call, nonce, ".verify", response) if nonce else None
    if pair is None:
        return None
    voucher, verified = pair
    try:
        good = verified["mac"] == authenticated(voucher["key"], verified)
    except (KeyError, TypeError):
        good = False
    if good:
        call.gate(
            "VERIFIED",
            nonce=nonce,
            build_exit=verified["build"],
            test_exit=verified["test"],
            tree=verified["tree"],
            **{name: verified.get(name) for name in MEASURED},
        )
    return voucher if good else None
