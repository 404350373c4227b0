"""Hook entry: one payload on standard input, one answer. Only what must happen before the package can be imported is here.

Deadlines are nested (DESIGN rule 5): the journal's lock gives up after 3 s, this process after 8 s (25 s where git may be asked),
the client after 10 s (30 s).
"""

import sys

GUARDED = ("PreToolUse", "PreSkillShellCommand", "UserPromptExpansion", "ConfigChange")


def peer():
    """The process at the other end of standard input, None where that is no socket. The client talks to its hooks through a socket pair
    of its own (measured); what an agent starts from Bash can make none that the client made."""
    import os

    try:
        if os.fstat(0).st_mode & 0o170000 != 0o140000:
            return None
        import _socket

        line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, 0)
        try:
            return int.from_bytes(line.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)[:4], sys.byteorder)
        finally:
            line.detach()
    except (ImportError, OSError, AttributeError, ValueError):
        return None


def waves():
    """What differs in a run of waves; loaded only where one is live or asked for."""
    from pack.realtime import wave_runs

    return wave_runs.RUN


def fleet():
    """What a run of a fleet does besides; loaded only where the project or the run is in one."""
    from pack.fleet import desk

    return desk


def main():
    event = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        import gc
        import os

        gc.disable()  # a call lives for milliseconds; looking for cycles in what it has just read would be a tenth of them

        def late(_signum, _frame):
            raise TimeoutError("no decision in time")

        try:
            import _signal  # `signal` itself imports enum and costs a third of the whole call

            _signal.signal(_signal.SIGALRM, late)
            if event != "Watch":  # which sleeps between its looks; its lock is bounded all the same
                _signal.alarm(25 if event == "PreToolUse" else 8)
        except (ImportError, AttributeError):
            pass  # no alarms here: the client's own time-out remains, and blocks
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        data = os.environ.get("CLAUDE_PLUGIN_DATA")
        if data:
            sys.pycache_prefix = os.path.join(data, "pycache")  # the plugin's folder may be read-only
        sys.path.insert(0, os.path.join(root, "scripts"))
        # `from __future__ import annotations` speaks to the compiler; when it runs it would read a file of the standard library, in every call.
        sys.modules["__future__"] = type(sys)("__future__")
        sys.modules["__future__"].annotations = None
        raw = sys.stdin.buffer.read(64 << 20)
        from pack.base import codec
        from pack.gate import entry, prompt_lines

        try:
            payload = codec.loads(raw.decode("utf-8", "replace"))
            if not isinstance(payload, dict):
                raise ValueError("not an object")
            payload.setdefault("hook_event_name", event)
        except ValueError as error:
            raise RuntimeError("the client's payload cannot be read: %s" % error) from None
        try:
            if event == "Watch":
                from pack.gate import watcher

                code, out, err = watcher.run(entry.normal(payload), os.environ, peer=peer())
            else:
                code, out, err = entry.handle(payload, os.environ, peer=peer(), waves=waves, fleet=fleet)
        except Exception as error:  # whatever it is, a guarded call stays closed and nobody sees a traceback
            name, prompt = payload["hook_event_name"], payload.get("prompt")
            closed = name in GUARDED or name == "UserPromptSubmit" and isinstance(prompt, str) and prompt_lines.for_the_team(prompt)
            code, out, err = entry.trouble(error, name if closed else None)
    except BaseException as error:
        text = (
            "team: the gate could not start (%s: %s). Guarded calls stay refused while a team is active. Run `pack doctor` in your own "
            "terminal; `pack abort --reason WHY` there ends the run." % (type(error).__name__, error)
        )
        code, out, err = (2 if event in GUARDED else 0), "", text
    if out:
        sys.stdout.write(out)
    if err and (code or not out):
        sys.stderr.write(err)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    code = main()
    import os

    os._exit(code)  # nothing is left to clean up, and interpreter shutdown costs a millisecond
