"""Byte code of the linter's modules and its compiled patterns in one file, `__pycache__/all.TAG.bundle`.

A cold run on a small pack would import sixty modules, and `re` with what that needs to compile a dozen patterns; to find,
open and check them all takes three times as long as the whole lint. Where a file needs yaml, its modules and those of the
standard library that it imports are kept too, and so is ahocorasick_rs. Python's own byte code lies in the same folder and is
trusted as much; as there, size and time of each source are compared before its code is used, and whatever is missing,
old, damaged or of another Python is done the usual way. A run that had to do so writes the file anew.
"""

import marshal
import os
import sys

from . import lazy

FORMAT = 4
_OTHERS = ("yaml", "ahocorasick_rs")  # packages that are kept, too: then no run has to look for the folder that they are in
_path = None
_file = None  # open; what is marshalled stands in it, one piece after the other: `where` is a piece's (start, end)
_codes: "dict[str, tuple[object, ...]]" = {}  # module: (source, of ours below the scripts folder, is it a package, size, mtime in ns, where its code is)
_patterns: "dict[tuple[str, int], object]" = {}  # (pattern, flags): where the arguments of _sre.compile are; see _all_patterns
_table = None  # where these stand: a run that finds its findings in the cache compiles none
_scripts = ""


def _tag():
    import _sre

    return ascii((FORMAT, sys.version, sys.executable, _sre.MAGIC)).encode() + b"\0"


def install(scripts):
    """Serve imports of `pack.*` and lazy patterns from the file, if it is there and of this Python."""
    global _path, _scripts, _file, _table
    if sys.pycache_prefix or not sys.implementation.cache_tag:
        return
    _scripts = scripts + os.sep
    _path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__pycache__")
    _path = os.path.join(_path, "all." + sys.implementation.cache_tag + ".bundle")
    try:
        handle, tag = open(_path, "rb"), _tag()
        if handle.read(len(tag)) == tag:
            length = int.from_bytes(handle.read(4), "little")
            codes, table, size = marshal.loads(handle.read(length))  # from a file it asks for a few bytes at a time
            begin = handle.tell()
            if os.fstat(handle.fileno()).st_size == begin + size:
                _file, _table = (handle, begin), table
                _codes.update(codes)
    except (OSError, EOFError, ValueError, TypeError):
        pass  # written anew at the end
    sys.meta_path.insert(0, _Finder)
    lazy.compiled = _compiled


