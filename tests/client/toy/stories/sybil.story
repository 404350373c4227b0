story: borrows its beginning; a coder spawns a reviewer of its own and nobody is confused
as in two-coders until "in any order"
coder-1 calls Agent: {"description": "x", "prompt": "You are sybil", "subagent_type": "team:reviewer", "name": "sybil"}
    => fails, says "No such tool available"
coder-1 rests
coder-2 rests
as in two-coders from "lead remembers" until "expect journal:"
