"""Reads and writes JSON without importing the json package, which would cost a hook 8 ms.

The package's C scanner and encoder (`_json`) are in every CPython and do the work here too; where that private module is
missing, the json package does the same. `loads` and `dumps` agree with `json.loads` and `json.dumps` but for three things:
text is UTF-8 (with or without a byte order mark), `nan` and infinities are written as `null`, and what is written can
always be encoded as UTF-8: lone surrogates become `\\udXXX` escapes, or U+FFFD with `replace_surrogates`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

try:
    from _json import encode_basestring as _quote
    from _json import encode_basestring_ascii as _quote_ascii
    from _json import make_encoder
    from _json import make_scanner as _make_scanner

    _make_encoder: Any = make_encoder
except ImportError:  # another interpreter, or a later CPython that moved them
    _make_encoder = None
    from json.encoder import encode_basestring as _quote
    from json.encoder import encode_basestring_ascii as _quote_ascii
    from json.scanner import py_make_scanner as _make_scanner  # type: ignore[attr-defined, no-redef]

_SPACE = " \t\n\r"
#: Control characters except tab, line feed and carriage return.
_RARE = bytes(set(range(32)) - set(b"\t\n\r"))
#: A placeholder for text in UTF-8 while everything around it is encoded.
_PLACE = "\0utf-8\0"
_QUOTED_PLACE = b'"\\u0000utf-8\\u0000"'
_CONSTANTS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class JSONError(ValueError):
    """A text that is not JSON: what was expected, and at which line and column (from 1, in characters)."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column


