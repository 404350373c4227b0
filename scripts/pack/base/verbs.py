"""The verbs of `pack` by what the gate does with them."""

from __future__ import annotations

# Inside the client the hook carries these out, and the process prints what it did (gate/pack_verbs.py, cli/receipt.py).
CHANGING = frozenset(("plan", "task", "verify", "finish", "teardown", "abort", "resume"))
