"""Writes text with items in braces, as .NET does: `{index,width:format}`.

learn.microsoft.com/dotnet/standard/base-types/composite-formatting, -/standard-numeric-format-strings, -/custom-...
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from controlplane.templates.language.limits import check_size
from controlplane.templates.language.signature import Unfit
from controlplane.templates.language.values import Value, as_text

_ITEM = re.compile(r"\{\{|\}\}|\{(\d{1,7})\s*(?:,\s*(-?\d{1,7})\s*)?(?::([^{}]*))?\}|[{}]|[^{}]+")
_STANDARD = re.compile(r"([A-Za-z])(\d{0,3})")
_CUSTOM = re.compile(r"""'[^']*'|"[^"]*"|\\.|[0#.,%]|.""", re.DOTALL)
_MOST_DIGITS = 99


def compose(form: str, arguments: tuple[Value, ...]) -> str:
    pieces: list[str] = []
    size = 0
    for match in _ITEM.finditer(form):
        piece = _item(match, arguments)
        size += len(piece)
        check_size(size)
        pieces.append(piece)
    return "".join(pieces)


def _item(match: re.Match[str], arguments: tuple[Value, ...]) -> str:
    text, index = match[0], match[1]
    if index is None:
        if text in ("{", "}"):
            raise Unfit("the format is invalid: 'Input string was not in a correct format.'")
        return text[0] if text in ("{{", "}}") else text
    if int(index) >= len(arguments):
        raise Unfit(
            "the format is invalid: 'Index (zero based) must be greater than or equal to zero and less than the size "
            "of the argument list.'"
        )
    value, width = arguments[int(index)], int(match[2] or 0)
    check_size(abs(width))
    formatted = number(value, match[3]) if match[3] and _is_number(value) else as_text(value)
    return formatted.rjust(width) if width >= 0 else formatted.ljust(-width)


def number(value: int | float, form: str) -> str:
    standard = _STANDARD.fullmatch(form)
    if standard is None:
        return _custom(Decimal(str(value)), form)
    letter, digits = standard[1], int(standard[2]) if standard[2] else None
    if digits is not None and digits > _MOST_DIGITS:
        raise Unfit(f"a number is written with {_MOST_DIGITS} digits at most")
    if letter in "DdXxBb":
        if not isinstance(value, int):
            raise Unfit("the format is invalid: it is one for whole numbers")
        return _whole(value, letter, digits or 0)
    exact = Decimal(str(value))
    match letter.upper():
        case "C":
            sign, amount = (
                "-" if exact < 0 else "",
                _fixed(abs(exact), 2 if digits is None else digits, grouped=True),
            )
            return f"{sign}${amount}"
        case "E":
            return _scientific(exact, letter, 6 if digits is None else digits)
        case "F":
            return _fixed(exact, 2 if digits is None else digits)
        case "G" | "R":
            return as_text(value)
        case "N":
            return _fixed(exact, 2 if digits is None else digits, grouped=True)
        case "P":
            return _fixed(exact * 100, 2 if digits is None else digits, grouped=True) + "%"
    raise Unfit("the format is invalid: 'Format specifier was invalid.'")


def _whole(value: int, letter: str, digits: int) -> str:
    if letter in "Dd":
        return ("-" if value < 0 else "") + str(abs(value)).zfill(digits)
    bits = value if value >= 0 else value + (2**32 if value >= -(2**31) else 2**64)
    return format(bits, letter if letter in "Xx" else "b").zfill(digits)


def _fixed(value: Decimal, digits: int, *, grouped: bool = False) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) if _fits(value, digits) else value
    return format(rounded, f"{',' if grouped else ''}.{digits}f")


def _fits(value: Decimal, digits: int) -> bool:
    """Whether it can be rounded within the digits that Decimal computes with; larger ones have no fraction to round."""
    return value.adjusted() + digits < 27


def _scientific(value: Decimal, letter: str, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    power = int(exponent)
    return f"{mantissa}{letter}{'-' if power < 0 else '+'}{abs(power):03}"


def _custom(value: Decimal, form: str) -> str:
    """`0` and `#` are digits, `,` between them groups, `%` scales; sections for positive, negative and zero by `;`."""
    sections = form.split(";")
    if value < 0 and len(sections) > 1 and sections[1]:
        return _section(-value, sections[1])
    if value == 0 and len(sections) > 2:
        return _section(value, sections[2])
    return ("-" if value < 0 else "") + _section(abs(value), sections[0])


def _section(value: Decimal, form: str) -> str:
    pieces = _CUSTOM.findall(form)
    digits = [index for index, piece in enumerate(pieces) if piece in ("0", "#")]
    if not digits:
        return "".join(_plain(piece) for piece in pieces if piece not in (".", ","))
    point = pieces.index(".") if "." in pieces else digits[-1] + 1
    whole = [pieces[index] for index in digits if index < point]
    after = [pieces[index] for index in digits if index > point]
    if len(whole) > _MOST_DIGITS or len(after) > _MOST_DIGITS:
        raise Unfit(f"a number is written with {_MOST_DIGITS} digits at most")
    scaled = value * 100 if "%" in pieces else value
    grouped = "," in pieces[digits[0] : min(point, digits[-1])]
    least = len(whole) - whole.index("0") if "0" in whole else 0
    left, _, right = _fixed(scaled, len(after)).partition(".")
    left = left.lstrip("0").zfill(least)
    if grouped:
        left = re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", left)
    kept = len(after) - after[::-1].index("0") if "0" in after else 0
    right = right[:kept] + right[kept:].rstrip("0")
    head = "".join(_plain(piece) for piece in pieces[: digits[0]] if piece not in (".", ","))
    tail = "".join(_plain(piece) for piece in pieces[digits[-1] + 1 :] if piece not in (".", ","))
    return f"{head}{left}{'.' if right else ''}{right}{tail}"


def _plain(piece: str) -> str:
    if len(piece) > 1:
        return piece[1] if piece[0] == "\\" else piece[1:-1]
    return piece


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
