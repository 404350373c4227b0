"""What bin/pack runs: `python -S start.py VERB ...`.

-S leaves out `site`, a third of the interpreter's start: most verbs need the standard library only. The first import that
it lacks brings site in. The folder of this file is replaced on the path (its modules are `pack.*` and nothing else), and
the current folder is never on it: `pack lint` runs in folders of strangers, whose json.py must not be ours.
"""

import sys


class _SiteWhenMissed:
    """Last on sys.meta_path: asked for what nobody else has."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        sys.meta_path.remove(cls)
        import site

        site.main()
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
        return None


class _FromSource:
    """First on sys.meta_path, for what measures and judges: its modules are the sources whose digest the evidence bears. Byte code beside them, a
    library or a folder of a module's name would be taken before or in place of the source, and no digest would tell."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] != "pack":
            return None
        from importlib.machinery import PathFinder, SourceFileLoader

        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.origin is None:
            return spec
        if spec.loader.__class__ is not SourceFileLoader or (
            spec.submodule_search_locations and _is_file(spec.submodule_search_locations[0] + ".py")
        ):
            raise ImportError("%s stands in the place of the source of %s: remove it, or install pack anew" % (spec.origin, name))
        spec.loader.get_code = lambda module: spec.loader.source_to_code(spec.loader.get_data(spec.origin), spec.origin)
        spec.cached = None
        return spec


def _is_file(path):
    import os

    return os.path.isfile(path)


def main(scripts):
    """Run the verb and leave the process with its exit code."""
    if sys.flags.isolated:  # then the folder of this file is not on the path
        sys.path.insert(0, scripts)
    else:
        sys.path[0] = scripts
    if sys.argv[1:2] in (["rt"], ["gate"]):
        sys.meta_path.insert(0, _FromSource)
        from pack.base import isolate

        isolate.enter(sys.argv[1:])
    if sys.flags.no_site:
        sys.meta_path.append(_SiteWhenMissed)
    if sys.argv[1:2] == ["statusline"]:  # it must be there before the client asks for the next one
        from pack.cli.statusline import main as run

        sys.exit(run(sys.argv[2:]))
    from pack.base.streams import plain

    if sys.argv[1:2] != ["lint"]:
        from pack.cli.main import main as run

        sys.exit(run(sys.argv[1:]))
    plain()
    from pack.lint import bundle

    bundle.install(scripts)
    from pack.lint.cli import main as run

    code = run(sys.argv[2:])
    bundle.save()
    import os

    try:
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:  # a language server has closed it at the editor's `exit`
                stream.flush()
    except BrokenPipeError:  # the reader is gone
        code = code or 1
    except OSError as error:
        os.write(2, b"pack lint: the output cannot be written: %s\n" % error.strerror.encode())
        code = 2
    os._exit(code)  # taking a large tree's objects apart one by one is a tenth of a run


def again_without_byte_code(scripts):
    """Byte code was written on a full disk and is cut short: away with it, and once more from the sources."""
    import os

    for folder, _folders, names in os.walk(scripts):
        if os.path.basename(folder) == "__pycache__":
            for name in names:
                os.unlink(os.path.join(folder, name))
    alone = ["-I"] if sys.flags.isolated else ["-S"] if sys.flags.no_site else []
    os.execv(sys.executable, [sys.executable, "-B", *alone, __file__, *sys.argv[1:]])


if __name__ == "__main__":
    if sys.version_info < (3, 9):
        sys.exit("pack: needs Python 3.9 or newer, found %s" % sys.version.split()[0])
    try:
        main(__file__.rpartition("/pack/")[0])
    except EOFError as error:
        if sys.flags.dont_write_bytecode or "marshal" not in str(error) and "EOF read" not in str(error):
            raise
        again_without_byte_code(__file__.rpartition("/pack/")[0])
