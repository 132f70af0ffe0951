"""Functions over text."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from urllib.parse import quote, unquote

from controlplane.templates.language.context import Context
from controlplane.templates.language.limits import MOST_ELEMENTS, check_size
from controlplane.templates.language.signature import ANY, ARRAY, DEFAULTS_ONLY, INT, SCALAR, TEXT, Unfit, define
from controlplane.templates.language.values import Value, as_text, load
from controlplane.templates.library import hashes
from controlplane.templates.library.formats import compose

_DATA_URI = re.compile(r"data:([^,;]*)((?:;[^,;]*)*),(.*)", re.DOTALL | re.IGNORECASE)
_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^/?#]+)(/?.*)", re.DOTALL)


def _encoded(text: str) -> str:
    return b64encode(hashes.octets(text)).decode()


def _decoded(text: str) -> str:
    try:
        return b64decode(text.encode("ascii"), validate=True).decode("utf-8", "replace")
    except (NoBase64, ValueError):
        raise Unfit("the string is not valid base64") from None


def _json_of(text: str) -> Value:
    try:
        return load(_decoded(text))
    except ValueError:
        raise Unfit("the string is not the base64 of valid JSON") from None


def _data_uri(value: Value) -> str:
    return f"data:text/plain;charset=utf8;base64,{_encoded(as_text(value))}"


def _data_uri_to_string(text: str) -> str:
    match = _DATA_URI.fullmatch(text)
    if match is None:
        raise Unfit("the string is not a data URI")
    return _decoded(match[3]) if ";base64" in match[2].lower() else unquote(match[3])


def _join(parts: list[Value], delimiter: str) -> str:
    if not all(isinstance(part, str | int | float) for part in parts):
        raise Unfit("the elements of the array must be strings, integers or booleans")
    texts = [as_text(part) for part in parts]
    check_size(sum(map(len, texts)) + len(delimiter) * len(texts))
    return delimiter.join(texts)


def _pad_left(value: Value, width: int, character: str = " ") -> str:
    if len(character) != 1:
        raise Unfit("the padding must be a single character")
    if width < 0:
        raise Unfit("the width must not be negative")
    check_size(width)
    return as_text(value).rjust(width, character)


def _replace(text: str, old: str, new: str) -> str:
    if not old:
        raise Unfit("the string to be replaced must not be empty")
    check_size(len(text) + text.count(old) * max(len(new) - len(old), 0))
    return text.replace(old, new)


def _split(text: str, delimiter: Value) -> list[str]:
    delimiters = [delimiter] if isinstance(delimiter, str) else delimiter
    if not all(isinstance(each, str) for each in delimiters):
        raise Unfit("the delimiters must be strings")
    longest_first = sorted(filter(None, delimiters), key=len, reverse=True)
    if not longest_first:
        return [text]
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    parts = pattern.split(text, maxsplit=MOST_ELEMENTS)
    if len(parts) > MOST_ELEMENTS:
        raise Unfit(f"an array can have {MOST_ELEMENTS} elements")
    return parts


def _substring(text: str, start: int, length: int | None = None) -> str:
    end = len(text) if length is None else start + length
    if not 0 <= start <= end <= len(text):
        raise Unfit(
            "the index and length parameters must refer to a location within the string. The index parameter: "
            f"'{start}', the length parameter: '{end - start}', the length of the string parameter: '{len(text)}'"
        )
    return text[start:end]


def _uri(base: str, relative: str) -> str:
    """What stands after the last slash of the base goes; of two slashes that meet one stays."""
    match = _ABSOLUTE.fullmatch(base)
    if match is None:
        raise Unfit("the base is not an absolute URI")
    directory = match[2].rpartition("/")[0]
    return f"{match[1]}{directory}/{relative.removeprefix('/')}"


def _new_guid(context: Context) -> str:
    context.meter.drawn += 1
    return hashes.guid(context.deployment.seed, str(context.meter.drawn))


FUNCTIONS = (
    define("base64", _encoded, TEXT),
    define("base64ToJson", _json_of, TEXT, deep=True),
    define("base64ToString", _decoded, TEXT),
    define("dataUri", _data_uri, SCALAR),
    define("dataUriToString", _data_uri_to_string, TEXT),
    define("endsWith", lambda text, end: text.lower().endswith(end.lower()), TEXT, TEXT),
    define("format", lambda form, *values: compose(form, values), TEXT, rest=ANY, deep=True),
    define("guid", hashes.guid, TEXT, rest=TEXT),
    define("join", _join, ARRAY, TEXT, deep=True),
    define("newGuid", _new_guid, in_context=True, only=DEFAULTS_ONLY),
    define("padLeft", _pad_left, (*TEXT, *INT), INT, optional=(TEXT,)),
    define("replace", _replace, TEXT, TEXT, TEXT),
    define("split", _split, TEXT, (*TEXT, *ARRAY)),
    define("startsWith", lambda text, start: text.lower().startswith(start.lower()), TEXT, TEXT),
    define("string", as_text, ANY, deep=True),
    define("substring", _substring, TEXT, INT, optional=(INT,)),
    define("toLower", str.lower, TEXT),
    define("toUpper", str.upper, TEXT),
    define("trim", str.strip, TEXT),
    define("uniqueString", hashes.unique_string, TEXT, rest=TEXT),
    define("uri", _uri, TEXT, TEXT),
    define("uriComponent", lambda text: quote(hashes.octets(text), safe="-_.~"), TEXT),
    define("uriComponentToString", unquote, TEXT),
)
