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
    """Code without its table of line numbers, the docstrings of functions and their annotations, half of it to read: a hook shows no traceback
    and nobody asks it for types. What another Python keeps elsewhere stays."""
    if code is None or not hasattr(code, "co_linetable"):
        return code
    unasked = _annotations(code) if not code.co_flags & 1 else ()  # CO_OPTIMIZED: a function, whose own functions are few
    consts = tuple(_bare(c) if isinstance(c, type(code)) else () if i in unasked else c for i, c in enumerate(code.co_consts))
    function = code.co_flags & 1 and not code.co_name.startswith("<")  # a lambda's first constant may be any text
    if function and consts and isinstance(consts[0], str) and sys.version_info < (3, 13):
        consts = (None,) + consts[1:]
    return code.replace(co_linetable=b"", co_consts=consts)


def _annotations(code: Any) -> set[int]:
    """Which constants of a module's or class's code are annotations of the functions that it makes and nothing else: a tuple of names and types,
    loaded right before the function's own code, in a Python that keeps them so (3.10 to 3.13)."""
    import dis

    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    found: dict[int, bool] = {}
    for i, step in enumerate(steps[:-3]):
        if step.opname == "LOAD_CONST" and step.arg is not None and isinstance(step.argval, tuple):
            making = [s for s in steps[i + 2 : i + 5] if s.opname in ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE")]
            flags = next((s.arg for s in making if s.arg), 0)
            annotates = isinstance(steps[i + 1].argval, type(code)) and bool(flags & 4)
            found[step.arg] = annotates and found.get(step.arg, True)
    return {i for i, only in found.items() if only}


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
        code = _bare(compile(source.read(), gate, "exec", dont_inherit=True))
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
        common = _entries(["pack", "pack.base"] + _imported(COMMON + (FLEET if fleet else ())))
        files = {path % event: tag + marshal.dumps((run.__code__, common + _entries(_imported(names)))) for event, names in MORE.items()}
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
