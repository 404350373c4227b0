"""Less byte code to read: what a hook call never asks of its modules is left out, and a function is read when it is called."""

from __future__ import annotations

import marshal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    def __wake__(space: dict[str, Any], name: str, start: int, size: int) -> Any: ...


def bare(code: Any) -> Any:
    """Code without its table of line numbers, the docstrings of functions and their annotations, half of it to read: a hook shows no traceback
    and nobody asks it for types. What another Python keeps elsewhere stays."""
    if code is None or not hasattr(code, "co_linetable"):
        return code
    unasked = _annotations(code) if not code.co_flags & 1 else ()  # CO_OPTIMIZED: a function, whose own functions are few
    consts = tuple(bare(c) if isinstance(c, type(code)) else () if i in unasked else c for i, c in enumerate(code.co_consts))
    function = code.co_flags & 1 and not code.co_name.startswith("<")  # a lambda's first constant may be any text
    if function and consts and isinstance(consts[0], str) and sys.version_info < (3, 13):
        consts = (None,) + consts[1:]
    return code.replace(co_linetable=b"", co_consts=consts)


def _annotations(code: Any) -> set[int]:
    """Which constants of a module's or class's code are annotations of the functions that it makes and nothing else: a tuple of names and types,
    loaded right before the function's own code, in a Python that keeps them so (3.10 to 3.13)."""
    steps = _steps(code)
    found: dict[int, bool] = {}
    for i, (name, const) in enumerate(steps[:-3]):
        if name == "LOAD_CONST" and isinstance(code.co_consts[const], tuple):
            following, made = steps[i + 1]
            flags = next((arg for how, arg in steps[i + 2 : i + 5] if arg and how in ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE")), 0)
            annotates = following == "LOAD_CONST" and isinstance(code.co_consts[made], type(code)) and bool(flags & 4)
            found[const] = annotates and found.get(const, True)
    return {i for i, only in found.items() if only}


def _steps(code: Any) -> list[tuple[str, int]]:
    """(instruction, argument) each; `dis` would have to be imported, with half of the standard library."""
    import opcode

    out: list[tuple[str, int]] = []
    more = 0
    for op, arg in zip(code.co_code[::2], code.co_code[1::2]):
        arg, more = more | arg, 0
        if op == opcode.EXTENDED_ARG:
            more = arg << 8
        elif op:
            out.append((opcode.opname[op], arg))
    return out


def _asleep(*given: Any, **named: Any) -> Any:
    return __wake__(globals(), "name", "start", "size")(*given, **named)  # type: ignore[arg-type]  # numbers are put in


def asleep(code: Any, space: dict[str, Any], kept: bytearray) -> Any:
    """A module's code with its functions put aside, at the end of `kept`, and in the place of each one that wakes it: of some 600 a call needs
    a hundred. space: the module's own names, once it is imported. A function that is known by another name, or knows names of another, stays."""
    wakes = _asleep.__code__
    names = [c.co_name for c in code.co_consts if isinstance(c, type(code))]

    def put_aside(c: Any) -> Any:
        made = isinstance(c, type(code)) and getattr(space.get(c.co_name), "__code__", None)
        if not made or made.co_firstlineno != c.co_firstlineno or c.co_freevars or names.count(c.co_name) > 1:
            return c
        data = marshal.dumps(c)
        put = {"name": c.co_name, "start": len(kept), "size": len(data)}
        kept.extend(data)
        named = {key: getattr(c, key) for key in ("co_name", "co_qualname", "co_filename") if hasattr(c, key)}
        consts = tuple(put.get(w, w) if isinstance(w, str) else w for w in wakes.co_consts)
        return bare(wakes).replace(co_consts=consts, co_firstlineno=c.co_firstlineno, **named)

    return code.replace(co_consts=tuple(put_aside(c) for c in code.co_consts))
