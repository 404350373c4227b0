"""Hook entry: one payload on standard input, one answer. Only what must happen before the package can be imported is here, and as little as can be:
Python compiles this file anew in every call. The rest is pack/cli/hook.py.

Deadlines are nested (DESIGN rule 5): the journal's lock gives up after 3 s, this process after 8 s (25 s where git may be asked),
the client after 10 s (30 s).
"""

import gc
import os
import sys

GUARDED = ("PreToolUse", "PreSkillShellCommand", "UserPromptExpansion", "ConfigChange")


class OutOfTime(BaseException):
    """No decision in time; its text is the answer. It is neither an OSError nor an Exception, which whoever reads a file or asks git would take for
    an answer of theirs, and go on."""


def at_once(path, tag):
    """Run the modules that pack/base/bundle.py put into one file, with its own `run` that lies there too; False, and nothing done, where it is not
    there or not of this Python and these sources: then they are imported one by one. None where no such file helps."""
    try:
        import marshal
        import posix
    except ImportError:
        return None  # Windows
    try:
        file = posix.open(path, posix.O_RDONLY)
        raw = posix.read(file, len(tag) + 24)  # then how long the modules are, and the whole file
        if not raw.startswith(tag) or posix.fstat(file).st_size != int(raw[-12:]):
            return False
        run, modules = marshal.loads(posix.read(file, int(raw[-24:-12])))
        return type(main)(run, globals())(modules, file, path, len(raw) + int(raw[-24:-12]))
    except (OSError, EOFError, ValueError, TypeError):
        return False


def not_cut_short():
    """Have byte code that is cut short made anew. On a full disk Python puts a piece of a file in place (seen with 3.11), and every later import of it
    fails, when there is space again, too."""
    import _frozen_importlib_external as outside

    whole = outside.SourceLoader.get_code

    def get_code(loader, name):
        try:
            return whole(loader, name)
        except EOFError:
            os.unlink(outside.cache_from_source(loader.get_filename(name)))
            return whole(loader, name)

    outside.SourceLoader.get_code = get_code


def main():
    event = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        gc.disable()  # a call lives for milliseconds; looking for cycles in what it has just read would be a tenth of them

        def late(_signum, _frame):
            typed = event in ("UserPromptExpansion", "UserPromptSubmit")
            what = "nothing was done. Type the same line again" if typed else "the call is refused. Try the same call again"
            raise OutOfTime("team: no decision in time: the machine or its disk is very busy, so %s." % what)

        try:
            import _signal  # `signal` itself imports enum and costs a third of the whole call

            _signal.signal(_signal.SIGALRM, late)
            if event != "Watch":  # which sleeps between its looks; its lock is bounded all the same
                _signal.alarm(25 if event == "PreToolUse" else 8)
        except (ImportError, AttributeError):
            pass  # no alarms here: the client's own time-out remains, and blocks
        scripts = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scripts")
        sys.path.insert(0, scripts)
        # `from __future__ import annotations` speaks to the compiler; when it runs it would read a file of the standard library, in every call.
        sys.modules["__future__"] = type(sys)("__future__")
        sys.modules["__future__"].annotations = None
        not_cut_short()
        data = os.environ.get("CLAUDE_PLUGIN_DATA")
        if data:
            sys.pycache_prefix = os.path.join(data, "pycache")  # the plugin's folder may be read-only
            tag = repr((1, sys.version, scripts)).encode() + b"\n"
            fleet = os.path.exists((os.environ.get("CLAUDE_PROJECT_DIR") or ".") + "/.claude/fleet.yaml")
            path = "%s/gate.%%s.%s%s.bundle" % (sys.pycache_prefix, sys.implementation.cache_tag, ".fleet" * fleet)
            if at_once(path % (event if event == "PostToolUse" else "PreToolUse"), tag) is False:
                from pack.base import bundle

                bundle.make(path, tag, fleet, os.path.abspath(__file__))
        from pack.cli import hook

        code, out, err = hook.answer(event, GUARDED, sys.stdin.buffer.read(64 << 20))
    except BaseException as error:
        sys.path.insert(0, os.path.dirname(__file__))
        import failed

        code, out, err = failed.answer(event, GUARDED, error)
    if out:
        sys.stdout.write(out)
    if err and (code or not out):
        sys.stderr.write(err)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    code = main()
    os._exit(code)  # nothing is left to clean up, and interpreter shutdown costs a millisecond
