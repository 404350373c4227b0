"""JSON and digests without their imports: `import json` costs as much CPU as starting Python, hashlib half of it.

The C halves of both modules are part of CPython 3.9 to 3.14; where they are missing or differ, the real modules serve.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

try:
    import _json

    class _Context:
        strict, object_hook, object_pairs_hook = True, None, None
        parse_float, parse_int = float, int
        memo: dict[str, str] = {}

        @staticmethod
        def parse_constant(name: str) -> Any:
            raise ValueError("not JSON: " + name)

    _scan = _json.make_scanner(_Context())  # type: ignore[arg-type]  # typeshed wants a JSONDecoder; the scanner asks for these attributes
    _encode = _json.make_encoder(None, None, _json.encode_basestring_ascii, None, ":", ",", True, False, False)  # type: ignore[arg-type]  # as json.encoder calls it
    if "".join(_encode({"b": [1, "é"], "a": None}, 0)) != '{"a":null,"b":[1,"\\u00e9"]}' or _scan('{"a":1}', 0) != ({"a": 1}, 7):
        raise ImportError("another _json than expected")

    def loads(text: str) -> Any:
        """JSON text -> value; ValueError for anything that is not one JSON value."""
        start = len(text) - len(text.lstrip(" \t\r\n"))
        try:
            value, end = _scan(text, start)
        except (StopIteration, SystemError):
            # SystemError: the C scanner looks for json.decoder's exception class, and json is not imported here.
            raise ValueError("not JSON") from None
        except RecursionError:
            raise ValueError("not JSON: nested too deep") from None
        if text[end:].strip(" \t\r\n"):
            raise ValueError("not JSON: extra data at %d" % end)
        return value

    def dumps(value: object) -> str:
        """Value -> canonical JSON text: keys sorted, no blanks, ASCII."""
        return "".join(_encode(value, 0))

except (ImportError, AttributeError, TypeError):  # pragma: no cover - another Python
    import json

    def loads(text: str) -> Any:
        """JSON text -> value; ValueError for anything that is not one JSON value."""
        try:
            return json.loads(text)
        except RecursionError:
            raise ValueError("not JSON: nested too deep") from None

    def dumps(value: object) -> str:
        """Value -> canonical JSON text: keys sorted, no blanks, ASCII."""
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


try:
    from _blake2 import blake2b as blake2b
except ImportError:  # pragma: no cover - another Python
    from hashlib import blake2b as blake2b


def digest(*parts: str | bytes, size: int = 16) -> str:
    """BLAKE2b of the parts (bytes or text), in hex; the parts' borders count."""
    h = blake2b(digest_size=size)
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        h.update(b"%d:" % len(data))
        h.update(data)
    return h.hexdigest()


def utf8(text: str) -> bytes:
    """Text -> bytes for a file that people read; a name on disk that is no UTF-8 stays readable (`\\udcff`) and stops nothing."""
    return text.encode("utf-8", "backslashreplace")