class _Finder:
    """Finder and loader of the modules in the file."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        entry, origin = _known(name)
        if entry is None:
            return None
        spec = type(sys.__spec__)(name, cls, origin=origin, is_package=entry[1])
        spec.has_location = True
        if entry[1]:
            spec.submodule_search_locations.append(os.path.dirname(origin))
        return spec

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        exec(_piece(_codes[module.__spec__.name][4]), module.__dict__)


def _known(name):
    """(what the file has of a module, its source) when that source is as it was, else (None, None)."""
    entry = _codes.get(name)
    if entry is not None:
        origin = os.path.join(_scripts, entry[0])
        try:
            info = os.stat(origin)
        except OSError:
            return None, None
        if (info.st_size, info.st_mtime_ns) == entry[2:4]:
            return entry, origin
    return None, None


def module(name):
    """A module of the file, imported; None when it has none. Of a hundred rules the import system's own way takes a third of the time."""
    entry, origin = _known(name)
    if entry is None or entry[1]:
        return None
    made = type(sys)(name)
    parent, _, last = name.rpartition(".")
    made.__package__, made.__file__ = parent, origin
    sys.modules[name] = made
    try:
        exec(_piece(entry[4]), made.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    setattr(sys.modules[parent], last, made)
    return made


def _piece(where):
    return marshal.loads(_bytes(where))


def _bytes(where):
    handle, begin = _file
    if hasattr(os, "pread"):  # a second process (halves.py) shares the handle's position
        return os.pread(handle.fileno(), where[1] - where[0], begin + where[0])
    handle.seek(begin + where[0])
    return handle.read(where[1] - where[0])


def _all_patterns():
    global _table
    if _table is not None:
        where, _table = _table, None
        try:
            _patterns.update(_piece(where))
        except (OSError, EOFError, ValueError, TypeError):
            pass  # compiled the usual way
    return _patterns


def _compiled(pattern, flags):
    """The pattern from the file, or None; the interpreter itself checks the code before it makes a pattern of it."""
    where = _all_patterns().get((pattern, flags))
    if where is None:
        return None
    import _sre

    try:
        return _sre.compile(pattern, *_piece(where))
    except (RuntimeError, TypeError, OverflowError, EOFError, ValueError):
        return None


def save():
    """Write the file when this run imported or compiled something that it does not hold; any trouble means no file."""
    if _path is None or sys.dont_write_bytecode:
        return
    codes = {name: entry for name, module in list(sys.modules.items()) for entry in [_entry(name, module)] if entry}
    patterns = {key: known for key in lazy.used for known in [_parts(*key)] if known}
    if not codes and not patterns:
        return
    pieces, size = [], 0

    def put(piece):
        nonlocal size
        pieces.append(piece)
        size += len(piece)
        return size - len(piece), size

    for name, entry in _codes.items():
        codes.setdefault(name, entry[:4] + (_bytes(entry[4]),))
    codes = {name: entry[:4] + (put(entry[4]),) for name, entry in codes.items()}
    patterns = {key: put(marshal.dumps(known)) for key, known in patterns.items()}
    for key, where in _all_patterns().items():
        patterns.setdefault(key, put(_bytes(where)))
    table = put(marshal.dumps(patterns))
    temporary = "%s.%d" % (_path, os.getpid())
    try:
        with open(temporary, "wb") as handle:
            head = marshal.dumps((codes, table, size))
            handle.write(_tag() + len(head).to_bytes(4, "little") + head)
            handle.write(b"".join(pieces))
        os.replace(temporary, _path)
    except (OSError, ValueError):
        try:
            os.unlink(temporary)
        except OSError:
            pass


def _entry(name, module):
    """What the file holds of a module that was imported the usual way."""
    spec = getattr(module, "__spec__", None)
    origin = getattr(spec, "origin", None)
    if type(getattr(spec, "loader", None)).__name__ != "SourceFileLoader" or not origin:
        return None
    ours = name.startswith("pack.") and origin.startswith(_scripts)
    library = os.path.dirname(os.__file__) + os.sep
    if not ours and name.split(".")[0] not in _OTHERS and (not origin.startswith(library) or "-packages" in origin):
        return None
    try:
        info = os.stat(origin)
        if name in _codes and _codes[name][2:4] == (info.st_size, info.st_mtime_ns):
            return None  # needed before the file could be read
        code = spec.loader.get_code(name)
    except (OSError, ImportError, AttributeError):
        return None
    package = spec.submodule_search_locations is not None
    return origin[len(_scripts) :] if ours else origin, package, info.st_size, info.st_mtime_ns, marshal.dumps(code)


def _parts(pattern, flags):
    """The arguments with which `re` makes this pattern, proved by making it; None where `re` is built differently."""
    try:
        import re
        import _sre

        try:
            from re import _compiler as compiler, _parser as parser
        except ImportError:  # before Python 3.11
            import sre_compile as compiler, sre_parse as parser
        tree = parser.parse(pattern, flags)
        code = compiler._code(tree, flags)
        index = [None] * tree.state.groups
        for name, number in tree.state.groupdict.items():
            index[number] = name
        code = list(map(int, code))  # named constants as they come
        known = (int(flags | tree.state.flags), code, tree.state.groups - 1, dict(tree.state.groupdict), tuple(index))
        return known if _sre.compile(pattern, *known) == re.compile(pattern, flags) else None
    except Exception:  # private parts of `re`: whatever they do elsewhere, there is a way without them
        return None