class _Settings:
    """The attributes that the C scanner reads from its context."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_CONSTANTS.__getitem__)

    def __init__(self) -> None:
        self.memo: dict[str, str] = {}  # keys seen; only the scanner in Python uses it


def _scanner() -> Callable[[str, int], tuple[object, int]]:
    make: Any = _make_scanner
    settings: Any = _Settings()
    if make.__module__ == "json.scanner":  # the scanner in Python wants the decoder's helpers too
        import json.decoder

        decoder: Any = json.decoder
        settings.parse_object = decoder.JSONObject
        settings.parse_array = decoder.JSONArray
        settings.parse_string = decoder.py_scanstring
    scanner: Callable[[str, int], tuple[object, int]] = make(settings)
    return scanner


_scan = _scanner()


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} has no JSON form")


def loads(text: str | bytes) -> object:
    """The value of a JSON text. Of a key that is there twice the last value counts, as with json.

    Raises JSONError (a ValueError) with line and column, also for bytes that are not UTF-8.
    """
    if not isinstance(text, str):
        text = decode_utf8(text)
    start = _skip(text, 1 if text.startswith("\ufeff") else 0)
    try:
        value, end = _first_value(text, start)
    except StopIteration as stop:
        raise _error("a JSON value was expected", text, stop.value) from None
    except RecursionError:
        raise JSONError("nested too deeply", 1, 1) from None
    except ValueError as error:  # json.JSONDecodeError, or int() refusing thousands of digits
        position = getattr(error, "pos", None)
        if position is None:
            raise JSONError(str(error), 1, 1) from None
        raise _error(_first_small(getattr(error, "msg", "not JSON")), text, position) from None
    end = _skip(text, end)
    if end != len(text):
        raise _error("the end of the text was expected", text, end)
    return value


def _first_value(text: str, start: int) -> tuple[object, int]:
    try:
        return _scan(text, start)
    except SystemError:
        # The C scanner raises json.JSONDecodeError, but up to Python 3.12 only finds it where json is
        # imported.
        import json.decoder  # noqa: F401

        return _scan(text, start)


def dumps(value: object, *, replace_surrogates: bool = False) -> str:
    """`value` as compact JSON on one line, keys in their order.

    A lone surrogate becomes an escape, which reads back as the same text; `replace_surrogates` writes U+FFFD
    instead, for files that stricter readers open. Bytes are taken for text in UTF-8. Raises TypeError for a value that JSON has
    no form for, ValueError for nesting deeper than the interpreter's stack and for bytes that are not UTF-8.
    """
    data = _encode_plain(value, _refuse)
    if data is not None:
        return data.decode()
    parts: list[str] = []
    try:
        _write(value, parts.append, _quote_replacing if replace_surrogates else _quote_escaping)
    except RecursionError:
        raise ValueError("nested too deeply for JSON") from None
    return "".join(parts)


def encode(value: object) -> bytes:
    """`dumps(value)` as UTF-8. Raises what `dumps` raises.

    Bytes are quoted without being decoded and encoded again, which saves time for large texts.
    """
    texts: list[bytes] = []

    def placeholder(item: object) -> object:
        if not isinstance(item, bytes):
            return _refuse(item)
        texts.append(item)
        return _PLACE

    data = _encode_plain(value, placeholder)
    if data is not None:
        parts = data.split(_QUOTED_PLACE)
        if len(parts) == len(texts) + 1:  # else a text contains the placeholder
            for position, item in enumerate(texts):
                parts[position] += _quote_utf8(item)
            return b"".join(parts)
    return dumps(value).encode()


def _quote_utf8(data: bytes) -> bytes:
    if any(sign in data for sign in _RARE):
        return str(_quote(data.decode())).encode()
    data = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"' + data.replace(b"\n", b"\\n").replace(b"\t", b"\\t").replace(b"\r", b"\\r") + b'"'


def _encode_plain(value: object, default: Callable[[object], object]) -> bytes | None:
    """A value as the C encoder writes it, in UTF-8; None where it cannot, or where `dumps` writes another form (`nan`, lone
    surrogates)."""
    if _make_encoder is None:
        return None
    try:
        # In the order of the C function: markers, default, encoder, indent, separators, sort_keys, skipkeys, allow_nan.
        encoder = _make_encoder(None, default, _quote, None, ":", ",", False, False, False)
        return "".join(encoder(value, 0)).encode()
    except (TypeError, ValueError, RecursionError):
        return None


def _write(value: object, put: Callable[[str], None], quote: Callable[[str], str]) -> None:
    if isinstance(value, (str, bytes)):
        put(quote(value if isinstance(value, str) else value.decode()))
    elif value is None or value is True or value is False or isinstance(value, (int, float)):
        put(_scalar(value))
    elif isinstance(value, dict):
        separator = "{"
        for key, item in value.items():
            put(separator)
            put(quote(key if isinstance(key, str) else _key(key)))
            put(":")
            _write(item, put, quote)
            separator = ","
        put("}" if value else "{}")
    elif isinstance(value, (list, tuple)):
        separator = "["
        for item in value:
            put(separator)
            _write(item, put, quote)
            separator = ","
        put("]" if value else "[]")
    else:
        raise TypeError(f"{type(value).__name__} has no JSON form")


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    # None is null, as are nan and infinities, which minus themselves are no zero.
    return float.__repr__(value) if isinstance(value, float) and value - value == 0 else "null"


def _key(key: object) -> str:
    if key is None or isinstance(key, (int, float)):
        return _scalar(key)
    raise TypeError(f"a JSON key cannot be {type(key).__name__}")


def _quote_escaping(text: str) -> str:
    quoted: str = _quote(text)
    if not quoted.isascii():
        try:
            quoted.encode()
        except UnicodeEncodeError:
            return str(_quote_ascii(text))
    return quoted


def _quote_replacing(text: str) -> str:
    if not text.isascii():
        # Through UTF-16 a pair becomes its character; what is still single has none.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return str(_quote(text))


def decode_utf8(data: bytes) -> str:
    """Decode UTF-8. Raises JSONError with the place of the first wrong byte."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        message = f"expected UTF-8 text, found the byte 0x{data[error.start]:02x}"
        raise _error(message, before, len(before)) from None


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset in a text, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def locate_pointer(text: str, pointer: str) -> tuple[int, int]:
    """Line and column of the value that a JSON pointer such as "/profiles/0/name" names in `text`, which is valid JSON.

    Where the pointer leads to nothing (a missing key), the place of the nearest value around it.
    """
    at = _skip(text, 1 if text.startswith("\ufeff") else 0)
    for part in pointer.split("/")[1:]:
        child = _child(text, at, part.replace("~1", "/").replace("~0", "~"))
        if child < 0:
            break
        at = child
    return position(text, at)


def _child(text: str, at: int, name: str) -> int:
    """The offset of the member `name` of the object or list at offset `at`, or -1."""
    opening = text[at]
    if opening not in "{[":
        return -1
    start = -1
    index = 0
    at = _skip(text, at + 1)
    while text[at] not in "]}":
        key: object = str(index)
        if opening == "{":
            key, at = _scan(text, at)
            at = _skip(text, _skip(text, at) + 1)
        if key == name:
            start = at  # the last of two equal keys is the one that counts
        index += 1
        at = _skip(text, _scan(text, at)[1])
        if text[at] == ",":
            at = _skip(text, at + 1)
    return start


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _error(message: str, text: str, offset: int) -> JSONError:
    line, column = position(text, offset)
    return JSONError(message, line, column)


def _first_small(message: str) -> str:
    return message[:1].lower() + message[1:]
