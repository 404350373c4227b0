"""Byte code of the modules that most hook calls need, in one file in the plugin's data: to find, open, check and read sixty files takes as long as
all that the gate then does. hooks/gate.py reads it. As with Python's own byte code, which lies in the same folder and is trusted as much, size
and time of each source are compared before its code is used."""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Entry = tuple[str, str, int, int, Any]  # module, source, the source's size and mtime in ns, its code (None for an extension)

# What every call imports, and what calls of an event import besides; what is imported inside functions stands here too.
COMMON = ("pack.cli.hook", "pack.store.disk", "pack.protocol.access", "pack.protocol.messages")
MORE = {
    "PreToolUse": ("pack.gate.before_tool", "pack.gate.facts"),
    "PostToolUse": ("pack.gate.after_tool", "pack.gate.closer_look", "pack.store.render"),
}
FLEET = ("pack.fleet.desk",)  # and every call of a project that is in a fleet


def _imported(names: tuple[str, ...]) -> list[str]:
    """Import modules; those that this brought in, each after those that it needs."""
    import _frozen_importlib_external as outside  # `importlib.machinery` would have to be found, and brings more

    order: list[str] = []
    loaders: list[Any] = [outside.SourceFileLoader, outside.ExtensionFileLoader]
    as_it_was = [loader.exec_module for loader in loaders]

    def recording(run: Any) -> Any:
        def exec_module(self: Any, module: Any) -> None:
            run(self, module)
            order.append(module.__name__)

        return exec_module

    for loader, run in zip(loaders, as_it_was):
        loader.exec_module = recording(run)
    try:
        for name in names:
            __import__(name)
    finally:
        for loader, run in zip(loaders, as_it_was):
            loader.exec_module = run
    return order


def _entries(names: list[str]) -> list[Entry]:
    out: list[Entry] = []
    packages = [name for name in names if hasattr(sys.modules[name], "__path__")]
    for name in packages + [name for name in names if name not in packages]:
        spec: Any = sys.modules[name].__spec__
        s = os.stat(spec.origin)
        out.append((name, spec.origin, s.st_size, s.st_mtime_ns, _bare(spec.loader.get_code(name))))
    return out


def _bare(code: Any) -> Any:
    """Code without its table of line numbers and the docstrings of functions, a third of it to read: a hook shows no traceback. What another
    Python keeps elsewhere stays."""
    if code is None or not hasattr(code, "co_linetable"):
        return code
    consts = tuple(_bare(c) if isinstance(c, type(code)) else c for c in code.co_consts)
    function = code.co_flags & 1 and not code.co_name.startswith("<")  # CO_OPTIMIZED; a lambda's first constant may be any text
    if function and consts and isinstance(consts[0], str) and sys.version_info < (3, 13):
        consts = (None,) + consts[1:]
    return code.replace(co_linetable=b"", co_consts=consts)


def run(modules: list[Entry]) -> bool:
    """Make the modules as the import system would, and run them in turn; False, and nothing done, where a source is another by now. Runs as its
    code alone, before anything of the package is there."""
    import _imp
    import posix
    import sys

    looked = {}
    for _name, source, size, time, _code in modules:
        s = looked[source] = posix.stat(source)
        if s.st_size != size or s.st_mtime_ns != time:
            return False
    known, module, spec = sys.modules, type(sys), type(sys.__spec__)
    try:
        for name, source, _size, _time, code in modules:
            made: Any
            if code is None:  # an extension of Python's own
                known[name] = made = _imp.create_dynamic(spec(name, None, origin=source))
                _imp.exec_dynamic(made)
                continue
            made, package = module(name), source.endswith("/__init__.py")
            space, (above, _, last) = made.__dict__, name.rpartition(".")
            space["__file__"], space["__spec__"] = source, spec(name, None, origin=source, is_package=package)
            space["__package__"] = name if package else above
            if package:
                space["__path__"] = [source[: -len("/__init__.py")]]
            known[name] = made
            exec(code, space)
            if above:
                setattr(known[above], last, made)
    except BaseException:
        for name, _source, _size, _time, _code in modules:
            known.pop(name, None)
        raise
    known["pack.base.paths"].LOOKED.update(looked)
    return True


def make(path: str, tag: bytes, fleet: bool) -> None:
    """Write the files, `path` with an event's name in it. Any trouble means no file: every call then imports as usual. fleet: those of a project
    that is in one."""
    temporary = "%s.%d" % (path % "new", os.getpid())
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "wb"):  # where nothing can be written nothing is prepared
            pass
        common = _entries(["pack", "pack.base"] + _imported(COMMON + (FLEET if fleet else ())))
        for event, names in MORE.items():
            with open(temporary, "wb") as f:
                f.write(tag + marshal.dumps((run.__code__, common + _entries(_imported(names)))))
            os.replace(temporary, path % event)
    except (OSError, ValueError):
        try:
            os.unlink(temporary)
        except OSError:
            pass
