"""A hook as a process of its own, for hostile.py: `python -I -S -E whole.py NOW GATE EVENT` is hooks/gate.py with the driver's clock.

The driver answers most payloads in its own process. What that could hide shows here: which modules a call imports and from which file of byte
code, what it keeps from an earlier call, its folder, its environment, its standard input, its exit code. The shell in front of it has tests
of its own (tests/faults).
"""

import sys

PLACE = "hooks/gate.py"


def answered(payload, env, now, project, root):
    """(exit code, standard output, standard error) of a payload."""
    import os
    import subprocess

    from pack.base import codec

    gate, event = os.path.join(root, PLACE), payload["hook_event_name"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-E", os.path.abspath(__file__), repr(now), gate, event],
        input=codec.dumps(payload).encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=project,
        env=dict({"PATH": os.environ["PATH"], "CLAUDE_PLUGIN_ROOT": root}, **env),
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def main():
    import time

    now = float(sys.argv.pop(1))
    time.time = lambda: now  # it stands still during a call, as in the driver's own process
    del sys.argv[0]
    with open(sys.argv[0], "rb") as f:
        code = compile(f.read(), sys.argv[0], "exec")
    exec(code, {"__name__": "__main__", "__file__": sys.argv[0], "__builtins__": __builtins__})


if __name__ == "__main__":
    main()
