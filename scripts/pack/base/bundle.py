"""Byte code of the modules that most hook calls need, in one file in the plugin's data: to find, open, check and read sixty files takes as long as
all that the gate then does. hooks/gate.py reads it. As with Python's own byte code, which lies in the same folder and is trusted as much, size
and time of each source are compared before its code is used."""

from __future__ import annotations

import marshal
import os
import sys

from . import bytecode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Entry = tuple[str, str, int, int, Any]  # module, source, the source's size and mtime in ns, its code (None for an extension)

# What every call imports, and what calls of an event import besides; what is imported inside functions stands here too.
COMMON = ("pack.cli.hook", "pack.store.disk", "pack.protocol.access", "pack.protocol.messages")
MORE = {
    "PreToolUse": ("pack.gate.before_tool", "pack.gate.before_message", "pack.gate.before_shell", "pack.gate.facts"),
    "PostToolUse": ("pack.gate.after_tool", "pack.gate.closer_look", "pack.store.render"),
}
# Whose functions most calls need: to wake each would cost more than to read all.
AWAKE = (
    {"pack.base." + name for name in ("codec", "paths")}
    | {"pack.protocol." + name for name in ("view", "watch", "advice", "machine", "kernel", "access")}
    | {"pack.gate.entry", "pack.gate.glance", "pack.cli.hook"}
)
FLEET = ("pack.fleet.desk",)  # and every call of a project that is in a fleet


def _imported(names: tuple[str, ...]) -> list[str]:
    """Import modules; those that this brought in, each after those that it needs."""
    import _frozen_importlib_external as outside  # `importlib.machinery` would have to be found, and brings more

    order: list[str] = []
    loaders: list[Any] = [outside.SourceFileLoader, outside.ExtensionFileLoader]
    as_it_was = [loader.exec_module for loader in loaders]

    def recording(execute: Any) -> Any:
        def exec_module(self: Any, module: Any) -> None:
            execute(self, module)
            order.append(module.__name__)

        return exec_module

    for loader, execute in zip(loaders, as_it_was):
        loader.exec_module = recording(execute)
    try:
        for name in names:
            __import__(name)
    finally:
        for loader, execute in zip(loaders, as_it_was):
            loader.exec_module = execute
    return order


def _entries(names: list[str], kept: bytearray) -> list[Entry]:
    """Modules in the order in which they run; what their functions hold goes to `kept`."""
    out: list[Entry] = []
    packages = [name for name in names if hasattr(sys.modules[name], "__path__")]
    for name in packages + [name for name in names if name not in packages]:
        spec: Any = sys.modules[name].__spec__
        s = os.stat(spec.origin)
        code = bytecode.bare(spec.loader.get_code(name))
        if code is not None and name not in AWAKE:
            code = bytecode.asleep(code, vars(sys.modules[name]), kept)
        out.append((name, spec.origin, s.st_size, s.st_mtime_ns, code))
    return out


def run(modules: list[Entry], file: int, path: str, kept: int) -> bool:
    """Make the modules as the import system would, and run them in turn; False, and nothing done, where a source is another by now. Runs as its
    code alone, before anything of the package is there. file: the open bundle, whose functions lie from `kept` on."""
    import _imp
    import marshal
    import posix
    import sys

    looked = {}
    for _name, source, size, time, _code in modules:
        s = looked[source] = posix.stat(source)
        if s.st_size != size or s.st_mtime_ns != time:
            return False
    known, module, spec = sys.modules, type(sys), type(sys.__spec__)

    def wake(space: dict[str, Any], name: str, start: int, size: int) -> Any:
        try:
            space[name].__code__ = marshal.loads(posix.pread(file, size, kept + start))
        except (EOFError, ValueError, TypeError):
            posix.unlink(path)  # damaged: the next call makes it anew
            raise
        return space[name]

    known["builtins"].__dict__["__wake__"] = wake
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


# What Python runs in the place of hooks/gate.py, whose path comes first of its arguments. One that is another by now is compiled.
ENTRY = """
import marshal, posix, sys
__file__ = sys.argv.pop(1)
looks = posix.stat(__file__)
if (__file__, looks.st_size, looks.st_mtime_ns) == %r:
    code = marshal.loads(%r)
else:
    file = posix.open(__file__, posix.O_RDONLY)
    code = compile(posix.read(file, looks.st_size), __file__, "exec")
exec(code)
"""


def _entry(gate: str) -> bytes:
    """hooks/gate.py as byte code that the shell before it starts: to compile it in each call costs a tenth of a bare Python."""
    looks = os.stat(gate)
    with open(gate, "rb") as source:
        code = bytecode.bare(compile(source.read(), gate, "exec", dont_inherit=True))
    text = ENTRY % ((gate, looks.st_size, looks.st_mtime_ns), marshal.dumps(code))
    import _frozen_importlib_external as outside  # what importlib.util has it from

    return outside.MAGIC_NUMBER + bytes(12) + marshal.dumps(compile(text, gate, "exec", dont_inherit=True))


def make(path: str, tag: bytes, fleet: bool, gate: str) -> None:
    """Write the files, `path` with an event's name in it, and the entry's, whose name holds the interpreter's path. Any trouble means no file:
    every call then imports as usual. fleet: those of a project that is in one. gate: hooks/gate.py."""
    temporary = "%s.%d" % (path % "new", os.getpid())
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "wb"):  # where nothing can be written nothing is prepared
            pass
        names, files = ["pack", "pack.base"] + _imported(COMMON + (FLEET if fleet else ())), {}
        for event, more in MORE.items():
            kept = bytearray()
            head = marshal.dumps((run.__code__, _entries(names, kept) + _entries(_imported(more), kept)))
            files[path % event] = tag + b"%011d\n%011d\n" % (len(head), len(tag) + 24 + len(head) + len(kept)) + head + kept
        started = "%s%s.gate.pyc" % (os.path.dirname(path), sys.executable)
        os.makedirs(os.path.dirname(started), exist_ok=True)
        files[started] = _entry(gate)
        for name, data in files.items():
            with open(temporary, "wb") as f:
                f.write(data)
            os.replace(temporary, name)
    except (OSError, ValueError):
        try:
            os.unlink(temporary)
        except OSError:
            pass
